# SPDX-License-Identifier: Apache-2.0
# What reading the time costs a guest and dom0: instructions, traps and hypercalls, beside the kernel's clocks.
# clock: icount
# timeout: 600
# shows: T-3
# long: a measurement
# needs: xvm-timed xvm_timer.ko xvm_time_owner.ko time-probe
. /usr/lib/xvm-test/timer.inc
timer_start

traced() { # GUEST KIND -> "READS RECORDS" of 0.2 s of reading
    rm -f /tmp/trace
    xentrace -D -e "$mask" /tmp/trace >>/out/xentrace.log 2>&1 &
    _tracer=$!
    sleep 0.3
    _line=$(guest_ask "$1" "t loop 200 $2" 60)
    kill -TERM $_tracer
    wait $_tracer
    echo "$(field reads "$_line") $(trace_count /tmp/trace)"
}

for type in pv pvh; do
    [ $type = pv ] && mask=0x0020f000 || mask=0x0008f000
    check "A $type guest is made" timer_guest "$type" "$type"
    check "It has the page" guest_wait "$type" "^xvm: time owner=kernel" 120
    guest_ask "$type" "t cost 20000" 120 >/tmp/cost
    cat /tmp/cost
    loop=$(sed -n 's/^xvm: cost loop //p' /tmp/cost)
    for way in tick coarse clock_gettime syscall rdtsc; do
        # 2 ns of virtual time an instruction; what the loop itself takes is left out.
        value=$(sed -n "s/^xvm: cost $way //p" /tmp/cost)
        figure "$type: instructions of a read: $way" "$(awk "BEGIN { v = ($value - $loop) / 2; printf \"%.1f\", v < 0 ? 0 : v }")"
    done
    none=$(traced "$type" none)
    records_none=${none#* }
    for kind in tick coarse error stamp gettime; do
        seen=$(traced "$type" $kind)
        reads=${seen% *} records=${seen#* }
        note "$type $kind: $reads reads, $records records; without reads $records_none"
        figure "$type: traps and hypercalls of a thousand reads: $kind" \
            "$(awk "BEGIN { v = ($records - $records_none) * 1000 / $reads; printf \"%.4f\", v < 0 ? 0 : v }")"
        if [ "$kind" = gettime ]; then # the counter that the kernel's clock reads is emulated here
            check "The trace sees what traps ($type)" [ $((records - records_none)) -gt $((reads / 2)) ]
            continue
        fi
        # The guest's own timer ticks are in both counts; a read adds none.
        check "Reading the $kind traps nowhere ($type) [T-3]" [ $((records - records_none)) -lt $((reads / 1000)) ]
    done
    check "The $type guest is destroyed" xl destroy "$type"
done
