# SPDX-License-Identifier: Apache-2.0
# The main job: a PV and a PVH guest, at the same time, from one packed disk over our ring.
# clock: icount
# timeout: 240
# shows: P-5 P-6 P-7 P-12 R-5
# needs: xvmd xvm-blkd xvm boot.pack xvm_blkfront.ko
# In dom0's memory: waiting for a disk of the machine would make the instruction clock jump.
mkdir -p /tmp/demo && cp -L /demo/* /tmp/demo/
check "xvmd and xvm-blkd start" xvm_start

for guest in demo-pv demo-pvh; do
    started=$(now_ms)
    eval "started_${guest#demo-}=$started"
    check "$guest: xvm create, kernel and RAM disk from the pack [P-12]" xvm create "/tmp/demo/${guest#demo-}.toml"
    figure "$guest: create" $(($(now_ms) - started)) ms
done
for guest in demo-pv demo-pvh; do
    check "$guest: root file system from the pack, over our ring [P-12]" guest_wait "$guest" "xvm: root squashfs" 60
    eval "started=\$started_${guest#demo-}"
    figure "$guest: boot" $(($(now_ms) - started)) ms
done
check_equal "Both guests run" 2 "$(xvm list -o json | grep -o '"demo-pvh\?"' | sort -u | wc -l)"
for guest in demo-pv demo-pvh; do
    check "$guest: takes the data image out by its name [P-7]" guest_wait "$guest" "xvm: done 0" 120
    check_equal "$guest: sees one disk [P-5]" "xvm: disks 1" "$(guest_line "$guest" 'xvm: disks')"
    # shellcheck disable=SC2046
    set -- $(guest_line "$guest" 'xvm: sum')
    pass "$guest: what it extracted" "$3 $4"
    stats=$(xvm disk stats "$guest" -o json)
    echo "$stats" >"/out/$guest.json"
    for pair in requests:requests bytes_read:bytes sends_to_guest:sends\ to\ guest sends_from_guest:sends\ to\ dom0; do
        value=$(echo "$stats" | sed -n "s/.*\"${pair%%:*}\": *\([0-9]*\).*/\1/p" | head -n 1)
        figure "$guest: ${pair#*:}" "$value"
        [ "${value:-0}" -gt 0 ] || fail "$guest: ${pair#*:} were counted" "none"
    done
done
check "The store is as the schema says while they run" xvm_store_lint
for guest in demo-pv demo-pvh; do
    check "$guest: destroyed" xvm destroy "$guest"
done
check_equal "Only dom0 is left" 1 "$(xl list | tail -n +2 | wc -l)"
