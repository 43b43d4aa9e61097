# SPDX-License-Identifier: Apache-2.0
# Blocks of memory go from a running guest to another, and to a new one, with no reboot; and come back.
# clock: icount
# long: minutes of emulation; tests/unit/libvmshare/memory shows the engine without Xen
# timeout: 900
# shows: M-1 M-2 M-3 M-4 M-5 M-6 M-7 M-8 M-9 M-11 M-13 M-17
# needs: xvmd xvm xvm_mem.ko mem-blocks
. /usr/lib/xvm-test/memory_block.inc

block_toml() { # NAME MEMORY MAX MIN ENGINE -> /run/NAME.toml; amounts in MiB
    cat >"/run/$1.toml" <<END
name = "$1"
type = "pvh"
pin = $GUEST_CPU
kernel = "$KERNEL"
ramdisk = "/run/initrd"
command_line = "console=hvc0 loglevel=4 cryptomgr.notests"
[memory]
size = "${2}MiB"
max = "${3}MiB"
min = "${4}MiB"
engine = "$5"
END
}
free_kib() { # of the host, KiB
    echo $(($(xvm memory show -o json | sed -n 's/.*"free_bytes": *\([0-9]*\).*/\1/p' | head -n 1) / 1024))
}
starts() { # NAME: until its script is through
    xvm create "/run/$1.toml" && guest_wait "$1" "xvm: ready" 200
}

block_initrd /run/initrd 'm in
m work &'
block_toml a 512 640 256 block # what it boots with holds its kernel and its work
block_toml b 256 512 128 block
check "xvmd starts" daemon_start xvmd
check "A starts, two of its four parts in blocks" starts a
check "B starts, one of its two in a block" starts b
a=$(xl domid a) b=$(xl domid b)
hosta=/local/domain/$a/xvmem hostb=/local/domain/$b/xvmem
check "A listens" wait_for "xenstore-read /local/domain/$a/data/xvmem/version" 30
check "B listens" wait_for "xenstore-read /local/domain/$b/data/xvmem/version" 30
wait_for "guest_ask a 'm show' 30 | grep -q 'movable=[2-9]'" 30
a_first=$(guest_ask a "m show" 30) b_first=$(guest_ask b "m show" 30)
note "A: $a_first"
note "B: $b_first"
check "A's kernel has its blocks" [ "$(field blocks "$a_first")" = 4 ]
a_kib=$(kib_of a) b_kib=$(kib_of b) free=$(free_kib)
note "a $a_kib KiB, b $b_kib KiB, free $free KiB"

# --- one block from A to B ---
sum=$(guest_ask a "m fill 230 252" 120) # one block can be spared, two cannot
for slot in 0 1; do note "A's slot $slot: $($blocks look "$a" $slot 170)"; done
secret=$($blocks look "$a" 1 170)
check "A's memory is full of a pattern" [ "$(field full "$secret")" -gt 1000 ]
started=$(now_ms)
check "A block goes from A to B" xvm memory move a b 128MiB
figure "128 MiB from A to B" $(($(now_ms) - started)) ms
one_block_has_moved
line=$(guest_ask a "m show" 30)
check_equal "A has not rebooted [M-9]" "$(field boot "$a_first")" "$(field boot "$line")"
check_equal "What A had in memory it has still [M-9]" "$sum" "$(guest_ask a "m sum" 60)"

# --- refused ---
xvm memory move a b 128MiB >/out/refused 2>&1
check_equal "What A needs itself it keeps: exit code 5 [M-11]" 5 $?
cat /out/refused
check "With the status code [M-11]" grep -Eq "0x81|129" /out/refused
check_equal "Nothing has moved [M-11]" "$((a_kib - BLOCK)) $((b_kib + BLOCK)) $free" "$(kib_of a) $(kib_of b) $(free_kib)"
xvm memory move a b 100MiB >/out/odd 2>&1
check_equal "Less than a block is no amount: exit code 2" 2 $?
check_not "Its balloon is left alone" xvm memory set a 200MiB

# --- and back, by B ---
check "The block goes back" xvm memory move b a 128MiB
check_equal "All is as it was [M-17]" "$a_kib $b_kib $free" "$(kib_of a) $(kib_of b) $(free_kib)"
guest_ask a "m drop" 30

# --- a new guest, for which there was not enough ---
block_toml filler $(((free >> 10) - 100)) $(((free >> 10) - 100)) 64 balloon
check "The rest of the host's memory is used" starts filler
block_toml c 192 192 128 balloon
note "free: $(free_kib) KiB"
xvm create /run/c.toml >/out/too-small 2>&1
check_equal "There is not enough for a new guest: exit code 5 [M-7]" 5 $?
cat /out/too-small
check "A gives two blocks up, while it works" xvm memory move a free 256MiB
check "The new guest starts [M-7]" starts c
line=$(guest_ask a "m worked" 30)
note "A: $line"
check_equal "A's workload was never wrong [M-9]" 0 "$(field wrong "$line")"
check "And goes on [M-9]" wait_for "[ \"\$(field round \"\$(guest_ask a 'm worked' 30)\")\" -gt $(field round "$line") ]" 60
check_equal "A has not rebooted [M-9]" "$(field boot "$a_first")" "$(field boot "$(guest_ask a "m show" 30)")"

# --- after it ends ---
check "The new guest ends" xvm destroy c
check "Its memory goes back to A [M-17]" xvm memory move free a 256MiB
check_equal "A has what it had [M-17]" "$a_kib" "$(kib_of a)"
sum=$(guest_ask a "m fill 260 125" 120)
check_equal "And uses it [M-17]" "$sum" "$(guest_ask a "m sum" 60)"
line=$(guest_ask a "m worked" 30)
check_equal "Its workload was never wrong [M-9]" 0 "$(field wrong "$line")"
check_not "No complaint in A's kernel" grep -aE "Oops|BUG:|WARNING:|Bad page" "$(guest_log a)"
check_not "Nor in B's" grep -aE "Oops|BUG:|WARNING:|Bad page" "$(guest_log b)"
check_not "A guest with blocks is not saved" xvm save b /run/b.saved
check "The store is as the schema says" xvm_store_lint
for guest in a b filler; do check "$guest is destroyed" xvm destroy $guest; done
