# SPDX-License-Identifier: Apache-2.0
"""xvm-store-lint as a command: exit codes, both formats, refusals. Argument: the program."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = sys.argv.pop(1)
EXAMPLE = re.search(r'R"\((.*?)\)"', (Path(__file__).parent / "example.hpp").read_text(), re.S)[1]
BROKEN = EXAMPLE.replace('ring-pages = "2"', 'ring-pages = "3"')


def lint(*arguments, stdin=""):
    return subprocess.run([PROGRAM, *arguments], input=stdin, capture_output=True, text=True,
                          env=dict(os.environ, XENSTORED_PATH="/nonexistent/xenstored"))


class Command(unittest.TestCase):
    def test_a_clean_dump(self):
        done = lint("--dump", "-", "--live", "0,7,9", stdin=EXAMPLE)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^\d+ nodes, 0 errors, 0 warnings\n$")

    def test_broken_twin_a_finding_in_both_formats(self):
        done = lint("--dump", "-", stdin=BROKEN)
        self.assertEqual(done.returncode, 1)
        self.assertIn("error: /local/domain/7/device/xvbd/0/ring-pages: \"3\" is none of 1 2 4 8 16", done.stdout)
        answer = json.loads(lint("--dump", "-", "-o", "json", stdin=BROKEN).stdout)
        self.assertEqual((answer["schema"], answer["errors"], answer["warnings"]), ("xvm-store-lint/1", 1, 0))
        self.assertEqual(answer["findings"][0]["rule"], "wrong-value")
        self.assertEqual(answer["findings"][0]["writer"], "frontend")

    def test_a_dump_in_a_file(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(EXAMPLE)
            file.flush()
            self.assertEqual(lint("--dump", file.name).returncode, 0)

    def test_leftovers_need_to_know_who_lives(self):
        self.assertEqual(lint("--dump", "-", "--live", "0,9", stdin=EXAMPLE).returncode, 1)

    def test_wrong_usage_names_cause_and_remedy(self):
        for arguments, word in [(["--dmup"], "--dmup"), (["-o", "xml"], "xml"), (["--live", "0"], "--dump"),
                                (["extra"], "command line"), (["--dump", "-", "--live", "0,x"], "'x' is no domid")]:
            with self.subTest(arguments):
                done = lint(*arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(word, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)

    def test_a_dump_that_is_none_or_not_there(self):
        done = lint("--dump", "-", stdin="rubbish\n")
        self.assertEqual(done.returncode, 2)
        self.assertIn("-: line 1: not a node", done.stderr)
        self.assertEqual(lint("--dump", "/nonexistent").returncode, 3)

    def test_no_store(self):
        done = lint()
        self.assertEqual((done.returncode, done.stdout), (8, ""), done.stderr)

    def test_help_and_version(self):
        self.assertIn("Exit code", lint("--help").stdout)
        self.assertTrue(lint("--version").stdout.startswith("xvm-store-lint "))


if __name__ == "__main__":
    unittest.main()
