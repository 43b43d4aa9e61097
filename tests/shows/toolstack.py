# SPDX-License-Identifier: Apache-2.0
"""The toolstack at the floor: what its list promises, measured."""

from measure import built, checks, figures, run, scenario, tests

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

ITEMS = {"4": leaves_nothing, "6": real_guests}
