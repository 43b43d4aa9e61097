# SPDX-License-Identifier: Apache-2.0
# Tells which disks and interfaces come, change and go; does what is typed at its console.
insmod /lib/modules/xvm_blkfront.ko
devices() {
    for disk in /sys/block/xvd*; do
        [ -e "$disk/size" ] && printf '%s=%s ' "${disk##*/}" "$(cat "$disk/size")"
    done
    [ -e /sys/class/net/eth0 ] && printf 'eth0=%s ' "$(cat /sys/class/net/eth0/address)"
    echo "."
}
(
    before=none
    while :; do
        now=$(devices)
        [ "$now" = "$before" ] || echo "xvm: devices $now"
        before=$now
        sleep 0.2
    done
) &
echo "xvm: ready"
while read -r line; do
    eval "$line"
done
