# SPDX-License-Identifier: Apache-2.0
# What reading the time costs a guest and dom0: instructions, traps and hypercalls, beside the kernel's clocks.
# clock: icount
# timeout: 600
# shows: T-3
# long: a measurement
# needs: xvm-timed xvm_timer.ko xvm_time_owner.ko time-probe
. /usr/lib/xvm-test/timer.inc
mkdir -p /run/xvm
check "The kernel's owner is loaded" owner_module
check "xvm-timed starts on it" daemon_start xvm-timed

# Records of Xen's trace by class, of everything that a guest's running makes Xen do: PV traps and hypercalls
# (0x0020f000), a PVH guest's exits (0x0008f000). A record is a word with event, number of extra words and whether
# a time stamp follows.
trace_count() { # FILE -> records
    od -An -v -tx4 -w4 "$1" | awk '
        function hex(t,  i, v) { v = 0; for (i = 1; i <= length(t); i++) v = v * 16 + index("0123456789abcdef", substr(t, i, 1)) - 1; return v }
        skip > 0 { skip--; next }
        { head = hex($1); stamp = head >= 2147483648; if (stamp) head -= 2147483648
          extra = int(head / 268435456); event = head - extra * 268435456
          skip = extra + (stamp ? 2 : 0)
          class = int(event / 4096)
          if ((class >= 512 && class < 528) || (class >= 128 && class < 144)) n++ }
        END { print n + 0 }'
}

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
    for kind in tick coarse gettime; do
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
