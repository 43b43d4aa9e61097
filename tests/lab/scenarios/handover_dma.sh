# SPDX-License-Identifier: Apache-2.0
# Where the device's DMA comes to: to who has it, and to nobody else, neither while it is held nor in the midst of a move.
# clock: icount
# iommu: vtd
# timeout: 600
# shows: H-2 H-5 H-6 H-8 H-9 H-13
# needs: xvmd xvm xvm_devfront.ko xvm_edu.ko
faulted() {
    xl dmesg | grep -q "DMAR.*fault addr $(printf %x $(($1 & ~4095)))"
}
sees() {
    check "$1" faulted "$2"
}
. /usr/lib/xvm-test/handover_dma.inc
note "Xen: $(xl dmesg | grep -a DMAR | tail -n 3 | tr '\n' ';')"
