# SPDX-License-Identifier: Apache-2.0
# What reading the time costs a guest and dom0: instructions, traps and hypercalls, beside the kernel's clocks.
# clock: icount
# timeout: 600
# shows: T-3
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

traced() { # GUEST KIND -> "READS RECORDS" of two seconds of reading
    rm -f /tmp/trace
    xentrace -D -e 0x0020f000 -e 0x0008f000 /tmp/trace >/dev/null 2>&1 &
    _tracer=$!
    sleep 0.3
    _line=$(guest_ask "$1" "t loop 2000 $2" 60)
    kill -INT $_tracer
    wait $_tracer
    echo "$(field reads "$_line") $(trace_count /tmp/trace)"
}

for type in pv pvh; do
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
        [ "$kind" = gettime ] && continue
        # The guest's own timer ticks are in both counts; a read adds none.
        check "Reading the $kind traps nowhere ($type) [T-3]" [ $((records - records_none)) -lt $((reads / 1000)) ]
    done
    check "The $type guest is destroyed" xl destroy "$type"
done

# dom0 pays for one timer, whatever the number of guests; a guest's page costs no hypercall.
for guests in 1 2 4 8; do
    while [ "$(xl list | tail -n +2 | wc -l)" -le $guests ]; do
        n=$(xl list | tail -n +2 | wc -l)
        timer_guest "many$n" pv memory=96 >/dev/null; rm -f "/tmp/many$n.cpio"; guest_wait "many$n" "^xvm: time owner=kernel" 120 >/dev/null
    done
    first=$($probe /dev/xvm_time_owner shared show)
    before=$(now_ms)
    sleep 2
    last=$($probe /dev/xvm_time_owner shared show)
    after=$(now_ms)
    writes=$(($(field writes "$last") - $(field writes "$first")))
    note "$guests guests: $writes writes in $((after - before)) ms"
    figure "$guests guests: writes a second" $((writes * 1000 / (after - before)))
    check "With $guests guests there is one writer" [ $writes -le $(((after - before) / 4 + 2)) ]
done
for n in 1 2 3 4 5 6 7 8; do xl destroy "many$n"; done
