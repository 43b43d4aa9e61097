# SPDX-License-Identifier: Apache-2.0
# Guests ask about guests: what the rules allow is done, by the service started for it; the rest starts nothing.
# long: minutes of emulation; tests/unit/daemons/xvm-guestd shows the desk and its rules
# clock: icount
# timeout: 900
# needs: xvmd xvm xvm-pack xvm-guestd xvm-guest xvm-service-domain service.disk strip
. /usr/lib/xvm-test/service.inc

asker_toml() { # NAME: as guest_toml, with xvm-guest in it
    guest_toml "$1" pvh
    sed -i 's/entry = "initrd"/entry = "asker"/' "/run/$1.toml"
}

check "The service's pack is built" service_image
guest_toml web pvh
asker_toml panel
asker_toml stranger
check "A RAM disk with xvm-guest is made" guest_initrd /run/asker /payload/guest/guest_requests.guest.sh \
    /usr/lib/xvm/xvm-guest:/bin/xvm-guest
check "Guests' pack is built" xvm-pack build /run/boot.pack "vmlinux=$KERNEL" "initrd=$INITRD" asker=/run/asker
rm /run/asker
check "xvmd starts, with a service domain" service_xvmd --service-idle 3s
cat >/run/guests.toml <<'END'
[[allow]]
guest = "panel"
verbs = ["show", "pause", "unpause"]
targets = ["web"]
END
check "xvm-guestd starts" daemon_start xvm-guestd --rules /run/guests.toml
check "A guest is created" xvm create /run/web.toml
check "It boots" guest_wait web "xvm: up" 120
check "A guest that no rule names is created" xvm create /run/stranger.toml
check "It asks" guest_wait stranger "xvm: asked all" 200
check "The service that its create took is closed" wait_for "service_is off" 60
starts=$(service_field starts)
check "It asks again, now that the service is OFF" guest_wait stranger "xvm: asked again" 200
check_equal "What it asks for is refused [S-7]" "xvm: show 7 pause 7 destroy 7 self 7" "$(guest_line stranger 'xvm: show')"
check_equal "and the service is not started for it [S-7]" "off $starts" "$(service_field state) $(service_field starts)"
check_equal "and nothing was done" running "$(shown web state)"
check "It goes" xvm destroy stranger

# Xen's table of what dom0 maps has its most when a guest's channel and the service's are there together: once before.
check "One that may comes, and asks" xvm create /run/panel.toml
check "It has asked" guest_wait panel "xvm: asked all" 200
check "It goes" xvm destroy panel
rm "$(guest_log panel)"
check "The other runs again" xvm unpause web
check "The service is closed" wait_for "service_is off" 60
ledger before
check "A guest that may is created" xvm create /run/panel.toml
check "It asks" guest_wait panel "xvm: asked all" 200
check_equal "What it may is done, what it may not is not [S-5]" "xvm: show 0 pause 0 destroy 7 self 7" "$(guest_line panel 'xvm: show')"
check_equal "The guest that it paused is paused [S-5]" paused "$(shown web state)"
check "With no request any more the service is closed" wait_for "service_is off" 60
starts=$(service_field starts)
check "It asks again, with the service OFF" guest_wait panel "xvm: asked again" 200
check_equal "The service was started for it, once [S-14] [S-15]" $((starts + 1)) "$(service_field starts)"
check_equal "and what it asked for is done: the guest runs again [S-5]" running "$(shown web state)"
check "It goes" xvm destroy panel
check "The service is closed" wait_for "service_is off" 60
check "Nothing of their requests is left [S-13]" ledger_same before 20
check "xvm-guestd stops" daemon_stop xvm-guestd
check "The guest ends" xvm destroy web
check "xvmd stops" daemon_stop xvmd
