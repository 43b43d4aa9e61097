# SPDX-License-Identifier: Apache-2.0
# xvmd is killed after every step of every verb that changes a guest: the next one finishes it or undoes it.
# clock: icount
# timeout: 1200
# long: recovery and sweep tests of tests/unit/toolstack/run show the same, hosted
# needs: xvmd xvm xvm-blkd xvm-pack
. /usr/lib/xvm-test/kill.inc
pack_guest
check "xvm-blkd and xvmd start" xvm_start

# A guest that counts, with its disk connected.
counting_initrd /run/count.cpio
sed 's,^ramdisk = .*,ramdisk = "/run/count.cpio",' /run/guest.toml >/run/count.toml
counts() {
    xvm create /run/count.toml && guest_wait web "xvm: counted 2" 120
}
counts_and_goes() {
    counts && xvm destroy web && rm "$(guest_log web)"
}
# Xen's own tables grow with the first guests and stay; so do xvmd's, at each of its starts, and xvm-blkd's,
# with the first disk in use.
check "A guest with its disk in use comes and goes" counts_and_goes
check "A guest comes and goes" come_and_go
check "xvmd starts again" restart_xvmd
check "and another" come_and_go
check "xvmd stops" daemon_stop xvmd
ledger nobody
check "xvmd starts" daemon_start xvmd

killed=0
nothing_after_create_killed_at() { # STEP
    killed_at "$1" create /run/guest.toml && daemon_stop xvmd && ledger_same nobody 15
}
for step in $(steps_of create /run/guest.toml); do
    check "Killed after $step of create: the next xvmd undoes it all" nothing_after_create_killed_at "$step"
    killed=$((killed + 1))
done
destroyed_though_killed_at() { # STEP
    restart_xvmd && xvm create /run/guest.toml || return 1
    killed_at "$1" destroy web && daemon_stop xvmd && ledger_same nobody 15
}
check "xvmd starts" daemon_start xvmd
check "A guest is created" xvm create /run/guest.toml
destroy_steps=$(steps_of destroy web)
check "and destroyed" xvm destroy web
for step in $destroy_steps; do
    check "Killed after $step of destroy: the next xvmd finishes it" destroyed_though_killed_at "$step"
    killed=$((killed + 1))
done

check "xvmd starts" daemon_start xvmd
# A guest that runs notices nothing: it goes on counting.
check "A guest counts" counts
unpaused_though_killed() {
    killed_at pause pause web && [ "$(state_of web)" = running ] && goes_on
}
check "Killed after pausing: the next xvmd lets the guest go on" unpaused_though_killed
name_kept_though_killed() {
    killed_at rename rename web mail && [ "$(state_of web)" = running ] && goes_on
}
check "Killed after renaming: the next xvmd gives the old name back" name_kept_though_killed
killed=$((killed + 2))
figure "steps at which xvmd was killed" "$killed" ""
check "The store is as the schema says" xvm_store_lint
check "The guest is destroyed" xvm destroy web
check "xvmd stops" daemon_stop xvmd
check "Nothing is left" ledger_same nobody 15
