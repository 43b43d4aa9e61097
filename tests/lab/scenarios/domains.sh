# SPDX-License-Identifier: Apache-2.0
# The contract of domains on real Xen: made, built, run, destroyed, PV and PVH; nothing stays.
# clock: icount
# timeout: 300
# needs: xvm-contract-domains
contract() {
    /usr/lib/xvm-test/xvm-contract-domains >/out/contract.txt 2>&1 || { tail -c 3500 /out/contract.txt; false; }
}
check "The contract of domains holds on Xen" contract
note "$(tail -n 2 /out/contract.txt)"
# Xen's own tables took a page in the first run and one in the second, and none in any after.
check "It holds a second time" contract
ledger before
check "It holds a third time" contract
check "Domains, ports, grants, pages and store are as before" ledger_same before 10
