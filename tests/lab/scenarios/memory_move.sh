# SPDX-License-Identifier: Apache-2.0
# Memory goes from a running guest to another, by the balloon drivers of stock kernels: PV to PV, PV to PVH and
# back. Nobody reboots, and what they work on stays right.
# clock: icount
# timeout: 900
# needs: xvmd xvm memory-probe
. /usr/lib/xvm-test/memory.inc
check "Guests get a workload that verifies itself" memory_initrd /run/initrd
check "xvmd starts" daemon_start xvmd
memory_toml a pv 192 256 64
memory_toml b pv 128 256 64
memory_toml h pvh 192 192 64
for guest in a b h; do
    check "Guest $guest starts" xvm create "/run/$guest.toml"
    check "It is up" guest_wait "$guest" "xvm: boot .* round 2 " 200
done
a=$(domid_of a) b=$(domid_of b) h=$(domid_of h)
boot_a=$(said_by a boot) boot_b=$(said_by b boot) boot_h=$(said_by h boot)
total_b=$(said_by b total)

probed() { # FROM TO KIB COMMAND...
    "$PROBE" 5000 "$@" >/run/seen || return 1
    cat /run/seen
    grep -q "off_pages=0 *$" /run/seen
}
had_a=$(memory_of a) had_b=$(memory_of b) free=$(free_of_host)
check "64 MiB go from a to b, and the sum of all memory is the same at every sample [M-9, M-14]" \
    probed "$a" "$b" 65536 xvm memory move a b 64MiB
check_equal "a has exactly so much less [M-5]" $((had_a - 65536)) "$(memory_of a)"
check_equal "b has exactly so much more [M-6]" $((had_b + 65536)) "$(memory_of b)"
check_equal "and what is free is what was free [M-6]" "$free" "$(free_of_host)"
check "b's kernel sees it, beyond what it booted with [M-8]" wait_for '[ "$(said_by b total)" -gt '$((total_b + 60000))' ]' 60
check "b's work goes on [M-9]" goes_on b
check "a's work goes on [M-9]" goes_on a
check_not "More than its minimum allows is not taken [M-11]" xvm memory move a b 128MiB
check_equal "and nothing moved" $((had_a - 65536)) "$(memory_of a)"

check "xvm asks the PVH guest" xvm memory move h free 64MiB
had_b=$(memory_of b) had_h=$(memory_of h)
check "64 MiB go from PV to PVH [M-16]" probed "$b" "$h" 65536 xvm memory move b h 64MiB
check_equal "The PV guest has exactly so much less" $((had_b - 65536)) "$(memory_of b)"
check_equal "The PVH guest has exactly so much more" $((had_h + 65536)) "$(memory_of h)"
check "From PVH to PV [M-16]" probed "$h" "$a" 65536 xvm memory move h a 64MiB
check_equal "a has what it had" "$had_a" "$(memory_of a)"
check "The PVH guest's work goes on [M-9]" goes_on h

check "A guest is paused" xvm pause a
check_not "It is not asked for memory" xvm memory move a b 4MiB
check "It goes on" xvm unpause a
# A guest whose driver hears nothing: what the toolstack bounds.
check_equal "No reservation is left" "" "$(ls /run/xvm/reservations)"
check_equal "a never rebooted [M-9]" "$boot_a" "$(said_by a boot)"
check_equal "b never rebooted [M-9]" "$boot_b" "$(said_by b boot)"
check_equal "h never rebooted [M-9]" "$boot_h" "$(said_by h boot)"
check "All went right with a's work" goes_on a
