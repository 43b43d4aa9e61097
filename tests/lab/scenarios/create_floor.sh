# SPDX-License-Identifier: Apache-2.0
# What create, list and the daemons cost, from one guest to a hundred, and what xl takes for the same.
# clock: icount
# timeout: 900
# long: a measurement
# needs: xvmd xvm-blkd xvm-timed xvm-memd xvm xvm-floor
# shellcheck shell=sh
FLOOR=/usr/lib/xvm-test/xvm-floor
GUESTS=100 # of xvm
PEERS=60   # of xl
SAMPLES="1 10 30 60 100"
ALL="xvmd xvm-blkd xvm-timed xvm-memd" # what the package starts

us() { # COMMAND...: microseconds from its start to its end; at rest before it
    sleep 0.3
    "$FLOOR" time "$@"
}

ms() { # MICROSECONDS -> with two places
    awk -v us="$1" 'BEGIN { printf "%.2f", us / 1000 }'
}

slope() { # FILE of "N MICROSECONDS" -> milliseconds for each guest more, by least squares
    awk '{ n++; x += $1; y += $2; xx += $1 * $1; xy += $1 * $2 }
        END { printf "%.4f", (n * xy - x * y) / (n * xx - x * x) / 1000 }' "$1" | sed 's/^-0\.0000$/0.0000/'
}

fit() { # FILE N -> milliseconds at N by the same line
    awk -v at="$2" '{ n++; x += $1; y += $2; xx += $1 * $1; xy += $1 * $2 }
        END { b = (n * xy - x * y) / (n * xx - x * x); printf "%.2f", ((y - b * x) / n + b * at) / 1000 }' "$1"
}

at() { # FILE N -> the milliseconds measured at N
    ms "$(awk -v n="$2" '$1 == n { print $2 }' "$1")"
}

pss() { # NAME... -> kB of all processes of these names together
    _sum=0
    for _name; do
        for _pid in $(pidof "$_name"); do
            _one=$(awk '/^Pss:/ { print $2 }' "/proc/$_pid/smaps_rollup")
            _sum=$((_sum + ${_one:-0}))
        done
    done
    echo "$_sum"
}

wakeups() { # NAME... -> how often their threads have gone to sleep so far
    for _name; do
        for _pid in $(pidof "$_name"); do cat "/proc/$_pid"/task/*/status; done
    done | awk '/^voluntary_ctxt_switches/ { sum += $2 } END { print sum + 0 }'
}

requests() { # COMMAND...: how many requests the store gets meanwhile; the trace goes to /out
    rm -f /run/trace
    xenstore-control logfile /run/trace >/dev/null && xenstore-control log on >/dev/null
    "$@" >/dev/null || return 1
    sleep 0.3
    xenstore-control log off >/dev/null
    # xenconsoled asks too, whoever creates.
    awk '$1 == "IN" && $5 != "CONTROL" { count[$2]++; all++ }
        $1 == "IN" && $5 == "WRITE" && /\/console\/tty/ { daemon = $2 }
        END { print all - count[daemon] }' /run/trace
    cp /run/trace "/out/requests-$1-$n"
}

guest() { # NAME [DISK] -> /run/NAME.toml
    printf 'name = "%s"\ntype = "pv"\nmemory = "8MiB"\nkernel = "/run/noop"\n' "$1" >"/run/$1.toml"
    [ -z "${2-}" ] || printf '[[disk]]\ndev = "xvda"\nraw = "%s"\nmode = "w"\n' "$2" >>"/run/$1.toml"
}

peer() { # NAME -> /run/NAME.cfg
    printf 'name = "%s"\ntype = "pv"\nmemory = 8\nkernel = "/run/noop"\nvcpus = 1\n' "$1" >"/run/$1.cfg"
}

destroy_all() { # xvm|xl PREFIX COUNT
    for i in $(seq 1 "$3"); do "$1" destroy "$2$i" >/dev/null 2>&1; done
}

create_to() { # FROM TO: xvm's guests, each create measured
    for i in $(seq "$1" "$2"); do
        guest "n$i"
        taken=$(us xvm create "/run/n$i.toml" --paused) || return 1
        echo "$i $taken" >>/run/xvm.times
    done
}

create_peers_to() { # FROM TO
    for i in $(seq "$1" "$2"); do
        peer "p$i"
        taken=$(us xl create -q -p "/run/p$i.cfg") || return 1
        echo "$i $taken" >>/run/xl.times
    done
}

request() { # NAME -> /run/NAME.http: what `xvm create --paused` sends
    {
        printf 'POST /v1/domains?source=/run/%s.toml&paused=1 HTTP/1.1\r\nHost: xvm\r\n' "$1"
        printf 'Content-Type: application/toml\r\nContent-Length: %d\r\n\r\n' "$(wc -c <"/run/$1.toml")"
        cat "/run/$1.toml"
    } >"/run/$1.http"
}

taken_in_daemon() { # NAME -> /run/asked: microseconds from the request's last byte to the answer's first
    guest "$1"
    request "$1"
    sleep 0.3
    "$FLOOR" ask /run/xvm/xvmd.sock "/run/$1.http" >/run/asked && grep -q ' 201 ' /run/asked
}

others_start() {
    daemon_start xvm-timed && daemon_start xvm-memd
}

others_stop() {
    daemon_stop xvm-memd && daemon_stop xvm-timed
}

at_rest() { # GUESTS DAEMON...: what they hold, and how often they wake up, when there was nothing to do for a minute
    guests=$1
    shift
    figure "daemons at N=$guests" "$(pss "$@")" kB
    for daemon; do
        figure "$daemon at N=$guests" "$(pss "$daemon")" kB
        cp "/proc/$(pidof "$daemon")/smaps" "/out/smaps-$daemon-$guests"
    done
    before=$(wakeups "$@")
    sleep 60
    figure "wake-ups in an idle minute at N=$guests" $(($(wakeups "$@") - before)) times
}

pool_hit() {
    check "A create is timed in the daemon" taken_in_daemon plain
    figure "create in the daemon" "$(ms "$(cut -d" " -f1 /run/asked)")" ms
    check "Shells are made ahead" xvm pool set 2 --memory 8MiB --type pv
    check "They are filled for guests like the last one" \
        wait_for "xvm pool show -o csv --columns filled --no-header | grep -qx 2" 5
    check "A guest of the pool is timed in the daemon" taken_in_daemon pooled
    figure "pool hit in the daemon" "$(ms "$(cut -d" " -f1 /run/asked)")" ms
    xvm destroy plain && xvm destroy pooled
    check "It was one of the pool's" sh -c 'xvm pool show -o csv --columns hits --no-header | grep -qx 1'
    xvm pool set 0 >/dev/null
}

xvm_sweep() {
    check "The kernel that does nothing is written" "$FLOOR" kernel /run/noop
    truncate -s 1M /run/disk
    guest warm /run/disk
    check "xvm-blkd and xvmd start" xvm_start
    # Once each, so that what is loaded and made once is loaded and made.
    check "A guest with a disk comes and goes" sh -c 'xvm create /run/warm.toml --paused && xvm destroy warm'
    peer warm
    check "A guest of xl's comes and goes" sh -c 'xl create -q -p /run/warm.cfg && xl destroy warm'

    check "xvm-timed and xvm-memd start" others_start
    sleep 65 # what was armed for the last call has gone off
    # shellcheck disable=SC2086
    at_rest 0 $ALL
    # Creates are measured without these two: they look at each guest that comes, after it came.
    check "xvm-timed and xvm-memd end" others_stop
    pool_hit
    figure "version by xvm" "$(ms "$(us xvm version --help)")" ms

    last=0
    : >/run/xvm.times
    for n in $SAMPLES; do
        check "xvm creates guests $((last + 1)) to $n" create_to $((last + 1)) "$n" || return 1
        last=$n
        figure "create at N=$n" "$(at /run/xvm.times "$n")" ms
        figure "list at N=$n" "$(ms "$(us xvm list)")" ms
        figure "xvmd and xvm-blkd, at work, at N=$n" "$(pss xvmd xvm-blkd)" kB
        figure "xenstored at N=$n" "$(pss xenstored)" kB
        guest disky /run/disk
        taken=$(us xvm create /run/disky.toml --paused) && figure "create with a disk at N=$n" "$(ms "$taken")" ms
        figure "destroy of it at N=$n" "$(ms "$(us xvm destroy disky)")" ms
        guest extra
        figure "store requests of a create at N=$n" "$(requests xvm create /run/extra.toml --paused)" requests
        xvm destroy extra >/dev/null
    done
    check "xvm-timed and xvm-memd start beside $n guests" others_start
    sleep 65
    # shellcheck disable=SC2086
    at_rest "$n" $ALL
    check "xvm-timed and xvm-memd end beside $n guests" others_stop
    figure "create: slope" "$(slope /run/xvm.times)" ms
    figure "create: fit at N=1" "$(fit /run/xvm.times 1)" ms
    figure "create: fit at N=$GUESTS" "$(fit /run/xvm.times $GUESTS)" ms
    cp /run/xvm.times /out
    destroy_all xvm n $GUESTS
    sleep 65
    figure "xvmd and xvm-blkd after $GUESTS guests" "$(pss xvmd xvm-blkd)" kB
}

xl_sweep() {
    last=0
    : >/run/xl.times
    for n in $SAMPLES; do
        [ "$n" -le $PEERS ] || break
        check "xl creates guests $((last + 1)) to $n" create_peers_to $((last + 1)) "$n" || return 1
        last=$n
        figure "xl create at N=$n" "$(at /run/xl.times "$n")" ms
        figure "xl list at N=$n" "$(ms "$(us xl list)")" ms
        figure "xl's daemons at N=$n" "$(pss xl)" kB
        peer extra
        figure "store requests of xl create at N=$n" "$(requests xl create -q -p /run/extra.cfg)" requests
        xl destroy extra
    done
    figure "xl create: slope" "$(slope /run/xl.times)" ms
    cp /run/xl.times /out
    destroy_all xl p $PEERS
}

xvm_sweep
check "The daemons end" xvm_stop
xl_sweep
