# SPDX-License-Identifier: Apache-2.0
"""The management service on demand: what its list promises, measured. What does not exist is short, and says so."""

from measure import ROOT, checks, figures, scenario, statements, tests

STATEMENTS = [f"S-{n}" for n in range(1, 22)]
COLD_MS, SAVED_MS, WARM_US = 350, 60, 2000
TRACES = ("control", "control-model")


def all_statements():
    """Item 1: S-1 to S-21, by unit tests and on real Xen; S-13 by the ledger."""
    _, cases, _ = statements(STATEMENTS)
    found, said, held = set(), [], True
    for name in ("service_domain", "service_cost", "guest_requests", "handover"):
        report = scenario(name)
        passed, failed = checks(report)
        held = held and failed == 0
        said.append(f"{name}: {passed} checks passed, {failed} failed")
        found |= {s for s in STATEMENTS for check in report["checks"] if check["ok"] and f"[{s}]" in check["name"]}
    missing = [s for s in STATEMENTS if s not in found]
    return (f"{len(found)}/21 on real Xen{', without ' + ' '.join(missing) if missing else ''}; {cases} unit cases; "
            + "; ".join(said), "21/21, 0 failed", "Jitsu's and Qubes' services are never checked for what they leave",
            held and not missing)


def times():
    """Item 2: the first call with the domain OFF, beyond a guest's boot measured beside; a warm call; traces."""
    seen = figures(scenario("service_domain"))
    beyond, cold = seen["beyond a bare guest's boot"], seen["the first call with the domain OFF"]
    warm = seen["a warm request, from xvmd to the domain and back"]
    standby = seen["the first call with the domain made in advance"]
    traces = tests("control")
    kept = bool(traces) and all(ok for ok, _ in traces.values())
    return (f"OFF {cold:g} ms, {beyond:g} ms beyond a guest's boot; made in advance {standby:g} ms; warm {warm:g} us; 1000 "
            f"seeded traces {'kept' if kept else 'BROKEN'}",
            f"≤ {COLD_MS} ms cold beyond, ≤ {SAVED_MS} ms from pool or saved state, warm ≤ {WARM_US} us, 0 broken",
            "Jitsu: 300-350 ms, a unikernel on ARM",
            kept and beyond <= COLD_MS and standby <= SAVED_MS and warm <= WARM_US)


def cost():
    """Item 3: S-2 and S-20, ON and OFF side by side."""
    report = scenario("service_cost")
    passed, failed = checks(report)
    seen = "; ".join(f"{name} {value:g}" for name, value in figures(report).items())
    return f"{seen}; {passed} checks passed, {failed} failed", "OFF no slower, memory back", "none", failed == 0


def hostile():
    """Item 5: fuzzed orders of the service, fuzzed requests of guests; on real Xen, a guest that may not."""
    found = tests("policy-random", "channel-random", "guest-requests")
    held = sum(ok for ok, _ in found.values())
    passed, failed = checks(scenario("guest_requests"))
    return (f"orders, frames and guests' requests: {held}/{len(found)} random runs hold; guest_requests: {passed} checks "
            f"passed, {failed} failed", "0 beyond policy, 0 crashes", "none", held == len(found) == 3 and failed == 0)


def page():
    """What the browser's test said, and whether it ran in a browser."""
    ran = tests("web")
    held, said = ran.get("web", (False, "the test did not run"))
    skipped = "skipped" in said
    return held and not skipped, "no Chromium" if skipped else said.strip().splitlines()[-1] if said.strip() else ""


def browser():
    """Item 4: a guest is created, watched and destroyed in Chromium while the service starts from OFF; screenshots."""
    held, said = page()
    shots = [path.name for path in sorted((ROOT / "docs").glob("web-*.png"))]
    return (f"create, watch, pause, destroy by keyboard, the service OFF before: {'held' if held else said}; screenshots "
            f"{' '.join(shots) or 'none'}", "held, screenshots in docs/", "virt-manager and Qubes have no such test", held and bool(shots))


def same_numbers():
    """Item 6: page and command side by side, in the same test; the documents' curl examples, run as they stand."""
    held, said = page()
    ran, told = tests("curl").get("curl", (False, "the test did not run"))
    ran = ran and "skipped" not in told
    return (f"number, type, processors, memory and state of a guest in the page and in `xvm show`: {'same' if held else said}; "
            f"docs' curl examples: {'all run and answer as written' if ran else 'not all run'}", "same; examples run", "none",
            held and ran)


ITEMS = {
    "1": all_statements,
    "2": times,
    "3": cost,
    "4": browser,
    "5": hostile,
    "6": same_numbers,
}
