# SPDX-License-Identifier: Apache-2.0
# chrony and phc2sys, as Debian ships them, take the guest's PTP clock and print their offset from it.
# long: the programs of others on the device that timer_pvh shows
# clock: icount
# timeout: 300
# needs: xvm-timed xvm_timer.ko xvm_time_owner.ko time-probe ptp
. /usr/lib/xvm-test/timer.inc
timer_start
cat >/tmp/ptp.guest.sh <<'END'
insmod /lib/modules/xvm_timer.ko || exit 1
until [ -e /dev/ptp0 ]; do sleep 0.2; done
echo "xvm: clock $(cat /sys/class/ptp/ptp0/clock_name)"
mount -t squashfs /dev/xvda /mnt || exit 1
mount -t tmpfs etc /mnt/etc && mount -t tmpfs run /mnt/run && mount --bind /dev /mnt/dev && mount -t proc proc /mnt/proc
echo 'root:x:0:0:root:/:/bin/sh' >/mnt/etc/passwd
echo 'root:x:0:' >/mnt/etc/group
sleep 1
chroot /mnt /usr/bin/chronyd -Q -u root -t 60 'refclock PHC /dev/ptp0 poll 0 dpoll -1' 'cmdport 0' \
    'pidfile /run/chronyd.pid' 2>&1 | sed 's/^/xvm: chrony /'
chroot /mnt /bin/timeout 8 /usr/bin/phc2sys -s /dev/ptp0 -c CLOCK_REALTIME -O 0 -E ntpshm -m -R 2 2>&1 |
    sed 's/^/xvm: phc2sys /'
END
guest_initrd /tmp/ptp.cpio /tmp/ptp.guest.sh "$probe:/bin/time-probe"
losetup /dev/loop0 /payload/guest/ptp.squashfs
check "A guest is made" guest_create ptp pv initrd=/tmp/ptp.cpio disk=phy:/dev/loop0,xvda,r
check "Its clock is the page" guest_wait ptp "^xvm: clock xvm timer page" 60
check "chrony takes it and says how wrong the guest's clock is" guest_wait ptp "^xvm: chrony .*System clock wrong by" 120
guest_line ptp "^xvm: chrony .*System clock wrong by"
check "phc2sys takes it and prints offsets" guest_wait ptp "^xvm: phc2sys .*offset" 60
guest_wait ptp "^xvm: done" 60 >/dev/null
grep -a "^xvm: phc2sys .*offset" "$(guest_log ptp)" | tail -n 5
phc2sys_us=$(guest_line ptp "^xvm: phc2sys .*offset" | sed 's/.*offset *-*\([0-9]*\) .*/\1/')
phc2sys_us=$((phc2sys_us / 1000))
chrony_us=$(guest_line ptp "System clock wrong by" | sed 's/.*wrong by -*\([0-9]*\)\.\([0-9]*\) .*/\1\2/;s/^0*//')
figure "phc2sys: offset of the guest's clock" "$phc2sys_us" us
figure "chrony: offset of the guest's clock" "${chrony_us:-0}" us
away=$((phc2sys_us - chrony_us))
# Without a precise clock the page's UTC is that of the last tick.
check "They agree within two ticks" [ "${away#-}" -lt 8000 ]
check "The guest is destroyed" xl destroy ptp
losetup -d /dev/loop0
