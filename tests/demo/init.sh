#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# /sbin/init of the demo's root file system: takes the data image out of the pack, by its name.
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
exec </dev/hvc0 >/dev/hvc0 2>&1
mount -t tmpfs -o size=64m tmpfs /tmp
echo "xvm: root $(awk '$2 == "/" && $3 == "squashfs" { print $3 }' /proc/mounts) up $(cut -d' ' -f1 /proc/uptime)"
cd /tmp || exit 1
xvm-pack extract /dev/xvda data --directory /tmp || echo "xvm: extract failed"
echo "xvm: sum $(sha256sum data | cut -d' ' -f1) $(stat -c %s data)"
echo "xvm: interrupts $(awk '/xvda|xvbd|xvm/ { sum = 0; for (i = 2; i <= NF && $i ~ /^[0-9]+$/; ++i) sum += $i; total += sum } END { print total + 0 }' /proc/interrupts)"
echo "xvm: done 0"
while :; do sleep 3600; done
