# SPDX-License-Identifier: Apache-2.0
# A physical device goes from a running PV guest to another and back, in the midst of its stream, without reset.
# clock: icount
# iommu: vtd
# timeout: 600
# shows: S-9 S-19 H-1 H-6 H-7 H-8 H-9 H-10 H-13
# needs: xvmd xvm xvm_devfront.ko xvm_edu.ko
. /usr/lib/xvm-test/handover.inc
device=$(handover_device)
note "the device is $device"
handover_initrd /run/initrd
handover_toml a pv 128
handover_toml b pv 128
check "xvmd starts" daemon_start xvmd --log-level debug
check_equal "The device is dom0's" host "$(device_json state)"
check "A starts" starts a
check "B starts" starts b
a_has=$(pages_of a) b_has=$(pages_of b)

check_not "No backend runs: these guests share nothing [S-9]" pidof xvm-blkd
check_not "Nor does the service: devices change guests without it [S-19]" pidof xvm-service
check "A gets the device" xvm device assign "$device" a
check_equal "It is listed" "assigned a" "$(device_json state) $(device_json guest)"
note "$(xvm device list)"
line=$(edu a)
note "A: $line"
check_equal "A's driver runs it" running "$(field state "$line")"
guest_ask a "e stream 1000" 20
check "The device works, with DMA and interrupts" edu_done a 2 60
line=$(edu a)
note "A: $line"
check_equal "Nothing was wrong" "0 0 0" "$(field wrong "$line") $(field resets "$line") $(field lost "$line")"
xvm device assign "$device" b >/out/busy 2>&1
check_equal "B does not get it while A has it [H-10]" 4 $?
note "$(cat /out/busy)"

xl dmesg -c >/dev/null
xvm device move "$device" a b -o json >/out/move1 2>&1
check_equal "It goes to B" 0 $?
note "$(cat /out/move1)"
figure "outage, one page, PV to PV by TRANSFER" "$(sed -n 's/.*"outage_us": *\([0-9]*\).*/\1/p' /out/move1)" us
figure "until it was at rest" "$(sed -n 's/.*"drain_us": *\([0-9]*\).*/\1/p' /out/move1)" us
line=$(edu b)
note "B: $line"
check_equal "B's driver runs it [H-8]" running "$(field state "$line")"
check_equal "As one handover" 1 "$(field handovers "$line")"
check_equal "A has none" absent "$(field state "$(edu a)")"
n=$(field done "$line")
check "The stream goes on in B [H-8]" edu_done b $((n + 2)) 60
check_equal "A has as many pages as before [H-13]" "$a_has" "$(pages_of a)"
check_equal "B has as many pages as before [H-13]" "$b_has" "$(pages_of b)"
check "It goes back to A" xvm device move "$device" b a
check "And to B once more" xvm device move "$device" a b
# Xen's own small allocations share pages, and waver by one while its heap settles; a leak grows with the moves.
moves_free=$(free_now)
check "It goes to and fro, twenty times" to_and_fro a b 10
free=$(free_now)
note "free before $moves_free, after $free"
check "Twenty moves cost the host nothing [H-13]" keeps_pages "$moves_free" "$free"
check_not "A page for every fifth move would have been seen" keeps_pages "$moves_free" $((moves_free - 4 * 4096))
check_equal "A has as many pages as ever [H-13]" "$a_has" "$(pages_of a)"
check_equal "B has as many pages as ever [H-13]" "$b_has" "$(pages_of b)"
n=$(field done "$(edu b)")
check "The stream goes on" edu_done b $((n + 2)) 60
xl dmesg -c >/dev/null
guest_ask b "e dma 0x4000000" 20 >/dev/null
n=$(field done "$(edu b)")
check "The stream goes on past a DMA that is refused" edu_done b $((n + 1)) 60
check "Beside its guest's memory its DMA faults [H-6]" sh -c "xl dmesg | grep -q 'DMAR.*fault addr 4000000'"
guest_ask b "e stream 0" 20 >/dev/null
sleep 1
line=$(edu b)
note "B: $line"
check_equal "Nothing was wrong, no reset was seen [H-1 H-7 H-9]" "0 0 0" "$(field wrong "$line") $(field resets "$line") $(field pattern "$line")"
{ edu_ran a; edu_ran b; } >/out/runs
note "items: $(tr '\n' ';' </out/runs)"
check "Every item was done once, in order [H-8]" whole_stream "$(field done "$line")" /out/runs
check "B gives it back" xvm device release "$device" --host
check_equal "It is dom0's again" host "$(device_json state)"
note "Xen: $(xl dmesg | tail -n 5 | tr '\n' ';')"
note "A: $(guest_ask a 'e log' 20 | tr '\n' ';')"
note "B: $(guest_ask b 'e log' 20 | tr '\n' ';')"
check "A ends" xvm destroy a
check "B ends" xvm destroy b
