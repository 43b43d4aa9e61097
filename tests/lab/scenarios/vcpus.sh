# SPDX-License-Identifier: Apache-2.0
# A guest takes a processor off line and on again, as it is asked; its processors run where they are pinned.
# clock: normal
# timeout: 600
# needs: xvmd xvm
guest_initrd /run/initrd /usr/lib/xvm-test/resources.guest.sh
check "xvmd starts" daemon_start xvmd
cat >/run/two.toml <<END
name = "two"
type = "pv"
memory = "128MiB"
vcpus = 2
pin = $GUEST_CPU
kernel = "$KERNEL"
ramdisk = "/run/initrd"
command_line = "console=hvc0 loglevel=4 cryptomgr.notests"
END
has() { # PROCESSORS: what the guest says last
    guest_line two "xvm: has" | grep -q "has $1 processors"
}
offline() { # of its processors, as Xen sees them
    xvm vcpu list two -o csv --columns state --no-header | grep -c offline
}
check "A guest with two processors starts" xvm create /run/two.toml
check "It uses both" guest_wait two "xvm: has 2 processors" 300
check "It is asked to use one" xvm vcpu set two 1
check "It does" wait_for "has 1" 120
check_equal "Xen sees it" 1 "$(offline)"
check "It is asked to use both again" xvm vcpu set two 2
check "It does that too" wait_for "has 2" 120
check_equal "Xen sees that" 0 "$(offline)"
check "One is pinned elsewhere" xvm vcpu pin two 1 0
check_equal "xl sees where they may run" "$GUEST_CPU 0" "$(xl vcpu-list two | awk 'NR > 1 { print $7 }' | xargs)"
check "The guest is destroyed" xvm destroy two
