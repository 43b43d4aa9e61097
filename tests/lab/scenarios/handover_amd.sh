# SPDX-License-Identifier: Apache-2.0
# On a machine with an AMD IOMMU: the device's DMA comes to who has it, and a stream goes to another guest and back.
# clock: icount
# iommu: amd
# timeout: 600
# long: a machine of its own, which boots; handover_dma shows the same with VT-d
# shows: H-2 H-5 H-6 H-8 H-9 H-13
# needs: xvmd xvm xvm_devfront.ko xvm_edu.ko
# The emulation logs no faults: content is what is looked at.
sees() {
    :
}
. /usr/lib/xvm-test/handover_dma.inc
