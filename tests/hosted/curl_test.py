#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""[S-14] What the documents say of curl is so: each command in docs/rest.md and docs/service.md runs, in order, and answers
as it says there. Usage: curl_test.py XVM XVMD XVM_SERVICE DOCS"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mistakes"))
import hosted

PROGRAMS = hosted.Programs(xvm=sys.argv[1], xvmd=sys.argv[2])
SERVICE = os.path.abspath(sys.argv[3])
DOCS = os.path.abspath(sys.argv[4])
GUEST = 'name = "web"\ntype = "pvh"\nmemory = "64MiB"\nkernel = "vmlinux"\n'


def examples(name):
    """(command, how its answer begins) of each line of a document that is indented and calls curl."""
    with open(os.path.join(DOCS, name)) as file:
        lines = [line[4:].rstrip("\n") if line.startswith("    ") else "" for line in file]
    for line, following in zip(lines, lines[1:] + [""]):
        if re.match(r"(timeout \d+ )?curl ", line):
            yield line, following if following.startswith("{") else ""


@unittest.skipUnless(shutil.which("curl"), "no curl")
class Curl(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="xvm-curl.")
        self.addCleanup(shutil.rmtree, self.dir)
        with open(os.path.join(self.dir, "vmlinux"), "wb") as file:
            file.write(b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 64)
        with open(os.path.join(self.dir, "web.toml"), "w") as file:
            file.write(GUEST)
        self.daemon = hosted.Daemon(PROGRAMS, self.dir, "--hosted-guests", "--service", "process", "--service-program",
                                    SERVICE, "--service-patience", "60s", "--web", "0")
        self.daemon.__enter__()
        self.addCleanup(self.daemon.__exit__)
        with open(self.daemon.log) as log:
            self.port = re.search(r"http://127\.0\.0\.1:(\d+)/", log.read())[1]

    def here(self, command):
        """The command, with this daemon's places for those of an installed one."""
        for there, here in (("/run/xvm/xvmd.sock", self.daemon.socket), ("/run/xvm/", os.path.join(self.dir, "run", "")),
                            ("/srv/", os.path.join(self.dir, "")), (":8006/", f":{self.port}/")):
            command = command.replace(there, here)
        return command

    def run_all(self, name, at_least):
        ran = 0
        for command, begins in examples(name):
            done = subprocess.run(["bash", "-c", self.here(command)], capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, command + done.stdout + done.stderr)
            self.assertTrue(done.stdout.startswith(begins), command + "\n" + done.stdout)
            ran += 1
        self.assertGreaterEqual(ran, at_least)

    def test_each_example_of_the_api_runs_in_order(self):
        self.run_all("rest.md", 14)

    def test_the_example_of_the_page_runs(self):
        self.run_all("service.md", 1)

    def test_an_example_that_is_wrong_is_noticed(self):
        done = subprocess.run(["bash", "-c", self.here("curl --fail-with-body --silent --unix-socket /run/xvm/xvmd.sock "
                                                       "http://localhost/v1/domians")], capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 22)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
