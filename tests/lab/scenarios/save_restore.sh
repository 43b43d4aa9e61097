# SPDX-License-Identifier: Apache-2.0
# A guest is saved while fio verifies in it, and restored: fio goes on, and finds every byte. PV and PVH.
# long: minutes of emulation; tests/hosted/toolstack_verbs_test.py shows the verbs, tests/unit/toolstack the saved file
# clock: icount
# timeout: 900
# needs: xvmd xvm-blkd xvm xvm_blkfront.ko fio
. /usr/lib/xvm-test/block.inc
check "xvmd and xvm-blkd start" xvm_start
check "There is room for what is saved" scratch
state() {
    xvm show "$1" -o json | sed -n 's/^ *"state": "\([^"]*\)".*/\1/p' | head -n 1
}
for type in pv pvh; do
    name=s$type
    file=/scratch/$name.saved
    check "A $type guest is made" block_guest "$name" "$type" /usr/lib/xvm-test/block_fio.guest.sh
    check "fio is at work in it" guest_wait "$name" "xvm: fio 4k-4k depth 1: verified" 200
    check "xvmd is stopped" daemon_stop xvmd
    check "xvmd starts, to be killed in the middle of a save" daemon_start xvmd --kill-at write-saved
    check_not "The save ends with it" xvm save "$name" "$file"
    check "The next xvmd starts" daemon_start xvmd
    check_equal "The guest runs on" running "$(state "$name")"
    check_equal "No file stays" "lost+found" "$(ls /scratch)"
    before=$(now_ms)
    check "The $type guest is saved under I/O" xvm save "$name" "$file"
    figure "$type: save" $(($(now_ms) - before)) ms
    figure "$type: file" "$(stat -c %s "$file")" bytes
    check_not "It is gone" xvm show "$name"
    check_not "There is no file in part" test -e "$file.partial"
    check_not "fio was not done yet" guest_wait "$name" "xvm: done" 0
    head -c 100000000 "$file" >/scratch/short
    check_not "A file that is cut short makes no guest" xvm restore /scratch/short
    rm /scratch/short
    check_equal "Only dom0 is there" 1 "$(xl list | tail -n +2 | wc -l)"
    before=$(now_ms)
    check "It is restored" xvm restore "$file"
    figure "$type: restore" $(($(now_ms) - before)) ms
    check "fio finds every byte as it was written [R-13]" guest_wait "$name" "xvm: done 0" 400
    check_equal "No I/O error reached the $type guest" "" "$(guest_line "$name" 'I/O error')"
    check "The store is as the schema says" xvm_store_lint
    check "It is saved once more, idle, and goes on by itself" xvm save "$name" "$file" --force --running
    check_equal "It runs" running "$(state "$name")"
    check_not "Its name is taken: no second one is made of the file" xvm restore "$file"
    check "The $type guest is destroyed" xvm destroy "$name"
    rm "$file"
done
check_equal "Only dom0 is left" 1 "$(xl list | tail -n +2 | wc -l)"
