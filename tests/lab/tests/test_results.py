# SPDX-License-Identifier: Apache-2.0
import tempfile
import unittest
from pathlib import Path

from xvmlab.errors import EXIT_CHECK_FAILED, EXIT_LAB_BROKE, EXIT_OK, EXIT_SKIPPED
from xvmlab.results import Report, Tail, parse_line


def report(*lines):
    found = Report()
    for line in lines:
        found.add(line)
    return found


OK = {"type": "check", "name": "a [R-1]", "ok": True}
BAD = {"type": "check", "name": "b", "ok": False}
END = {"type": "end"}


class ReportTest(unittest.TestCase):
    def test_the_exit_code_says_who_is_to_blame(self):
        self.assertEqual(report(OK, END).exit_code(), EXIT_OK)
        self.assertEqual(report(OK, BAD, END).exit_code(), EXIT_CHECK_FAILED)
        self.assertEqual(report({"type": "skip", "detail": "no"}, END).exit_code(), EXIT_SKIPPED)
        self.assertEqual(report(OK).exit_code(), EXIT_LAB_BROKE)
        self.assertEqual(report(OK, {"type": "broken", "detail": "x"}, END).exit_code(), EXIT_LAB_BROKE)

    def test_a_scenario_that_checks_nothing_has_failed(self):
        self.assertEqual(report(END).exit_code(), EXIT_CHECK_FAILED)

    def test_a_failed_check_outweighs_a_skip(self):
        self.assertEqual(report(BAD, {"type": "skip", "detail": "no"}, END).exit_code(), EXIT_CHECK_FAILED)

    def test_statements_are_read_from_the_name(self):
        self.assertEqual(report({"type": "check", "name": "a [R-1, R-2] [P-12]", "ok": True}).checks[0]["shows"],
                         ["R-1", "R-2", "P-12"])

    def test_a_line_that_is_no_object_is_the_labs_fault(self):
        self.assertIsNone(parse_line("  "))
        self.assertEqual(parse_line('{"type":"end"}'), END)
        for line in ("{", "[]", "hello"):
            self.assertEqual(parse_line(line)["type"], "broken")


class TailTest(unittest.TestCase):
    def test_a_torn_line_waits_for_its_end(self):
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "log"
            tail = Tail(file)
            self.assertEqual(tail.lines(), [])
            file.write_bytes(b"one\ntw")
            self.assertEqual(tail.lines(), ["one"])
            with open(file, "ab") as handle:
                handle.write(b"o\r\n\xff\n")
            self.assertEqual(tail.lines(), ["two", "\ufffd"])
