# SPDX-License-Identifier: Apache-2.0
"""The lab's part of ./check: every scenario on real Xen, each of its checks counted."""

import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parent
LAB = TESTS / "lab" / "lab"
LINES_OF_A_FAILURE = 60

sys.path[:0] = [str(TESTS / "demo"), str(TESTS / "lab")]
import demo  # noqa: E402
from xvmlab import scenario  # noqa: E402


@dataclass
class Result:
    report: dict | None  # None: the lab gave none
    words: str           # what it said besides
    seconds: float
    before: str = ""     # why the first try failed, if this is the second

    def why(self):
        """Why it failed; empty if it did not."""
        if self.report is None:
            return self.words.splitlines()[-1] if self.words else "the lab gave no report"
        failed = [f"{check['name']}: {check.get('detail', '')}" for check in self.report["checks"] if not check["ok"]]
        return self.report.get("broken") or "; ".join(failed)


def run_once(name, build, extra):
    start = time.monotonic()
    done = subprocess.run([str(LAB), "run", name, "--build", str(build), "-q", "-o", "json", *extra],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    seconds = time.monotonic() - start
    try:
        return Result(json.loads(done.stdout)[0], done.stderr.strip(), seconds)
    except (ValueError, IndexError):
        return Result(None, (done.stderr or done.stdout).strip(), seconds)


def run_one(name, build, extra):
    """One scenario. One that fails is run once more, and both results are shown: the emulated machine itself now
    and then breaks a program (docs/lab.md), which a real defect does not do once only."""
    first = run_once(name, build, extra)
    if not first.why():
        return first
    second = run_once(name, build, extra)
    second.before = first.why()
    return second


def count(name, result, counts, say):
    report = result.report
    if report is None or report.get("broken"):
        counts.failed += 1
        counts.failures.append(f"lab/{name}")
        say(f"  FAIL  lab       {name:<28} {result.seconds:6.1f} s  {result.why()}")
        return
    if report.get("skipped"):
        counts.skipped += 1
        say(f"  skip  lab       {name:<28} {report['skipped']}")
        return
    failed = [check for check in report["checks"] if not check["ok"]]
    passed = len(report["checks"]) - len(failed)
    counts.passed += passed
    counts.failed += len(failed)
    say(f"  {'FAIL' if failed else 'ok  '}  lab       {name:<28} {result.seconds:6.1f} s  {passed} checks"
        + (f", {len(failed)} failed; see {report['results']}" if failed else ""))
    if result.before:
        say(f"        second try; the first: {result.before[:400]}")
    for check in failed:
        counts.failures.append(f"lab/{name}")
        say(f"        {check['name']}: {check.get('detail', '')}")
    if failed:
        say("\n".join("        " + line for line in result.words.splitlines()[-LINES_OF_A_FAILURE:]))
    if not report["checks"]:
        counts.failed += 1
        say("        the scenario checked nothing")


def run_lab(build, counts, say):
    start = time.monotonic()
    print(f"{'lab: Xen, dom0 and guests from Debian packages':<60}", end="", flush=True)
    done = subprocess.run([str(LAB), "build", "-q"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    say(f"{time.monotonic() - start:.0f} s" if done.returncode == 0 else f"failed\n{done.stdout}{done.stderr}")
    if done.returncode:
        counts.failed += 1
        counts.failures.append("lab build")
        return
    with tempfile.TemporaryDirectory(prefix="xvm-check-") as directory:
        pack = demo.build_pack(build, Path(directory))
        extra = {"demo": demo.payload(pack)}
        every = scenario.load_all()
        # Two at once: the instruction clock uses one core, the normal clock little more. The longest begin.
        todo = sorted((one for one in every if not one.long), key=lambda one: -one.timeout_s)
        with ThreadPoolExecutor(2) as pool:
            results = pool.map(lambda one: run_one(one.name, build, extra.get(one.name, [])), todo)
            for one, result in zip(todo, results):
                count(one.name, result, counts, say)
        for one in every:
            if one.long:
                say(f"  left  lab       {one.name:<28} long, run by tests/show; {one.long}")
