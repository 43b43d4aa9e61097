# SPDX-License-Identifier: Apache-2.0
# A guest that clears nothing gives up memory full of a secret, on a host whose Xen does: nobody finds it.
# clock: scrub
# long: minutes of emulation, and a dom0 of its own
# timeout: 600
# shows: M-13
# needs: xvmd xvm xvm_search.ko mem-blocks
. /usr/lib/xvm-test/memory_secret.inc
block_initrd /run/initrd-balloon
check "xvmd starts" daemon_start xvmd
check_not "and has nothing to say about Xen" grep -q "scrub-domheap" /out/xvmd.log
for type in pv pvh; do
    check "A giver that clears nothing starts ($type)" secret_guest a $type 256 256 64 balloon "xen_scrub_pages=0 init_on_alloc=0"
    check "A taker starts" secret_guest b pv 128 384 64 balloon "init_on_alloc=0 memhp_default_state=online"
    check "The giver's memory is full of a secret" fills a 120
    check "Who reads all of it, finds it there" has_secret a
    check "64 MiB of it go to the taker" xvm memory move a b 64MiB
    check_equal "The taker reads all of its memory, and finds no word of it: BALLOON, $type [M-13]" 0 "$(words_in b)"
    for guest in a b; do check "$guest ends" xvm destroy $guest; done
done
