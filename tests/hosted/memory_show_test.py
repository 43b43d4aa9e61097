#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What xvm memory show and xvm memory explain tell, and what xvm-memd makes of it, on a make-believe machine.
Usage: memory_show_test.py XVM XVMD XVM_MEMD"""
import os
import signal
import subprocess
import sys
import time
import unittest

from memory_guests import MIB, Guests

XVM_MEMD = os.path.abspath(sys.argv[3])


class Memory(Guests):
    def setUp(self):
        super().setUp()
        for name in ("a", "b"):
            self.config(name)

    def shown(self, daemon, name):
        memory = self.told(daemon, "memory", "show")
        return memory, next(one for one in memory["domains"] if one["name"] == name)

    def memd(self, daemon, *options):
        return subprocess.run([XVM_MEMD, "--socket", daemon.socket, *options], capture_output=True, text=True, timeout=60)

    def test_show_tells_what_is_whose_and_why(self):
        with self.daemon() as daemon:
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
        with self.daemon() as daemon:
            self.did(daemon, "create", "a.toml")
            free = self.shown(daemon, "a")[0]["available_bytes"] // MIB
            self.assertIn("can be had now", self.did(daemon, "memory", "explain", f"{free}MiB"))
            some = self.did(daemon, "memory", "explain", f"{free + 32}MiB")
            self.assertIn("--reclaim", some)
            self.assertIn("'a' gives 32 MiB of 128 MiB; it keeps 96 MiB", some)
            said = self.told(daemon, "memory", "explain", f"{free + 65}MiB")
            self.assertEqual((said["fits"], said["reclaimable_bytes"], said["takes"]), ("no", 64 * MIB, []))
            self.assertIn("can be had now", self.did(daemon, "memory", "explain", "b.toml"))
            self.assertEqual(self.xvm(daemon, "memory", "explain", "none.toml").returncode, 3)
            self.assertEqual(self.xvm(daemon, "memory", "explain", "512").returncode, 2)
            self.assertIn("can be had", self.did(daemon, "memory", "explain"))

    def test_a_stock_guest_gets_back_what_it_gave(self):
        with self.daemon() as daemon:
            self.did(daemon, "create", "a.toml")
            self.did(daemon, "memory", "move", "a", "free", "48MiB")
            dry = self.memd(daemon, "--once", "--dry-run")
            self.assertEqual(dry.returncode, 0, dry.stderr)
            self.assertIn("would move 48 MiB from what is free to 'a'", dry.stderr)
            self.assertEqual(self.shown(daemon, "a")[1]["memory_bytes"], 80 * MIB)
            self.assertEqual(self.memd(daemon, "--once").returncode, 0)
            self.assertEqual(self.shown(daemon, "a")[1]["memory_bytes"], 128 * MIB)

    def test_the_daemon_hears_of_changes_and_ends_politely(self):
        with self.daemon() as daemon:
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
