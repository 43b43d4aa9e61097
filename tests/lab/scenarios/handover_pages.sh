# SPDX-License-Identifier: Apache-2.0
# A device goes with 226 pages, its context and 225 of buffers (the source's example), from a PV guest to another.
# long: handover shows the same with one page
# clock: icount
# iommu: vtd
# timeout: 600
# shows: S-6 H-3 H-4 H-8 H-9 H-13
# needs: xvmd xvm xvm-blkd xvm_blkfront.ko xvm_devfront.ko xvm_edu.ko
. /usr/lib/xvm-test/handover.inc
device=$(handover_device)
handover_initrd /run/initrd 226
handover_toml a pv 128
handover_toml b pv 128
check "xvmd starts" daemon_start xvmd
check "A starts" starts a
check "B starts" starts b
a_has=$(pages_of a) b_has=$(pages_of b)
check "A gets the device" xvm device assign "$device" a
guest_ask a "e stream 1000" 20 >/dev/null
check "The device works" edu_done a 2 60
xvm device move "$device" a b -o json >/out/move 2>&1
check_equal "It goes to B" 0 $?
note "$(cat /out/move)"
check_equal "226 pages went along [H-3]" 226 "$(sed -n 's/.*"pages": *\([0-9]*\).*/\1/p' /out/move)"
figure "outage, 226 pages, PV to PV by TRANSFER" "$(sed -n 's/.*"outage_us": *\([0-9]*\).*/\1/p' /out/move)" us
line=$(edu b)
note "B: $line"
check_equal "Each with its content [H-4]" "226 0" "$(field pages "$line") $(field pattern "$line")"
n=$(field done "$line")
check "The stream goes on [H-8]" edu_done b $((n + 2)) 60
line=$(edu b)
check_equal "Nothing was wrong, no reset was seen [H-9]" "0 0" "$(field wrong "$line") $(field resets "$line")"
check_equal "A has as many pages as before [H-13]" "$a_has" "$(pages_of a)"
check_equal "B has as many pages as before [H-13]" "$b_has" "$(pages_of b)"
# Xen's own tables have grown by then, and stay.
check "It goes back" xvm device move "$device" b a
free=$(free_now)
check "To B once more" xvm device move "$device" a b
check "And back" xvm device move "$device" b a
after=$(free_now)
note "free before $free, after $after"
check "The host has as many pages as before [H-13]" keeps_pages "$free" "$after"
line=$(edu a)
check_equal "Each with its content once more [H-4]" "226 0" "$(field pages "$line") $(field pattern "$line")"
# Which device is shared and which direct is said device by device.
truncate -s 4M /run/disk.img
check "A backend for what is shared starts" daemon_start xvm-blkd
guest_ask a "insmod /lib/modules/xvm_blkfront.ko" 20
check "A gets a shared disk beside its direct device" xvm disk attach a xvdb /run/disk.img --writable
reads() {
    guest_ask a "dd if=/dev/xvdb of=/dev/null bs=4096 count=64 2>/dev/null && echo 'xvm: read'" 20 | grep -q "xvm: read"
}
check "It reads the one" wait_for reads 20
n=$(field done "$(edu a)")
check "And works with the other [S-6]" edu_done a $((n + 1)) 60
check "The disk goes" xvm disk detach a xvdb
check "A gives it back" xvm device release "$device" --host
