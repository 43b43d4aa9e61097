# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What the machine holds, as sorted lines that can be compared: a leak is a line too many.
#
#     ledger before; …; check "Nothing is left [S-13]" ledger_same before 10
#
# Xen's and the daemons' own tables grow on first use and never shrink: take the first ledger after
# one guest of the kind has come and gone, then every later one is equal to the page.
#
#   domain   name, domid, memory         evtchn  dom0's ports by kind and peer (numbers left out)
#   store    every node, value, rights   grant   entries in use, by granting domain and mapper
#   pages    Xen's free pages            fd      open files of every daemon, by kind
#   loop     loop devices in use         map     its mappings of foreign memory
#                                        process the daemons themselves

LEDGERS=/out/ledger

ledger() { # NAME: writes /out/ledger/NAME
    mkdir -p $LEDGERS
    {
        xl list | awk 'NR > 1 { print "domain:", $1, $2, $3 }'
        xenstore-ls -fp / | sed 's/^/store: /'
        _xen_dump H "'H' pressed" | awk '/heap\[/ { free += $(NF - 1) } END { print "pages: free", free }'
        _xen_dump g "key 'g' pressed" | awk '
            /grant-table for remote/ { owner = $5 }
            / \[0x/ { print "grant: of " owner ", mapped by d" $3 }' | _counted
        lsevtchn 0 | sed -e 's/^ *[0-9]*: VCPU [0-9]*: /evtchn: /' -e 's/, Port [0-9]*//' | _counted
        losetup -a | sed 's/.*: /loop: /'
        _daemons
    } | sort >"$LEDGERS/$1"
}

ledger_diff() { # A B: succeeds if they are equal; else prints what came (+) and went (-)
    _difference=$(diff -U 0 "$LEDGERS/$1" "$LEDGERS/$2") && return 0
    echo "$_difference" | grep '^[-+][a-z]'
    return 1
}

ledger_same() { # A TIMEOUT_S: until a new ledger equals A; some is given back a moment after a guest's end
    read -r _seconds _ </proc/uptime
    _deadline=$((${_seconds%.*} + $2))
    until ledger "$1-after" && ledger_diff "$1" "$1-after" >/dev/null; do
        read -r _seconds _ </proc/uptime
        [ "${_seconds%.*}" -le "$_deadline" ] || break
        sleep 0.5
    done
    ledger_diff "$1" "$1-after"
}

_xen_dump() { # KEY MARK -> what Xen printed for that debug key
    xl debug-keys "$1"
    xl dmesg | awk -v mark="$2" 'index($0, mark) { text = "" } { text = text $0 "\n" } END { printf "%s", text }'
}

_counted() { # equal lines become one with a count
    sort | uniq -c | sed 's/^ *\([0-9]*\) \(.*\)/\2 x\1/'
}

_daemons() { # every process that is no busybox, i.e. no part of a script
    # One fork for all of them: hundreds would be seconds of emulation.
    _programs=$(ls -l /proc/[0-9]*/exe 2>/dev/null | sed -n 's,.* /proc/\([0-9]*\)/exe -> .*/\(.*\),\1 \2,p' | grep -v ' busybox$')
    _pids=$(echo "$_programs" | cut -d' ' -f1)
    {
        echo "$_programs"
        # shellcheck disable=SC2046
        ls -l $(echo "$_pids" | sed 's,.*,/proc/&/fd,') /dev/null
        # shellcheck disable=SC2046
        grep -o '/dev/xen/.*' $(echo "$_pids" | sed 's,.*,/proc/&/maps,') /dev/null
    } 2>/dev/null | awk '
        /^[0-9]+ / { name[$1] = $2; print "process: " $2 }
        /^\/proc\/[0-9]+\/fd:$/ { split($0, part, "/"); now = name[part[3]] }
        / -> / {
            sub(/.* -> /, "")
            sub(/\[[0-9]+\]$/, "")
            sub(/\/pts\/[0-9]+/, "/pts")
            print "fd: " now " " $0
        }
        /^\/proc\/[0-9]+\/maps:/ { split($0, part, "/"); sub(/^[^:]*:/, ""); print "map: " name[part[3]] " " $0 }' | _counted | _pooled
}

_pooled() { # what xvmd keeps for its workers grows as they are first used, and no further than this
    awk -v most=24 '
        /^(fd: (xvmd|xenstored) (socket|pipe):|map: xvmd \/dev\/xen\/hypercall) x[0-9]+$/ && substr($NF, 2) + 0 <= most {
            $NF = "x" most " at most"
        }
        { print }'
}
