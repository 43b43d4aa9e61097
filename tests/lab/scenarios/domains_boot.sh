# SPDX-License-Identifier: Apache-2.0
# Debian's kernel comes up on what our builder makes: PV and PVH, with one processor and with two.
# clock: normal
# timeout: 900
# needs: xvm-boot-guest
boot=/usr/lib/xvm-test/xvm-boot-guest
guest_initrd /tmp/plain /payload/guest/domains_boot.guest.sh
# Two archives, each packed: one RAM disk to the kernel, and the builder must not unpack the first alone.
mkdir /tmp/second && cp /payload/guest/domains_boot.guest.sh /tmp/second/guest.sh
{ gzip -1c "$INITRD" && (cd /tmp/second && echo guest.sh | cpio -o -H newc 2>/dev/null | gzip -c); } >/tmp/packed

run() { # NAME TYPE VCPUS INITRD
    _memory=160
    if ! _made=$($boot "$1" "$2" "$3" $_memory "$GUEST_CPU" "$KERNEL" "$4" "console=hvc0 loglevel=4 xvm.name=$1" 2>&1); then
        fail "$1: a $2 guest with $3 processor(s) is made" "$_made"
        return
    fi
    pass "$1: a $2 guest with $3 processor(s) is made"
    figure "$1: create to unpause" "${_made#* }" ms
    check "$1: comes up" guest_wait "$1" "xvm: up" 240
    figure "$1: seconds of its own till up" "$(guest_line "$1" 'xvm: up' | awk '{ print $NF }')" s
    if check "$1: its script ends" guest_wait "$1" "xvm: done 0" 60; then
        check_equal "$1: has its processors" "$3" "$(guest_line "$1" 'xvm: cpus' | cut -d' ' -f3)"
        check_equal "$1: every processor has a timer" "$3" "$(grep -c 'xvm: ticks' "$(guest_log "$1")")"
        check "$1: got its command line" guest_wait "$1" "xvm: command line .*xvm.name=$1" 1
        figure "$1: MemTotal" "$(guest_line "$1" 'xvm: memory' | cut -d' ' -f3)" KiB
    fi
    check "$1: is gone after destroy" $boot end "${_made% *}"
    check_equal "$1: only dom0 is left" 1 "$(xl list | tail -n +2 | wc -l)"
}

# The larger ones first: Xen's own tables grow on first use and stay.
run pv2 pv 2 /tmp/packed
run hv2 pvh 2 /tmp/plain
ledger before
run pv1 pv 1 /tmp/plain
run hv1 pvh 1 /tmp/packed
check "Domains, ports, grants, pages and store are as before" ledger_same before 10
