# SPDX-License-Identifier: Apache-2.0
"""First boot: what its list promises, measured."""

import json
import re
import tempfile
from pathlib import Path

import demo as demo_program
from measure import ROOT, built, checks, figures, run, scenario, statements, tests, timed

RING = ["R-1", "R-2", "R-3", "R-4", "R-5", "R-9", "R-10", "R-11", "R-15"]  # models and rounds
PACK = ["P-1", "P-2", "P-3", "P-4", "P-5", "P-6", "P-7", "P-9", "P-10", "P-11"]  # P-12: the demo
ROUNDS = 100_000_000
DEMO_SECONDS_MAX = 300


def fresh_machine():
    """Item 1, on a new Debian 12 root (tests/fresh), then again on it."""
    code, seconds, output = timed(ROOT / "tests" / "fresh", "./demo && ./demo && ./check")
    ends = re.findall(r"demo: all as it should be, (\d+) s", output)
    counts = re.findall(r"^(\d+ passed, (\d+) failed, \d+ skipped)$", output, re.M)
    held = code == 0 and len(ends) == 2 and int(ends[1]) <= DEMO_SECONDS_MAX and bool(counts) and counts[-1][1] == "0"
    return (f"demo {', then again '.join(end + ' s' for end in ends) or 'failed'}; check: {counts[-1][0] if counts else 'none'}; "
            f"{seconds:.0f} s in all", f"all pass, demo ≤ {DEMO_SECONDS_MAX} s", "none", held)


def ring():
    """Item 2: statements, models with their broken twins, 10^8 rounds between two processes."""
    shown, cases, missing = statements(RING)
    models = tests("ring-spin", "ring-relacy", "ring-two-process-unfenced-twin", "ring-sends-scripted")
    done = run(built() / "tests/hosted/ring-rounds", "--rounds", ROUNDS, "--pages", 4, "--seed", 20240229, "--front", "c")
    held = not missing and len(models) == 4 and all(ok for ok, _ in models.values()) and done.returncode == 0
    return (f"{shown}/{len(RING)} statements by {cases} cases{' without ' + ' '.join(missing) if missing else ''}; "
            f"models and twins {sum(ok for ok, _ in models.values())}/4; {ROUNDS:.0e} rounds: "
            f"{'nothing lost' if done.returncode == 0 else 'LOST'}",
            "all, every broken twin fails, nothing lost", "Xen ring.h's event index: not below our sends (scripted test)", held)


def pack():
    """Item 3: statements, and the sweeps."""
    shown, cases, missing = statements(PACK)
    sweeps = tests("pack-tool-hosted", "pack-parse-mutations")
    held = not missing and len(sweeps) == 2 and all(ok for ok, _ in sweeps.values())
    return (f"{shown}/{len(PACK)} statements by {cases} cases{' without ' + ' '.join(missing) if missing else ''}; tool and "
            f"mutations {sum(ok for ok, _ in sweeps.values())}/2", "all", "none", held)


def boot():
    """Item 4: both guest types from one pack at once, and fio's own verification."""
    with tempfile.TemporaryDirectory(prefix="xvm-show-", dir=built()) as directory:
        report = scenario("demo", *demo_program.payload(demo_program.build_pack(built(), Path(directory))))
        data = demo_program.sha256(Path(directory) / "data")
    sums = [check["detail"].split()[0] for check in report["checks"] if check["name"].endswith("what it extracted")]
    fio = scenario("block_fio")
    passed, failed = map(sum, zip(checks(report), checks(fio)))
    held = failed == 0 and sums == [data, data]
    return (f"{sums.count(data)}/2 guests with the host's sum; demo and fio checks: {passed} passed, {failed} failed; "
            f"boot {' and '.join(str(value) for name, value in figures(report).items() if name.endswith(': boot'))} ms",
            "2/2, 0 failed", "none", held)


def leaves_nothing():
    """Item 5: guests and daemons that go in the middle, creates that fail at each step."""
    passed = failed = 0
    names = ["block_death", "block_restart", "create_fail"]
    for name in names:
        good, bad = checks(scenario(name))
        passed, failed = passed + good, failed + bad
    hosted_held = all(ok for ok, _ in tests("block-process", "toolstack-bad-input").values())
    return (f"{passed} checks passed, {failed} failed ({', '.join(names)}); hosted: {'same' if hosted_held else 'differs'}",
            "0 failed", "none", failed == 0 and hosted_held)


def readable():
    """Item 6: one place for each piece of logic; the wake protocol on one page that README names."""
    wake = (ROOT / "libvmshare/ring/wake.hpp").read_text().splitlines()
    named = "libvmshare/ring/wake.hpp" in (ROOT / "README.md").read_text()
    twice = json.loads(run("python3", ROOT / "tests/style/check_copies.py", "-o", "json").stdout)["copies"]
    return (f"wake protocol: {len(wake)} lines in one file, named in README: {'yes' if named else 'no'}; "
            f"stretches that stand twice: {len(twice)}", "≤ 100 lines, named, 0", "none",
            len(wake) <= 100 and named and not twice)


ITEMS = {"1": fresh_machine, "2": ring, "3": pack, "4": boot, "5": leaves_nothing, "6": readable}
