# SPDX-License-Identifier: Apache-2.0
"""Memory in motion: what its list promises, measured. An item whose parts lie with several engines says so part by
part: each gives (what was measured, whether it held)."""

import functools
import json

import measure
from measure import ROOT, built, checks, figures, run, statements, tests

STATEMENTS = [f"M-{n}" for n in range(1, 18)]
WORLDS = 10_000
RIVALS = ("qmemman", "squeezed")
MEASURES = {"unmet": ("unmet_gib_s", "GiB·s"), "moved": ("moved_gib", "GiB"), "starved": ("starved_s", "s")}
# Lab scenarios by item, beside unit and hosted tests.
SCENARIOS = {"1": ["memory_move", "memory_reclaim", "memory_block", "memory_block_bad", "memory_block_two"],
             "2": ["memory_speed", "memory_speed_stock"], "3": ["memory_secret", "memory_secret_pages", "memory_secret_xen"],
             "4": ["memory_worlds"], "5": ["memory_kill", "memory_kill_block"]}


def there(name):
    return (ROOT / "tests/lab/scenarios" / f"{name}.sh").exists()


@functools.cache
def scenario(name):
    """Its report. Each runs once: item 1 asks them for its statements, too."""
    return measure.scenario(name)


def on_xen(item):
    """(what the item's scenarios said, whether all are there and held)."""
    said, held = [], True
    for name in SCENARIOS[item]:
        if not there(name):
            said.append(f"{name}: no such scenario")
            held = False
            continue
        report = scenario(name)
        passed, failed = checks(report)
        held = held and failed == 0
        seen = "; ".join(f"{figure} {value:g}" for figure, value in figures(report).items())
        said.append(f"{name}: {passed} checks passed, {failed} failed{'; ' + seen if seen else ''}")
    return "; ".join(said), held


def all_statements():
    """Item 1: M-1 to M-17, by unit tests and in real guests."""
    shown, cases, _ = statements(STATEMENTS)
    found = set()
    for name in filter(there, sum(SCENARIOS.values(), [])):  # who dies (M-15) and who decides (M-10) have their own
        found |= {s for s in STATEMENTS for check in scenario(name)["checks"] if check["ok"] and f"[{s}]" in check["name"]}
    said, held = on_xen("1")
    missing = [s for s in STATEMENTS if s not in found]
    return (f"{len(found)}/17 in real guests{', without ' + ' '.join(missing) if missing else ''}; {cases} unit cases for "
            f"{shown}; {said}", "17/17, 0 failed", "none moves memory of a running guest into a new one",
            held and not missing)


def lab_item(item, bar, peer):
    said, held = on_xen(item)
    return said, bar, peer, held


def worlds():
    """Item 4: seeded worlds through xvm's policy and the published ones, the same seeds for each; then real guests."""
    done = run(built() / "tests/sim/memory-sim", "--seeds", WORLDS, "-o", "json", check=True)
    sums = json.loads(done.stdout)
    ours = {name: sums["xvm"][key] for name, (key, _) in MEASURES.items()}
    theirs = {rival: {name: sums[rival][key] for name, (key, _) in MEASURES.items()} for rival in RIVALS}
    ahead = all(ours[name] < theirs[rival][name] for rival in RIVALS for name in MEASURES)
    twins = tests("memory-sim", "balance")
    real, real_held = on_xen("4")

    def line(values):
        return ", ".join(f"{name} {values[name]:.0f} {unit}" for name, (_, unit) in MEASURES.items())
    return (f"{sums['worlds']} worlds: {line(ours)}; minimums missed {sums['xvm']['below_min']}; twins and properties "
            f"{sum(ok for ok, _ in twins.values())}/2; real guests: {real}", "ahead on each; sum of memory exact",
            "; ".join(f"{rival}: {line(theirs[rival])}" for rival in RIVALS),
            ahead and sums["xvm"]["below_min"] == 0 and len(twins) == 2 and all(ok for ok, _ in twins.values()) and real_held)


def never_refused():
    """Item 6: 1000 random cases against every way in which guests could give."""
    done = run(built() / "tests/unit/toolstack/balance/balance-test", "[bound]")
    last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "nothing ran"
    return (f"1000 random cases: {'none' if done.returncode == 0 else 'SOME'} refused that could be had, none given more than had "
            f"to be ({last})", "0 refused wrongly", "qmemman refuses what is above 1.3 times the use of others",
            done.returncode == 0 and "All tests passed" in last)


ITEMS = {
    "1": all_statements,
    "2": lambda: lab_item("2", "first MiB ≤ 40 ms, whole ≤ 770 ms", "xl mem-set in sequence, in the same run"),
    "3": lambda: lab_item("3", "no word of the pattern found, by both engines; each broken twin's is", "none"),
    "4": worlds,
    "5": lambda: lab_item("5", "nothing lost, no reservation left", "none"),
    "6": never_refused,
}
