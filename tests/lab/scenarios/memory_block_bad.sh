# SPDX-License-Identifier: Apache-2.0
# Blocks of memory below xvmd: a guest that gives, refuses, is late, lies, and whose module comes and goes.
# long: minutes of emulation; tests/unit/libvmshare/memory shows what is refused without Xen
# clock: icount
# timeout: 600
# shows: M-1 M-2 M-3 M-4 M-5 M-8 M-9 M-11 M-12
# needs: xvm_mem.ko mem-blocks
. /usr/lib/xvm-test/memory_block.inc

block_initrd /run/initrd
check "A stock PVH guest is created" guest_create one pvh memory=160 initrd=/run/initrd
id=$(xl domid one)
check "It is given three slots, two of them with memory" $blocks setup "$id" 3 2
host=/local/domain/$id/xvmem
mine=/local/domain/$id/data/xvmem
check "It boots" guest_wait one "xvm: ready" 120
before=$(guest_ask one "m show" 30)
note "$before"
start=$(kib_of one)

# --- nobody listens yet ---
line=$($blocks give "$id" 1 3000)
note "$line"
check_equal "Without its module it is said so at once [M-11]" 0x80 "$(field status "$line")"
check_equal "And nothing has moved [M-2]" "$start" "$(kib_of one)"

# --- the module finds what it was created with ---
check "The module is loaded" guest_ask one "m in" 60
check "It says that it listens" wait_for "xenstore-read $mine/version" 20
wait_for "guest_ask one 'm show' 30 | grep -q 'movable=[1-9]'" 20
line=$(guest_ask one "m show" 30)
note "$line"
check "Two blocks are its memory now, movable [M-8]" \
    [ "$(field total "$line")" -gt $(($(field total "$before") + 2 * BLOCK - 16384)) ]
check "It reports its memory" wait_for "xenstore-read /local/domain/$id/data/xvm/memory | grep -Eq '^1 [0-9]+ [0-9]+ [0-9]+ [0-9]+ [0-9]+ [0-9]+\$'" 10
note "report: $(xenstore-read "/local/domain/$id/data/xvm/memory")"
guest_ask one "m log" 20

# --- it gives one, with its contents moved elsewhere ---
sum=$(guest_ask one "m fill 120 252" 90)
note "$sum"
for slot in 0 1; do note "slot $slot: $($blocks look "$id" $slot 170)"; done
line=$($blocks give "$id" 1 30000)
note "$line"
check_equal "It gives a block [M-4]" $((start - BLOCK)) "$(kib_of one)"
figure "a block given" "$(field ms "$line")" ms
check_equal "One notice, answered with eject and the block [M-1] [M-3]" "1 0x3 1 1" "$(xenstore-read "$host/answer")"
check_equal "It said how it went, by ACPI's codes" "1 0x3 0x0" "$(xenstore-read "$mine/ost/1")"
check_equal "And ejected it" 1 "$(xenstore-read "$mine/eject/1")"
check_equal "The slot is free" "free 1" "$(xenstore-read "$host/slot/1")"
check_equal "Nothing lies in the slot any more [M-5]" "xvm: pages=0 nonzero=0 full=0" "$($blocks look "$id" 1 170)"
check_equal "What was in it is still there, elsewhere [M-9]" "$sum" "$(guest_ask one "m sum" 60)"
line=$(guest_ask one "m show" 30)
check "It has lost exactly the block [M-5]" [ "$(field blocks "$line")" = "$(($(field blocks "$before") + 1))" ]

# --- it needs the rest itself ---
line=$($blocks give "$id" 1 10000)
note "$line"
check_equal "Asked for what it needs, it says so [M-11]" 0x81 "$(field status "$line")"
check_equal "Nothing has moved [M-11]" $((start - BLOCK)) "$(kib_of one)"
check_equal "The block is its own as before" "assigned 2" "$(xenstore-read "$host/slot/0")"

# --- it gets one: zeros ---
guest_ask one "m drop" 30
line=$($blocks take "$id" 2 20000)
note "$line"
check_equal "It takes two blocks [M-8]" $((start + BLOCK)) "$(kib_of one)"
figure "two blocks taken" "$(field ms "$line")" ms
line=$(guest_ask one "m show" 30)
note "$line"
check "Its kernel has them [M-8]" [ "$(field blocks "$line")" = "$(($(field blocks "$before") + 3))" ]
guest_ask one "m log" 20

# --- busy ---
guest_ask one "m set eject_timeout_ms 1" 20
sum=$(guest_ask one "m fill 200 125" 120)
line=$($blocks give "$id" 1 20000)
note "$line"
check_equal "A block that cannot be emptied in time is busy [M-11]" 0x82 "$(field status "$line")"
check_equal "Nothing has moved [M-11]" $((start + BLOCK)) "$(kib_of one)"
check_equal "Its files are as they were" "$sum" "$(guest_ask one "m sum" 60)"
guest_ask one "m set eject_timeout_ms 15000" 20
guest_ask one "m drop" 30

# --- too late: the host has changed its mind ---
check "It is paused" xl pause one
line=$($blocks give "$id" 1 1000)
note "$line"
check_equal "No answer within the time [M-12]" $((start + BLOCK)) "$(field memory_kib "$line")"
check "It goes on" xl unpause one
sleep 3
check_equal "Its late look finds nothing to do [M-12]" $((start + BLOCK)) "$(kib_of one)"
check_not "No slot waits" grep -q pending <<END
$($blocks show "$id")
END
last=$(xenstore-read "$host/event")

# --- garbage, doubled and late words ---
for words in "eject/0 $last" "ost/0 $last,0x3,0x0" "eject/1 99" "ost/1 garbage" "query x" "query 99" "ost/2 1 0x1 0x0"; do
    xenstore-write "$mine/${words%% *}" "${words#* }"
done
line=$($blocks give "$id" 0 500)
check_equal "Words about notices that do not stand move nothing [M-12]" $((start + BLOCK)) "$(kib_of one)"
line=$($blocks give "$id" 1 20000)
note "$line"
check_equal "After all that a block is given as before" "$start" "$(kib_of one)"

# --- a host that dies after it has asked ---
check "It is paused" xl pause one
check "Somebody asks, and is gone" $blocks ask "$id" 1
check "It goes on" xl unpause one
sleep 2
line=$($blocks give "$id" 1 20000)
note "$line"
check_equal "The next one ends it, with one notice for the block [M-1]" $((start - BLOCK)) "$(kib_of one)"

# --- the module goes and comes while slots are in use ---
sum=$(guest_ask one "m fill 40 125" 60)
check "The module is unloaded" guest_ask one "m out" 30
check_not "It says that nobody listens" xenstore-read "$mine/version"
check_equal "The guest's memory stays, and its files" "$sum" "$(guest_ask one "m sum" 60)"
line=$($blocks give "$id" 1 3000)
check_equal "Meanwhile it gives nothing, and it is said so [M-11]" 0x80 "$(field status "$line")"
check "It is loaded again" guest_ask one "m in" 30
guest_ask one "m drop" 30
line=$($blocks give "$id" 1 20000)
note "$line"
check_equal "And finds its memory: the last block goes [M-4]" $((start - 2 * BLOCK)) "$(kib_of one)"
line=$(guest_ask one "m show" 30)
note "$line"
check_equal "It has what it booted with, and has never rebooted [M-9]" "$(field boot "$before")" "$(field boot "$line")"
check_equal "It has no block left" "$(field blocks "$before")" "$(field blocks "$line")"
check_not "No complaint in its kernel's log" grep -aE "Oops|BUG:|WARNING:|Bad page" "$(guest_log one)"
check "It is destroyed" guest_destroy one
