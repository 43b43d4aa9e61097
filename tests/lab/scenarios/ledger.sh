# SPDX-License-Identifier: Apache-2.0
# The ledger sees what a guest holds, and is equal to the page when the guest is gone.
# timeout: 180
cycle() { guest_create pv1 pv && guest_wait pv1 "xvm: up" 60 && ledger during && guest_destroy pv1; }
check "A guest comes and goes once" cycle
ledger before
check "A guest comes and goes again" cycle
check "Everything is as before" ledger_same before 10
for kind in domain store pages grant evtchn fd process; do
    check "While it ran, the ledger showed it: $kind" \
        sh -c ". /payload/ledger.sh; ledger_diff before during | grep -q '^[-+]$kind:'"
done
check "A third time" cycle
check "Everything is as before still" ledger_same before 10

# The broken twins: each kind of leftover must be seen.
xenstore-write /xvm-test 1
check_not "A node left is seen" ledger_same before 1
xenstore-rm /xvm-test
sleep 1000 </dev/null >/dev/null 2>&1 &
check "A shell's child is none of its business" ledger_same before 5
xenstore-watch /xvm-test >/dev/null 2>&1 &
watcher=$!
sleep 0.5
check_not "A process left is seen, and its connection" ledger_same before 1
kill $watcher
check "All is as before" ledger_same before 5
