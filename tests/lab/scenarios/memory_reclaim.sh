# SPDX-License-Identifier: Apache-2.0
# The headline: too little memory is free, and a guest starts all the same, from what a running guest gives up
# while its verified workload goes on. When the new guest has ended, the memory goes back.
# clock: icount
# timeout: 900
# needs: xvmd xvm
. /usr/lib/xvm-test/memory.inc
check "Guests get a workload that verifies itself" memory_initrd /run/initrd
check "xvmd starts" daemon_start xvmd
free=$(($(free_of_host) >> 10))
figure "free at first" "$free" MiB
# All but 100 MiB is the first guest's.
first=$((free - 120))
memory_toml first pv "$first" "$first" 128
memory_toml new pv 192 192 96
check "A guest takes nearly all" xvm create /run/first.toml
check "It is up" guest_wait first "xvm: boot .* round 2 " 300
boot=$(said_by first boot) had=$(memory_of first) total=$(said_by first total) had_free=$(free_of_host)
figure "free before" "$(($(free_of_host) >> 10))" MiB
check_not "Too little is left for another [M-7]" xvm create /run/new.toml
check_not "It was not started" xvm show new
started=$(now_ms)
check "With --reclaim it starts [M-7]" xvm create /run/new.toml --reclaim
figure "create --reclaim" $(($(now_ms) - started)) ms
check "It runs [M-7]" guest_wait new "xvm: boot .* round 2 " 200
check_equal "It has what it is to have [M-6]" $((192 << 10)) "$(memory_of new)"
check "The first gave up what it lacked [M-5]" [ "$(memory_of first)" -lt "$had" ]
figure "given up" $(((had - $(memory_of first)) >> 10)) MiB
check "Its work goes on, verified [M-9]" goes_on first
check_equal "It did not reboot [M-9]" "$boot" "$(said_by first boot)"
check_equal "No reservation is left" "" "$(ls /run/xvm/reservations)"
check "The new one ends" xvm destroy new
check "The memory goes back [M-17]" wait_for '[ "$(memory_of first)" = '"$had"' ]' 60
check "What is free is what was free before" [ "$(free_of_host)" -ge $((had_free - 1024)) ]
check "The first one's kernel uses it again [M-17]" wait_for '[ "$(said_by first total)" = '"$total"' ]' 60
check "Its work went on all the time [M-9]" goes_on first
check_equal "and it never rebooted [M-9]" "$boot" "$(said_by first boot)"
