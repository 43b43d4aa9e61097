# SPDX-License-Identifier: Apache-2.0
# Writes and reads without an end; the scenario destroys the guest in the middle of it.
insmod /lib/modules/xvm_blkfront.ko ring_pages=16
until [ -e /dev/xvda ]; do sleep 0.1; done
for job in 1 2 3 4; do
    while :; do
        dd if=/dev/zero of=/dev/xvda bs=256k count=64 oflag=direct
        dd if=/dev/xvda of=/dev/null bs=256k count=64 iflag=direct
    done 2>/dev/null &
done
echo "xvm: busy"
wait
