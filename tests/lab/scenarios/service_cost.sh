# SPDX-License-Identifier: Apache-2.0
# What a service domain costs while it is ON, beside OFF: a guest's disk, free memory, processor time.
# long: a measurement
# clock: icount
# timeout: 600
# needs: xvmd xvm xvm-pack xvm-service-domain service.disk strip
. /usr/lib/xvm-test/service.inc

rounds() { # COUNT -> milliseconds of the guest's next COUNT rounds, together
    _first=$(guest_line reader 'xvm: round ' | cut -d' ' -f3)
    wait_for '[ "$(guest_line reader "xvm: round " | cut -d" " -f3)" -ge '$((_first + $1 + 1))' ]' 120 || return 1
    grep 'xvm: round ' "$(guest_log reader)" | tr -d '\r' |
        awk -v first="$_first" -v count="$1" '$3 > first + 1 && $3 <= first + 1 + count { ms += $5 } END { print ms }'
}

free_mib() {
    xl info | awk '/^free_memory/ { print $3 }'
}

used_s() { # NAME -> seconds of processor time
    xl list "$1" 2>/dev/null | awk 'NR == 2 { print $6 }'
}

cat >/run/hooks.lua <<'END'
function on_request(r)
  if r.verb == "rename" then return r.name .. " keeps its name" end
end
function on_create(g)
  return { memory_mib = g.memory_mib + 16 }
end
END
check "The service's pack is built, with a script" service_image --hooks /run/hooks.lua
check "A guest's RAM disk is made" guest_initrd /run/initrd /payload/guest/service_cost.guest.sh
check "A guest's pack is built" xvm-pack build /run/boot.pack "vmlinux=$KERNEL" initrd=/run/initrd
rm /run/initrd
dd if=/dev/zero of=/run/reader.img bs=1M count=32 2>/dev/null
guest_toml reader pvh
cat >>/run/reader.toml <<'END'
[[disk]]
dev = "xvda"
raw = "/run/reader.img"
backend = "blkback"
END
check "xvmd starts, with a service domain" service_xvmd --service-idle 600s
check "A guest that reads its disk starts" xvm create /run/reader.toml
check "It reads" guest_wait reader "xvm: round 2 " 120
check "The service is there" service_is running
check_equal "The script has a say in what a guest is: 16 MiB more [S-11]" 144 $(($(shown reader memory_bytes) >> 20))
check_not "and in what is done with it [S-11]" sh -c "xvm rename reader other 2>/run/why"
check "with its own words" grep -q "reader keeps its name" /run/why
on=$(rounds 8)
figure "8 rounds with the service ON" "$on" ms
on_free=$(free_mib)
figure "free with it ON" "$on_free" MiB
before=$(used_s xvm-service)
sleep 5
figure "processor time of the idle service in 5 s" "$(awk -v a="$before" -v b="$(used_s xvm-service)" 'BEGIN { print b - a }')" s
check "It is stopped" xvm service stop
check "It is off" wait_for "service_is off" 60
off=$(rounds 8)
figure "8 rounds with the service OFF" "$off" ms
off_free=$(free_mib)
figure "free with it OFF" "$off_free" MiB
check "OFF, the guest's disk is no slower than ON [S-2]" [ "$off" -le $((on + on / 20)) ]
check "and had no error [S-2]" sh -c "guest_log=$(guest_log reader); grep 'xvm: round' \$guest_log | tail -n 1 | grep -q 'errors 0'"
check "OFF, its memory is free: 128 MiB and what Xen needs for it [S-20]" [ $((off_free - on_free)) -ge 128 ]
check_equal "OFF, it takes no processor time: there is none [S-13]" "" "$(used_s xvm-service)"
check "The guest ends" xvm destroy reader
