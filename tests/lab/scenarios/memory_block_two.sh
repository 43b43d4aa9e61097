# SPDX-License-Identifier: Apache-2.0
# Two guests of xl's and the engine alone: a block goes from one to the other, and two to a new guest; nobody reboots.
# clock: icount
# long: minutes of emulation
# timeout: 700
# shows: M-1 M-3 M-5 M-6 M-7 M-8 M-9 M-13 M-17
# needs: xvm_mem.ko mem-blocks
. /usr/lib/xvm-test/memory_block.inc

free_kib() { # of the host
    echo $(($(xl info | sed -n 's/^free_memory *: *//p') * 1024))
}

block_initrd /run/initrd 'm in
m work &'
check "A is created" guest_create a pvh memory=160 initrd=/run/initrd
a=$(xl domid a)
check "It has two blocks" $blocks setup "$a" 4 2
check "B is created" guest_create b pvh memory=160 initrd=/run/initrd
b=$(xl domid b)
check "It has one block" $blocks setup "$b" 4 1
check "A is up" guest_wait a "xvm: ready" 120
check "B is up" guest_wait b "xvm: ready" 120
hosta=/local/domain/$a/xvmem hostb=/local/domain/$b/xvmem
check "A's blocks are its kernel's" wait_for "guest_ask a 'm show' 30 | grep -q 'movable=2'" 30
check "B's block is its kernel's" wait_for "guest_ask b 'm show' 30 | grep -q 'movable=1'" 30
a_first=$(guest_ask a "m show" 30) b_first=$(guest_ask b "m show" 30)
note "A: $a_first"
note "B: $b_first"
a_kib=$(kib_of a) b_kib=$(kib_of b) free=$(free_kib)
note "a $a_kib KiB, b $b_kib KiB, free $free KiB"

# --- a block full of A's pattern goes to B ---
sum=$(guest_ask a "m fill 150 252" 120)
secret=$($blocks look "$a" 1 170)
note "A's slot 1: $secret"
check "A's block is full of a pattern" [ "$(field full "$secret")" -gt 1000 ]
line=$($blocks give "$a" 1 30000)
note "$line"
figure "a full block emptied, cleared and released" "$(field ms "$line")" ms
line=$($blocks take "$b" 1 30000)
note "$line"
figure "a block filled, cleared and used" "$(field ms "$line")" ms
one_block_has_moved
check_equal "What A had in memory it has still [M-9]" "$sum" "$(guest_ask a "m sum" 60)"
guest_ask a "m drop" 30
line=$($blocks give "$b" 1 30000)
note "$line"
line=$($blocks take "$a" 1 30000)
note "$line"
check_equal "It goes back, and all is as it was [M-17]" "$a_kib $b_kib $free" "$(kib_of a) $(kib_of b) $(free_kib)"

# --- a new guest, for which there was not enough ---
size=$(((free >> 10) + 100))
check_not "There is not enough for a new guest [M-7]" guest_create c pvh memory=$size initrd="$INITRD"
line=$($blocks give "$a" 2 60000)
note "$line"
check "A gives two blocks up, and the new guest starts [M-7]" guest_create c pvh memory=$size initrd="$INITRD"
check "It comes up [M-7]" guest_wait c "xvm: up" 120
line=$(guest_ask a "m worked" 30)
note "A: $line"
check_equal "A's workload was never wrong [M-9]" 0 "$(field wrong "$line")"
check_equal "A has not rebooted [M-9]" "$(field boot "$a_first")" "$(field boot "$(guest_ask a "m show" 30)")"

# --- after it ends ---
check "The new guest ends" guest_destroy c
check "Its memory is free" wait_for "[ \$(free_kib) -ge $((2 * BLOCK)) ]" 20
line=$($blocks take "$a" 2 60000)
note "$line"
check_equal "A has what it had [M-17]" "$a_kib" "$(kib_of a)"
sum=$(guest_ask a "m fill 180 125" 120)
check_equal "And uses it [M-17]" "$sum" "$(guest_ask a "m sum" 60)"
line=$(guest_ask a "m worked" 30)
note "A: $line"
check_equal "Its workload was never wrong [M-9]" 0 "$(field wrong "$line")"
for guest in a b; do
    check_not "No complaint in $guest's kernel" grep -aE "Oops|BUG:|WARNING:|Bad page" "$(guest_log $guest)"
    check "$guest is destroyed" guest_destroy $guest
done
