# SPDX-License-Identifier: Apache-2.0
import unittest
from pathlib import Path

from xvmlab import scenario
from xvmlab.errors import NoScenario, Usage


def parse(text):
    return scenario.parse("x", Path("x.sh"), text)


class ScenarioTest(unittest.TestCase):
    def test_defaults(self):
        found = parse("check a b\n")
        self.assertEqual((found.clock, found.timeout_s, found.needs, found.trace), ("normal", 120, (), ()))

    def test_a_head_is_read_up_to_the_first_line_of_code(self):
        found = parse("#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n# What it shows: much.\n# clock: icount\n"
                      "# timeout: 300\n# shows: R-1 R-2\n# needs: fio xvm-blkd\n# trace: xenstore\n# long: hosted tests show the same\n\n# clock: wrong\n")
        self.assertEqual(found.title, "What it shows: much.")
        self.assertEqual((found.clock, found.timeout_s), ("icount", 300))
        self.assertEqual(found.shows, ("R-1", "R-2"))
        self.assertEqual(found.needs, ("fio", "xvm-blkd"))
        self.assertEqual(found.trace, ("xenstore",))
        self.assertEqual(found.long, "hosted tests show the same")

    def test_unknown_keys_and_values_are_refused_with_their_line(self):
        for text, words in (("# clok: icount\n", "x.sh:1: unknown key 'clok'"), ("# clock: fast\n", "clock 'fast'"),
                            ("# timeout: soon\n", "timeout 'soon'"), ("# timeout: 0\n", "timeout '0'"),
                            ("# trace: all\n", "trace 'all'")):
            with self.assertRaisesRegex(Usage, words):
                parse(text)

    def test_an_unknown_scenario_names_the_known_ones(self):
        with self.assertRaisesRegex(NoScenario, "smoke"):
            scenario.load("no-such")

    def test_every_scenario_of_the_tree_has_a_valid_head_and_a_title(self):
        found = scenario.load_all()
        self.assertIn("smoke", [s.name for s in found])
        for one in found:
            self.assertTrue(one.title, one.name)
