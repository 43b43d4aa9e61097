# SPDX-License-Identifier: Apache-2.0
# The Debian package: dpkg installs it in dom0, it serves under its units with all hardening, it goes without a trace.
# long: wants xvm.deb, which tests/package builds
# clock: normal
# timeout: 600
# needs: xvm.deb debian
root=/debian
# What the package starts; a new daemon is one word more.
daemons="xvmd xvm-blkd xvm-timed xvm-memd"

in_root() { # COMMAND...: in the Debian; once systemd runs, as one of its processes
    if [ "${systemd-}" ]; then
        set -- nsenter -t "$systemd" -m -p -r -w /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"
    else
        set -- chroot $root /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"
    fi
    "$@"
}

files() { # what is in the Debian, without what every start of it changes
    (cd $root && find etc usr var \( -path var/lib/dpkg -o -path var/lib/systemd \) -prune -o -print | sort)
}

prepare() {
    mount --bind $root $root || return 1
    for directory in dev proc sys run; do
        mount --bind /$directory $root/$directory || return 1
    done
    mount -t xenfs xenfs $root/proc/xen
    cp /payload/xvm.deb $root/srv/ || return 1
    # What dom0's own copy of our programs would prove is nothing.
    for daemon in $daemons; do rm -f "/usr/sbin/$daemon"; done
    rm /usr/bin/xvm
}

start_systemd() {
    mount -t cgroup2 cgroup2 /sys/fs/cgroup && mount --bind /sys/fs/cgroup $root/sys/fs/cgroup || return 1
    cat >$root/etc/systemd/system/lab.target <<'END'
[Unit]
Description=What the lab needs of a system
Requires=basic.target
After=basic.target
END
    # Those of Debian's Xen packages, which run outside already.
    for unit in xenstored xenconsoled xen; do
        ln -sf /dev/null $root/etc/systemd/system/$unit.service
    done
    # dom0's root is the kernel's first file system, from which one does not pivot: the new root is moved over it.
    unshare -m -p -f sh -c "
        cd $root && mount --move . / && exec chroot . /bin/dash -c '
            mount -t proc proc /proc && mount -t xenfs xenfs /proc/xen &&
            exec /usr/bin/env -i container=lab PATH=/usr/sbin:/usr/bin /usr/lib/systemd/systemd --unit=lab.target --log-target=console'" \
        >/out/systemd.log 2>&1 9>&- &
    wait_for 'systemd=$(pidof systemd) && in_root systemctl is-active lab.target' 120
}

guest() {
    mkdir -p $root/srv/guests && cp "$KERNEL" "$INITRD" $root/srv/guests/ || return 1
    truncate -s 8M $root/srv/guests/data.img
    cat >$root/srv/guests/web.toml <<END
name = "web"
type = "pv"
memory = "128MiB"
pin = $GUEST_CPU
kernel = "vmlinux"
ramdisk = "initrd.cpio"
command_line = "console=hvc0 loglevel=4 cryptomgr.notests"

[[disk]]
dev = "xvda"
raw = "data.img"
mode = "w"
END
}

reads_only() { # as a user who is in xvm-read and nothing else
    in_root setpriv --reuid=1000 --regid="$(in_root getent group xvm-read | cut -d: -f3)" --clear-groups "$@"
}

check "A Debian is there" prepare
files >/run/before
check "dpkg installs the package, its dependencies met" in_root dpkg -i /srv/xvm.deb || exit
files >/run/installed
check "xvm version names what was installed" in_root xvm version
check "The groups are there" in_root getent group xvm xvm-read
check "systemd starts beside it" start_systemd || exit
systemd=$(pidof systemd)
check "The sockets and daemons start" in_root systemctl start xvmd.socket xvmd-ro.socket $daemons
for daemon in $daemons; do
    check_equal "$daemon is active" active "$(in_root systemctl is-active "$daemon")"
done
check_equal "None has failed" "" "$(in_root systemctl --failed --no-legend --plain | grep xvm)"
check_equal "The main socket is group xvm's" "660 root xvm" "$(in_root stat -c '%a %U %G' /run/xvm/xvmd.sock)"
check_equal "The read-only one is group xvm-read's" "660 root xvm-read" \
    "$(in_root stat -c '%a %U %G' /run/xvm/xvmd-ro.sock)"

guest
check "A guest with a disk starts under the units' hardening" in_root xvm create /srv/guests/web.toml ||
    in_root journalctl -u xvmd -u xvm-blkd --no-pager | tail -n 30
check "It boots" guest_wait web "xvm: up" 120
in_root xvm list
check "A reader sees it" reads_only xvm list
check_not "A reader cannot end it" reads_only xvm destroy web
check_not "A reader does not get to the main socket" reads_only test -w /run/xvm/xvmd.sock
check "xvmd is killed" in_root systemctl kill -s KILL xvmd
check "Its clients wait for the next one, which knows the guest" in_root xvm show web
check "That one was started by systemd" wait_for "in_root systemctl is-active xvmd" 30
check "The store is as the schema says" in_root xvm-store-lint
check "The guest is ended" in_root xvm destroy web
check "The audit has both calls" in_root sh -c \
    'grep -q "\"verb\":\"create\".*\"outcome\":\"done\"" /var/log/xvm/audit.jsonl &&
     grep -q "\"verb\":\"destroy\".*\"outcome\":\"done\"" /var/log/xvm/audit.jsonl'
for daemon in $daemons; do
    pid=$(pidof $daemon) && figure "$daemon, PSS" "$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")" KiB
done

in_root cp -r /var/log/xvm /srv/log-before-purge
check "dpkg removes it" in_root dpkg -r xvm
check_not "Its daemons do not run any more" pidof $daemons
check "The audit stays when it is only removed" test -s $root/var/log/xvm/audit.jsonl
check "dpkg purges it" in_root dpkg -P xvm
rm -rf $root/etc/systemd/system/lab.target $root/etc/systemd/system/xen*.service
files >/run/after
# The groups stay, and what makes a group writes backups beside the files.
check_equal "Nothing of it is left" "" "$(diff /run/before /run/after | grep '^[<>]' | grep -v 'etc/g*\(group\|shadow\|passwd\)-*$')"
check_not "and it was there" cmp -s /run/before /run/installed
