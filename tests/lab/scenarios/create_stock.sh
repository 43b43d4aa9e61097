# SPDX-License-Identifier: Apache-2.0
# Stock Debian kernels as PV and PVH guests: from create to a running init, by xvm and by xl, three times each.
# clock: icount
# timeout: 900
# long: a measurement
# needs: xvmd xvm xvm-floor
# shellcheck shell=sh
FLOOR=/usr/lib/xvm-test/xvm-floor

toml() { # NAME TYPE
    cat >"/run/$1.toml" <<END
name = "$1"
type = "$2"
memory = "128MiB"
pin = $GUEST_CPU
kernel = "$KERNEL"
ramdisk = "$INITRD"
command_line = "console=hvc0 loglevel=4 cryptomgr.notests"
END
}

cfg() { # NAME TYPE
    cat >"/run/$1.cfg" <<END
name = "$1"
type = "$2"
kernel = "$KERNEL"
ramdisk = "$INITRD"
extra = "console=hvc0 loglevel=4 cryptomgr.notests"
memory = 128
maxmem = 128
vcpus = 1
cpus = "$GUEST_CPU"
END
}

one() { # WHO TYPE RUN COMMAND...
    who=$1 type=$2 run=$3
    shift 3
    sleep 1
    times=$("$FLOOR" until "$(guest_log "$who")" "xvm: up" "$@")
    check "$type by $who, run $run: init runs" test -n "$times" || return 1
    figure "$type by $who, run $run: create" "$((${times% *} / 1000))" ms
    figure "$type by $who, run $run: create to init" "$((${times#* } / 1000))" ms
    "$who" destroy "$who"
    rm -f "$(guest_log "$who")"
}

check "xvmd starts" daemon_start xvmd
for type in pv pvh; do
    toml xvm "$type"
    cfg xl "$type"
    for run in 1 2 3; do
        one xvm "$type" "$run" xvm create /run/xvm.toml
        one xl "$type" "$run" xl create -q /run/xl.cfg
    done
done
