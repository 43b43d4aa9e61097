# SPDX-License-Identifier: Apache-2.0
# A block is on its way, and who gives it, who takes it or xvmd dies, at every step and in between: the block is with a
# survivor or free, and nothing stays reserved. At the end, when nobody is there, all is as it was, to the page.
# clock: icount
# long: minutes of emulation; tests/unit/libvmshare/memory/engine_test.cpp shows each death without Xen
# timeout: 1500
# shows: M-14 M-15 M-16
# needs: xvmd xvm xvm_mem.ko mem-blocks memory-probe
. /usr/lib/xvm-test/memory_block.inc
. /usr/lib/xvm-test/memory_kill.inc
MOVES=$BLOCK

starts() { # NAME: until it listens, with its block on line
    rm -f "$(guest_log "$1")"
    xvm create "/run/$1.toml" && guest_wait "$1" "xvm: ready" 200 &&
        wait_for "xenstore-read /local/domain/$(domid_of "$1")/data/xvmem/version" 30
}
starts_over() {
    if [ "$(memory_of a)" != "$had_a" ]; then
        xvm memory move b a 128MiB || return 1
    fi
    [ "$(memory_of b)" = "$had_b" ] || xvm memory move b free 128MiB
}

block_initrd /run/initrd 'm in'
for guest in a b; do
    memory_toml $guest pvh 256 384 128 'memory_engine = "block"'
    sed -i 's/memhp_default_state=online/memhp_default_state=online_movable/' /run/$guest.toml
done
check "xvmd starts" daemon_start xvmd
# Xen's own tables grow with the first guests and stay.
come_and_go() {
    starts a && starts b && xvm memory move a b 128MiB && xvm destroy a && xvm destroy b
}
check "Guests come and go" come_and_go
check "xvmd stops" daemon_stop xvmd
ledger nobody
check "xvmd starts" daemon_start xvmd
check "A starts" starts a
with_a=$(sum)
check "B starts" starts b
with_both=$(sum)
had_a=$(memory_of a) had_b=$(memory_of b)
killed=0

# --- xvmd ---
for step in reserve-memory ask-memory pass-memory drop-reservation; do
    check "xvmd killed after $step: the next one puts it right [M-15]" \
        eval 'killed_at $step memory move a b 128MiB && both_are_as_before'
    killed=$((killed + 1))
done
check "xvmd starts" restart_xvmd
for seconds in 0.05 0.2 0.5 1; do # asked, emptied, cleared, filled
    check "xvmd killed $seconds s after the move began [M-15]" dies_at $seconds
    killed=$((killed + 1))
done

# --- a guest ---
# Its numbers without the other are what they were with both less what the other had.
check "B ends" xvm destroy b
check "and A's sum is what it was" sum_is "$with_a"
check "B starts again" starts b
check "A ends" xvm destroy a
with_b=$(sum)
check "A starts again" starts a
for us in 50000 400000; do
    check "Who gives dies $us us after the move began [M-15]" giver_dies_at $us
    check "Who takes dies $us us after the move began [M-15]" taker_dies_at $us
    killed=$((killed + 2))
done

# --- xvmd, and a guest before the next xvmd is there ---
check "xvmd and then who gives die after pass-memory [M-15]" \
    eval 'both_die a pass-memory && sum_is $with_b && starts a && sum_is $with_both && starts_over'
check "xvmd and then who takes die after ask-memory [M-15]" \
    eval 'both_die b ask-memory && sum_is $with_a && starts b && sum_is $with_both && starts_over'
killed=$((killed + 2))
figure "deaths" "$killed" ""
check "A move goes through as ever" xvm memory move a b 128MiB
check "The store is as the schema says" xvm_store_lint
for guest in a b; do check "Guest $guest ends" xvm destroy $guest; done
check "xvmd stops" daemon_stop xvmd
check "Nothing is lost, to the page, and nothing is left [M-15]" ledger_same nobody 15
