# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# The world of a mistake on real Xen: what hosted.py is without it. Sourced by tests/lab/scenarios/mistakes.sh.
# What a tool printed lies in /out/mistakes/ID.TOOL: its exit code in the first line, then its output.
DIR=/run/mistakes
FLOOR=/usr/lib/xvm-test/xvm-floor

make_files() { # -> $DIR.base: what every mistake finds; hosted.py makes the same
    mkdir -p $DIR.base /out/mistakes && cd $DIR.base || return 1
    "$FLOOR" kernel vmlinux
    printf hello >text
    head -c 1048576 /dev/zero >disk.img
    xvm-pack build boot.pack vmlinux=vmlinux || return 1
    # The image begins after the index of 64 KiB.
    { head -c 70000 boot.pack && printf X && tail -c +70002 boot.pack; } >corrupt.pack
    head -c 69000 boot.pack >truncated.pack
    cd /
    grep -q ^nobody /etc/passwd || echo 'nobody:x:65534:65534:nobody:/:/bin/sh' >>/etc/passwd
}

begin() { # TEXT-IN-BASE64 FILE: the files as in the beginning, and the configuration
    rm -rf $DIR
    cp -a $DIR.base $DIR
    cd $DIR || return 1
    printf '%s' "$1" | base64 -d >"$2"
    : >/run/until_end
}

end() { # everything as before
    cd /
    . /run/until_end
    for domain in $(xl list | awk 'NR > 2 { print $1 }'); do
        xvm destroy "$domain" || xl destroy "$domain"
    done >/dev/null 2>&1
    xvm destroy gone >/dev/null 2>&1
    rm -rf /var/lib/xvm/configs
}

need() { # WORDS;WORDS...: makes the world so
    _all=$1
    while [ "$_all" ]; do
        _one=${_all%%;*}
        [ "$_one" = "$_all" ] && _all='' || _all=${_all#*;}
        # shellcheck disable=SC2086
        set -- $_one
        case $1 in
        blkd)
            daemon_start xvm-blkd
            echo 'daemon_stop xvm-blkd' >>/run/until_end
            ;;
        guest)
            printf 'name = "%s"\ntype = "pv"\nmemory = "8MiB"\nkernel = "vmlinux"\n' "$2" >running.toml
            xvm create running.toml
            ;;
        xl-guest)
            printf 'name = "%s"\ntype = "pv"\nmemory = 8\nkernel = "%s/vmlinux"\n' "$2" $DIR >running.cfg
            xl create -q running.cfg
            ;;
        no-xvmd)
            daemon_stop xvmd
            echo 'daemon_start xvmd' >>/run/until_end
            ;;
        no-xenstored-socket) export XENSTORED_PATH=/nowhere ;;
        no-block-script)
            mv /etc/xen/scripts/block /etc/xen/scripts/block.away
            echo 'mv /etc/xen/scripts/block.away /etc/xen/scripts/block' >>/run/until_end
            ;;
        as-nobody) as_nobody=1 ;;
        full-state)
            mkdir -p /var/lib/xvm
            mount -t tmpfs -o size=4k,nr_inodes=8 full /var/lib/xvm
            mkdir -p /var/lib/xvm/configs
            head -c 4096 /dev/zero >/var/lib/xvm/filler
            echo 'umount -l /var/lib/xvm' >>/run/until_end
            ;;
        *)
            echo "no such need: $_one"
            return 1
            ;;
        esac
    done
}

run() { # TOOL ID NEEDS PREPARE RUN: -> /out/mistakes/ID.TOOL
    as_nobody=
    (
        need "$3" || exit 1
        eval "$4" || exit 1
        # shellcheck disable=SC2086
        if [ "$as_nobody" ]; then
            chmod 755 $DIR
            timeout 120 su nobody -c "cd $DIR; $5"
        else
            timeout 120 sh -c "$5"
        fi >"/run/said" 2>&1
        echo "exit $?" >"/out/mistakes/$2.$1"
        cat /run/said >>"/out/mistakes/$2.$1"
    ) >/run/prepared 2>&1 || {
        echo "it cannot be prepared:"
        cat /run/prepared
        return 1
    }
}

golden() { # ID EXIT PATTERN
    _got=$(sed -n '1s/exit //p' "/out/mistakes/$1.xvm")
    _line=$(sed -n 2p "/out/mistakes/$1.xvm")
    [ "$_got" = "$2" ] || {
        echo "exit code $_got: $_line"
        return 1
    }
    # shellcheck disable=SC2254
    case $_line in
    $3) ;;
    *)
        echo "it said: $_line"
        return 1
        ;;
    esac
}

met() { # TOOL ID NEEDS PREPARE RUN: a check whose detail is what the tool said, for the score
    if _why=$(run "$@"); then
        pass "$2: $1 said" "$(cat "/out/mistakes/$2.$1")"
    else
        fail "$2: $1 said" "$_why"
    fi
}

of_xvm() { # ID NEEDS PREPARE RUN TEXT EXIT PATTERN
    begin "$5" guest.toml
    met xvm "$1" "$2" "$3" "$4" && check "$1: as it should" golden "$1" "$6" "$7"
    end
}

of_xl() { # ID NEEDS PREPARE RUN TEXT
    begin "$5" guest.cfg
    met xl "$1" "$2" "$3" "$4"
    end
}
