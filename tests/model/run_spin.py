#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the models of the ring and of the control machine with spin, exhaustively: each variant that must hold
does, and each broken twin is caught. Prints variant, expectation, states, verdict. Exit code 77 if spin is not
installed."""

import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOLDS, STUCK, ASSERTS = "holds", "stuck", "asserts"  # stuck: a wake-up is lost; asserts: an invariant is broken
VARIANTS = [
    # model, what it is, defines, expected
    ("wake", "flag, both fences, re-check", "", HOLDS),
    ("wake", "flag and claim", "CLAIM", HOLDS),
    ("wake", "no fence after publishing (F1)", "NO_F1", STUCK),
    ("wake", "no fence after arming (F2)", "NO_F2", STUCK),
    ("wake", "no fence at all", "NO_F1 NO_F2", STUCK),
    ("wake", "no re-check", "NO_RECHECK", STUCK),
    ("wake", "flag read before publishing", "FLAG_FIRST", STUCK),
    ("wake", "claim, no F1", "CLAIM NO_F1", STUCK),
    ("wake", "claim, no F2", "CLAIM NO_F2", STUCK),
    ("wake", "claim, no re-check", "CLAIM NO_RECHECK", STUCK),
    ("wake", "one send per sleep, with the claim", "CLAIM ONE_SEND_PER_SLEEP", HOLDS),
    ("wake", "one send per sleep, without", "ONE_SEND_PER_SLEEP", ASSERTS),
    ("wake", "sticky pending, unmasked late", "CLAIM UNMASK_LATE", HOLDS),
    ("wake", "edges lost, unmasked before the re-check", "CLAIM LOSES_EDGES", HOLDS),
    ("wake", "edges lost, unmasked late", "CLAIM LOSES_EDGES UNMASK_LATE", STUCK),
    ("pair", "whole ring", "", HOLDS),
    ("pair", "whole ring, claim", "CLAIM", HOLDS),
    ("pair", "client without F1", "CLAIM NO_CLIENT_F1", STUCK),
    ("pair", "client without F2", "CLAIM NO_CLIENT_F2", STUCK),
    ("pair", "server without F1", "CLAIM NO_SERVER_F1", STUCK),
    ("pair", "server without F2", "CLAIM NO_SERVER_F2", STUCK),
    ("pair", "answers shown before slots are given back", "CLAIM LATE_RELEASE", STUCK),
    ("pair", "room counted before it is given back", "CLAIM EAGER_CLIENT", ASSERTS),
    ("control", "three requests, at any moment", "", HOLDS),
    ("control", "the service is killed at any moment", "DIES=1", HOLDS),
    ("control", "a client attaches and goes", "CLIENT", HOLDS),
    ("control", "an alarm that was on its way counts", "OLD_ALARMS", ASSERTS),
    ("control", "a request while it starts starts another", "START_ANYWAY", ASSERTS),
    ("control", "requests while it stops are forgotten", "FORGETS", STUCK),
    ("control", "killed, and a late answer counts", "DIES=1 DELIVERS_LATE", ASSERTS),
    ("control", "the time of rest runs with a client", "CLIENT IGNORES_CLIENTS", ASSERTS),
]


def run(command, where):
    return subprocess.run(command, cwd=where, check=True, text=True, capture_output=True).stdout


def check(variant):
    """(verdict, states): holds only if the search was complete."""
    model, _, defines, _ = variant
    with tempfile.TemporaryDirectory(prefix="xvm-spin-") as where:
        shutil.copy(HERE / f"{model}.pml", where)
        run(["spin", *[f"-D{name}" for name in defines.split()], "-a", f"{model}.pml"], where)
        run(["gcc", "-w", "-O0", "-DSAFETY", "-o", "pan", "pan.c"], where)
        output = run(["./pan", "-m100000"], where)
    errors = int(re.search(r"errors: (\d+)", output)[1])
    states = int(re.search(r"(\d+) states, stored", output)[1])
    if "max search depth too small" in output:
        return "incomplete", states
    if not errors:
        return HOLDS, states
    return (STUCK if "pan:1: invalid end state" in output else ASSERTS), states


def main():
    if not shutil.which("spin"):
        print("SKIP: spin is not installed")
        return 77
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(check, VARIANTS))
    wrong = 0
    print(f"{'model':<8}{'variant':<44}{'must':<9}{'does':<12}{'states':>9}")
    for (model, title, _, expected), (verdict, states) in zip(VARIANTS, results):
        mark = "" if verdict == expected else "  <-- WRONG"
        wrong += bool(mark)
        print(f"{model:<8}{title:<44}{expected:<9}{verdict:<12}{states:>9}{mark}")
    broken = sum(expected != HOLDS for *_, expected in VARIANTS)
    print(f"{len(VARIANTS)} variants, {broken} of them broken twins; {wrong} not as they must be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
