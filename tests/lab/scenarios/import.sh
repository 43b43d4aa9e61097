# SPDX-License-Identifier: Apache-2.0
# Files of xl's are imported, and the guest that xvm makes of each boots as the one that xl makes of the same file.
# long: minutes of emulation; tests/hosted shows what comes of each file, without a boot
# clock: icount
# timeout: 600
# needs: xvmd xvm xvm-blkd xvm-import
# shellcheck shell=sh

# In the shape of Xen's own examples: comments, a disk, everything at its place.
pv_file() { # -> /run/pv.cfg
    cat >/run/pv.cfg <<END
# =====================================================================
# Example PV Linux guest configuration
# =====================================================================
#
# Guest name
name = "example.pvlinux"

# 128-bit UUID for the domain as a hexadecimal number.
#uuid = "XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX"

# Kernel image to boot
kernel = "$KERNEL"

# Ramdisk (optional)
ramdisk = "$INITRD"

# Kernel command line options
extra = "console=hvc0 loglevel=4 cryptomgr.notests"

# Initial memory allocation (MB)
memory = 128
maxmem = 128

# Number of VCPUS
vcpus = 1

# Disk Devices
disk = [ '/dev/loop7,raw,xvda,rw' ]
END
}

pvh_file() { # -> /run/pvh.cfg: handed down, in the ways of old
    cat >/run/pvh.cfg <<END
#  -*- mode: python; -*-
type        = 'pvh'
name        = 'example.pvhlinux'; memory = '128'; maxmem = 128 # all on one line
kernel      = '$KERNEL'
ramdisk     = '$INITRD'
root        = '/dev/xvda ro'
extra       = 'console=hvc0 loglevel=4 cryptomgr.notests'
cpus        = "$GUEST_CPU"
disk        = [
                  'phy:/dev/loop7,xvda,w',
              ]
on_poweroff = 'destroy'
on_reboot   = 'restart'
on_crash    = 'coredump-destroy'
cpu_weight  = 256
vnc         = 0
END
}

old_file() { # -> /run/old.cfg: as xen-tools wrote thousands, a disk for each partition
    cat >/run/old.cfg <<END
#
# Configuration file for the Xen instance old.example.org
#
kernel      = '$KERNEL'
extra       = 'console=hvc0 loglevel=4 cryptomgr.notests'
ramdisk     = '$INITRD'
vcpus       = '1'
memory      = '128'
root        = '/dev/xvda2 ro'
disk        = [
                  'phy:/dev/loop7,xvda2,w',
                  'phy:/dev/loop6,xvda1,w',
              ]
name        = 'old.example.org'
on_poweroff = 'destroy'
on_reboot   = 'restart'
on_crash    = 'restart'
END
}

hvm_file() { # -> /run/hvm.cfg
    cat >/run/hvm.cfg <<END
# This configures an HVM rather than PV guest
type = "hvm"
name = "example.hvm"
memory = 128
vcpus = 2
disk = [ '/dev/loop7,raw,xvda,rw' ]
sdl = 1
END
}

boots() { # NAME COMMAND...: figure and checks of a guest that reaches its init
    _guest=$1
    shift
    rm -f "$(guest_log "$_guest")"
    _since=$(now_ms)
    "$@" || return 1
    guest_wait "$_guest" "xvm: up" 180 || return 1
    echo $(($(now_ms) - _since)) >/run/took
}

command_line_of() { # NAME: what the guest's kernel was told
    guest_line "$1" "Kernel command line:|Command line:" | sed 's/.*ommand line: //'
}

both() { # pv|pvh|old NAME [DEVICE...]: by xl, then by xvm from the same file
    kind=$1 name=$2
    shift 2
    check "$kind: xl starts the guest of its file" boots "$name" xl create -q "/run/$kind.cfg" || return 1
    figure "$kind: xl create to init" "$(cat /run/took)" ms
    by_xl=$(xl list "$name" | awk 'NR == 2 { print $3, $4 }')
    xl destroy "$name"
    wait_for "! xl domid $name" 20

    check "$kind: the same file is imported" sh -c "XVM_IMPORT=/usr/libexec/xvm/xvm-import xvm import /run/$kind.cfg --to /run/$kind.toml"
    cat "/run/$kind.toml"
    check "$kind: what comes out is valid" xvm validate "/run/$kind.toml"
    check "$kind: xvm starts the guest of it" boots "$name" xvm create "/run/$kind.toml" || return 1
    figure "$kind: xvm create to init" "$(cat /run/took)" ms
    check_equal "$kind: it has the same memory and processors" "$by_xl" "$(xl list "$name" | awk 'NR == 2 { print $3, $4 }')"
    for device in "${@:-51712}"; do
        check "$kind: its own driver and dom0's kernel are connected over its disk $device" \
            wait_for "[ \$(xenstore-read /local/domain/0/backend/vbd/\$(xl domid $name)/$device/state) = 4 ]" 20
    done
    check "$kind: it goes" xvm destroy "$name"
}

check "xvmd and xvm-blkd start" xvm_start
head -c 4194304 /dev/zero >/run/disk.img
[ -e /dev/loop7 ] || mknod /dev/loop7 b 7 7
check "A block device for the guests' disk" losetup /dev/loop7 /run/disk.img
cp /run/disk.img /run/disk6.img
[ -e /dev/loop6 ] || mknod /dev/loop6 b 7 6
check "and another" losetup /dev/loop6 /run/disk6.img
pv_file
pvh_file
old_file
hvm_file
both pv example.pvlinux
both pvh example.pvhlinux
both old old.example.org 51714 51713

said=$(xvm import /run/pvh.cfg 2>&1 >/dev/null)
check "The scheduler's weight is told to be left out, with its line" sh -c "echo \"$said\" | grep -q '/run/pvh.cfg:15:1: .cpu_weight. is left out'"
check "So is the core dump" sh -c "echo \"$said\" | grep -q '/run/pvh.cfg:14:1: .on_crash. becomes'"
check_not "With --strict that is an error" xvm import /run/pvh.cfg --strict
check_not "A fully virtualised guest is refused" xvm import /run/hvm.cfg --to /run/hvm.toml
check_not "and nothing is written" test -e /run/hvm.toml
losetup -d /dev/loop7
losetup -d /dev/loop6
