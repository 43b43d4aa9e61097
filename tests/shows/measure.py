# SPDX-License-Identifier: Apache-2.0
"""What the shows measure with: the build, its test programs, the lab's scenarios."""

import functools
import json
import os
import re
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("XVM_BUILD", ROOT / "build"))
LAB = ROOT / "tests" / "lab" / "lab"
CASES = re.compile(r"in (\d+) test cases?\)")


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          **options)


def timed(*command):
    """(exit code, seconds, output) of a command in the checkout."""
    start = time.monotonic()
    done = run(*command, cwd=ROOT)
    return done.returncode, time.monotonic() - start, done.stdout + done.stderr


@functools.cache
def built():
    """The build directory, with everything in it up to date."""
    install = run(ROOT / "tests" / "install", "build", "test", "lab")
    if install.returncode:
        raise RuntimeError(f"packages: {install.stderr.strip()}")
    if not (BUILD / "build.ninja").exists():
        run("meson", "setup", BUILD, ROOT, check=True)
    done = run("ninja", "-C", BUILD)
    if done.returncode:
        raise RuntimeError(f"the build fails: {done.stdout[-400:]}")
    return BUILD


@functools.cache
def meson_tests():
    return json.loads(run("meson", "introspect", "--tests", built()).stdout)


def programs():
    """Every Catch2 program among the tests."""
    found = {Path(test["cmd"][0]): dict(os.environ, **test["env"]) for test in meson_tests()
             if Path(test["cmd"][0]).is_relative_to(built())}
    return {program: environment for program, environment in found.items()
            if "--list-test-names-only" in run(program, "--help", env=environment, timeout=60).stdout}


def statements(wanted):
    """(statements shown, test cases that ran, statements without a passing test) by the Catch2 tags."""
    shown, cases, missing = 0, 0, []
    candidates = programs()
    for statement in wanted:
        good = bad = 0
        for program, environment in candidates.items():
            done = run(program, f"[{statement}]", env=environment)
            if "No tests ran" in done.stdout:
                continue
            good += sum(map(int, CASES.findall(done.stdout)))
            bad += done.returncode != 0
        cases += good
        if good and not bad:
            shown += 1
        else:
            missing.append(statement)
    return shown, cases, missing


def tests(*names):
    """{name: (held, output)} of meson tests."""
    log = built() / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    run("meson", "test", "-C", built(), "--no-rebuild", *names)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return {line["name"].split(" / ")[-1]: (line["result"] == "OK", line.get("stdout", "")) for line in lines}


def scenario(name, *extra):
    """The report of one lab scenario."""
    done = run(LAB, "run", name, "-q", "--build", built(), "-o", "json", *extra)
    try:
        return json.loads(done.stdout)[0]
    except (ValueError, IndexError):
        raise RuntimeError(f"lab run {name}: {(done.stderr or done.stdout).strip()[-300:]}") from None


def checks(report):
    """(passed, failed) checks of a report; a skipped or broken one counts as failed."""
    passed = sum(check["ok"] for check in report["checks"])
    failed = len(report["checks"]) - passed
    return passed, failed + bool(report.get("skipped") or report.get("broken") or not report["checks"])


def figures(report):
    return {figure["name"]: figure["value"] for figure in report["figures"]}
