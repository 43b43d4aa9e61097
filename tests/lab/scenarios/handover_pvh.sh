# SPDX-License-Identifier: Apache-2.0
# A device goes from a PV guest to a PVH guest by TRANSFER, from that one to another PVH guest by MOVE, and all the way back.
# long: handover shows the same between PV guests
# clock: icount
# iommu: vtd
# timeout: 600
# shows: H-4 H-6 H-7 H-8 H-9 H-13
# needs: xvmd xvm xvm_devfront.ko xvm_edu.ko
. /usr/lib/xvm-test/handover.inc
device=$(handover_device)
handover_initrd /run/initrd 4
handover_toml a pv 128
handover_toml b pvh 192
handover_toml c pvh 192
check "xvmd starts" daemon_start xvmd
check "A starts" starts a
check "B starts" starts b
check "C starts" starts c
a_has=$(pages_of a) b_has=$(pages_of b) c_has=$(pages_of c)
check "A gets the device" xvm device assign "$device" a
guest_ask a "e stream 1000" 20 >/dev/null
check "The device works" edu_done a 2 60
goes() { # FROM TO HOW
    _before=$(field done "$(edu "$1")")
    xvm device move "$device" "$1" "$2" -o json >/out/move 2>&1
    check_equal "It goes from $1 to $2 by $3" 0 $?
    note "$(cat /out/move)"
    figure "outage, 4 pages, $1 to $2 by $3" "$(sed -n 's/.*"outage_us": *\([0-9]*\).*/\1/p' /out/move)" us
    line=$(edu "$2")
    note "$2: $line"
    check_equal "All pages came with their content to $2 [H-4]" "4 0" "$(field pages "$line") $(field pattern "$line")"
    n=$(field done "$line")
    check "$2 goes on where $1 stopped [H-7 H-8]" [ "${n:-0}" -ge "${_before:-0}" ]
    check "The device works in $2: interrupts, DMA in both directions [H-6]" edu_done "$2" $((n + 2)) 60
    line=$(edu "$2")
    check_equal "Nothing was wrong [H-9]" "0 0 0" "$(field wrong "$line") $(field resets "$line") $(field lost "$line")"
}
goes a b TRANSFER
goes b c MOVE
# Xen's own tables have grown by then, and stay.
free=$(free_now)
goes c b MOVE
goes b a MOVE
check_equal "A has as many pages as before [H-13]" "$a_has" "$(pages_of a)"
check_equal "B has as many pages as before [H-13]" "$b_has" "$(pages_of b)"
check_equal "C has as many pages as before [H-13]" "$c_has" "$(pages_of c)"
after=$(free_now)
note "free before $free, after $after"
check "The host has as many, too [H-13]" keeps_pages "$free" "$after"
check "A gives it back" xvm device release "$device" --host
for g in a b c; do note "$g: $(guest_ask $g 'e log' 20 | tr '\n' ';')"; done
