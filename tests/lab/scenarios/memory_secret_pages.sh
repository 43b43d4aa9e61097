# SPDX-License-Identifier: Apache-2.0
# A guest fills its memory with a secret, gives some of it to another by its balloon driver, and that one reads all it has.
# The broken twin, a guest that clears nothing on a Xen that leaves it to guests, is found out.
# clock: icount
# long: minutes of emulation; docs/threat-model.md says who clears what
# timeout: 600
# shows: M-13
# needs: xvmd xvm xvm_search.ko mem-blocks
. /usr/lib/xvm-test/memory_secret.inc
block_initrd /run/initrd-balloon
# What a kernel clears before it uses it is read all the same: the search reads what it does not use.
check "xvmd starts" daemon_start xvmd
check "A giver of pages starts" secret_guest c pv 256 256 64 balloon ""
check "One that clears nothing" secret_guest d pv 256 256 64 balloon "xen_scrub_pages=0 init_on_alloc=0"
check "One whose kernel clears what its driver takes" secret_guest f pv 256 256 64 balloon "init_on_alloc=1"
check "A taker of pages starts" secret_guest e pv 128 448 64 balloon "init_on_alloc=0 memhp_default_state=online"
check "The giver's memory is full of a secret" fills c 120
check "Who reads all of it, finds it there" has_secret c
check "64 MiB of it go to the taker" xvm memory move c e 64MiB
check_equal "The taker reads all of its memory, and finds no word of it: BALLOON [M-13]" 0 "$(words_in e)"
check "The memory of the one whose kernel clears is full of it" fills f 120
check "64 MiB of that go to the taker" xvm memory move f e 64MiB
check_equal "The taker finds no word of that either [M-13]" 0 "$(words_in e)"
check "The memory of the one that clears nothing is full of it" fills d 120
check "64 MiB of that go to the taker" xvm memory move d e 64MiB
check "This secret the taker has, with this Xen: the search finds what there is [M-13]" has_secret e
check "xvmd has said at its start that this Xen leaves it to guests" grep -q "scrub-domheap" /out/xvmd.log
for guest in c d e f; do check "$guest ends" xvm destroy $guest; done
