# SPDX-License-Identifier: Apache-2.0
# A guest is saved under one owner of the timer page and restored under others, whose ticks are not the first one's.
# long: left out of ./check for its time alone; tests/show timer runs it
# clock: normal
# timeout: 400
# shows: T-9
# needs: xvmd xvm-blkd xvm xvm-timed xvm_timer.ko xvm_time_owner.ko time-probe
. /usr/lib/xvm-test/timer.inc
savable_guest
before=$(guest_ask one "t tick" 30)
disruptions=$(field disruptions "$(guest_ask one "t show" 30)")
# Its watch goes on across all three hosts.
guest_type one "t watch 60000"
sleep 1

leave() { # the guest becomes a file, and its page goes back
    _old=$(xl domid one)
    rm -f /tmp/one.save
    check "It is saved" xvm save one /tmp/one.save
    check "Its page is taken back" wait_for "grep -q 'domain $_old: the timer page is taken back' /out/xvm-timed.log" 20
    check "This host's xvm-timed ends" daemon_stop xvm-timed
}
arrive() {
    check "It is restored" xvm restore /tmp/one.save
    check "It gets the page of this host" wait_for "xenstore-exists /local/domain/\$(xl domid one)/xvtime/ref" 30
    sleep 2
}

leave
check "The first owner's module goes" rmmod xvm_time_owner
check "The second host's owner is a program" daemon_start xvm-timed --owner program
there=$($probe /run/xvm/time shared tick)
note "the first owner's tick: ${before##* }, the second's: ${there##* }"
check "The second's tick lies far behind the first's" [ "${there##* }" -lt "${before##* }" ]
arrive
leave
check "The third host's owner is a kernel, begun anew" owner_module
check "xvm-timed starts on it" daemon_start xvm-timed
arrive

check "The program that was reading all the time ends as it would have" guest_wait one "xvm: watch " 120
line=$(guest_line one "xvm: watch ")
note "$line"
check_equal "It saw nothing go back [T-9]" 0 "$(field backwards "$line")"
check "It was reading on each host" [ "$(field changes "$line")" -gt 100 ]
line=$(guest_ask one "t show" 30)
check "Both moves are marked as disruptions" [ "$(field disruptions "$line")" -ge $((disruptions + 2)) ]
check_equal "The clock runs" ok "$(field coarse "$line")"
after=$(guest_ask one "t tick" 30)
check "The tick is above what it was at first [T-9]" [ "${after##* }" -gt "${before##* }" ]
check "The guest is destroyed" xvm destroy one
