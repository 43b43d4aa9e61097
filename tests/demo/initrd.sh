#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# The guest's first program (rdinit=/demo-init): stock modules, our front end, then the root file
# system out of the pack. The pack is the guest's only disk; where "rootfs" lies, its index says.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
exec </dev/hvc0 >/dev/hvc0 2>&1
for module in crc32c_generic loop squashfs xvm_blkfront; do
    insmod "/lib/modules/$module.ko"
done
until [ -b /dev/xvda ]; do sleep 0.05; done
echo "xvm: disks $(ls /sys/block | grep -c '^xvd')"
offset=$(xvm-pack ls /dev/xvda -o json | tr -d '\n ' | tr '{' '\n' | sed -n '/"name":"rootfs"/s/.*"offset":\([0-9]*\).*/\1/p')
if [ "$offset" ] && losetup -r -o "$offset" /dev/loop0 /dev/xvda && mount -t squashfs -o ro /dev/loop0 /mnt; then
    mount --move /dev /mnt/dev
    mount --move /proc /mnt/proc
    mount --move /sys /mnt/sys
    exec switch_root /mnt /sbin/init
fi
echo "xvm: no root file system in the pack"
exec sh
