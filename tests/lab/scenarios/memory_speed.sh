# SPDX-License-Identifier: Apache-2.0
# 128 MiB from a running guest to another: when the first of it arrives, and when all.
# clock: icount
# timeout: 900
# long: a measurement
# needs: xvmd xvm memory-probe
. /usr/lib/xvm-test/memory.inc
AMOUNT=$((128 << 10)) # KiB

at_rest() { # a workload would be measured, too
    cat >/run/rest.sh <<'END'
echo "xvm: boot $(cat /proc/sys/kernel/random/boot_id) round 1 total $(awk '/^MemTotal/ { print $2 }' /proc/meminfo)"
exec sleep 100000
END
    memory_initrd /run/initrd /run/rest.sh
}
value() { # LINE NAME
    echo "$1" | tr ' ' '\n' | sed -n "s/^$2=//p"
}
ms() { # MICROSECONDS
    awk -v us="$1" 'BEGIN { printf "%.1f", us / 1000 }'
}
probed() { # FROM TO KIB COMMAND...: what memory-probe saw
    seen=$("$PROBE" 1000 "$@" | tail -n 1)
    echo "$seen"
}

check "Guests start at rest" at_rest
check "xvmd starts" daemon_start xvmd
memory_toml a pv 512 512 64
memory_toml b pv 320 512 64
check "A starts" xvm create /run/a.toml
check "It is up" guest_wait a "xvm: boot" 200
check "B starts" xvm create /run/b.toml
check "It is up" guest_wait b "xvm: boot" 200
a=$(domid_of a) b=$(domid_of b)
check "B has less than it started with" xvm memory set b 192MiB --wait

sleep 5
probed "$a" "$b" $AMOUNT xvm memory move a b 128MiB
figure "xvm: first MiB at the taker" "$(ms "$(value "$seen" first_us)")" ms
figure "xvm: given up" "$(ms "$(value "$seen" from_us)")" ms
figure "xvm: whole" "$(ms "$(value "$seen" whole_us)")" ms
figure "xvm: the command" "$(ms "$(value "$seen" command_us)")" ms
check_equal "The sum of all memory was never another [M-14]" 0 "$(value "$seen" off_pages)"
