# SPDX-License-Identifier: Apache-2.0
# xvm-blkd is killed, and stopped, again and again while fio verifies in a guest: the guest notices nothing.
# clock: icount
# timeout: 600
# shows: R-13
# needs: xvmd xvm-blkd xvm xvm_blkfront.ko fio
. /usr/lib/xvm-test/block.inc
check "xvmd and xvm-blkd start" xvm_start
check "A guest is made" block_guest victim pv /usr/lib/xvm-test/block_fio.guest.sh
check "It has its disks" guest_wait victim "xvm: disk of" 120
restarts=0
while [ $restarts -lt 8 ] && ! guest_line victim "xvm: done" | grep -q done; do
    signal=KILL
    [ $((restarts % 2)) -eq 1 ] && signal=TERM
    daemon_stop xvm-blkd $signal || fail "xvm-blkd ends by $signal"
    daemon_start xvm-blkd || fail "xvm-blkd starts again"
    restarts=$((restarts + 1))
    sleep 1
done
figure "restarts while fio ran" $restarts
check "fio finds every byte as it was written [R-13]" guest_wait victim "xvm: done 0" 400
check "The back end was away at least 3 times" [ $restarts -ge 3 ]
check_equal "No I/O error reached the guest" "" "$(guest_line victim 'I/O error')"
check "The guest is destroyed" xvm destroy victim
