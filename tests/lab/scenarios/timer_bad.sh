# SPDX-License-Identifier: Apache-2.0
# A dom0 that gives a guest anything but a living timer page: the guest says what is wrong and goes on.
# clock: normal
# timeout: 300
# needs: xvm_timer.ko time-probe bad-time
. /usr/lib/xvm-test/timer.inc

cat >/tmp/bad.guest.sh <<'END'
echo 'exec /bin/time-probe /dev/xvmtime local "$@"' >/bin/t
chmod +x /bin/t
dmesg -n 7
insmod /lib/modules/xvm_timer.ko
echo "xvm: inserted $?"
END
guest_initrd /tmp/bad.cpio /tmp/bad.guest.sh "$probe:/bin/time-probe"
check "A guest is made" guest_create bad pv initrd=/tmp/bad.cpio
check "Its module waits for a page" guest_wait bad "^xvm: inserted 0" 60
domid=$(xl domid bad)
offer=/local/domain/$domid/xvtime

check "It asks for one in its own part of the store" xenstore-exists "/local/domain/$domid/data/xvtime/version"
guest_type bad "t show; echo xvm: status \$?"
check "Without a page a program gets a signal, not a time" guest_wait bad "^xvm: status 135" 20

give() { # KIND: as xvm-timed would, with another id each time
    /usr/lib/xvm-test/bad-time "$domid" "$1" >/tmp/bad.out &
    giver=$!
    wait_for "grep -q ref /tmp/bad.out" 10
    xenstore-write $offer/ref "$(cut -d' ' -f2 /tmp/bad.out)" $offer/id "$giver"
}

xenstore-write $offer/ref 4000000 $offer/id 1
check "A reference that dom0 never granted: said, and no more" guest_wait bad "grant 4000000 of dom0 cannot be mapped" 20
give garbage
check "A page of garbage is refused by name" guest_wait bad "is no timer page, or of another version \(magic [0-9a-f]+" 20
kill $giver
rm -f "$(guest_log bad).old"
give version
check "A page of version 2 is refused by name" guest_wait bad "magic 31454d49544d5658, version 2\); not used" 20
kill $giver
give frozen
check "A page that nobody writes is taken" guest_wait bad "time from dom0: 250 ticks a second, written by a program" 20
check "And its owner is called silent" guest_wait bad "the owner of the page is silent" 20
line=$(guest_ask bad "t show" 30)
check_equal "Its coarse clock is stale" stale "$(field coarse "$line")"
kill $giver
give torn
sleep 2
line=$(guest_ask bad "t show" 30)
check_equal "A page whose update never ends is stale as well, after bounded tries" stale "$(field fast "$line")"
kill $giver
guest_type bad "rmmod xvm_timer; echo xvm: removed \$?"
check "The module goes" guest_wait bad "xvm: removed 0" 30
check_not "And its wish with it" xenstore-exists "/local/domain/$domid/data/xvtime/version"
check_not "The guest's kernel had nothing to complain of" grep -qE "BUG|Oops|Call Trace|WARNING" "$(guest_log bad)"
check "The guest is destroyed" xl destroy bad
