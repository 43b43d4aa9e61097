# SPDX-License-Identifier: Apache-2.0
# Creating fails after every step on real Xen, with disks: each time the machine is as before.
# clock: icount
# timeout: 600
# long: kill_steps and the sweeps go over the same steps
# needs: xvmd xvm xvm-blkd xvm-pack
. /usr/lib/xvm-test/steps.inc
pack_guest
cat >>/run/guest.toml <<END
[[disk]]
dev = "xvdb"
raw = "disk.img"
mode = "w"
END
truncate -s 16M /run/disk.img
check "xvm-blkd and xvmd start" xvm_start

# Xen's own tables grow with the first guests and stay.
check "A guest with two disks comes and goes" come_and_go
check "and again" come_and_go
check "xvmd stops" daemon_stop xvmd
ledger before

fails_at() { # STEP
    said=$(xvm create /run/guest.toml 2>&1) && {
        echo "it was created"
        return 1
    }
    [ "$said" = "xvm: step $1: failed on purpose (--fail-at); start xvmd without it" ] || {
        echo "it said: $said"
        return 1
    }
}
check "xvmd starts" daemon_start xvmd
names=$(steps_of create /run/guest.toml)
check "xvmd stops" daemon_stop xvmd
steps=0
for step in $names; do
    daemon_start xvmd --fail-at "$step" || fail "xvmd starts with --fail-at $step"
    check "Creating fails after $step" fails_at "$step"
    check "Nothing runs after $step" test "$(xl list | wc -l)" = 2
    daemon_stop xvmd
    check "Nothing is left after $step" ledger_same before 10
    steps=$((steps + 1))
done
figure "steps failed" "$steps" ""
check "That is all of a plan" test "$steps" -ge 10
check "xvmd starts" daemon_start xvmd
check "The guest can be created after all that" come_and_go
