# SPDX-License-Identifier: Apache-2.0
# The lab under the instruction clock: a stock PVH guest boots and does I/O.
# clock: icount
# timeout: 120
dd if=/dev/urandom of=/tmp/disk bs=1M count=4 2>/dev/null
sum=$(sha256sum /tmp/disk | cut -d' ' -f1)
device=$(losetup -f)
losetup "$device" /tmp/disk
check "A RAM disk with a script is made" guest_initrd /tmp/initrd /payload/guest/smoke_pvh.guest.sh
started=$(now_ms)
check "A stock PVH guest is created" guest_create hv1 pvh memory=160 initrd=/tmp/initrd "disk=phy:$device,xvda,r"
check "The PVH guest comes up" guest_wait hv1 "xvm: up" 60
figure "PVH guest up after" $(($(now_ms) - started)) ms
check "Its script ends well" guest_wait hv1 "xvm: done 0" 60
check_equal "It reads what dom0 wrote" "$sum" "$(guest_line hv1 'xvm: sum' | cut -d' ' -f3)"
check "The guest is gone after destroy" guest_destroy hv1
