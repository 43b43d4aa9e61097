# SPDX-License-Identifier: Apache-2.0
"""The shared timer page: what its list promises, measured."""

import functools
import json

import measure
from measure import built, checks, figures, run, statements, tests

STATEMENTS = [f"T-{n}" for n in range(1, 12)]
READS = 1_000_000_000
# Of a read, in ns: the bar, and what it was set beside: an instruction or call, and its ns on that machine.
COST_BARS = {"tick": (0.5, "vdso", 22.4), "now_fast": (10, "rdtsc", 9.6), "now_ordered": (21, "rdtscp", 18.7)}


@functools.cache
def scenario(name):
    """Its report; what several items are measured by runs once."""
    return measure.scenario(name)


def all_statements():
    """Item 1: each statement by a unit test, or by a check in a real guest."""
    shown, cases, _ = statements(STATEMENTS)
    found, failed = set(), 0
    for name in ("timer_pv", "timer_pvh", "timer_held", "timer_suspend", "timer_migrate", "timer_bad"):
        for check in scenario(name)["checks"]:
            failed += not check["ok"]
            found |= {s for s in STATEMENTS if f"[{s}]" in check["name"] and check["ok"]}
    by_unit = {s for s in STATEMENTS if statements([s])[0]}
    missing = [s for s in STATEMENTS if s not in found | by_unit | {"T-3"}]  # T-3: item 2 counts traps
    return (f"{len(STATEMENTS) - len(missing)}/11; {cases} unit cases for {shown}, {len(found)} in PV and PVH guests, "
            f"{failed} checks failed{', without ' + ' '.join(missing) if missing else ''}", "11/11, 0 failed", "none",
            not missing and failed == 0)


def cost():
    """Item 2: costs beside the vDSO's in one binary; traps and instructions in real guests. The absolute bars hold for
    a machine as fast as the one they were set on; on another, each is stretched by what the same instruction, or the
    vDSO, takes there beside here. A machine that is faster gets no lower bar, and none gets around the ratios."""
    ways = {way["way"]: way for way in json.loads(run(built() / "tests/bench/timer-read", "-o", "json").stdout)}
    ns = {name: way["best_ns"] for name, way in ways.items()}
    bars = {name: (bar, bar * max(1.0, ns[by] / there)) for name, (bar, by, there) in COST_BARS.items()}
    as_there = all(ns[name] <= bar for name, (bar, _) in bars.items())
    as_scaled = all(ns[name] <= scaled for name, (_, scaled) in bars.items())
    tick, fast = ways["tick"]["to_vdso"], ways["now_fast"]["to_vdso"]
    report = scenario("timer_cost")
    _, failed = checks(report)
    seen = figures(report)
    guests = "; ".join(f"{kind}: {seen[f'{kind}: instructions of a read: tick']} instructions, stock "
                       f"{seen[f'{kind}: instructions of a read: clock_gettime']}" for kind in ("pv", "pvh"))
    held = tick <= 0.03 and fast <= 0.5 and as_scaled and failed == 0
    costs = ", ".join(f"{name.replace('now_', '')} {ns[name]:.2f} ns = {ways[name]['to_vdso']:.3f} of the vDSO" for name in bars)
    return (f"{costs}; absolute bars {'held' if as_there else 'missed'}, scaled {'held' if as_scaled else 'missed'}; {guests}; "
            f"traps by reads: {'none' if failed == 0 else 'SOME'}",
            ", ".join(f"{name.replace('now_', '')} ≤ {bar} ns (here {scaled:.2f})" for name, (bar, scaled) in bars.items())
            + "; tick ≤ 0.03, fast ≤ 0.5 of the vDSO; no trap",
            ", ".join(f"{name} {ns[name]:.1f} ns" for name in ("rdtsc", "rdtscp", "vdso", "vdso coarse", "syscall")), held)


def never_torn():
    """Item 3: 10^9 reads against an owner that never rests; the model and its twins."""
    done = run(built() / "tests/hosted/timer-hunt", "--reads", READS)
    found = json.loads(done.stdout)
    models = tests("timer-relacy", "timer-hunt-unchecked-twin")
    held = done.returncode == 0 and len(models) == 2 and all(ok for ok, _ in models.values())
    return (f"{found['reads']:.1e} reads, {found['updates']} updates: {found['torn']} torn, {found['backwards']} backwards, "
            f"{found['outside']} outside their bound; model and twins {sum(ok for ok, _ in models.values())}/2",
            "0, 0, 0; every twin fails", "none", held)


def tools():
    """Item 4: chrony and phc2sys, unmodified; a disruption reaches a program."""
    report = scenario("timer_ptp")
    passed, failed = checks(report)
    seen = figures(report)
    told = scenario("timer_disrupt")
    reached = figures(told)
    hosted = run(built() / "tests/hosted/timer-disrupt")
    counted = json.loads(hosted.stdout)
    twin = run(built() / "tests/hosted/timer-disrupt", "--tick-first").returncode
    chrony, phc2sys = (seen.get(f"{tool}: offset of the guest's clock") for tool in ("chrony", "phc2sys"))
    return (f"offset of the guest's clock: chrony {chrony} us, phc2sys {phc2sys} us; {passed} checks passed, {failed} failed; "
            f"a disruption seen by {reached.get('programs that waited for a disruption', 0)} programs of PV and PVH guests, the "
            f"last after {reached.get('the last of them saw it after', '?')} ticks, {checks(told)[1]} checks failed; hosted: "
            f"{counted['disruptions']} disruptions, {counted['readers']} readers, {counted['late']} of {counted['reads']:.1e} reads "
            f"saw a tick without its disruption, the twin is {'caught' if twin == 0 else 'MISSED'}", "both; all within 1 tick; 0",
            "none", failed == 0 and checks(told)[1] == 0 and hosted.returncode == 0 and twin == 0)


def host_cost():
    """Item 5: one writer, whatever the number of guests; a read makes no hypercall."""
    cost_report, report = scenario("timer_cost"), scenario("timer_guests")
    seen = figures(cost_report) | figures(report)
    writes = [seen.get(f"{n} guests: writes a second") for n in (1, 2, 4, 8)]
    more = [seen.get(f"{n} guests: hypercalls a guest and second, more than without reads") for n in (1, 2, 4, 8)]
    reads = [seen.get(f"{n} guests: reads a guest and second", 0) for n in (1, 2, 4, 8)]
    traps = [value for name, value in seen.items() if "thousand reads: " in name and not name.endswith("gettime")]
    held = checks(report)[1] + checks(cost_report)[1] == 0 and all(writes) and None not in more
    return (f"with 1, 2, 4, 8 guests: writes a second {', '.join(map(str, writes))}; hypercalls a guest-second more than without "
            f"reads {', '.join(map(str, more))}, by {', '.join(f'{count:.1e}' for count in reads)} reads; traps and hypercalls of a "
            f"thousand reads, one guest: at most {max(traps):.3f}",
            "one writer, 0 (within 1 in 10000 reads)", "none", held)


def stamps():
    """Item 6: what stamps cost, that phases add up, that a held request says so."""
    io, held, precise = scenario("timer_io"), scenario("timer_held"), scenario("timer_precise")
    seen = figures(io) | figures(precise)
    failed = sum(checks(report)[1] for report in (io, held, precise))
    costs = {clock: (seen.get(f"{prefix}a read of 4 KiB, stamped", 0), seen.get(f"{prefix}a read of 4 KiB, not stamped", 1))
             for clock, prefix in (("by ticks (PVH)", ""), ("by the precise clock (PV)", "precise: "))}
    said = "; ".join(f"{clock} a read {on} ns stamped, {off} ns not: {100 * (on - off) / off:+.2f} %"
                     for clock, (on, off) in costs.items())
    return (f"{said}; checks failed: {failed}", "< 1 %, 0", "none",
            failed == 0 and all(0 < on < off * 1.01 for on, off in costs.values()))


ITEMS = {"1": all_statements, "2": cost, "3": never_torn, "4": tools, "5": host_cost, "6": stamps}
