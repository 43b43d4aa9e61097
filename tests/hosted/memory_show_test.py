#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What xvm memory show and xvm memory explain tell, and what xvm-memd makes of it, on a make-believe machine.
Usage: memory_show_test.py XVM XVMD XVM_MEMD"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mistakes"))
import hosted

XVM_MEMD = os.path.abspath(sys.argv[3])
PROGRAMS = hosted.Programs(**dict(zip(("xvm", "xvmd"), (os.path.abspath(path) for path in sys.argv[1:3]))),
                           xvm_pack="none", xvm_import="none")
MIB = 1 << 20


class Memory(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="xvm-memory.")
        self.addCleanup(shutil.rmtree, self.dir)
        with open(os.path.join(self.dir, "vmlinux"), "wb") as file:
            file.write(b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 64)
        for name in ("a", "b"):
            with open(os.path.join(self.dir, name + ".toml"), "w") as file:
                file.write(f'name = "{name}"\ntype = "pv"\nkernel = "vmlinux"\nmemory = "128MiB"\n'
                           'memory_max = "256MiB"\nmemory_min = "64MiB"\n')

    def xvm(self, daemon, *words):
        return subprocess.run([PROGRAMS.xvm, *words, "--socket", daemon.socket], cwd=self.dir, capture_output=True,
                              text=True, timeout=120)

    def did(self, daemon, *words):
        ran = self.xvm(daemon, *words)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stdout

    def shown(self, daemon, name):
        memory = json.loads(self.did(daemon, "memory", "show", "-o", "json"))
        return memory, next(one for one in memory["domains"] if one["name"] == name)

    def memd(self, daemon, *options):
        return subprocess.run([XVM_MEMD, "--socket", daemon.socket, *options], capture_output=True, text=True, timeout=60)

    def test_show_tells_what_is_whose_and_why(self):
        with hosted.Daemon(PROGRAMS, self.dir, "--hosted-guests") as daemon:
            self.did(daemon, "create", "a.toml")
            self.did(daemon, "create", "b.toml", "--paused")
            memory, a = self.shown(daemon, "a")
            self.assertEqual(memory["available_bytes"],
                             memory["free_bytes"] - memory["host_reserve_bytes"] - memory["promised_bytes"])
            self.assertEqual((a["memory_bytes"], a["memory_min_bytes"], a["memory_max_bytes"], a["memory_home_bytes"]),
                             (128 * MIB, 64 * MIB, 256 * MIB, 128 * MIB))
            self.assertEqual(a["movable"], "yes")
            self.assertEqual(self.shown(daemon, "b")[1]["movable"], "paused")
            picture = self.did(daemon, "memory", "show", "--picture")
            self.assertTrue(picture.startswith("host  "), picture)
            self.assertIn("paused", picture)
            self.assertNotIn("\033", picture)
            self.assertIn("NAME", self.did(daemon, "memory", "show"))

    def test_explain_tells_why_it_fits_or_not(self):
        with hosted.Daemon(PROGRAMS, self.dir, "--hosted-guests") as daemon:
            self.did(daemon, "create", "a.toml")
            free = self.shown(daemon, "a")[0]["available_bytes"] // MIB
            self.assertIn("can be had now", self.did(daemon, "memory", "explain", f"{free}MiB"))
            some = self.did(daemon, "memory", "explain", f"{free + 32}MiB")
            self.assertIn("--reclaim", some)
            self.assertIn("'a' gives 32 MiB of 128 MiB; it keeps 96 MiB", some)
            said = json.loads(self.did(daemon, "memory", "explain", f"{free + 65}MiB", "-o", "json"))
            self.assertEqual((said["fits"], said["reclaimable_bytes"], said["takes"]), ("no", 64 * MIB, []))
            self.assertIn("can be had now", self.did(daemon, "memory", "explain", "b.toml"))
            self.assertEqual(self.xvm(daemon, "memory", "explain", "none.toml").returncode, 3)
            self.assertEqual(self.xvm(daemon, "memory", "explain", "512").returncode, 2)
            self.assertIn("can be had", self.did(daemon, "memory", "explain"))

    def test_a_stock_guest_gets_back_what_it_gave(self):
        with hosted.Daemon(PROGRAMS, self.dir, "--hosted-guests") as daemon:
            self.did(daemon, "create", "a.toml")
            self.did(daemon, "memory", "move", "a", "free", "48MiB")
            dry = self.memd(daemon, "--once", "--dry-run")
            self.assertEqual(dry.returncode, 0, dry.stderr)
            self.assertIn("would move 48 MiB from what is free to 'a'", dry.stderr)
            self.assertEqual(self.shown(daemon, "a")[1]["memory_bytes"], 80 * MIB)
            self.assertEqual(self.memd(daemon, "--once").returncode, 0)
            self.assertEqual(self.shown(daemon, "a")[1]["memory_bytes"], 128 * MIB)

    def test_the_daemon_hears_of_changes_and_ends_politely(self):
        with hosted.Daemon(PROGRAMS, self.dir, "--hosted-guests") as daemon:
            memd = subprocess.Popen([XVM_MEMD, "--socket", daemon.socket], stderr=subprocess.PIPE, text=True)
            try:
                self.did(daemon, "create", "a.toml")
                self.did(daemon, "memory", "move", "a", "free", "48MiB")
                until = time.monotonic() + 30  # the event of the move wakes it, not a clock
                while self.shown(daemon, "a")[1]["memory_bytes"] != 128 * MIB:
                    self.assertLess(time.monotonic(), until)
                    time.sleep(0.1)
            finally:
                memd.send_signal(signal.SIGTERM)
                log = memd.communicate(timeout=30)[1]
            self.assertEqual(memd.returncode, 0, log)

    def test_without_xvmd_it_says_so_once_and_a_single_look_fails(self):
        ran = subprocess.run([XVM_MEMD, "--socket", os.path.join(self.dir, "none.sock"), "--once"], capture_output=True,
                             text=True, timeout=60)
        self.assertEqual(ran.returncode, 8)
        self.assertIn("xvmd", ran.stderr)
        self.assertEqual(subprocess.run([XVM_MEMD, "--wrong"], capture_output=True, timeout=60).returncode, 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
