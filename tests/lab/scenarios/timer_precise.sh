# SPDX-License-Identifier: Apache-2.0
# Where Xen calls the counter invariant, guests read a precise clock, and requests' times are nanoseconds.
# clock: invtsc
# timeout: 600
# shows: T-5 T-7 T-9
# long: wants a saved dom0 of its own; the clock itself is shown by timer-hunt and in tests/unit/libvmshare/timer
# needs: xvmd xvm-blkd xvm xvm-timed xvm_blkfront.ko xvm_timer.ko xvm_time_owner.ko time-probe
. /usr/lib/xvm-test/timer.inc
. /usr/lib/xvm-test/timer_io.inc
timer_start
check "xvmd and xvm-blkd start" xvm_start

for type in pv pvh; do
    check "A $type guest is made" disk_guest "$type" "$type" xvm_timer xvm_blkfront
    line=$(guest_ask "$type" "t show" 30)
    note "$line"
    check_equal "Its precise clock runs ($type)" ok "$(field fast "$line")"
    bound=$(field error "$line")
    figure "$type: published bound of the error" "${bound#ok:}" ns
    line=$(guest_ask "$type" "t watch 2000" 60)
    note "$line"
    check_equal "Nothing goes back ($type) [T-9]" 0 "$(field backwards "$line")"
    check "Precise reads were among them ($type)" [ "$(field precise "$line")" -gt 1000 ]

    xvm trace "$type" --count 200 --duration 60s --svg "/out/trace-$type.svg" &
    tracer=$!
    sleep 1
    guest_ask "$type" "t read 200 /dev/xvda" 60
    wait $tracer
    check "They are drawn ($type)" grep -q "200 requests of xvda" "/out/trace-$type.svg"
    check_equal "Its requests are timed by the precise clock ($type)" precise \
        "$(xvm disk stats "$type" -o json | tr -d ' \n' | sed -n 's/.*"clock":"\([a-z]*\)".*/\1/p')"
    for phase in wake queue service whole; do eval "$phase='$(phase "$type" $phase)'"; done
    # shellcheck disable=SC2154
    away=$(($(word 2 "$whole") - $(word 2 "$wake") - $(word 2 "$queue") - $(word 2 "$service")))
    check "The phases sum to the whole within 100 ns ($type) [T-7]" [ ${away#-} -le 100 ]

    if [ $type = pv ]; then # where a request is quickest
        stamps_cost pv 3 300
        figure "precise: a read of 4 KiB, stamped" "$with" ns
        figure "precise: a read of 4 KiB, not stamped" "$without" ns
        check "Stamps cost less than 1 % ($with, $without)" [ $((with * 100)) -lt $((without * 101)) ]
        daemon_stop xvm-blkd && daemon_start xvm-blkd >/dev/null
        guest_ask pv "echo Y >/sys/module/xvm_blkfront/parameters/stamps" 20
        sleep 1
    fi

    # Held for D ms: the backend stands still with a request before it.
    held_ms=500
    kill -STOP "$(pidof xvm-blkd)"
    from=$(($(wc -c <"$(guest_log "$type")") + 1))
    guest_type "$type" "t read 1 /dev/xvda; echo xvm-end"
    sleep "$(awk "BEGIN { print $held_ms / 1000 }")"
    kill -CONT "$(pidof xvm-blkd)"
    wait_for "tail -c +$from $(guest_log "$type") | grep -q '^xvm-end'" 20
    line=$(tail -c "+$from" "$(guest_log "$type")" | tr -d '\r' | grep -a '^xvm: read ')
    sleep 0.3
    reported=$(word 3 "$(phase "$type" whole)")
    waited=$(field longest_ns "$line")
    away=$((reported - waited))
    note "$type: the guest waited $((waited / 1000)) us, by its own clock; reported $((reported / 1000)) us"
    check "Held for so long, it is told so, to 1 % ($type) [T-5]" [ $((${away#-} * 100)) -le "$waited" ]
    check "The $type guest is destroyed" xvm destroy "$type"
done
