# SPDX-License-Identifier: Apache-2.0
# What a user can get wrong on real Xen: the first line says it, the exit code is right, nothing is left.
# clock: icount
# timeout: 300
# needs: xvmd xvm xvm-blkd xvm-pack
cat >/run/head.toml <<END
name = "web"
type = "pv"
memory = "128MiB"
pin = $GUEST_CPU
END
check "A pack is built in dom0" xvm-pack build /run/boot.pack "vmlinux=$KERNEL"

refused() { # EXIT FIRST-LINE ARG...: xvm is refused with that code, and says that
    _code=$1
    _line=$2
    shift 2
    _said=$(xvm "$@" 2>&1 >/dev/null)
    _got=$?
    _said=$(printf '%s\n' "$_said" | head -n 1)
    [ "$_got" = "$_code" ] || {
        echo "exit code $_got: $_said"
        return 1
    }
    case $_said in
    $_line) ;;
    *)
        echo "it said: $_said"
        return 1
        ;;
    esac
}
guest() { # LINE...: /run/guest.toml with these after the head
    cp /run/head.toml /run/guest.toml
    printf '%s\n' "$@" >>/run/guest.toml
}

guest 'kernel = "boot.pack:vmlinux"'
check "Daemon not running" refused 8 "xvm: xvmd: not running *; start it: systemctl start xvmd" create /run/guest.toml
check "xvmd starts" daemon_start xvmd
come_and_go() {
    xvm create /run/guest.toml && xvm destroy web
}
check "A guest comes and goes" come_and_go
check "and again" come_and_go
ledger before

check "A second xvmd is refused" sh -c 'xvmd 2>/run/second; [ $? = 4 ] && grep -q "already running (pid" /run/second'

guest 'kernel = "boot.pack:vmlinux"' 'vcpsu = 1'
check "Misspelt key" refused 2 "xvm: /run/guest.toml:6:1: unknown key 'vcpsu'; did you mean 'vcpus'[?]" create /run/guest.toml
guest 'kernel = "vmlinuz"'
check "Missing kernel" refused 3 "xvm: /run/guest.toml:*: kernel: /run/vmlinuz: cannot open: No such file*" create /run/guest.toml
guest 'kernel = "boot.pack:vmlinxu"'
check "Pack entry not found" refused 3 "xvm: /run/guest.toml:*: kernel: /run/boot.pack: *did you mean 'vmlinux'[?]" create /run/guest.toml
head -c 1000000 /run/boot.pack >/run/short.pack
guest 'kernel = "short.pack:vmlinux"'
check "Truncated pack [P-11]" refused 1 "xvm: /run/guest.toml:*: kernel: /run/short.pack: *vmlinux*" create /run/guest.toml
{
    head -c 900000 /run/boot.pack
    printf 'X'
    tail -c +900002 /run/boot.pack
} >/run/corrupt.pack
guest 'kernel = "corrupt.pack:vmlinux"'
check "Corrupt pack [P-10]" refused 1 "xvm: /run/guest.toml:*: kernel: /run/corrupt.pack: *" create /run/guest.toml
rm /run/corrupt.pack
head -c 100000 /dev/urandom >/run/noise
guest 'kernel = "noise"'
check "A kernel that is none" refused 2 "xvm: /run/guest.toml:*: kernel: /run/noise: *" create /run/guest.toml
{
    printf '\177ELF\002\001\001'
    head -c 100000 /dev/zero
} >/run/hollow
guest 'kernel = "hollow"'
check "An ELF file with nothing in it" refused 2 "xvm: *" create /run/guest.toml
guest 'kernel = "boot.pack:vmlinux"' '[[disk]]' 'dev = "xvda"' 'pack = "boot.pack"'
check "No xvm-blkd" refused 8 "xvm: xvm-blkd: not running *; start it: systemctl start xvm-blkd" create /run/guest.toml
sed -i 's/128MiB/64GiB/' /run/guest.toml
check "Not enough memory" refused 5 "xvm: /run/guest.toml:*: domain 'web': needs 64GiB of memory, * are free; *" create /run/guest.toml
check "Nothing is left of all that" ledger_same before 10

guest 'kernel = "boot.pack:vmlinux"'
check "A guest is created" xvm create /run/guest.toml --paused
check "Name taken" refused 4 "xvm: /run/guest.toml:*: domain 'web': the name is taken (by domain *, paused); *" create /run/guest.toml
check "Another's name" refused 3 "xvm: domain 'wbe': no such domain; did you mean 'web'[?]" destroy wbe
check "The guest is destroyed" xvm destroy web
check "A guest that xl started is not xvm's to destroy" guest_create stranger pv
check "so it is refused" refused 7 "xvm: domain 'stranger': was not started by xvm; *" destroy stranger
xl destroy stranger
check "Nothing is left at the end" ledger_same before 10
