# SPDX-License-Identifier: Apache-2.0
# Guests are destroyed in the middle of I/O: grants, event channels, mappings, files and nodes are as before.
# clock: icount
# timeout: 400
# shows: R-13
# needs: xvmd xvm-blkd xvm xvm_blkfront.ko fio
. /usr/lib/xvm-test/block.inc
check "xvmd and xvm-blkd start" xvm_start
round() {
    check "A guest is made" block_guest doomed pv /payload/guest/block_death.guest.sh
    check "It does I/O" guest_wait doomed "xvm: busy" 120
    sleep 2
    block_stats doomed
    check "It is destroyed in the middle of it" xvm destroy doomed
    rm -f "$(guest_log doomed)"
}
round # Xen's and the daemons' own tables grow on first use
ledger before
for again in 1 2 3; do
    round
done
check "Nothing is left [R-13]" ledger_same before 20
