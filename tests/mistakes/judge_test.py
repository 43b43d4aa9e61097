#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rule of the score, with its broken twins: a line that lacks one of its parts is not told right."""

import sys
import unittest
from dataclasses import replace

import catalogue
import judge

MISTAKE = catalogue.Mistake("id", "did", "xvm: {dir}/guest.toml:5:1: unknown key 'vcpsu'; did you mean *?", 2, "vcpsu",
                            "unknown|not known", None, None, place=True)
GOOD = "xvm: /d/guest.toml:5:1: unknown key 'vcpsu'; did you mean 'vcpus'?"


def lacks(line, code=2, mistake=MISTAKE):
    return judge.judge(mistake, line, code, "/d").lacks


class Judge(unittest.TestCase):
    def test_a_line_with_all_its_parts_is_right(self):
        self.assertTrue(judge.judge(MISTAKE, GOOD, 2, "/d").right)

    def test_a_message_that_lacks_a_part_is_not(self):
        for part, line in {
                "remedy": "xvm: /d/guest.toml:5:1: unknown key 'vcpsu'",
                "place": "xvm: guest.toml: unknown key 'vcpsu'; did you mean 'vcpus'?",
                "cause": "xvm: /d/guest.toml:5:1: 'vcpsu'; did you mean 'vcpus'?",
                "object": "xvm: /d/guest.toml:5:1: unknown key; did you mean 'vcpus'?"}.items():
            with self.subTest(part):
                self.assertEqual(lacks(line), [part])

    def test_exit_codes_of_success_and_of_signals_are_not(self):
        for code in (0, 124, 137, -9):
            self.assertEqual(lacks(GOOD, code), ["exit"])

    def test_only_the_first_line_counts(self):
        self.assertIn("remedy", lacks("xvm: failed\n" + GOOD))
        self.assertEqual(lacks("Parsing config from guest.cfg\n\n" + GOOD), [])

    def test_remedies_in_either_tools_words_count(self):
        plain = replace(MISTAKE, place=False)
        for words in ("see xl dmesg", "use xl list", "try 'xl help'", "usage: xl create FILE", "set it to 1"):
            self.assertEqual(lacks("unknown key vcpsu; " + words, 1, plain), [], words)
        self.assertEqual(lacks("unknown key vcpsu, so nothing was used", 1, plain), ["remedy"])

    def test_what_cannot_be_refused_says_nothing(self):
        self.assertEqual(lacks("", 0), ["object", "cause", "place", "remedy", "exit"])

    def test_the_golden_line_is_held_to_the_letter(self):
        self.assertTrue(MISTAKE.says(GOOD, {"dir": "/d"}))
        self.assertFalse(MISTAKE.says(GOOD.replace("key", "kye"), {"dir": "/d"}))
        self.assertFalse(MISTAKE.says(GOOD, {"dir": "/e"}))

    def test_every_golden_line_is_right_by_the_rule(self):
        """What the catalogue promises would be scored as right, were it said."""
        for mistake in catalogue.load():
            with self.subTest(mistake.id):
                # A * may be anything; the words that count have to be in the rest, or are the world's.
                line = mistake.said.replace("{dir}", "/d")
                found = judge.judge(mistake, line, mistake.exit, "/d").lacks
                self.assertLessEqual(set(found), {"object", "cause", "place", "remedy"} if "*" in line else set())


class Catalogue(unittest.TestCase):
    def test_there_are_sixty_or_more(self):
        self.assertGreaterEqual(len(catalogue.load()), 60)

    def test_a_slip_in_it_is_told(self):
        import tempfile
        head = "[base]\nnone=''\n[xl_base]\nkernel=''\n[[mistake]]\nid='a'\ndid='b'\nsaid='c'\nexit=2\nobject='d'\n"
        for more, told in (("no_xl='e'\n", "lacks"), ("cause='e'\nno_xl='e'\nwhy='f'\n", "unknown keys"),
                           ("cause='e'\n", "either xl or no_xl"), ("cause='e'\nno_xl='f'\nbase='g'\n", "no base")):
            with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
                file.write(head + more)
                file.flush()
                with self.assertRaisesRegex(catalogue.CatalogueError, told):
                    catalogue.load(file.name)


if __name__ == "__main__":
    sys.exit(unittest.main())
