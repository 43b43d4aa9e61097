# SPDX-License-Identifier: Apache-2.0
"""The toolstack at the floor: what its list promises, measured."""

from measure import built, checks, figures, run, scenario, tests

# Each kills xvmd, or lets calls fail, at every step of the verbs it is about, and compares ledgers.
STEPS = ["create_fail", "kill_steps"]


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


ITEMS = {"4": leaves_nothing}
