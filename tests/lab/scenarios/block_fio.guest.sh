# SPDX-License-Identifier: Apache-2.0
# fio verifies what it wrote, from 4 KiB to 1 MiB and from one request at a time to 32.
insmod /lib/modules/xvm_blkfront.ko
tries=0
until { [ -e /dev/xvda ] && [ -e /dev/xvdb ]; } || [ $tries -gt 300 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
mount -t squashfs -o ro /dev/xvdb /mnt && mount -o bind /dev /mnt/dev && mount -t tmpfs tmpfs /mnt/tmp || exit 1
echo "xvm: disk of $(cat /sys/block/xvda/size) sectors"
errors=0
one() { # SIZE[-SIZE] DEPTH BYTES
    size=$1 depth=$2 bytes=$3
    if chroot /mnt /usr/bin/fio --name=v --filename=/dev/xvda --direct=1 --ioengine=libaio --rw=randrw --bsrange="$size" \
        --iodepth="$depth" --size=16m --io_size="$bytes" --verify=crc32c --verify_fatal=1 --do_verify=1 --norandommap=0 \
        --fallocate=none --output-format=terse --terse-version=3 --thread --verify_state_save=0 >/tmp/fio 2>&1; then
        echo "xvm: fio $size depth $depth: verified"
    else
        echo "xvm: fio $size depth $depth: FAILED"
        tail -n 20 /tmp/fio
        errors=$((errors + 1))
    fi
}
one 4k-4k 1 2m
one 4k-4k 32 8m
one 64k-64k 8 16m
one 1m-1m 4 16m
one 1m-1m 32 16m
one 512-64k 16 8m # parts of pages: by bounce pages
echo "xvm: fio errors $errors"
dmesg | grep -E 'I/O error|xvm_blkfront.*(disabled|refuses)' && errors=$((errors + 1))
exit "$errors"
