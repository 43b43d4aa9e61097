# SPDX-License-Identifier: Apache-2.0
# The management service as a domain: started by the first request, asked, stopped when idle; nothing is left.
# long: minutes of emulation; tests/unit/daemons and tests/hosted show the service as a process
# clock: icount
# timeout: 900
# needs: xvmd xvm xvm-pack xvm-service-domain service.disk strip
. /usr/lib/xvm-test/service.inc

elapsed() { # COMMAND... -> /run/elapsed: milliseconds
    _from=$(now_ms)
    "$@" || return 1
    echo $(($(now_ms) - _from)) >/run/elapsed
}

bare_initrd() { # a kernel's boot and nothing else: the init says how long it took
    mkdir -p /run/bare-tree/proc /run/bare-tree/dev
    cp /bin/busybox /run/bare-tree/busybox || return 1
    cat >/run/bare-tree/init <<'END'
#!/busybox sh
/busybox mount -t proc proc /proc
read -r up _ </proc/uptime
echo "xvm: up $up"
/busybox sleep 1000
END
    chmod 755 /run/bare-tree/init
    mknod -m 600 /run/bare-tree/dev/console c 5 1
    (cd /run/bare-tree && find . ! -name . | cpio -o -H newc 2>/dev/null) >/run/bare.initrd
    rm -rf /run/bare-tree
}

check "The service's pack is built [P-12]" service_image
guest_toml web pvh
check "A bare guest's RAM disk is made" bare_initrd
sed -e 's/"web"/"bare"/' -e 's/entry = "initrd"/entry = "bare"/' /run/web.toml >/run/bare.toml
check "Both are packed" xvm-pack build /run/boot.pack "vmlinux=$KERNEL" "initrd=$INITRD" bare=/run/bare.initrd
check "xvmd starts, with a service domain" service_xvmd --service-idle 3s
check "It is started at power-on, with no request [S-12]" wait_for "service_is running" 60
check_equal "There is one service domain" 1 "$(service_domains)"
# What the kernel's first reading takes is no part of a boot.
check "Its images are read" xvm create /run/bare.toml --paused
check "It goes" xvm destroy bare
check "A bare guest is created by its plan [S-3]" elapsed xvm create /run/bare.toml
sleep 5 # nobody looks meanwhile: that would take time from it
check "It boots" guest_wait bare "xvm: up" 60
bare=$(guest_line bare "xvm: up" | awk -v create="$(cat /run/elapsed)" '{ printf "%d", create + $NF * 1000 }')
figure "a bare guest's boot, asked for with the service warm" "$bare" ms
check "It ends" xvm destroy bare
check "A guest with programs is created" xvm create /run/web.toml
check "It boots" guest_wait web "xvm: up" 120
check "With no request any more it is closed [S-4] [S-16]" wait_for "service_is off" 60
check_equal "There is no service domain [S-1]" 0 "$(service_domains)"
starts=$(service_field starts)
check "OFF, what only looks is answered [S-1]" xvm list
check_equal "and starts nothing" "$starts" "$(service_field starts)"
ledger before

check "The first call with the domain OFF is served [S-15]" elapsed xvm config list
cold=$(cat /run/elapsed)
domid=$(service_field domid)
figure "the first call with the domain OFF" "$cold" ms
figure "of it, until the service was ready" $(($(service_field start_us) / 1000)) ms
figure "beyond a bare guest's boot" $((cold > bare ? cold - bare : 0)) ms
check_equal "It was started once [S-15]" $((starts + 1)) "$(service_field starts)"
check "It is asked by a channel of its own, not by the store or the network [S-8]" \
    sh -c "lsevtchn 0 | grep -q 'Remote Domain $domid,'"
check "A request with it warm is served [S-3] [S-14]" xvm pause web
check "And another" xvm unpause web
warm=$(service_field whole_us)
figure "a warm request, from xvmd to the domain and back" "$warm" us
figure "of it, the domain's own work" "$(service_field work_us)" us
check_equal "No second start [S-15]" $((starts + 1)) "$(service_field starts)"
check "The store is as the schema says" xvm_store_lint
check "A configuration is stored" xvm config add /run/web.toml --name kept
for _ in 1 2 3 4; do
    sleep 1.2
    xvm config list >/dev/null || fail "A request while it runs"
done
check_equal "Asked more often than T_idle it is not closed [S-4]" $((starts + 1)) "$(service_field starts)"
check "With no request for T_idle it is closed [S-4]" wait_for "service_is off" 60
check_equal "The domain is gone [S-13]" 0 "$(service_domains)"
check "The guest runs on [S-2]" xvm wait web running --timeout 10s

starts=$(service_field starts)
_pids=''
for _i in 1 2 3 4 5 6 7 8; do
    xvm config list >"/run/asked.$_i" 2>&1 &
    _pids="$_pids $!"
done
_bad=0
for _pid in $_pids; do
    wait "$_pid" || _bad=$((_bad + 1))
done
check_equal "Of 8 requests at once, from OFF, none fails [S-17]" 0 $_bad
check_equal "They start it once [S-17]" $((starts + 1)) "$(service_field starts)"
check_equal "All see what was stored before it was closed [S-10]" 8 "$(grep -l kept /run/asked.* | wc -l)"
check "The stored configuration is removed" xvm config remove kept

check "The service domain is killed from outside" xl destroy xvm-service
check "The next request is served by another [S-21]" xvm config list
check_equal "There is one" 1 "$(service_domains)"
check "It is stopped by hand" xvm service stop
check "It is off" wait_for "service_is off" 60
rm /run/asked.*
check "Nothing is left: memory, store, grants, ports, files [S-13]" ledger_same before 20

# An xvmd that died leaves a domain without a master; the next one ends it.
check "It is started by hand" xvm service start
check "It runs" wait_for "service_is running" 60
left=$(service_field domid)
check "xvmd is killed" daemon_stop xvmd KILL
check "The next xvmd starts" service_xvmd
check "and ends what the last one left" wait_for "! xl list $left" 20
check "The guest ends" xvm destroy web
check_equal "There is one service domain, the new one's" 1 "$(service_domains)"
check "xvmd stops" daemon_stop xvmd
check_equal "and its service domain with it" 0 "$(service_domains)"

# The next domain made in advance: it holds its memory, and starts at once.
ledger apart
check "xvmd starts, to make service domains in advance" service_xvmd --service-idle 3s --service-standby
check "The first is started at power-on, and closed" wait_for "service_is off" 60
check "The next is made" wait_for '[ "$(service_field standby)" = ready ]' 60
check "It is paused" sh -c "xl list | grep '^xvm-service ' | grep -q -- '--p---'"
waits=$(xl list | awk '/^xvm-service / { print $2 }')
used=$(xl list | awk '/^xvm-service / { print $6 }')
sleep 5
check_equal "It takes no processor time [S-1]" "$used" "$(xl list | awk '/^xvm-service / { print $6 }')"
check "The first call is served [S-15]" elapsed xvm config list
figure "the first call with the domain made in advance" "$(cat /run/elapsed)" ms
figure "of it, until the service was ready" $(($(service_field start_us) / 1000)) ms
check_equal "by that domain" "$waits" "$(service_field domid)"
check_equal "There is one [S-15]" 1 "$(service_domains)"
check "It is closed [S-4]" wait_for "service_is off" 60
check "The next is made" wait_for '[ "$(service_field standby)" = ready ]' 60
check "It is killed from outside" xl destroy xvm-service
check "That is noticed" wait_for '[ "$(service_field standby)" = none ]' 20
check "The next request is served by another [S-21]" xvm config list
check_equal "There is one" 1 "$(service_domains)"
check "It is closed" wait_for "service_is off" 60
check "The next is on its way" wait_for '[ "$(service_domains)" = 1 ]' 20
check "A request that comes meanwhile is served by it [S-21]" xvm config list
check_equal "There is one" 1 "$(service_domains)"
check "It is closed" wait_for "service_is off" 60
check "The next is made" wait_for '[ "$(service_field standby)" = ready ]' 60
check "xvmd stops" daemon_stop xvmd
check_equal "and the domain with it" 0 "$(service_domains)"
check "Nothing is left [S-13]" ledger_same apart 20

# A start that cannot succeed.
check "xvmd starts with a pack that is none" daemon_start xvmd --service domain --service-pack "$KERNEL" \
    --service-disk /run/service.disk --service-root /run
check_not "A request is refused" sh -c "xvm config list 2>/run/why"
check "and told of which file" grep -q vmlinux /run/why
cat /run/why
check "It is off, and clean" wait_for "service_is off" 20
check_equal "No service domain" 0 "$(service_domains)"
check "xvmd stops" daemon_stop xvmd
