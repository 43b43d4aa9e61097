# SPDX-License-Identifier: Apache-2.0
# The lab itself: dom0 is up, the store answers, a stock PV guest boots.
# clock: normal
# timeout: 90
check "The store answers" xenstore-read /local/domain/0/domid
check "xl knows the hypervisor" sh -c 'xl info | grep -q "xen_version *: 4.17"'
check_equal "dom0 is the only domain" 1 "$(xl list | tail -n +2 | wc -l)"
for module in xen_evtchn xen_gntdev xen_gntalloc xen_privcmd xenfs loop xen_blkback virtio_blk ext4; do
    check "dom0 has $module" grep -q "^$module " /proc/modules
done

started=$(now_ms)
check "A stock PV guest is created" guest_create pv1 pv
check "The PV guest comes up" guest_wait pv1 "xvm: up" 60
figure "PV guest up after" $(($(now_ms) - started)) ms
check "The guest is gone after destroy" guest_destroy pv1
check_equal "Only dom0 is left" 1 "$(xl list | tail -n +2 | wc -l)"
