# SPDX-License-Identifier: Apache-2.0
# A guest fills its memory with a secret, a block of it goes to another guest, and that one reads all it has. The broken
# twin, an engine that clears nothing, is found out.
# clock: icount
# long: minutes of emulation; tests/unit/libvmshare/memory shows that a block is cleared on both ways
# timeout: 900
# shows: M-13
# needs: xvmd xvm xvm_mem.ko xvm_search.ko mem-blocks
. /usr/lib/xvm-test/memory_secret.inc
block_initrd /run/initrd-block 'm in'
# What a kernel clears before it uses it is read all the same: the search reads what it does not use.
check "xvmd starts" daemon_start xvmd
check "A giver of blocks starts" secret_guest a pvh 448 448 320 block ""
check "A taker of blocks starts" secret_guest b pvh 192 448 192 block "init_on_alloc=0"
a=$(xl domid a) b=$(xl domid b)
check "Both listen" wait_for "xenstore-read /local/domain/$a/data/xvmem/version && xenstore-read /local/domain/$b/data/xvmem/version" 30
wait_for "guest_ask a 'm show' 30 | grep -q 'movable=1'" 30

check "The giver's memory is full of a secret" fills a 280
check "Who reads all of it, finds it there" has_secret a
check "A block of it goes to the taker" xvm memory move a b 128MiB
check_equal "The taker reads all of its memory, and finds no word of it: BLOCK [M-13]" 0 "$(words_in b)"
check "The block goes back" xvm memory move b a 128MiB
check "The giver's memory is full of it again" fills a 280
line=$($blocks give "$a" 1 30000 careless)
note "a broken engine takes: $line"
line=$($blocks take "$b" 1 30000 careless)
note "and gives: $line"
check "By an engine that clears nothing the taker has it: the search finds what there is [M-13]" has_secret b
for guest in a b; do check "$guest ends" xvm destroy $guest; done
