# SPDX-License-Identifier: Apache-2.0
"""The shared timer page: what its list promises, measured."""

import json

from measure import built, checks, figures, run, scenario, statements, tests

STATEMENTS = [f"T-{n}" for n in range(1, 12)]
READS = 1_000_000_000


def all_statements():
    """Item 1: each statement by a unit test, or by a check in a real guest."""
    shown, cases, _ = statements(STATEMENTS)
    found, failed = set(), 0
    for name in ("timer_pv", "timer_pvh", "timer_held", "timer_suspend"):
        for check in scenario(name)["checks"]:
            failed += not check["ok"]
            found |= {s for s in STATEMENTS if f"[{s}]" in check["name"] and check["ok"]}
    by_unit = {s for s in STATEMENTS if statements([s])[0]}
    missing = [s for s in STATEMENTS if s not in found | by_unit | {"T-3"}]  # T-3: item 2 counts traps
    return (f"{len(STATEMENTS) - len(missing)}/11; {cases} unit cases for {shown}, {len(found)} in PV and PVH guests, "
            f"{failed} checks failed{', without ' + ' '.join(missing) if missing else ''}", "11/11, 0 failed", "none",
            not missing and failed == 0)


def cost():
    """Item 2: ratios to the vDSO in one binary; traps and instructions in real guests."""
    ways = {way["way"]: way for way in json.loads(run(built() / "tests/bench/timer-read", "-o", "json").stdout)}
    tick, fast, ordered = (ways[name]["to_vdso"] for name in ("tick", "now_fast", "now_ordered"))
    report = scenario("timer_cost")
    _, failed = checks(report)
    seen = figures(report)
    guests = "; ".join(f"{kind}: {seen[f'{kind}: instructions of a read: tick']} instructions, stock "
                       f"{seen[f'{kind}: instructions of a read: clock_gettime']}" for kind in ("pv", "pvh"))
    held = tick <= 0.03 and fast <= 0.5 and failed == 0
    return (f"tick {ways['tick']['median_ns']:.2f} ns = {tick:.3f}, fast {ways['now_fast']['median_ns']:.1f} ns = {fast:.2f}, "
            f"ordered {ways['now_ordered']['median_ns']:.1f} ns = {ordered:.2f} of the vDSO; {guests}; traps by reads: "
            f"{'none' if failed == 0 else 'SOME'}", "tick ≤ 0.03, fast ≤ 0.5, no trap",
            f"vDSO {ways['vdso']['median_ns']:.1f} ns, syscall {ways['syscall']['median_ns']:.0f} ns", held)


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
    guests = [check for name in ("timer_pv", "timer_pvh") for check in scenario(name)["checks"]
              if "disruption" in check["name"].lower()]
    chrony, phc2sys = (seen.get(f"{tool}: offset of the guest's clock") for tool in ("chrony", "phc2sys"))
    return (f"offset of the guest's clock: chrony {chrony} us, phc2sys {phc2sys} us; {passed} checks passed, {failed} failed; "
            f"disruptions seen "
            f"{sum(check['ok'] for check in guests)}/{len(guests)}", "both, all", "none",
            failed == 0 and bool(guests) and all(check["ok"] for check in guests))


def host_cost():
    """Item 5: one writer, whatever the number of guests; a read makes no hypercall."""
    cost_report, report = scenario("timer_cost"), scenario("timer_guests")
    seen = figures(cost_report) | figures(report)
    writes = [seen.get(f"{n} guests: writes a second") for n in (1, 2, 4, 8)]
    traps = [value for name, value in seen.items() if "thousand reads: tick" in name or "thousand reads: coarse" in name]
    held = checks(report)[1] + checks(cost_report)[1] == 0 and all(writes)
    return (f"writes a second with 1, 2, 4, 8 guests: {', '.join(map(str, writes))}; traps and hypercalls of a thousand reads: "
            f"at most {max(traps):.3f}", "one writer, 0", "none", held)


def stamps():
    """Item 6: what stamps cost, that phases add up, that a held request says so."""
    io, held = scenario("timer_io"), scenario("timer_held")
    seen = figures(io)
    failed = checks(io)[1] + checks(held)[1]
    on, off = seen.get("a read of 4 KiB, stamped", 0), seen.get("a read of 4 KiB, not stamped", 1)
    return (f"a read {on} ns stamped, {off} ns not: {100 * (on - off) / off:+.2f} %; checks failed: {failed}", "< 1 %, 0", "none",
            failed == 0 and on < off * 1.01)


ITEMS = {"1": all_statements, "2": cost, "3": never_torn, "4": tools, "5": host_cost, "6": stamps}
