# SPDX-License-Identifier: Apache-2.0
# A guest's memory changes while it runs: Linux does what it is asked, xl sees the same.
# clock: icount
# timeout: 600
# needs: xvmd xvm
guest_initrd /run/initrd /payload/guest/resources.guest.sh
check "xvmd starts" daemon_start xvmd
memory_shown() { # NAME FIELD: of `xvm memory show`
    xvm memory show "$1" -o csv --columns "$2" --no-header
}
memory_of() { # NAME: what xl says, MiB
    xl list "$1" | awk 'NR == 2 { print $3 }'
}
for type in pv pvh; do
    cat >"/run/$type.toml" <<END
name = "$type"
type = "$type"
memory = "160MiB"
kernel = "$KERNEL"
ramdisk = "/run/initrd"
command_line = "console=hvc0 loglevel=4 cryptomgr.notests"
END
    check "A $type guest starts" xvm create "/run/$type.toml"
    check "It is up" guest_wait "$type" "xvm: has 1 processors" 200

    check "It gives memory up, and is waited for" xvm memory set "$type" 128MiB --wait --timeout 60s
    check "xl sees it" [ "$(memory_of "$type")" -le 129 ]
    check_equal "It is asked to have that" $((128 << 20)) "$(memory_shown "$type" target_bytes)"
    check "It takes the memory again" xvm mem "$type" 160MiB --wait --timeout 60s
    check "xl sees that" [ "$(memory_of "$type")" -ge 159 ]
    check_not "It does not get more than it may have" xvm memory set "$type" 1GiB
    check_not "It is not left without" xvm memory set "$type" 4MiB

    check "Its processor is pinned" xvm vcpu pin "$type" all 0
    check "xl sees where it may run" sh -c "xl vcpu-list $type | tail -n +2 | awk '{ print \$7 }' | grep -Eq '^(0|all)$'"
    check "The $type guest is destroyed" xvm destroy "$type"
done
same_messages() {
    xvm dmesg | head -n 20 >/out/xvm-dmesg.txt
    xl dmesg | head -n 20 | cmp - /out/xvm-dmesg.txt
}
check "Xen's messages are as xl prints them" same_messages
