# SPDX-License-Identifier: Apache-2.0
"""The world of a mistake without Xen: the real programs, a make-believe machine, files in a directory of its own."""

import atexit
import contextlib
import fcntl
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import catalogue

STARTED_WITHIN_S = 30


class Programs:
    """The programs under test; `path` lets a shell find them by their names."""

    def __init__(self, **paths):
        self.directory = tempfile.mkdtemp(prefix="xvm-programs.")
        for name, path in paths.items():
            setattr(self, name, os.path.abspath(path))
            os.symlink(os.path.abspath(path), os.path.join(self.directory, name.replace("_", "-")))
        os.chmod(self.directory, 0o755)
        atexit.register(shutil.rmtree, self.directory, ignore_errors=True)


class Daemon:
    """xvmd without Xen, on a socket in `dir`; ends with the block."""

    def __init__(self, programs, dir, *options):
        self.programs = programs
        self.dir = dir
        self.socket = os.path.join(dir, "xvmd.sock")
        self.log = os.path.join(dir, "xvmd.log")
        self.command = [programs.xvmd, "--hosted", "--socket", self.socket, "--log-level", "debug",
                        "--block-socket", os.path.join(dir, "blkd.sock"), "--run-dir", os.path.join(dir, "run"),
                        "--state-dir", os.path.join(dir, "state"), *options]

    def __enter__(self):
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(self.command, stderr=log)
        deadline = time.monotonic() + STARTED_WITHIN_S
        while self.xvm("list").returncode == 8:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("xvmd does not start: " + open(self.log).read())
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.status = self.process.wait(timeout=60)

    def xvm(self, *words):
        """What the command did, in the daemon's directory."""
        return subprocess.run([self.programs.xvm, *words, "--socket", self.socket], cwd=self.dir, capture_output=True,
                              text=True, timeout=120)

    def json(self, *words):
        done = self.xvm(*words, "-o", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def ledger(self):
        """All that guests take from the machine."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.socket)
            client.sendall(b"GET /v1/hosted/ledger HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        return json.loads(answer.split(b"\r\n\r\n", 1)[1])


class Block_backend:
    """Something that answers where xvm-blkd would."""

    def __init__(self, dir):
        self.listener = socket.socket(socket.AF_UNIX)
        self.path = os.path.join(dir, "blkd.sock")
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                client.recv(4096)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)


def make_files(programs, dir):
    """What every mistake finds in its directory; world.sh makes the same in dom0."""
    def put(name, content):
        with open(os.path.join(dir, name), "wb") as file:
            file.write(content)

    # An ELF header for x86-64 and one segment are all that a make-believe machine looks at.
    header = bytes.fromhex("7f454c4602010100") + bytes(8) + b"\2\0\x3e\0\1\0\0\0"
    header += (0x100000).to_bytes(8, "little") + (64).to_bytes(8, "little") + bytes(8) + bytes(4)
    header += b"\x40\0\x38\0\1\0\0\0\0\0\0\0"
    content = bytes(range(256)) * 64
    segment = b"\1\0\0\0\5\0\0\0" + (120).to_bytes(8, "little") + 2 * (0x100000).to_bytes(8, "little")
    segment += 2 * len(content).to_bytes(8, "little") + (4096).to_bytes(8, "little")
    kernel = header + segment + content
    put("vmlinux", kernel)
    put("text", b"hello")
    put("disk.img", bytes(1 << 20))
    subprocess.run([programs.xvm_pack, "build", "boot.pack", "vmlinux=vmlinux"], cwd=dir, check=True,
                   capture_output=True)
    with open(os.path.join(dir, "boot.pack"), "rb") as file:
        pack = file.read()
    at = pack.index(kernel) + 5000
    put("corrupt.pack", pack[:at] + bytes([pack[at] ^ 1]) + pack[at + 1:])
    put("truncated.pack", pack[:pack.index(kernel) + 4096])


class World:
    """One mistake's: `with World(programs) as world: world.need(...); world.run(command)`."""

    def __init__(self, programs):
        self.programs = programs

    def __enter__(self):
        self.until = contextlib.ExitStack()
        self.dir = tempfile.mkdtemp(prefix="xvm-mistake.")
        self.until.callback(shutil.rmtree, self.dir)
        os.chmod(self.dir, 0o755)
        make_files(self.programs, self.dir)
        self.user = {}
        self.daemon = self.until.enter_context(Daemon(self.programs, self.dir))
        return self

    def __exit__(self, *_):
        self.until.close()

    def need(self, words):
        name, *args = words.split()
        getattr(self, "need_" + name.replace("-", "_"))(*args)

    def need_blkd(self):
        self.until.callback(Block_backend(self.dir).close)

    def need_lock(self, file):
        fcntl.flock(self.until.enter_context(open(os.path.join(self.dir, file), "r+b")), fcntl.LOCK_EX)

    def need_guest(self, name):
        with open(os.path.join(self.dir, "running.toml"), "w") as file:
            file.write(f'name = "{name}"\ntype = "pvh"\nmemory = "64MiB"\nkernel = "vmlinux"\n')
        code, said = self.run("xvm create running.toml")
        if code:
            raise RuntimeError(f"a guest is needed: {said}")

    def need_no_xvmd(self):
        self.daemon.__exit__()

    def need_as_nobody(self):
        self.user = {"user": 65534, "group": 65534, "extra_groups": []}

    def need_full_state(self):
        """A state directory on a file system of one page."""
        state = os.path.join(self.dir, "state")
        self.daemon.__exit__()
        os.makedirs(state, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,nr_inodes=8", "full", state], check=True)
        self.until.callback(subprocess.run, ["umount", "-l", state])
        self.daemon = self.until.enter_context(Daemon(self.programs, self.dir))
        os.makedirs(os.path.join(state, "configs"), exist_ok=True)
        with open(os.path.join(state, "filler"), "wb") as file:
            file.write(bytes(4096))

    @property
    def places(self):
        return {"dir": self.dir, "state": os.path.join(self.dir, "state")}

    def write(self, case):
        with open(os.path.join(self.dir, "guest.toml"), "wb") as file:
            file.write(case.text.replace(b"{dir}", self.dir.encode()))

    def prepare(self, case):
        self.write(case)
        for words in case.needs:
            self.need(words)
        if case.prepare:
            self.shell(case.prepare, check=True)

    def shell(self, script, **options):
        environment = dict(os.environ, XVM_SOCKET=self.daemon.socket, XVM_IMPORT=self.programs.xvm_import,
                           PATH=self.programs.directory + ":" + os.environ["PATH"])
        # The command asks this world's daemon unless it names another.
        words = 'xvm() { case "$*" in *--socket*) command xvm "$@";; *) command xvm "$@" --socket "$XVM_SOCKET";; esac; }\n'
        return subprocess.run(["sh", "-c", words + catalogue.in_place(script, self.places)], cwd=self.dir,
                              env=environment, capture_output=True, text=True, timeout=120, **self.user, **options)

    def run(self, command):
        """(exit code, standard error) of the command that is the mistake."""
        done = self.shell(command)
        return done.returncode, done.stderr
