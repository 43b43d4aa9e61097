# SPDX-License-Identifier: Apache-2.0
# A guest that ends on its own is restarted, kept or destroyed as its file says; xl's hand is seen; Ctrl-C leaves nothing.
# clock: icount
# timeout: 900
# long: tests/unit/daemons/xvmd and tests/hosted/toolstack_verbs_test.py show the same, hosted
# needs: xvmd xvm xvm-pack
. /usr/lib/xvm-test/create_guest.inc

toml() { # NAME LINE...: -> /run/NAME.toml
    cat >"/run/$1.toml" <<END
name = "$1"
type = "pv"
memory = "96MiB"
pin = $GUEST_CPU
kernel = "$KERNEL"
ramdisk = "$INITRD"
command_line = "console=hvc0 loglevel=4 cryptomgr.notests"
END
    _file=/run/$1.toml
    shift
    [ $# = 0 ] || printf '%s\n' "$@" >>"$_file"
}
up() { # NAME TIMES: it has come up so often
    wait_for "[ \$(grep -c 'xvm: up' $(guest_log "$1")) -ge $2 ]" 200 || {
        tail -n 5 "$(guest_log "$1")"
        return 1
    }
}
calls() { # VERB: how many are in the audit
    grep -c "\"verb\":\"$1\"" /var/log/xvm/audit.jsonl
}
quick_ends() { # a guest that has no init: its kernel panics at once
    sed -e 's/"web"/"doomed"/' -e '/^ramdisk/d' /run/web.toml >/run/doomed.toml
    echo 'on_crash = "restart"' >>/run/doomed.toml
    xvm create /run/doomed.toml
}

check "xvmd starts" daemon_start xvmd --read-only-socket /run/xvm/read.sock
toml web 'on_crash = "restart"'
check "A guest comes and goes" one_guest
xvm events -o jsonl >/run/events 2>/dev/null &
events=$!
sleep 1
ledger before

check "A guest starts" xvm create /run/web.toml
check "It is up" up web 1
first=$(shown web domid) uuid=$(shown web uuid)
guest_type web 'reboot -f'
check "It reboots itself, and is started again" up web 2
second=$(shown web domid)
check "in another domain" [ "$first" != "$second" ]
check_equal "with its uuid" "$uuid" "$(shown web uuid)"
guest_type web 'echo c >/proc/sysrq-trigger'
check "It crashes, and is started again, as its file says" up web 3
check "xvm reboot" xvm reboot web --timeout 60s
check "It is up after that, too" up web 4

check_equal "Its number, its uuid and its name are the same guest" "web web web" \
    "$(for id in "$(shown web domid)" "$(echo "$uuid" | tr a-f A-F)" web; do shown "$id" name; done | tr '\n' ' ' | sed 's/ $//')"
check "xl pauses it" xl pause web
check_equal "xvm sees that" paused "$(shown web state)"
check "xvm lets it go on" xvm unpause web
check "xvm wait" xvm wait "$uuid" running --timeout 5s
check "A reader sees it" xvm show web --socket /run/xvm/read.sock
check_not "and cannot end it" xvm destroy web --socket /run/xvm/read.sock
before_calls=$(calls pause)
xvm pause web && xvm unpause web
xvm pause nobody
check_equal "Each call that would change something is a line in the audit, also one that is refused" \
    $((before_calls + 2)) "$(calls pause)"

check "xvm rename" xvm rename web www
check_equal "xl knows the new name" "$(shown www domid)" "$(xl domid www)"
# Linux runs /sbin/poweroff when it is asked to go; the guest's RAM disk has no /sbin.
guest_type www 'mkdir -p /sbin; printf "#!/bin/sh\nexec /bin/poweroff -f\n" >/sbin/poweroff; chmod 755 /sbin/poweroff; echo has-power""off'
check "It can power itself off" wait_for "grep -q has-poweroff $(guest_log web)" 30
check "xvm shutdown" xvm shutdown www --timeout 60s
check_not "It is gone" xvm show www
rm "$(guest_log web)"
check "Nothing is left of all its lives" ledger_same before 15

toml web
check "One that crashes and is to be kept, as is usual, starts" xvm create /run/web.toml
check "It is up" up web 1
guest_type web 'echo c >/proc/sysrq-trigger'
check "It crashes, and is kept" xvm wait web crashed --timeout 60s
check "xvm destroy" xvm destroy web
rm "$(guest_log web)"
check "Nothing is left" ledger_same before 15

check "A guest is created paused" xvm create /run/web.toml --paused
check "xl destroys it" xl destroy web
check_not "xvm does not call it running" sh -c 'xvm list -o csv --no-header | grep -q ",web,.*,running"'
xvm list
xvm destroy web
check "and its name is free again" xvm create /run/web.toml --paused
check "xvm destroy" xvm destroy web
check "Nothing is left of what xl destroyed" ledger_same before 15

check "A guest that ends as soon as it starts is created" quick_ends
check "After some starts in a row it is kept" wait_for "grep -q domain-kept /run/events" 300
check "as it ended" sh -c 'xvm list -o csv --no-header | grep doomed | grep -q crashed'
xvm list
check "xvm destroy" xvm destroy doomed
rm -f "$(guest_log doomed)"
check "Nothing is left of it" ledger_same before 15

# Some way into it, as a rule: the kernel's file alone takes long to read. One that was done in time goes.
cut_off() { # SIGNAL SECONDS
    xvm create /run/web.toml &
    sleep "$2"
    kill -s "$1" $!
    if wait $!; then
        xvm destroy web
    else
        echo "$1 $2" >>/run/cut
        wait_for "! xvm show web" 30
    fi
}
for signal in INT TERM KILL; do
    for seconds in 0.05 0.2; do
        check "Cut off by $signal after $seconds s, a create leaves no guest" cut_off $signal $seconds
        check "and nothing else" ledger_same before 15
    done
done
check "Creates were cut off, not all done in time" test -s /run/cut
kill $events
for kind in domain-started domain-stopped domain-gone operation-done; do
    check "The stream of events told of $kind" grep -q "\"kind\":\"$kind\"" /run/events
done
check "The store is as the schema says" xvm_store_lint
