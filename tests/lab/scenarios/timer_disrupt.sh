# SPDX-License-Identifier: Apache-2.0
# A disruption of dom0's clock reaches every program of every guest within a tick, whether it polls or reads.
# clock: icount
# timeout: 400
# long: a measurement, of optimised programs
# needs: xvm-timed xvm_timer.ko xvm_time_owner.ko time-probe
. /usr/lib/xvm-test/timer.inc
mkdir -p /run/xvm
check "The kernel's owner is loaded" owner_module
check "xvm-timed starts on it" daemon_start xvm-timed
for type in pv pvh; do
    check "A $type guest is made" timer_guest "$type" "$type"
    check "It has the page" guest_wait "$type" "^xvm: time owner=kernel" 120
done
said() { # GUEST PATTERN: once in every round so far
    wait_for "[ \$(grep -ac '$2' $(guest_log "$1")) -ge $round ]" 30
}
most=0 programs=0
for round in 1 2 3; do
    # One guest after the other: here all share one processor, and who does not run does not look.
    for type in pv pvh; do
        guest_type "$type" "t seen 8"
        check "Eight programs of the $type guest wait (round $round)" said "$type" "xvm: seen: 8 programs wait"
        sleep 1
        date -s "@$(($(date +%s) + 3600))" >/dev/null # UTC jumps: that is a disruption
        sleep 1
        check "All of them are told ($type, round $round)" said "$type" "xvm: seen programs=8 blind=0"
        line=$(grep -a 'xvm: seen programs' "$(guest_log "$type")" | tail -n 1 | tr -d '\r')
        note "$type, round $round: $line"
        ticks=$(field most_ticks "$line")
        [ "$ticks" -gt $most ] && most=$ticks
        programs=$((programs + $(field programs "$line")))
    done
done
figure "programs that waited for a disruption" $programs
figure "the last of them saw it after" $most ticks
check "Each saw it within one tick" [ $most -le 1 ]
for type in pv pvh; do check "The $type guest is destroyed" xl destroy "$type"; done
