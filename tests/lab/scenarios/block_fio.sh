# SPDX-License-Identifier: Apache-2.0
# fio verifies every block it reads back from a raw disk through our ring, in a PV and in a PVH guest.
# long: minutes of emulation; create_pvh, demo and block_restart carry verified I/O too
# clock: icount
# timeout: 600
# shows: R-5 R-11 R-15
# needs: xvmd xvm-blkd xvm xvm_blkfront.ko fio
. /usr/lib/xvm-test/block.inc
check "xvmd and xvm-blkd start" xvm_start
for type in pv pvh; do
    check "A $type guest is made" block_guest "fio-$type" "$type" /usr/lib/xvm-test/block_fio.guest.sh
    check "fio finds every byte as it was written [R-11][R-15]" guest_wait "fio-$type" "xvm: done 0" 400
    guest_line "fio-$type" "xvm: fio errors"
    block_stats "fio-$type"
    check "The $type guest is destroyed" xvm destroy "fio-$type"
done
check_equal "Only dom0 is left" 1 "$(xl list | tail -n +2 | wc -l)"
