#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Everything that a user can get wrong, with the real xvm and xvmd on a make-believe machine: the first
line names object, cause and remedy, the exit code is right, and the machine is as before.
Usage: toolstack_bad_input_test.py XVM XVMD XVM_PACK TABLE"""
import contextlib
import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import unittest

XVM, XVMD, XVM_PACK, TABLE = (os.path.abspath(path) for path in sys.argv[1:5])
STARTED_WITHIN_S = 30
counted = {"refusals": 0, "ledgers compared": 0, "steps failed": 0}

with open(TABLE, "rb") as table:
    TABLE = tomllib.load(table)


class Daemon:
    """xvmd without Xen, on a socket in `dir`; ends with the block."""

    def __init__(self, dir, *options):
        self.socket = os.path.join(dir, "xvmd.sock")
        self.log = os.path.join(dir, "xvmd.log")
        self.command = [XVMD, "--hosted", "--socket", self.socket, "--log-level", "debug",
                        "--block-socket", os.path.join(dir, "blkd.sock"), *options]

    def __enter__(self):
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(self.command, stderr=log)
        deadline = time.monotonic() + STARTED_WITHIN_S
        while xvm(self.socket, "list").returncode == 8:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("xvmd does not start: " + open(self.log).read())
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.status = self.process.wait(timeout=60)

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


def xvm(socket_path, *args, cwd=None):
    return subprocess.run([XVM, *args, "--socket", socket_path], cwd=cwd, capture_output=True, text=True,
                          timeout=120)


def make_files(dir):
    def put(name, content):
        with open(os.path.join(dir, name), "wb") as file:
            file.write(content)

    # An ELF header is all that a make-believe machine looks at.
    kernel = b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 64
    put("vmlinux", kernel)
    put("text", b"hello")
    put("disk.img", bytes(1 << 20))
    subprocess.run([XVM_PACK, "build", "boot.pack", "vmlinux=vmlinux"], cwd=dir, check=True, capture_output=True)
    with open(os.path.join(dir, "boot.pack"), "rb") as file:
        pack = file.read()
    at = pack.index(kernel) + 5000
    put("corrupt.pack", pack[:at] + bytes([pack[at] ^ 1]) + pack[at + 1:])
    put("nomagic.pack", b"XXXX" + pack[4:])
    put("truncated.pack", pack[:pack.index(kernel) + 4096])


class Toolstack(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="xvm-hosted.")
        self.addCleanup(shutil.rmtree, self.dir)
        make_files(self.dir)

    def write_config(self, text):
        with open(os.path.join(self.dir, "guest.toml"), "w") as file:
            file.write(text)

    def prepare(self, daemon, setup, until):
        if "blkd" in setup:
            until.callback(Block_backend(self.dir).close)
        if "lock" in setup:
            disk = until.enter_context(open(os.path.join(self.dir, "disk.img"), "r+b"))
            fcntl.flock(disk, fcntl.LOCK_EX)
        if "guest" in setup:
            self.write_config(TABLE["base"]["kernel"].lstrip("\n"))
            made = xvm(daemon.socket, "create", "guest.toml", "--name", "first", cwd=self.dir)
            self.assertEqual(made.returncode, 0, made.stderr)

    def check_refusal(self, case, ran):
        def text(key):
            return case[key].replace("{dir}", self.dir)

        first = ran.stderr.split("\n", 1)[0]
        if "said" in case:
            self.assertEqual(first, text("said"))
        if "said_starts" in case:
            self.assertTrue(first.startswith(text("said_starts")), first)
        if "said_ends" in case:
            self.assertTrue(first.endswith(text("said_ends")), first)
        self.assertEqual(ran.returncode, case["exit"], ran.stderr)
        counted["refusals"] += 1

    def test_table(self):
        for case in TABLE["case"]:
            with self.subTest(case["name"]):
                self.run_case(case)

    def run_case(self, case):
        with Daemon(self.dir) as daemon, contextlib.ExitStack() as until:
            self.prepare(daemon, case.get("setup", []), until)
            base = TABLE["base"].get(case.get("base", ""), "")
            self.write_config(base.lstrip("\n") + case.get("config", "").lstrip("\n"))
            before = daemon.ledger()
            ran = xvm(daemon.socket, *case.get("args", ["create", "guest.toml"]), cwd=self.dir)
            self.check_refusal(case, ran)
            self.assertEqual(before, daemon.ledger())
            counted["ledgers compared"] += 1

    def test_create_fails_after_each_step(self):
        self.write_config(TABLE["base"]["kernel"].lstrip("\n") + "pin = 1\n")
        for step in ["check-name", "check-host", "load-images", "create-domain", "pin", "write-private", "build",
                     "write-guest", "introduce", "unpause"]:
            with self.subTest(step), Daemon(self.dir, "--fail-at", step) as daemon:
                before = daemon.ledger()
                ran = xvm(daemon.socket, "create", "guest.toml", cwd=self.dir)
                self.assertEqual(ran.stderr, f"xvm: step {step}: failed on purpose (--fail-at); start xvmd without it\n")
                self.assertEqual(ran.returncode, 1)
                self.assertEqual(before, daemon.ledger())
                counted["steps failed"] += 1

    def test_a_guest_comes_and_goes(self):
        self.write_config(TABLE["base"]["kernel"].lstrip("\n"))
        with Daemon(self.dir) as daemon:
            before = daemon.ledger()
            made = xvm(daemon.socket, "create", "guest.toml", "-o", "json", cwd=self.dir)
            self.assertEqual(made.returncode, 0, made.stderr)
            guest = json.loads(made.stdout)
            self.assertEqual((guest["schema"], guest["name"], guest["state"]), ("xvm.domain/1", "web", "running"))
            self.assertNotEqual(before, daemon.ledger())
            listed = xvm(daemon.socket, "list").stdout.splitlines()
            self.assertEqual([line.split()[:4] for line in listed],
                             [["ID", "NAME", "TYPE", "STATE"], ["0", "Domain-0", "pv", "running"],
                              ["1", "web", "pvh", "running"]])
            for id in ["web", "1", guest["uuid"]]:
                self.assertIn(guest["uuid"], xvm(daemon.socket, "show", id).stdout)
            self.assertEqual(xvm(daemon.socket, "destroy", "web").stdout, "domain 'web' is destroyed, number 1\n")
            self.assertEqual(before, daemon.ledger())
        self.assertEqual(daemon.status, 0)

    def test_paused_stays_paused(self):
        self.write_config(TABLE["base"]["kernel"].lstrip("\n"))
        with Daemon(self.dir) as daemon:
            made = xvm(daemon.socket, "create", "guest.toml", "--paused", cwd=self.dir)
            self.assertEqual(made.stdout, "domain 'web' is paused, number 1\n")

    def test_several_mistakes_are_all_told(self):
        self.write_config('name = "web"\ntype = "vm"\nmemory = "x"\n')
        with Daemon(self.dir) as daemon:
            ran = xvm(daemon.socket, "create", "guest.toml", "-o", "json", cwd=self.dir)
        self.assertEqual([line.split(": ")[1] for line in ran.stderr.splitlines()],
                         [f"{self.dir}/guest.toml:2:8", f"{self.dir}/guest.toml:3:10", f"{self.dir}/guest.toml"])
        told = json.loads(ran.stdout)
        self.assertEqual((told["schema"], told["exit_code"], len(told["more"])), ("xvm.error/1", 2, 2))

    def test_no_daemon(self):
        path = os.path.join(self.dir, "none.sock")
        for args in [["list"], ["create", "vmlinux"], ["destroy", "web"], ["show", "web"], ["console", "web"],
                     ["disk", "stats", "web"], ["info"]]:
            ran = xvm(path, *args, cwd=self.dir)
            self.assertEqual(ran.stderr, f"xvm: xvmd: not running (nobody listens on {path}); "
                                         "start it: systemctl start xvmd\n")
            self.assertEqual(ran.returncode, 8)
            counted["refusals"] += 1

    def test_one_daemon_a_socket(self):
        with Daemon(self.dir) as daemon:
            second = subprocess.run(daemon.command, capture_output=True, text=True, timeout=60)
            self.assertEqual(second.stderr, f"xvmd: xvmd: already running (pid {daemon.process.pid} holds "
                                            f"{daemon.socket}.lock); stop that one first, or give another --socket\n")
            self.assertEqual(second.returncode, 4)
            counted["refusals"] += 1
        # One that was killed leaves its socket file; the next takes it over.
        with Daemon(self.dir) as daemon:
            daemon.process.kill()
            daemon.process.wait()
            self.assertTrue(os.path.exists(daemon.socket))
            with Daemon(self.dir) as next_one:
                self.assertEqual(xvm(next_one.socket, "list").returncode, 0)

    @unittest.skipIf(os.path.exists("/proc/xen/capabilities"), "there is Xen here")
    def test_no_xen(self):
        path = os.path.join(self.dir, "xvmd.sock")
        ran = subprocess.run([XVMD, "--socket", path], capture_output=True, text=True, timeout=60)
        self.assertEqual(ran.returncode, 8, ran.stderr)
        self.assertEqual(ran.stderr.count("\n"), 1, ran.stderr)
        self.assertFalse(os.path.exists(path))
        counted["refusals"] += 1


if __name__ == "__main__":
    program = unittest.main(argv=sys.argv[:1], exit=False)
    print(", ".join(f"{value} {what}" for what, value in counted.items()))
    sys.exit(not program.result.wasSuccessful())
