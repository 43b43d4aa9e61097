# SPDX-License-Identifier: Apache-2.0
# A guest is started with an interface and a disk of dom0's kernel; others come and go while it runs.
# clock: icount
# timeout: 400
# needs: xvmd xvm-blkd xvm xvm-store-lint xvm_blkfront.ko
. /usr/lib/xvm-test/devices.inc
truncate -s 4M /tmp/boot.img
cat >/tmp/more.toml <<'END'
[[disk]]
dev = "xvda"
raw = "/tmp/boot.img"
mode = "w"
backend = "blkback"
[[net]]
bridge = "br0"
mac = "00:16:3e:00:00:07"
END
come_and_go() {
    guest_start wired pv /tmp/more.toml && xvm destroy wired && rm "$(guest_log wired)"
}
check "xvmd and xvm-blkd start" xvm_start
check "A bridge is made" network
check "A guest comes and goes" come_and_go
ledger before
guest=wired
check "It is made with both" guest_start wired pv /tmp/more.toml
check "It has them" wait_for "now_has 'xvda=8192 eth0=00:16:3e:00:00:07'" 30
check_equal "It pings dom0 over its interface" 0 \
    "$(answer 'ip addr add 10.77.0.2/24 dev eth0; ip link set eth0 up; sleep 1; ping -c 3 -W 5 10.77.0.1 >/tmp/ping 2>&1; echo $?')"
check "The one it was started with leaves" xvm net detach wired 0
net_of_the_kernel
check "It is destroyed" xvm destroy wired
check "Nothing is left" ledger_same before 15
