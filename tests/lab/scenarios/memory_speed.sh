# SPDX-License-Identifier: Apache-2.0
# 128 MiB from a running guest to another: when the first of it arrives, and when all; and the same with xl's mem-set,
# one after the other, on guests of xl's own. Both as a host is run that trusts no guest to clear what it gives up: Xen
# clears it. xvm's guests are told so when they start, and do not do it once more.
# clock: scrub
# timeout: 900
# long: a measurement
# needs: xvmd xvm memory-probe
. /usr/lib/xvm-test/memory.inc
AMOUNT=$((128 << 10)) # KiB

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

check "Guests start at rest" rest_initrd /run/initrd
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
check "The first MiB is there within 40 ms" [ "$(value "$seen" first_us)" -le 40000 ]
check "All of it is there within 770 ms" [ "$(value "$seen" whole_us)" -le 770000 ]
ours=$(value "$seen" whole_us)
for guest in a b; do check "Guest $guest ends" xvm destroy $guest; done
check "xvmd ends" daemon_stop xvmd

xl_guest() { # NAME MEMORY MAXIMUM
    cat >"/run/$1.cfg" <<END
name = "$1"
type = "pv"
kernel = "$KERNEL"
ramdisk = "/run/initrd"
extra = "console=hvc0 loglevel=4 cryptomgr.notests"
memory = $2
maxmem = $3
vcpus = 1
cpus = "$GUEST_CPU"
END
    xl create "/run/$1.cfg" && guest_wait "$1" "xvm: boot" 200
}
check "A guest of xl's starts" xl_guest c 512 512
check "and another" xl_guest d 192 512
c=$(xl domid c) d=$(xl domid d)
sleep 5
probed "$c" "$d" $((AMOUNT - 1024)) sh -c "xl mem-set c 384 && $PROBE until $c $((385 << 10)) && xl mem-set d 320"
figure "xl: first MiB at the taker" "$(ms "$(value "$seen" first_us)")" ms
figure "xl: whole" "$(ms "$(value "$seen" whole_us)")" ms
check "xl takes longer" [ "$ours" -lt "$(value "$seen" whole_us)" ]
