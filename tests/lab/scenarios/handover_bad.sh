# SPDX-License-Identifier: Apache-2.0
# What cannot be moved is refused with its exit code; guests that hang or die, and an xvmd that is killed at each step, leave the device in one guest or held.
# clock: icount
# iommu: vtd
# timeout: 900
# long: minutes of emulation; the unit tests of handovers show the same, hosted
# shows: H-10 H-13 H-14
# needs: xvmd xvm xvm_devfront.ko xvm_edu.ko
. /usr/lib/xvm-test/handover.inc
device=$(handover_device)
handover_initrd /run/initrd 2
handover_toml a pv 128
handover_toml b pv 128
handover_toml plain pv 128
sed -i '/^direct/d' /run/plain.toml
check "xvmd starts" daemon_start xvmd
# Xen's own tables grow with the first guest and its device, and stay.
handover_toml w pv 128
check "A first guest starts" starts w
check "It gets the device" xvm device assign "$device" w
check "It gives it back" xvm device release "$device" --host
check "It ends" xvm destroy w
free=$(free_now)
check "A starts" starts a
check "B starts" starts b
check "One that may have no devices starts" starts plain
a_has=$(pages_of a) b_has=$(pages_of b)
refused() { # CODE WHAT COMMAND...
    _code=$1 _what=$2
    shift 2
    "$@" >/out/refused 2>&1
    check_equal "$_what" "$_code" $?
    note "$(cat /out/refused)"
}
refused 2 "What is no address is refused" xvm device assign nonsense a
refused 3 "A device that is not there is refused" xvm device assign 0000:00:1e.7 a
refused 4 "One that dom0's driver has is refused" xvm device assign "$(basename "$(ls -d /sys/bus/pci/drivers/virtio-pci/0000* | head -n 1)")" a
refused 5 "A guest that may have none is refused" xvm device assign "$device" plain
check "A gets the device" xvm device assign "$device" a
refused 4 "Nobody else gets it [H-10]" xvm device assign "$device" b
refused 4 "Who does not have it cannot give it" xvm device move "$device" b a
refused 5 "A target that may have none is refused" xvm device move "$device" a plain
guest_ask b "e out" 20 >/dev/null
refused 5 "A target without the module is refused" xvm device move "$device" a b
guest_ask b "e in 2" 20 >/dev/null
guest_ask a "e stream 100000" 20 >/dev/null
check "The device works" edu_done a 1 60

# --- guests that hang ---
xl pause a
refused 4 "A source that is paused cannot answer [H-14]" xvm device move "$device" a b
xl unpause a
xl pause b
refused 4 "A target that is paused cannot answer [H-14]" xvm device move "$device" a b
xl unpause b
refused 6 "A source that needs longer than it may keeps the device [H-14]" xvm device move "$device" a b --timeout 1ms
line=$(edu a)
n=$(field done "$line")
check_equal "It runs in A" "assigned a running" "$(device_json state) $(device_json guest) $(field state "$line")"
check "And goes on [H-14]" edu_done a $((n + 2)) 60

# --- xvmd killed, and steps that fail ---
in_one_guest() { # -> which: a, b, or why not
    _a=$(field state "$(edu a)") _b=$(field state "$(edu b)")
    case "$(device_json state) $(device_json guest) $_a $_b" in
    "assigned a running absent") echo a ;;
    "assigned b absent running") echo b ;;
    "held  absent absent") echo held ;;
    *) echo "$(device_json state) $(device_json guest) a=$_a b=$_b" ;;
    esac
}
one_of() { # WORD WORDS...
    _word=$1
    shift
    for _one; do [ "$_word" = "$_one" ] && return 0; done
    echo "$_word"
    return 1
}
where=a other=b
for how in fail kill; do
    for step in check-device prepare-target stop-device cut-device verify-target flip-pages give-device take-device run-device refill-source settle-device; do
        daemon_stop xvmd
        daemon_start xvmd "--$how-at" "$step" >/dev/null
        xvm device move "$device" $where $other >/out/step 2>&1
        code=$?
        [ $how = kill ] && wait_for "! pidof xvmd" 10
        daemon_stop xvmd
        daemon_start xvmd >/dev/null
        now=$(in_one_guest)
        check "$how at $step: it runs in one guest, or is held [H-13]" one_of "$now" a b held
        note "$how at $step: exit code $code, now $now; $(head -n 1 /out/step)"
        [ "$now" = held ] && { xvm device assign "$device" a; now=a; guest_ask a "e stream 100000" 20 >/dev/null; }
        case $now in b) where=b other=a ;; *) where=a other=b ;; esac
    done
done
[ $where = b ] && check "It goes home" xvm device move "$device" b a
check_equal "A has as many pages as before [H-13]" "$a_has" "$(pages_of a)"
check_equal "B has as many pages as before [H-13]" "$b_has" "$(pages_of b)"
n=$(field done "$(edu a)")
check "The device works still" edu_done a $((n + 1)) 60

# --- guests that die ---
check "B ends" xvm destroy b
handover_toml c pv 128
check "C starts" starts c
check "A ends with the device" xvm destroy a
check_equal "It is held, with the reason [H-13]" "held domain 'a' ended while it had it" "$(device_json state) $(device_json reason)"
check "C gets it" xvm device assign "$device" c
guest_ask c "e stream 100" 20 >/dev/null
check "The device works in C" edu_done c 1 60
refused 4 "A guest with a device is not saved" xvm save c /run/c.saved
check "C gives it back" xvm device release "$device" --host
check "C ends" xvm destroy c
check "The last one ends" xvm destroy plain
# Of each page that a guest's frames lay in Xen has kept a table until then.
after=$(free_now)
note "free before $free, after $after"
check "The host has as many pages as before all that [H-13]" keeps_pages "$free" "$after"
