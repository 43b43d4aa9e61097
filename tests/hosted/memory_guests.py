# SPDX-License-Identifier: Apache-2.0
"""What tests of memory share: a make-believe machine of 4 GiB (1 GiB of it dom0's, 16 MiB kept for the host), guests
that balloon, and xvm as a user calls it."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mistakes"))
import hosted

PROGRAMS = hosted.Programs(**dict(zip(("xvm", "xvmd"), (os.path.abspath(path) for path in sys.argv[1:3]))),
                           xvm_pack="none", xvm_import="none")
MIB = 1 << 20


class Guests(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="xvm-memory.")
        self.addCleanup(shutil.rmtree, self.dir)
        with open(os.path.join(self.dir, "vmlinux"), "wb") as file:
            file.write(b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 64)

    def config(self, name, memory=128, most=256, least=64, mood="", more=""):
        """Of a guest; amounts in MiB. The mood is how it takes to being asked (daemons/xvmd/hosted_guests.hpp)."""
        with open(os.path.join(self.dir, name + ".toml"), "w") as file:
            file.write(f'name = "{name}"\ntype = "pv"\nkernel = "vmlinux"\nmemory = "{memory}MiB"\n'
                       f'memory_max = "{most}MiB"\nmemory_min = "{least}MiB"\ncommand_line = "{mood}"\n{more}')

    def daemon(self, *options):
        return hosted.Daemon(PROGRAMS, self.dir, "--hosted-guests", *options)

    def xvm(self, daemon, *words):
        return subprocess.run([PROGRAMS.xvm, *words, "--socket", daemon.socket], cwd=self.dir, capture_output=True,
                              text=True, timeout=120)

    def did(self, daemon, *words):
        ran = self.xvm(daemon, *words)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stdout

    def refused(self, ran, exit_code, *words):
        self.assertEqual(ran.returncode, exit_code, ran.stderr)
        for word in words:
            self.assertIn(word, ran.stderr.split("\n", 1)[0])

    def start(self, daemon, *names):
        for name in names:
            self.did(daemon, "create", name + ".toml")

    def told(self, daemon, *words):
        return json.loads(self.did(daemon, *words, "-o", "json"))
