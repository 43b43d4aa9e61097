# SPDX-License-Identifier: Apache-2.0
"""The shell parts: they parse, and lib.sh's results are well-formed JSON whatever is in them."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from xvmlab import paths

SCRIPTS = [*paths.DOM0.iterdir(), *paths.GUEST.iterdir(), *paths.SCENARIOS.glob("*.sh")]


def lines_of(script):
    """What `script` writes to the result channel, as objects, when run with lib.sh on the host."""
    with tempfile.NamedTemporaryFile("r") as results:
        library = (paths.DOM0 / "lib.sh").read_text().replace(". /payload/ledger.sh", "")
        subprocess.run(["sh", "-c", f"LAB_CLOCK=normal\n{library}\n{script}"], stdout=subprocess.DEVNULL,
                       preexec_fn=lambda: os.dup2(results.fileno(), 9), close_fds=False)
        return [json.loads(line) for line in Path(results.name).read_text().splitlines()]


class ScriptsTest(unittest.TestCase):
    def test_every_script_parses(self):
        for script in SCRIPTS:
            done = subprocess.run(["sh", "-n", str(script)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)


class LibraryTest(unittest.TestCase):
    def test_a_check_passes_with_its_command(self):
        self.assertEqual(lines_of('check "a [R-1]" true'), [{"type": "check", "name": "a [R-1]", "ok": True, "detail": ""}])

    def test_a_failed_check_tells_command_status_and_output(self):
        line, = lines_of('check "a" sh -c "echo out; echo err >&2; exit 3"')
        self.assertFalse(line["ok"])
        self.assertIn("ended with 3: out\nerr", line["detail"])

    def test_check_not_is_its_opposite(self):
        self.assertEqual([line["ok"] for line in lines_of('check_not a false; check_not b true')], [True, False])

    def test_any_text_makes_valid_json(self):
        line, = lines_of(r"""fail 'quote " back\slash' "$(printf 'tab\there\nline two\001\033[1m\n"q"\\n')" """)
        self.assertEqual(line["name"], 'quote " back\\slash')
        self.assertEqual(line["detail"], 'tab\there\nline two  [1m\n"q"\\n')

    def test_a_long_text_is_cut(self):
        line, = lines_of('fail a "$(head -c 100000 /dev/zero | tr "\\0" x)"')
        self.assertEqual(len(line["detail"]), 4000)

    def test_wait_for_gives_up_and_says_so(self):
        line, = lines_of('check "never" wait_for "false" 0')
        self.assertIn("'false' did not succeed within 0 s", line["detail"])

    def test_a_figure_that_is_no_number_is_a_failed_check(self):
        self.assertEqual([line["ok"] for line in lines_of('figure a ""; figure b 1x; figure c 3 4')[:2]], [False, False])

    def test_figures_are_numbers(self):
        self.assertEqual(lines_of('figure "boot" 5120 ms'), [{"type": "figure", "name": "boot", "value": 5120, "unit": "ms"}])

    def test_skip_ends_the_scenario(self):
        self.assertEqual(lines_of('skip "no disk"; pass never'), [{"type": "skip", "detail": "no disk"}])
