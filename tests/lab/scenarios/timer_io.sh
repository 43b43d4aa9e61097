# SPDX-License-Identifier: Apache-2.0
# Every request carries the page's value: the times of a disk add up; what the stamps cost.
# clock: icount
# timeout: 500
# shows: T-4 T-6 T-7
# long: a measurement, of optimised programs
# needs: xvmd xvm-blkd xvm xvm-timed xvm_blkfront.ko xvm_timer.ko xvm_time_owner.ko time-probe
. /usr/lib/xvm-test/timer.inc
. /usr/lib/xvm-test/timer_io.inc
timer_start
check "xvmd and xvm-blkd start" xvm_start

check "A guest whose requests are stamped is made" disk_guest timed pvh xvm_timer xvm_blkfront
line=$(guest_ask timed "t read 500 /dev/xvda" 60)
note "$line"
for phase in wake queue service whole; do
    eval "$phase='$(phase timed $phase)'"
    eval "note \"$phase: count, sum, longest in ns: \$$phase\""
done
# shellcheck disable=SC2154
check "Every request was stamped [T-4]" [ "$(word 1 "$whole")" -ge 500 ]
# shellcheck disable=SC2154
check_equal "Its phases sum to the whole [T-7]" "$(word 2 "$whole")" \
    "$(($(word 2 "$wake") + $(word 2 "$queue") + $(word 2 "$service")))"
check "Served at once is at most a tick or two [T-6]" [ "$(word 3 "$whole")" -le 8000000 ]

# Request by request, while the guest reads: in order, and each adds up. And a picture, to be looked at.
traced() { # OPTION...: xvm trace of 100 reads
    xvm trace timed --count 100 --duration 60s "$@" &
    _tracer=$!
    sleep 1
    guest_ask timed "t read 100 /dev/xvda" 60 >/dev/null
    wait $_tracer
}
traced -o csv --columns op,submitted_ns,handed_over_ns,taken_ns,completed_ns,wake_ns,queue_ns,service_ns,whole_ns >/tmp/trace.csv
sed -n 1,5p /tmp/trace.csv
check_equal "xvm trace tells every request [T-4]" 100 "$(grep -c '^read,[0-9]' /tmp/trace.csv)"
check_equal "Each is submitted, handed over, taken, answered, in this order [T-7]" 0 \
    "$(awk -F, 'NR > 1 && !($2 <= $3 && $3 <= $4 && $4 <= $5)' /tmp/trace.csv | wc -l)"
check_equal "And its phases sum to its whole [T-7]" 0 "$(awk -F, 'NR > 1 && $6 + $7 + $8 != $9' /tmp/trace.csv | wc -l)"
traced --svg /out/trace.svg
check "The picture is one, of this guest" grep -q '>Guest timed: ' /out/trace.svg
xvm top --once --delay 3s -o json >/tmp/top.json &
top=$!
sleep 0.5
guest_ask timed "t read 100 /dev/xvda" 60 >/dev/null
wait $top
check "xvm top tells how long requests are served" grep -q service_p99_ns /tmp/top.json
xvm top --once --delay 200ms --disks

stamps_cost timed 5 400
figure "a read of 4 KiB, stamped" "$with" ns
figure "a read of 4 KiB, not stamped" "$without" ns
check "Stamps cost less than 1 % ($with, $without)" [ $((with * 100)) -lt $((without * 101)) ]
check "The guest is destroyed" xvm destroy timed
check "Nobody has the page any more" wait_for "grep -q 'taken back' /out/xvm-timed.log" 20
