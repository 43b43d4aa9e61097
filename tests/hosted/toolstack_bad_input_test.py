#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The real xvm and xvmd on a make-believe machine: a guest comes and goes, fails at each step, and what a user
gets wrong beside the catalogue of tests/mistakes; the machine is as before.
Usage: toolstack_bad_input_test.py XVM XVMD XVM_PACK XVM_IMPORT"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mistakes"))
import hosted

PROGRAMS = hosted.Programs(**dict(zip(("xvm", "xvmd", "xvm_pack", "xvm_import"), sys.argv[1:5])))
GUEST = 'name = "web"\ntype = "pvh"\nmemory = "64MiB"\nkernel = "vmlinux"\n'
counted = {"refusals": 0, "steps failed": 0}


def Daemon(dir, *options):
    return hosted.Daemon(PROGRAMS, dir, *options)


def xvm(socket_path, *args, cwd=None):
    return subprocess.run([PROGRAMS.xvm, *args, "--socket", socket_path], cwd=cwd, capture_output=True, text=True,
                          timeout=120)


class Toolstack(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="xvm-hosted.")
        self.addCleanup(shutil.rmtree, self.dir)
        hosted.make_files(PROGRAMS, self.dir)

    def write_config(self, text):
        with open(os.path.join(self.dir, "guest.toml"), "w") as file:
            file.write(text)

    def test_create_fails_after_each_step(self):
        self.write_config(GUEST + "pin = 1\n")
        for step in ["check-name", "check-host", "load-images", "create-domain", "pin", "write-private",
                     "keep-guest", "build",
                     "write-guest", "introduce", "unpause"]:
            with self.subTest(step), Daemon(self.dir, "--fail-at", step) as daemon:
                before = daemon.ledger()
                ran = xvm(daemon.socket, "create", "guest.toml", cwd=self.dir)
                self.assertEqual(ran.stderr, f"xvm: step {step}: failed on purpose (--fail-at); start xvmd without it\n")
                self.assertEqual(ran.returncode, 1)
                self.assertEqual(before, daemon.ledger())
                counted["steps failed"] += 1

    def test_a_guest_comes_and_goes(self):
        self.write_config(GUEST)
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
        self.write_config(GUEST)
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
        ran = subprocess.run([PROGRAMS.xvmd, "--socket", path], capture_output=True, text=True, timeout=60)
        self.assertEqual(ran.returncode, 8, ran.stderr)
        self.assertEqual(ran.stderr.count("\n"), 1, ran.stderr)
        self.assertFalse(os.path.exists(path))
        counted["refusals"] += 1


if __name__ == "__main__":
    program = unittest.main(argv=sys.argv[:1], exit=False)
    print(", ".join(f"{value} {what}" for what, value in counted.items()))
    sys.exit(not program.result.wasSuccessful())
