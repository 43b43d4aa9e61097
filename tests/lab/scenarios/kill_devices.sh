# SPDX-License-Identifier: Apache-2.0
# xvmd is killed after every step of attach, detach, save and restore of a guest that runs: nothing is left behind.
# clock: icount
# timeout: 1200
# long: recovery and sweep tests of tests/unit/toolstack/run show the same, hosted
# needs: xvmd xvm xvm-blkd xvm_blkfront.ko
. /usr/lib/xvm-test/kill.inc
counting_initrd /run/count.cpio
cat >/run/guest.toml <<END
name = "web"
type = "pv"
memory = "96MiB"
pin = $GUEST_CPU
kernel = "$KERNEL"
ramdisk = "/run/count.cpio"
command_line = "console=hvc0 loglevel=4 cryptomgr.notests"
END
truncate -s 16M /run/disk.img
check "There is room for what is saved" scratch
check "xvm-blkd and xvmd start" xvm_start
check "A guest that counts is created" xvm create /run/guest.toml
check "It counts" guest_wait web "xvm: counted 2" 120
attach() {
    xvm disk attach web xvdb /run/disk.img --writable
}
killed=0
# Xen's own tables grow with the first device and stay.
check "A disk comes" attach
check "and goes" xvm disk detach web xvdb
check "xvmd stops" daemon_stop xvmd
ledger running
check "xvmd starts" daemon_start xvmd
attach_steps=$(steps_of disk attach web xvdb /run/disk.img --writable)
check "A disk comes again" attach
detach_steps=$(steps_of disk detach web xvdb)
check "and goes again" xvm disk detach web xvdb

undone_attach() { # STEP
    killed_at "$1" disk attach web xvdb /run/disk.img --writable && daemon_stop xvmd && ledger_same running 15 && goes_on
}
for step in $attach_steps; do
    check "Killed after $step of attach: the next xvmd takes the disk away again" undone_attach "$step"
    killed=$((killed + 1))
done
whole_or_gone() { # STEP: before its commit a detach is undone, after it finished
    restart_xvmd && attach && killed_at "$1" disk detach web xvdb || return 1
    if xvm disk list web -o csv --no-header | grep -q xvdb; then
        xvm disk detach web xvdb || return 1
    fi
    daemon_stop xvmd && ledger_same running 15 && goes_on
}
for step in $detach_steps; do
    check "Killed after $step of detach: the disk is whole, or gone" whole_or_gone "$step"
    killed=$((killed + 1))
done

check "xvmd starts" daemon_start xvmd
save_steps=$(steps_of save web /scratch/web.saved)
whole_or_saved() { # STEP: the guest runs and there is no file, or the file is whole and there is no guest
    killed_at "$1" save web /scratch/web.saved || return 1
    if [ -e /scratch/web.saved ]; then
        [ -z "$(state_of web)" ] && xvm restore /scratch/web.saved && rm /scratch/web.saved || return 1
    fi
    [ ! -e /scratch/web.saved.partial ] && [ "$(state_of web)" = running ] && goes_on
}
for step in $save_steps; do
    check "Killed after $step of save: the guest goes on, or its file is whole" whole_or_saved "$step"
    killed=$((killed + 1))
done
check "The guest is saved" xvm save web /scratch/web.saved
check "xvmd stops" daemon_stop xvmd
ledger saved
check "xvmd starts" daemon_start xvmd
restore_steps=$(steps_of restore /scratch/web.saved)
undone_restore() { # STEP
    killed_at "$1" restore /scratch/web.saved && daemon_stop xvmd && ledger_same saved 15
}
for step in $restore_steps; do
    check "Killed after $step of restore: nothing is left of the guest but its file" undone_restore "$step"
    killed=$((killed + 1))
done
check "xvmd starts" daemon_start xvmd
check "After all that it is restored" xvm restore /scratch/web.saved
check "and goes on counting where it was" goes_on
figure "steps at which xvmd was killed" "$killed" ""
check "The store is as the schema says" xvm_store_lint
check "The guest is destroyed" xvm destroy web
