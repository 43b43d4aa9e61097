# SPDX-License-Identifier: Apache-2.0
# dom0 has one writer of the timer page, whatever the number of guests that read it.
# clock: icount
# timeout: 600
# shows: T-3
# long: a measurement, of optimised programs
# needs: xvm-timed xvm_timer.ko xvm_time_owner.ko time-probe
. /usr/lib/xvm-test/timer.inc
timer_start

# All guests read for half a second at once, or do the same without a read.
all_read() { # KIND -> "READS RECORDS" of all of them
    rm -f /tmp/trace
    for n in $(seq "$guests"); do stat -c %s "$(guest_log "many$n")" >"/tmp/many$n.from"; done
    xentrace -D -e 0x0020f000 /tmp/trace >>/out/xentrace.log 2>&1 &
    _tracer=$!
    sleep 0.3
    for n in $(seq "$guests"); do guest_type "many$n" "t loop 500 $1"; done
    _reads=0
    for n in $(seq "$guests"); do
        wait_for "tail -c +$(cat "/tmp/many$n.from") $(guest_log "many$n") | grep -q 'xvm: loop kind=$1'" 60
        _line=$(tail -c "+$(cat "/tmp/many$n.from")" "$(guest_log "many$n")" | tr -d '\r' | grep -a "xvm: loop kind" | tail -n 1)
        _reads=$((_reads + $(field reads "$_line")))
    done
    kill -TERM $_tracer
    wait $_tracer
    echo "$_reads $(trace_count /tmp/trace)"
}

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
    none=$(all_read none)
    tick=$(all_read tick)
    reads=${tick% *} more=$((${tick#* } - ${none#* }))
    note "$guests guests: $reads reads; $more of ${tick#* } traps and hypercalls more than without reads"
    # dom0's own hypercalls are in both counts, and differ: who reads nothing looks at the kernel's clock more often.
    [ $more -gt 0 ] || more=0
    check "With $guests guests a read makes no hypercall [T-3]" [ $more -lt $((reads / 10000)) ]
    figure "$guests guests: hypercalls a guest and second, more than without reads" $((2 * more / guests))
    figure "$guests guests: reads a guest and second" $((2 * reads / guests))
done
for n in 1 2 3 4 5 6 7 8; do xl destroy "many$n"; done
