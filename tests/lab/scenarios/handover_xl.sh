# SPDX-License-Identifier: Apache-2.0
# The same device, moved by xvm and then by xl's detach and attach, in one run: how long nobody could use it.
# clock: icount
# iommu: vtd
# timeout: 900
# long: a comparison, beside what handover and handover_pages show
# shows: H-12
# needs: xvmd xvm xvm_devfront.ko xvm_edu.ko xen-pciback.ko xen-pcifront.ko
. /usr/lib/xvm-test/handover.inc
device=$(handover_device)
moved() { # PAGES A B: from the one to the other, both fresh, and back to the host
    handover_initrd /run/initrd "$1"
    handover_toml "$2" pv 128
    handover_toml "$3" pv 128
    check "$2 starts, with $1 pages" starts "$2"
    check "$3 starts" starts "$3"
    check "$2 gets the device" xvm device assign "$device" "$2"
    guest_ask "$2" "e stream 3" 20 >/dev/null
    check "The device works" edu_done "$2" 3 60
    xvm device move "$device" "$2" "$3" -o json >/out/move 2>&1
    check_equal "It goes to $3" 0 $?
    outage=$(sed -n 's/.*"outage_us": *\([0-9]*\).*/\1/p' /out/move)
    check "The device goes back to the host" xvm device release "$device" --host
    check "$2 ends" xvm destroy "$2"
    check "$3 ends" xvm destroy "$3"
}
check "xvmd starts" daemon_start xvmd
moved 1 a b
one=$outage
figure "outage, one page, PV to PV by TRANSFER, beside xl" "$one" us
moved 226 c d
many=$outage
figure "outage, 226 pages, PV to PV by TRANSFER, beside xl" "$many" us
daemon_stop xvmd

# --- xl: from the order to detach until the other guest's kernel has the device; no driver has begun on it by then ---
cat >/run/pci.sh <<'END'
insmod /lib/modules/xen-pcifront.ko
echo "xvm: ready"
was=none
while :; do
    now=$(echo /sys/bus/pci/devices/*)
    [ "$now" = "$was" ] || echo "xvm: devices: $now"
    was=$now
    usleep 30000
done
END
guest_initrd /run/pci.cpio /run/pci.sh /payload/modules/xen-pcifront.ko:/lib/modules/xen-pcifront.ko
insmod /payload/modules/xen-pciback.ko passthrough=0
for g in p q; do
    cat >"/run/$g.cfg" <<END
name = "$g"
type = "pv"
kernel = "$KERNEL"
ramdisk = "/run/pci.cpio"
extra = "console=hvc0 loglevel=4 cryptomgr.notests"
memory = 128
cpus = "$GUEST_CPU"
passthrough = "enabled"
END
done
echo "pci = [ '$device' ]" >>/run/p.cfg
check "xl may give it away" xl pci-assignable-add "$device"
check "P starts, with the device" xl create /run/p.cfg
check "P has it" guest_wait p "xvm: devices: .*0000:00:" 120
check "Q starts" xl create /run/q.cfg
check "Q is ready" guest_wait q "xvm: ready" 120
sleep 1
begun=$(now_ms)
check "xl takes it from P" xl pci-detach p "$device"
detached=$(now_ms)
tries=1
# xl has failed here in the dynamic linker; that is none of its time.
while ! xl pci-attach q "$device" && [ $tries -lt 3 ]; do
    tries=$((tries + 1))
    began=$(now_ms)
    begun=$((begun + began - detached)) detached=$began
done
attached=$(now_ms)
check "Q has it" guest_wait q "xvm: devices: .*0000:00:" 60
seen=$(now_ms)
note "detach $((detached - begun)) ms, attach $((attached - detached)) ms, until Q saw it $((seen - attached)) ms, $tries tries"
xl_ms=$((seen - begun))
figure "xl: detach" $((detached - begun)) ms
figure "xl: attach, until the guest has it" $((seen - detached)) ms
figure "xl: outage of the device" "$xl_ms" ms
check "xvm's outage is below a twentieth of xl's, with one page [H-12]" [ $((one * 20)) -lt $((xl_ms * 1000)) ]
check "And with 226 pages [H-12]" [ $((many * 20)) -lt $((xl_ms * 1000)) ]
for g in p q; do xl destroy "$g"; done
