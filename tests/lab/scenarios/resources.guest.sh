# SPDX-License-Identifier: Apache-2.0
# Says once a second what the guest has.
while :; do
    echo "xvm: has $(grep -c ^processor /proc/cpuinfo) processors, $(awk '/^MemTotal/ { print $2 }' /proc/meminfo) KiB"
    sleep 1
done
