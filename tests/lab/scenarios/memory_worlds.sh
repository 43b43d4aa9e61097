# SPDX-License-Identifier: Apache-2.0
# Fifty seeded worlds on real guests: each guest is told how much it is to use, and xvm-memd sees to it that who lacks
# memory has it. The sum of all memory is sampled all the time; xvm-memd and xvmd die now and then.
# clock: icount
# long: a quarter of an hour of emulation; tests/sim runs ten thousand worlds on a model of guests
# timeout: 1500
# shows: M-10 M-14
# needs: xvmd xvm xvm-memd xvm_mem.ko memory-probe
. /usr/lib/xvm-test/memory.inc
WORLDS=50
GUESTS="a b c d" # d says nothing of itself
SPARE=128        # MiB that are free at first
ENOUGH=190       # MiB that a, b and c can use together beside what their kernels and their cushions need
SETTLE=5         # seconds for a world that has too little for all

# A guest that uses what it is told to use, as far as it has it, and says so.
cat >/run/use.sh <<'END'
cat >/bin/use <<'U'
mkdir -p /load
mount -t tmpfs -o size=1g none /load
has=0 said=
near=12 # MiB: half a cushion; who lacks less than that gets no more, or memory would never come to rest
available() {
    while read -r name kib _; do
        [ "$name" = MemAvailable: ] && break
    done </proc/meminfo
    mib=$((kib >> 10))
}
while :; do
    read -r world want </run/want || want=0
    step=0
    available
    if [ $has -lt $want ] && [ $mib -gt 20 ]; then
        step=8
    elif [ $has -lt $want ] && [ $mib -gt 10 ]; then # the kernel's estimate is some MiB too high
        step=1
    fi
    [ $step -gt $((want - has)) ] && step=$((want - has))
    if [ $has -gt $want ]; then
        dd if=/dev/null of=/load/f bs=1M count=0 seek=$want 2>/dev/null
        has=$want
    elif [ $step -gt 0 ]; then
        dd if=/dev/zero of=/load/f bs=1M count=$step seek=$has conv=notrunc 2>/dev/null && has=$((has + step))
    fi
    if [ $((has + near)) -ge $want ] && [ "$said" != "$world" ]; then
        echo "xvm: world $world has $has of $want"
        said=$world
    fi
    sleep 0.3
done
U
chmod +x /bin/use
echo "0 0" >/run/want
use &
echo "xvm: ready"
END
cp /run/use.sh /run/use-says.sh
sed -i '1i insmod /lib/modules/xvm_mem.ko' /run/use-says.sh
seed=$((20260101))
field_of() { # NAME LINE
    printf '%s\n' "$2" | tr ' ' '\n' | sed -n "s/^$1=//p"
}
random() { # FROM TO -> $drawn
    seed=$(((seed * 1103515245 + 12345) & 0x7fffffff))
    drawn=$(($1 + (seed >> 8) % ($2 - $1 + 1)))
}
starts() { # NAME
    xvm create "/run/$1.toml" && guest_wait "$1" "xvm: ready" 200
}
type_into() { # NAME TEXT
    printf '%s\n' "$2" >"$(xenstore-read "/local/domain/$(eval "echo \$domid_$1")/console/tty")"
}
start_memd() {
    setsid xvm-memd </dev/null >>/out/xvm-memd.log 2>&1 9>&- &
    wait_for "grep -q 'ready; xvmd' /out/xvm-memd.log" 20
}
all_within() { # nobody is below its minimum or above its maximum
    xvm list -o csv --columns name,memory_bytes --no-header | while IFS=, read -r name bytes; do
        case " $GUESTS " in *" $name "*) ;; *) continue ;; esac
        [ "$bytes" -ge $((64 << 20)) ] && [ "$bytes" -le $((225 << 20)) ] || echo "$name has $bytes"
    done | grep . && return 1
    return 0
}

check "Guests get a use for memory" memory_initrd /run/initrd-says /run/use-says.sh
check "One says nothing of itself" memory_initrd /run/initrd-silent /run/use.sh
check "xvmd starts" daemon_start xvmd
for guest in $GUESTS; do
    [ $guest = d ] && ramdisk=/run/initrd-silent || ramdisk=/run/initrd-says
    memory_toml $guest pv 128 224 64
    sed -i "s,^ramdisk = .*,ramdisk = \"$ramdisk\"," "/run/$guest.toml"
    check "Guest $guest starts" starts $guest
    eval "domid_$guest=$(domid_of $guest)"
done
# All but a little of what is free is kept from guests, so that one has to give what another gets.
reserve=$(($(free_of_host) / 1024 - SPARE))
check "xvmd keeps all but $SPARE MiB free" eval 'daemon_stop xvmd && daemon_start xvmd --host-reserve ${reserve}MiB'
check "xvm-memd starts" start_memd
"$PROBE" 10000 "$domid_a" "$domid_b" 0 sh -c 'while [ ! -e /run/over ]; do sleep 1; done' >/run/seen 9>&- &
probe=$!

met=0 tight=0 unmet=0 deaths=0 slowest=0
world=1
while [ $world -le $WORLDS ]; do
    all=0 paused=
    began=$(now_ms)
    for guest in a b c; do
        random 0 150
        eval "want_$guest=$drawn"
        all=$((all + drawn))
    done
    if [ $((world % 7)) = 0 ]; then
        paused=c
        xvm pause c
    fi
    for guest in a b c; do
        [ $guest = "$paused" ] || type_into $guest "echo $world $(eval "echo \$want_$guest") >/run/want"
    done
    case $((world % 10)) in
    3) # xvm-memd dies in a move of its own
        wait_for '! no_reservation' 3 && deaths=$((deaths + 1))
        kill -KILL "$(pidof xvm-memd)"
        wait_for '! pidof xvm-memd' 5
        wait_for no_reservation 30 || fail "World $world: what xvm-memd had reserved is given up" "$(ls /run/xvm/reservations)"
        : >/out/xvm-memd.log
        start_memd
        ;;
    8) # xvmd dies, in a move if there is one
        wait_for '! no_reservation' 3 && deaths=$((deaths + 1))
        daemon_stop xvmd KILL
        daemon_start xvmd --host-reserve "${reserve}MiB" >/dev/null
        wait_for no_reservation 30 || fail "World $world: what xvmd had reserved is given up" "$(ls /run/xvm/reservations)"
        ;;
    esac
    enough=yes
    [ $all -gt $ENOUGH ] && enough=
    [ "$paused" ] && enough=
    if [ "$enough" ]; then
        for guest in a b c; do
            want=$(eval "echo \$want_$guest")
            wait_for "grep -q 'xvm: world $world has [0-9]* of $want' $(guest_log $guest)" 30 || {
                enough=no
                echo "the last that $guest said:"
                grep -av '^ *\[<\|RIP\|R[0-9A-Z][0-9A-Z]:' "$(guest_log $guest)" | tail -n 30
            }
        done
        took=$(($(now_ms) - began))
        if [ $enough = no ]; then
            unmet=$((unmet + 1))
            fail "World $world: all have what they need ($want_a $want_b $want_c MiB)" "$(xvm memory show | tr '\n' ';')"
        else
            met=$((met + 1))
            [ $took -gt $slowest ] && slowest=$took
        fi
    else
        tight=$((tight + 1))
        sleep $SETTLE
    fi
    all_within >/run/outside || fail "World $world: nobody is below its minimum or above its maximum" "$(cat /run/outside)"
    [ "$paused" ] && xvm unpause c
    note "world $world: $want_a $want_b $want_c MiB ${enough:-tight}${paused:+, c paused}"
    world=$((world + 1))
done
cp /out/xvmd.log /run/xvmd.before
touch /run/over
wait $probe
cat /run/seen
seen=$(tail -n 1 /run/seen)
figure "worlds" $((met + tight + unmet)) ""
figure "with enough for all, and all had it" $met ""
figure "with too little for all" $tight ""
figure "slowest" $slowest ms
figure "deaths of xvm-memd or xvmd in a move" $deaths ""
figure "samples of the sum" "$(field_of samples "$seen")" ""
check_equal "The sum of all memory was never off by a page [M-14]" 0 "$(field_of off_pages "$seen")"
check "A good part of them had enough for all" [ $met -ge 8 ]
check_equal "Whoever lacked what was there, had it" 0 $unmet
check "xvm-memd has moved memory" grep -q "moves .* MiB from" /out/xvm-memd.log
daemon_stop xvm-memd
: >/out/xvmd.log
xvm memory move a free 1MiB
xvm memory move free a 1MiB
check "xvmd has done a policy's moves as it does a user's [M-10]" \
    eval "grep -q \"memory move 'a': done\" /out/xvmd.log && grep -q \"memory move 'a': done\" /run/xvmd.before"
for guest in $GUESTS; do
    check_not "No program of $guest was killed for want of memory" grep -aE "Out of memory|oom-kill" "$(guest_log $guest)"
    check "Guest $guest answers" eval 'xvm show $guest >/dev/null'
done
check "No reservation is left" wait_for no_reservation 40
check "The store is as the schema says" xvm_store_lint
