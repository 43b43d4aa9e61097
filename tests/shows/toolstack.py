# SPDX-License-Identifier: Apache-2.0
"""The toolstack at the floor: what its list promises, measured."""

import functools
import re
import sys

import truth
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


REAL_GUESTS = [saves_and_restores, truth.imports]


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
    return ("; ".join(said for said, _ in parts), "≥ 57 of 60 mistakes (of more, all but 3), every verb", "xl: scored beside it",
            all(held for _, held in parts))


TRUTHS = [verbs_answer, truth.mistakes]


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


@functools.cache
def floor():
    """The sweep that items 1 and 2 are measured in: xvm to 100 guests, xl to 60, in one run."""
    report = scenario("create_floor")
    if checks(report)[1]:
        failed = [check["name"] for check in report["checks"] if not check["ok"]]
        raise RuntimeError(f"create_floor: {'; '.join(failed) or 'no check ran'}")
    return figures(report)


def within(limits):
    """(what was measured, bars, held) of {text: (figure, bar, unit)}."""
    said = "; ".join(f"{text} {value:g} {unit}" for text, (value, bar, unit) in limits.items())
    bars = "; ".join(f"{text} ≤ {bar:g}" for text, (value, bar, unit) in limits.items())
    return said, bars, all(value <= bar for value, bar, unit in limits.values())


def create_floor():
    """Item 1: the time from the command's start to a paused 8 MiB guest, and what it asks of the store."""
    f = floor()
    said, bars, held = within({
        "create at N=1": (f["create at N=1"], 22, "ms"),
        "at N=100": (f["create at N=100"], 25, "ms"),
        "slope": (f["create: slope"], 0.05, "ms a guest"),
        "with a disk": (f["create with a disk at N=1"], 45, "ms"),
        "store requests": (max(f["store requests of a create at N=1"], f["store requests of a create at N=100"]), 40, ""),
        "pool hit in the daemon": (f["pool hit in the daemon"], 6, "ms"),
        "list at N=60": (f["list at N=60"], 15, "ms"),
    })
    return (said, bars,
            f"xl: {f['xl create at N=1']:g} ms at N=1, {f['xl create at N=60']:g} at 60, slope {f['xl create: slope']:g}; "
            f"{f['store requests of xl create at N=1']:g} to {f['store requests of xl create at N=60']:g} requests; "
            f"list {f['xl list at N=60']:g} ms at 60", held)


DAEMONS = ["xvmd", "xvm-blkd", "xvm-timed", "xvm-memd"]


def idle_plane():
    """Item 2: what the daemons hold and do when nobody asks."""
    f = floor()
    each = (f["daemons at N=100"] - f["daemons at N=0"]) / 100
    said, bars, held = within({
        "daemons at N=0": (f["daemons at N=0"], 4096, "KiB PSS"),
        "each guest": (each, 24, "KiB"),
        "wake-ups in an idle minute": (max(f["wake-ups in an idle minute at N=0"], f["wake-ups in an idle minute at N=100"]), 0, ""),
    })
    said += "; at N=0: " + ", ".join(f"{one} {f[f'{one} at N=0']:g}" for one in DAEMONS)
    said += f"; xvmd and xvm-blkd after all guests went {f['xvmd and xvm-blkd after 100 guests']:g} KiB"
    peer = (f["xl's daemons at N=60"] - f["xl's daemons at N=1"]) / 59
    return said, bars, f"xl: {peer:.0f} KiB a guest", held


def stock_guests():
    """Item 3: Debian's kernel as a guest, to the moment its init runs."""
    report = scenario("create_stock")
    passed, failed = checks(report)
    f = figures(report)
    def median(kind, who):
        return sorted(f[f"{kind} by {who}, run {run}: create to init"] for run in (1, 2, 3))[1]
    held = failed == 0 and all(median(kind, "xvm") <= median(kind, "xl") for kind in ("pv", "pvh"))
    return ("; ".join(f"{kind}: {median(kind, 'xvm'):g} ms" for kind in ("pv", "pvh")) + f" (medians of three; {passed} checks "
            f"passed, {failed} failed)", "init runs each time, not later than by xl",
            "xl: " + "; ".join(f"{kind}: {median(kind, 'xl'):g} ms" for kind in ("pv", "pvh")), held)


ITEMS = {"1": create_floor, "2": idle_plane, "3": stock_guests, "4": leaves_nothing, "5": tells_the_truth, "6": real_guests, "7": verbs_table}
