# SPDX-License-Identifier: Apache-2.0
# The contracts of event channels, grants and the store hold on Xen: dom0 with itself.
# clock: normal
# timeout: 120
# needs: xvm-contract-xen
/usr/lib/xvm-test/xvm-contract-xen > /out/contract.txt 2>&1
status=$?
cat /out/contract.txt
check_equal "Every case of the contract suite holds on Xen [X14, X15]" 0 "$status"
figure "contract cases not possible for dom0 alone" "$(grep -c 'skipped:' /out/contract.txt)" cases
check_not "The suite leaves nothing in the store" xenstore-exists /xvm/contract
check_equal "No event channel is left" 0 "$(grep -c xvm-contract /proc/interrupts)"
