# SPDX-License-Identifier: Apache-2.0
# A PV guest is saved and restored while a program of it reads the page: nothing goes back, nobody is killed.
# clock: normal
# timeout: 300
# shows: T-9
# needs: xvmd xvm-blkd xvm xvm-timed xvm_timer.ko xvm_time_owner.ko time-probe
. /usr/lib/xvm-test/timer.inc
savable_guest
before=$(guest_ask one "t tick" 30)
old=$(xl domid one)
# Its watch goes on across the whole.
guest_type one "t watch 20000"
sleep 1
check "It is saved with the page mapped" xvm save one /tmp/one.save
check "Its page is taken back" wait_for "grep -q 'domain $old: the timer page is taken back' /out/xvm-timed.log" 20
sleep 2
check "It is restored" xvm restore /tmp/one.save
check "It gets the page by a grant of the new domain" \
    wait_for "xenstore-exists /local/domain/\$(xl domid one)/xvtime/ref" 30
check "The program that was reading ends as it would have" guest_wait one "xvm: watch " 90
line=$(guest_line one "xvm: watch ")
note "$line"
check "It was reading before and after" [ $(($(field ticks "$line") * 4)) -gt $(($(field ms "$line") + 1000)) ]
check_equal "It saw nothing go back [T-9]" 0 "$(field backwards "$line")"
after=$(guest_ask one "t tick" 30)
check "The tick went on while the guest was a file [T-9]" [ $((${after##* } - ${before##* })) -ge 500 ]
line=$(guest_ask one "t show" 30)
check_equal "The clock runs" ok "$(field coarse "$line")"
check "The guest is destroyed" xvm destroy one
