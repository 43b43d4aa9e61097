# SPDX-License-Identifier: Apache-2.0
echo "xvm: cpus $(grep -c ^processor /proc/cpuinfo)"
echo "xvm: memory $(awk '/^MemTotal/ { print $2 }' /proc/meminfo)"
echo "xvm: command line $(cat /proc/cmdline)"
# A processor without a timer never comes back from this.
for cpu in /sys/devices/system/cpu/cpu[0-9]*; do
    taskset "$((1 << ${cpu##*cpu}))" sleep 0.1 && echo "xvm: ticks ${cpu##*/}"
done
