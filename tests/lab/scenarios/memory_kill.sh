# SPDX-License-Identifier: Apache-2.0
# Memory is on its way, and who gives it, who takes it or xvmd dies, at every step and in between: what was on its way
# is with a survivor or free, and nothing stays reserved. At the end, when nobody is there, all is as it was, to the page.
# clock: icount
# long: minutes of emulation; tests/unit/toolstack/run and tests/hosted show the same without Xen
# timeout: 1500
# shows: M-14 M-15
# needs: xvmd xvm memory-probe
. /usr/lib/xvm-test/memory_kill.inc
HAS=$((128 << 10)) MOVES=$((32 << 10)) # KiB

starts() { # NAME
    rm -f "$(guest_log "$1")"
    xvm create "/run/$1.toml" && guest_wait "$1" "xvm: boot" 200
}
starts_over() {
    xvm memory set a "${HAS}KiB" --wait && xvm memory set b "${HAS}KiB" --wait && had_a=$(memory_of a) had_b=$(memory_of b)
}

check "Guests are at rest" rest_initrd /run/initrd
check "xvmd starts" daemon_start xvmd
memory_toml a pv 128 256 32
memory_toml b pv 128 256 32
# Xen's own tables grow with the first guests and stay.
come_and_go() {
    starts a && starts b && xvm memory move a b "${MOVES}KiB" && xvm destroy a && xvm destroy b
}
check "Guests come and go" come_and_go
check "xvmd starts again" restart_xvmd
check "They come and go again" come_and_go
check "xvmd stops" daemon_stop xvmd
ledger nobody
check "xvmd starts" daemon_start xvmd
check "A starts" starts a
with_a=$(sum)
check "B starts" starts b
with_both=$(sum)
check "A ends" xvm destroy a
with_b=$(sum)
check "A starts again" starts a
check "and the sum of all memory is what it was" sum_is "$with_both"
had_a=$(memory_of a) had_b=$(memory_of b)
killed=0

# --- xvmd ---
for step in reserve-memory ask-memory pass-memory drop-reservation; do
    check "xvmd killed after $step: the next one puts it right [M-15]" \
        eval 'killed_at $step memory move a b ${MOVES}KiB && both_are_as_before'
    killed=$((killed + 1))
done
check "xvmd starts" restart_xvmd
for seconds in 0.02 0.05 0.1 0.2 0.4; do
    check "xvmd killed $seconds s after the move began [M-15]" dies_at $seconds
    killed=$((killed + 1))
done

# --- a guest ---
for us in 20000 50000 100000 180000; do
    check "Who gives dies $us us after the move began [M-15]" giver_dies_at $us
    check "Who takes dies $us us after the move began [M-15]" taker_dies_at $us
    killed=$((killed + 2))
done

# --- xvmd, and a guest before the next xvmd is there ---
for step in ask-memory pass-memory; do
    check "xvmd and then who gives die after $step [M-15]" \
        eval 'both_die a $step && sum_is $with_b && starts a && sum_is $with_both && starts_over'
    check "xvmd and then who takes die after $step [M-15]" \
        eval 'both_die b $step && sum_is $with_a && starts b && sum_is $with_both && starts_over'
    killed=$((killed + 2))
done
figure "deaths" "$killed" ""
check "A move goes through as ever" xvm memory move a b "${MOVES}KiB"
check "The store is as the schema says" xvm_store_lint
for guest in a b; do check "Guest $guest ends" xvm destroy $guest; done
check "xvmd stops" daemon_stop xvmd
check "Nothing is lost, to the page, and nothing is left [M-15]" ledger_same nobody 15
