# SPDX-License-Identifier: Apache-2.0
# Disks and networks come to a running PVH guest, grow, and leave it, by its leave or by force.
# clock: icount
# timeout: 600
# long: devices shows the same with a PV guest
# needs: xvmd xvm-blkd xvm xvm-store-lint xvm_blkfront.ko
. /usr/lib/xvm-test/devices.inc
devices pvh
