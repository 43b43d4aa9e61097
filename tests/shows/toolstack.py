# SPDX-License-Identifier: Apache-2.0
"""The toolstack at the floor: what its list promises, measured."""

import re
import sys

from measure import ROOT, built, checks, figures, run, scenario, tests

# Each kills xvmd, or lets calls fail, at every step of the verbs it is about, and compares ledgers.
STEPS = ["create_fail", "kill_steps", "kill_devices"]


def leaves_nothing():
    """Item 4: xvmd killed and calls failing at every step."""
    sweeps = run(built() / "tests/unit/toolstack/run/run-test", "[sweep]")
    swept = sweeps.stdout.strip().splitlines()[-1] if sweeps.stdout.strip() else "no sweep ran"
    passed = failed = killed = 0
    for name in STEPS:
        report = scenario(name)
        good, bad = checks(report)
        passed, failed = passed + good, failed + bad
        killed += sum(value for figure, value in figures(report).items() if figure.startswith("steps"))
    held = sweeps.returncode == 0 and failed == 0 and passed > 0
    return (f"{killed:.0f} steps on Xen: {passed} checks passed, {failed} failed; each call once, hosted: {swept}",
            "0 leaked, guests undisturbed", "xl: not made to be killed", held)


def saves_and_restores():
    """Of item 6: a guest of either type is saved while fio verifies in it, restored, and fio goes on; xvmd is killed in
    the middle of a save before."""
    report = scenario("save_restore")
    passed, failed = checks(report)
    hosted = tests("toolstack-state", "saved")
    times = ", ".join(f"{name} {value} ms" for name, value in figures(report).items() if name.endswith((": save", ": restore")))
    return (f"saved under verified I/O and restored: {passed} checks passed, {failed} failed ({times}); hosted: "
            f"{sum(ok for ok, _ in hosted.values())}/2", failed == 0 and passed > 0 and len(hosted) == 2
            and all(ok for ok, _ in hosted.values()))


def real_guests():
    """Item 6: each part says what it measured and whether it held."""
    parts = [part() for part in REAL_GUESTS]
    return ("; ".join(said for said, _ in parts), "all pass, no byte lost", "xl: not measured",
            all(held for _, held in parts))


REAL_GUESTS = [saves_and_restores]


def verbs_answer():
    """Of item 5: every verb's -o json against its schema; man page, completion and API made from the same model."""
    done = tests("toolstack-verbs", "model api", "style verbs", "style verbs checker")
    said = re.search(r"(\d+) of (\d+) verbs answer by their schemas", done.get("toolstack-verbs", (False, ""))[1])
    held = len(done) == 4 and all(ok for ok, _ in done.values()) and said is not None and said[1] == said[2]
    return (f"{said[0] if said else 'no verb answered'}; man page, completion in bash and zsh, OpenAPI: "
            f"{'nothing differs from the model' if done.get('style verbs', (False,))[0] else 'DRIFT'}", held)


def tells_the_truth():
    """Item 5: each part says what it measured and whether it held."""
    parts = [part() for part in TRUTHS]
    return ("; ".join(said for said, _ in parts), "≥ 57 of 60 mistakes, every verb", "xl: scored beside it",
            all(held for _, held in parts))


TRUTHS = [verbs_answer]


def verbs_table():
    """Item 7: a row a verb in docs/verbs.md, with man page, completion, API route and tests that are there."""
    sys.path.insert(0, str(ROOT / "toolstack" / "model"))
    import model
    verbs = model.load(ROOT / "toolstack" / "model").commands
    text = (ROOT / "docs/verbs.md").read_text()
    rows = [verb for verb in verbs if f"| `xvm {verb.usage}` |" in text]
    lacks = run("python3", "-B", ROOT / "tests/style/check_verbs.py").stdout.splitlines()
    return (f"{len(rows)} of {len(verbs)} verbs in docs/verbs.md; something lacking or not as the model says: {len(lacks)}",
            "all, 0", "xl: a table makes its help and completion", len(rows) == len(verbs) and not lacks)

ITEMS = {"4": leaves_nothing, "5": tells_the_truth, "6": real_guests, "7": verbs_table}
