# SPDX-License-Identifier: Apache-2.0
# The catalogue of mistakes on real Xen: xvm says each as it should, and xl meets the same ones beside it.
# clock: icount
# timeout: 900
# long: tests/mistakes shows the same without Xen
# needs: xvmd xvm xvm-blkd xvm-pack xvm-import xvm-floor mistakes.cases
. /usr/lib/xvm-test/mistakes.world

check "The files are made" make_files
check "xvmd starts" daemon_start xvmd
ledger_of_guests() {
    printf 'name = "warm"\ntype = "pv"\nmemory = "8MiB"\nkernel = "%s/vmlinux"\n' $DIR.base >/run/warm.toml
    xvm create /run/warm.toml && xvm destroy warm
}
check "A guest comes and goes" ledger_of_guests
check "and again" ledger_of_guests
. /usr/lib/xvm-test/mistakes.cases
figure "mistakes met by xvm" "$(find /out/mistakes -name '*.xvm' | wc -l)" mistakes
figure "mistakes met by xl" "$(find /out/mistakes -name '*.xl' | wc -l)" mistakes
