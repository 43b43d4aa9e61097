# SPDX-License-Identifier: Apache-2.0
# dom0 has one writer of the timer page, whatever the number of guests that read it.
# clock: icount
# timeout: 600
# long: a measurement, of optimised programs
# needs: xvm-timed xvm_timer.ko xvm_time_owner.ko time-probe
. /usr/lib/xvm-test/timer.inc
mkdir -p /run/xvm
check "The kernel's owner is loaded" owner_module
check "xvm-timed starts on it" daemon_start xvm-timed

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
