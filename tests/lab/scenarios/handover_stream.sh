# SPDX-License-Identifier: Apache-2.0
# A stream across 100 handovers, to and fro between two PV guests: complete, in order, nothing twice.
# clock: icount
# iommu: vtd
# timeout: 1500
# long: minutes of emulation; handover shows the same with two dozen
# shows: H-2 H-8 H-9 H-13
# needs: xvmd xvm xvm_devfront.ko xvm_edu.ko
. /usr/lib/xvm-test/handover.inc
device=$(handover_device)
handover_initrd /run/initrd 1
handover_toml a pv 128
handover_toml b pv 128
check "xvmd starts" daemon_start xvmd
check "A starts" starts a
check "B starts" starts b
a_has=$(pages_of a) b_has=$(pages_of b)
check "A gets the device" xvm device assign "$device" a
guest_ask a "e stream 100000" 20 >/dev/null
check "The device works" edu_done a 1 60
check "It goes to B" xvm device move "$device" a b
check "It goes back" xvm device move "$device" b a
# Xen's own tables have grown by then, and stay.
free=$(free_now)
from=a to=b failed=0
for i in $(seq 100); do
    xvm device move "$device" $from $to -o json >/out/move 2>&1 || { failed=$((failed + 1)); note "$i: $(cat /out/move)"; }
    sed -n 's/.*"outage_us": *\([0-9]*\).*/\1/p' /out/move >>/out/outages
    sleep 0.5
    t=$from from=$to to=$t
done
check_equal "100 handovers, none failed: each found the device at rest [H-2 H-8]" 0 $failed
figure "outage, median of 100, one page" "$(sort -n /out/outages | sed -n 50p)" us
figure "outage, longest of 100, one page" "$(sort -n /out/outages | tail -n 1)" us
guest_ask $from "e stream 0" 20 >/dev/null
sleep 1
line=$(edu $from)
note "$line"
check_equal "Nothing was wrong, no reset was seen [H-9]" "0 0 102" "$(field wrong "$line") $(field resets "$line") $(field handovers "$line")"
{ edu_ran a; edu_ran b; } >/out/runs
check "Every item was done once, in order [H-8]" whole_stream "$(field done "$line")" /out/runs
figure "items across 100 handovers" "$(field done "$line")" items
check_equal "A has as many pages as before [H-13]" "$a_has" "$(pages_of a)"
check_equal "B has as many pages as before [H-13]" "$b_has" "$(pages_of b)"
after=$(free_now)
note "free before $free, after $after"
check "The host has as many, too [H-13]" keeps_pages "$free" "$after"
check "It is given back" xvm device release "$device" --host
