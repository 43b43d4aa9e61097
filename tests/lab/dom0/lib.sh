# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What a scenario is written with. Statements a check shows stand in brackets in its name:
#     check "A guest mounts its root from the pack [P-12]" guest_wait pv1 "root mounted" 60
. /payload/ledger.sh

KERNEL=/payload/guest/vmlinux
INITRD=/payload/guest/initrd.cpio
# dom0 stays on CPU 0; guests run beside it where there is a second one.
[ "$LAB_CLOCK" = icount ] && GUEST_CPU=0 || GUEST_CPU=1

# --- results ---------------------------------------------------------------------------------

_json() { # TEXT -> a JSON string, at most 4000 bytes of it
    printf '%s' "$1" | head -c 4000 | tr '\001-\010\013-\037\177' ' ' |
        sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/\\t/g' | awk '{ printf "%s%s", (NR > 1 ? "\\n" : ""), $0 }'
}

pass() { # NAME [DETAIL]
    printf '{"type":"check","name":"%s","ok":true,"detail":"%s"}\n' "$(_json "$1")" "$(_json "${2-}")" >&9
    echo "ok    $1"
}

fail() { # NAME [DETAIL]
    printf '{"type":"check","name":"%s","ok":false,"detail":"%s"}\n' "$(_json "$1")" "$(_json "${2-}")" >&9
    echo "FAIL  $1${2:+: $2}"
}

figure() { # NAME VALUE UNIT
    case $2 in
    '' | *[!0-9.]*)
        fail "$1 is a number" "it is '$2'"
        return 1
        ;;
    esac
    printf '{"type":"figure","name":"%s","value":%s,"unit":"%s"}\n' "$(_json "$1")" "$2" "$(_json "${3-}")" >&9
    echo "      $1: $2 ${3-}"
}

skip() { # REASON: ends the scenario as not possible here
    printf '{"type":"skip","detail":"%s"}\n' "$(_json "$1")" >&9
    echo "skip  $1"
    exit 0
}

note() { # TEXT: for whoever reads along
    echo "      $*"
}

check() { # NAME COMMAND...: passes if the command succeeds; its output is the detail if not
    _name=$1
    shift
    if _output=$("$@" 2>&1); then
        pass "$_name"
    else
        fail "$_name" "'$*' ended with $?: $_output"
        return 1
    fi
}

check_not() { # NAME COMMAND...: passes if the command fails
    _name=$1
    shift
    if _output=$("$@" 2>&1); then
        fail "$_name" "'$*' succeeded: $_output"
        return 1
    else
        pass "$_name"
    fi
}

check_equal() { # NAME WANTED GOT
    if [ "$2" = "$3" ]; then
        pass "$1"
    else
        fail "$1" "wanted '$2', got '$3'"
        return 1
    fi
}

# --- time ------------------------------------------------------------------------------------

now_ms() { # dom0's uptime; under the instruction clock the same in every run
    read -r _seconds _ </proc/uptime
    _hundredths=${_seconds#*.}
    echo "$((${_seconds%.*} * 1000 + ${_hundredths#0} * 10))"
}

wait_for() { # COMMAND TIMEOUT_S: until `sh`-evaluating COMMAND succeeds
    # Every fork is time taken from a guest on the same processor, so the clock is read without one.
    read -r _seconds _ </proc/uptime
    _end=$((${_seconds%.*} + $2))
    until eval "$1" >/dev/null 2>&1; do
        read -r _seconds _ </proc/uptime
        [ "${_seconds%.*}" -le "$_end" ] || {
            echo "'$1' did not succeed within $2 s"
            return 1
        }
        sleep 0.2
    done
}

# --- guests ----------------------------------------------------------------------------------

guest_initrd() { # OUT [SCRIPT [FILE:PATH...]]: the base RAM disk, with SCRIPT as /guest.sh and more files
    _out=$1
    _tree=$(mktemp -d)
    [ "${2-}" ] && cp "$2" "$_tree/guest.sh"
    shift
    [ $# -gt 0 ] && shift
    for _pair; do
        mkdir -p "$_tree/$(dirname "${_pair#*:}")"
        cp "${_pair%%:*}" "$_tree/${_pair#*:}"
    done
    # Two uncompressed archives, one after the other, are one to the kernel.
    { cat "$INITRD" && (cd "$_tree" && find . ! -name . | cpio -o -H newc 2>/dev/null); } >"$_out"
    rm -rf "$_tree"
}

guest_create() { # NAME pv|pvh [memory=MB] [initrd=FILE] [kernel=FILE] [extra=ARGS] [disk=SPEC]...: by xl
    _name=$1 _type=$2 _memory=128 _initrd=$INITRD _kernel=$KERNEL _extra='' _disks=''
    shift 2
    for _option; do
        case $_option in
        memory=*) _memory=${_option#*=} ;;
        initrd=*) _initrd=${_option#*=} ;;
        kernel=*) _kernel=${_option#*=} ;;
        extra=*) _extra=${_option#*=} ;;
        disk=*) _disks="$_disks'${_option#*=}', " ;;
        *)
            echo "guest_create: unknown option $_option"
            return 2
            ;;
        esac
    done
    cat >"/run/$_name.cfg" <<END
name = "$_name"
type = "$_type"
kernel = "$_kernel"
ramdisk = "$_initrd"
extra = "console=hvc0 loglevel=4 cryptomgr.notests $_extra"
memory = $_memory
maxmem = $_memory
vcpus = 1
cpus = "$GUEST_CPU"
disk = [ $_disks]
on_crash = "destroy"
END
    xl create "/run/$_name.cfg"
}

guest_log() { # NAME -> the file with what its console said
    echo "/var/log/xen/console/guest-$1.log"
}

guest_wait() { # NAME PATTERN TIMEOUT_S: until the guest's console shows the pattern (grep -E)
    wait_for "grep -Eq '$2' $(guest_log "$1")" "$3" || {
        tail -n 20 "$(guest_log "$1")"
        return 1
    }
}

guest_line() { # NAME PATTERN -> the last line that matches, without the end's carriage return
    grep -E "$2" "$(guest_log "$1")" | tail -n 1 | tr -d '\r'
}

guest_type() { # NAME COMMAND: into its console, as one who sits there would
    printf '%s\n' "$2" >"$(xenstore-read "/local/domain/$(xl domid "$1")/console/tty")"
}

guest_ask() { # NAME COMMAND SECONDS -> what it printed in lines that begin with "xvm:"
    _log=$(guest_log "$1")
    _from=$(($(wc -c <"$_log") + 1))
    guest_type "$1" "$2; echo xvm-end"
    # The command's own echo is no line that begins so.
    wait_for "tail -c +$_from $_log | grep -q '^xvm-end'" "$3" || return 1
    tail -c "+$_from" "$_log" | tr -d '\r' | grep -a '^xvm:'
}

field() { # NAME LINE -> the value of NAME=value in it
    printf '%s\n' "$2" | tr ' ' '\n' | sed -n "s/^$1=//p"
}

guest_destroy() { # NAME
    xl destroy "$1"
}

# --- our programs ----------------------------------------------------------------------------

daemon_start() { # xvm-blkd|xvmd [OPTION...]: until it serves; its log is /out/DAEMON.log
    _daemon=$1
    _log=/out/$_daemon.log
    touch "$_log"
    _before=$(wc -c <"$_log")
    setsid "$@" </dev/null >>"$_log" 2>&1 9>&- &
    case $_daemon in
    xvmd) wait_for "xvm list" 20 ;;
    xvm-memd) wait_for "tail -c +$((_before + 1)) $_log | grep -q 'ready; xvmd at'" 20 ;;
    *) wait_for "tail -c +$((_before + 1)) $_log | grep -q 'ready on'" 20 ;;
    esac || {
        tail -n 5 "$_log"
        return 1
    }
}

daemon_stop() { # xvm-blkd|xvmd [SIGNAL]: until it is gone
    _pids=$(pidof "$1") || return 0
    # shellcheck disable=SC2086
    kill -"${2-TERM}" $_pids
    wait_for "! pidof $1" 15
}

xvm_start() { # [OPTION-OF-XVMD...]: the block backend, then the broker
    daemon_start xvm-blkd && daemon_start xvmd "$@"
}

xvm_stop() {
    daemon_stop xvmd && daemon_stop xvm-blkd
}

xvm_store_lint() { # holds the live store against the schema
    xvm-store-lint
}

# --- the machine -----------------------------------------------------------------------------

scratch() { # -> directory of an empty 8 GiB ext4 file system on a disk of the lab
    grep -q ' /scratch ' /proc/mounts || mount -t ext4 /dev/lab/scratch /scratch || return 1
    echo /scratch
}

xenstore_trace() { # FILE: xenstored's requests from now on
    xenstore-control logfile "$1" && xenstore-control log on
}
