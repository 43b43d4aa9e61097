# SPDX-License-Identifier: Apache-2.0
"""A device handed over: what its list promises, measured. What is not built yet is short, and says so."""

import functools
import re

import measure
from measure import ROOT, checks, figures, statements

STATEMENTS = [f"H-{n}" for n in range(1, 15)] + ["S-6", "S-9", "S-18", "S-19"]
OUTAGE_ONE_US = 6000
OUTAGE_MANY_US = 10000
# Lab scenarios by item, beside unit tests.
SCENARIOS = {"1": ["handover", "handover_pages", "handover_pvh", "handover_dma", "handover_amd"],
             "2": ["handover_stream", "handover_dma"], "3": ["handover_xl"], "4": ["handover_bad"]}


@functools.cache
def scenario(name):
    return measure.scenario(name)


def there(name):
    return (ROOT / "tests/lab/scenarios" / f"{name}.sh").exists()


def on_xen(item):
    """(what the item's scenarios said, whether all are there and held, their figures)."""
    said, held, seen = [], True, {}
    for name in SCENARIOS[item]:
        if not there(name):
            said.append(f"{name}: no such scenario")
            held = False
            continue
        report = scenario(name)
        passed, failed = checks(report)
        held = held and failed == 0
        mine = figures(report)
        seen.update(mine)
        values = "; ".join(f"{figure} {value:g}" for figure, value in mine.items())
        said.append(f"{name}: {passed} checks passed, {failed} failed{'; ' + values if values else ''}")
    return "; ".join(said), held, seen


def all_statements():
    """Item 1: each statement by a unit test or in real guests."""
    shown, cases, missing = statements(STATEMENTS)
    found = set(STATEMENTS) - set(missing)
    for name in filter(there, sum(SCENARIOS.values(), [])):
        found |= {s for s in STATEMENTS for check in scenario(name)["checks"] if check["ok"] and s in re.findall(r"[A-Z]-\d+", check["name"].partition("[")[2])}
    said, held, _ = on_xen("1")
    lacking = [s for s in STATEMENTS if s not in found]
    return (f"{len(found)}/{len(STATEMENTS)}{', without ' + ' '.join(lacking) if lacking else ''}; {cases} unit cases for {shown}; {said}",
            f"{len(STATEMENTS)}/{len(STATEMENTS)}, 0 failed", "none offers it as one verb", held and not lacking)


def stream():
    said, held, _ = on_xen("2")
    return said, "100 handovers: complete, in order, nothing twice, no reset", "xl: a reset each time", held


def outage():
    """Item 3: from rest to run, by the instruction clock, beside xl's detach and attach in the same run."""
    said, held, seen = on_xen("3")
    one = [value for name, value in seen.items() if name.startswith("outage, one page")]
    many = [value for name, value in seen.items() if name.startswith("outage, 226 pages")]
    xl = seen.get("xl: outage of the device", 0)
    good = bool(one) and bool(many) and max(one) <= OUTAGE_ONE_US and max(many) <= OUTAGE_MANY_US
    said += "; both within their bars" if good else "; NOT within their bars"
    return said, "one page ≤ 6 ms, 225 pages ≤ 10 ms, beside xl in the same run", f"xl: {xl:g} ms", held and good and xl > 0


def deaths():
    """Item 4: hosted, each of them at each call and after each step; on Xen xvmd at each step, and a guest."""
    said, held, _ = on_xen("4")
    hosted = measure.tests("handover")
    fine = bool(hosted) and all(ok for ok, _ in hosted.values())
    return (f"{said}; hosted, who dies at each call and after each step: {'held' if fine else 'FAILED'}",
            "0 devices lost, 0 pages lost", "none", held and fine)


def upgrade():
    return "xvm upgrade is not built", "0 lost, outage printed", "none", False


ITEMS = {"1": all_statements, "2": stream, "3": outage, "4": deaths, "5": upgrade}
