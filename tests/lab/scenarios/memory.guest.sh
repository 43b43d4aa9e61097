# SPDX-License-Identifier: Apache-2.0
# A workload that verifies itself: 16 MiB of files, copied over each other and read again and again. Says every
# second its boot id and what memory it has. Takes new memory on line, as udev does elsewhere.
mkdir -p /load
mount -t tmpfs none /load
dd if=/dev/urandom of=/load/0 bs=1M count=4 2>/dev/null
sum=$(md5sum </load/0)
for i in 1 2 3; do cp /load/0 /load/$i; done
round=0
while :; do
    for state in /sys/devices/system/memory/memory*/state; do
        [ -e "$state" ] && [ "$(cat "$state")" = offline ] && echo online >"$state" 2>/dev/null
    done
    round=$((round + 1))
    from=$((round % 4)) to=$(((round + 1) % 4))
    cp /load/$from /load/next && mv /load/next /load/$to
    [ "$(md5sum </load/$to)" = "$sum" ] || echo "xvm: wrong in round $round"
    echo "xvm: boot $(cat /proc/sys/kernel/random/boot_id) round $round total $(awk '/^MemTotal/ { print $2 }' /proc/meminfo)"
    sleep 1
done
