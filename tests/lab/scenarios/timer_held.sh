# SPDX-License-Identifier: Apache-2.0
# A request that the backend holds for D ms is reported to have taken D, to the tick.
# long: left out of ./check for its time alone; tests/show timer runs it
# clock: icount
# timeout: 300
# shows: T-5
# needs: xvmd xvm-blkd xvm xvm-timed xvm_blkfront.ko xvm_timer.ko xvm_time_owner.ko time-probe
. /usr/lib/xvm-test/timer.inc
. /usr/lib/xvm-test/timer_io.inc
timer_start
check "xvmd and xvm-blkd start" xvm_start
check "A guest whose requests are stamped is made" disk_guest timed pvh xvm_timer xvm_blkfront

# Held for D ms: the backend stands still with a request before it.
for held_ms in 300 1000; do
    guest_type timed "t read 1 /dev/xvda"
    sleep 0.5
    kill -STOP "$(pidof xvm-blkd)"
    from=$(($(wc -c <"$(guest_log timed)") + 1))
    guest_type timed "t read 1 /dev/xvda; echo xvm-end"
    sleep "$(awk "BEGIN { print $held_ms / 1000 }")"
    kill -CONT "$(pidof xvm-blkd)"
    wait_for "tail -c +$from $(guest_log timed) | grep -q '^xvm-end'" 20
    line=$(tail -c "+$from" "$(guest_log timed)" | tr -d '\r' | grep -a '^xvm: read ')
    sleep 0.3
    reported=$(word 3 "$(phase timed whole)")
    by_page=$(field page_ns "$line")
    note "held about $held_ms ms: the guest waited $(($(field longest_ns "$line") / 1000)) us, by the page" \
        "$((by_page / 1000)) us; reported $((reported / 1000)) us"
    # dom0 and the guest share the one processor here, so the page itself may be late: the guest's program
    # takes the same page's word for how long it waited.
    away=$((reported - by_page))
    check "Held for $held_ms ms, it is told so, to the tick [T-5]" [ "${away#-}" -le 4000000 ]
    check "And that is how long it was held" [ "$reported" -ge $((held_ms * 1000000)) ]
done
check "The guest is destroyed" xvm destroy timed
