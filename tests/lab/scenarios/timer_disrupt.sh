# SPDX-License-Identifier: Apache-2.0
# A disruption of dom0's clock reaches every program of every guest within a tick, whether it polls or reads.
# clock: icount
# timeout: 400
# long: a measurement, of optimised programs
# needs: xvm-timed xvm_timer.ko xvm_time_owner.ko time-probe
. /usr/lib/xvm-test/timer.inc
timer_start
for type in pv pvh; do
    check "A $type guest is made" timer_guest "$type" "$type"
    check "It has the page" guest_wait "$type" "^xvm: time owner=kernel" 120
done
said() { # GUEST PATTERN: once in every round so far
    wait_for "[ \$(grep -ac '$2' $(guest_log "$1")) -ge $round ]" 70
}
# Of each round: the tick whose write brought the disruption, as dom0 saw it; in each guest, the tick in which the
# last program saw it, and the last tick in whose page a program looked for it in vain.
most=0 most_by_poll=0 programs=0 vain=0 unsure=0
for round in 1 2 3; do
    for type in pv pvh; do
        guest_type "$type" "t seen 8"
        check "Eight programs of the $type guest wait (round $round)" said "$type" "xvm: seen: 8 programs wait"
    done
    sleep 1
    brought=$($probe /dev/xvm_time_owner shared disrupt)
    note "round $round: $brought"
    earliest=$(field earliest "$brought") latest=$(field latest "$brought")
    unsure=$((unsure + latest - earliest))
    for type in pv pvh; do
        check "All of them are told ($type, round $round)" said "$type" "xvm: seen programs=8 blind=0"
        line=$(guest_line "$type" "^xvm: seen programs")
        note "$type, round $round: $line"
        [ $(($(field last "$line") - earliest)) -gt $most ] && most=$(($(field last "$line") - earliest))
        [ $(($(field last_by_poll "$line") - earliest)) -gt $most_by_poll ] &&
            most_by_poll=$(($(field last_by_poll "$line") - earliest))
        [ "$(field unseen "$line")" -ge "$latest" ] && vain=$((vain + 1))
        programs=$((programs + $(field programs "$line")))
    done
done
figure "programs that waited for a disruption" $programs
figure "the last of them saw it after" $most ticks
figure "the last of those who polled after" $most_by_poll ticks
check_equal "dom0 saw each disruption in the very tick that brought it" 0 $unsure
check_equal "Nobody looked at that tick or a later one in vain" 0 $vain
check "Each saw it within one tick" [ $most -le 1 ]
for type in pv pvh; do check "The $type guest is destroyed" xl destroy "$type"; done
