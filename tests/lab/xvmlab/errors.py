# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, by who is to blame. The exit codes are part of the lab's interface."""

EXIT_OK = 0
EXIT_CHECK_FAILED = 1
EXIT_USAGE = 2
EXIT_NO_SCENARIO = 3
EXIT_TIMEOUT = 6
EXIT_LAB_BROKE = 8
EXIT_SKIPPED = 77


class LabError(Exception):
    """The lab itself broke: nothing is known about the programs under test."""

    exit_code = EXIT_LAB_BROKE


class NoScenario(LabError):
    exit_code = EXIT_NO_SCENARIO


class Usage(LabError):
    exit_code = EXIT_USAGE


class Timeout(LabError):
    """A time limit of the host passed; a scenario's own limit in dom0 is a failed check instead."""

    exit_code = EXIT_TIMEOUT
