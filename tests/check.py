#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds xvm and runs its suites, fast ones first; prints a line per test and, at the end,
one line: N passed, N failed, N skipped.

What is counted: the test cases of each Catch2 program, one for any other program, the checks of
each lab scenario. A skip names its reason. Exit code 0 only if nothing failed."""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUITES = ["unit", "abi", "contract", "hosted", "fuzz", "model"]
CATCH2_PASSED = re.compile(r"All tests passed \((\d+) assertions? in (\d+) test cases?\)")
CATCH2_FAILED = re.compile(r"test cases:\s*(\d+) \|(?:\s*(\d+) passed \|)?\s*(\d+) failed")
SKIP_REASON = re.compile(r"(?im)^\s*skip(?:ped)?:?\s+(.+)$")
LINES_OF_A_FAILURE = 60


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = field(default_factory=list)

    def line(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def say(text=""):
    print(text, flush=True)


def run_quietly(title, command, log, environment=None):
    """Runs a long step; its output goes to a log that is shown only when it fails."""
    start = time.monotonic()
    print(f"{title:<60}", end="", flush=True)
    with open(log, "w") as out:
        code = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              env=environment).returncode
    say(f"{time.monotonic() - start:.0f} s" if code == 0 else "failed")
    if code:
        lines = Path(log).read_text(errors="replace").splitlines()
        say("\n".join(lines[-LINES_OF_A_FAILURE:]))
    return code == 0


def programs_of(suite, directory):
    """What the tests of one suite need, as ninja's targets."""
    def introspect(what):
        listed = subprocess.run(["meson", "introspect", what, str(directory)], capture_output=True, text=True, check=True)
        return json.loads(listed.stdout)
    files = {target["id"]: target["filename"] for target in introspect("--targets")}
    needed = {target for test in introspect("--tests") if f"xvm:{suite}" in test["suite"] for target in test["depends"]}
    return sorted(str(Path(file).relative_to(directory)) for target in needed for file in files[target])


def build(directory, options, title, compilers=None, suite=None):
    """Configures and builds everything, or only what one suite runs."""
    # What ccache, where it is, needs for precompiled headers (libvmshare/pch).
    environment = {"CCACHE_SLOPPINESS": "pch_defines,time_macros", **os.environ, **(compilers or {})}
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "check.log"
    setup = ["meson", "setup", str(directory), str(ROOT), *options]
    if (directory / "build.ninja").exists():
        setup.insert(2, "--reconfigure")
    if not run_quietly(f"configure {title}", setup, log, environment):
        return False
    targets = programs_of(suite, directory) if suite else []
    return run_quietly(f"build {title}", ["ninja", "-C", str(directory), *targets], log, environment)


def count_of(output):
    """(passed, failed, words) of one test program from what it printed."""
    if match := CATCH2_PASSED.findall(output):
        cases = sum(int(found[1]) for found in match)
        return cases, 0, f"{cases} cases, {sum(int(found[0]) for found in match)} assertions"
    if match := CATCH2_FAILED.search(output):
        return int(match[2] or 0), int(match[3]), ""
    return 1, 0, ""


def run_suite(suite, directory, counts):
    subprocess.run(["meson", "test", "-C", str(directory), "--no-rebuild", "--suite", suite, "--quiet",
                    # A limit is there to end what hangs; a busy machine is no failure.
                    "--timeout-multiplier", "4"],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    log = directory / "meson-logs" / "testlog.json"
    tests = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    for test in tests:
        name = test["name"].split(" / ")[-1]
        output = (test.get("stdout") or "") + (test.get("stderr") or "")
        result = test["result"]
        passed, failed, words = count_of(output)
        if result == "SKIP":
            reason = SKIP_REASON.search(output)
            counts.skipped += 1
            say(f"  skip  {suite:<9} {name:<28} {reason[1] if reason else 'no reason given'}")
        elif result in ("OK", "EXPECTEDFAIL"):
            counts.passed += passed
            say(f"  ok    {suite:<9} {name:<28} {test['duration']:6.1f} s  {words}")
        else:
            counts.passed += passed if failed else 0
            counts.failed += max(1, failed)
            counts.failures.append(f"{suite}/{name}")
            say(f"  FAIL  {suite:<9} {name:<28} {result}")
            say("\n".join("        " + line for line in output.splitlines()[-LINES_OF_A_FAILURE:]))
    log.unlink(missing_ok=True)  # the next suite writes its own
    return len(tests)


def main():
    parser = argparse.ArgumentParser(prog="check", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="leave the lab (real Xen under QEMU) out")
    parser.add_argument("--suite", action="append", choices=SUITES + ["lab"], help="only this suite; may be repeated")
    parser.add_argument("--build", type=Path, default=Path(os.environ.get("XVM_BUILD", ROOT / "build")),
                        help="build directory (default: build)")
    arguments = parser.parse_args()
    suites = arguments.suite or SUITES + ([] if arguments.quick else ["lab"])
    counts = Counts()
    start = time.monotonic()

    arguments.build = arguments.build.resolve()
    # Not optimised: half of the compiler's time, and the order of memory is what models and kernels' tests are for.
    if not build(arguments.build, ["--buildtype=plain", "-Doptimization=0"], "programs and tests"):
        counts.failed += 1
        counts.failures.append("build")
        suites = []
    fuzz_build = arguments.build.parent / (arguments.build.name + "-fuzz")
    if "fuzz" in suites and not build(fuzz_build, ["-Dfuzz=true", "-Dport=hosted"], "fuzzers (clang, sanitizers)",
                                      {"CC": "clang-14", "CXX": "clang++-14"}, "fuzz"):
        counts.failed += 1
        counts.failures.append("fuzz build")
        suites.remove("fuzz")

    for suite in suites:
        if suite == "lab":
            from check_lab import run_lab
            run_lab(arguments.build, counts, say)
        elif not run_suite(suite, fuzz_build if suite == "fuzz" else arguments.build, counts):
            counts.skipped += 1
            say(f"  skip  {suite:<9} the suite has no test")

    say(f"\n{time.monotonic() - start:.0f} s" + (f"; failed: {', '.join(counts.failures)}" if counts.failures else ""))
    say(counts.line())
    return 1 if counts.failed else 0


if __name__ == "__main__":
    sys.exit(main())
