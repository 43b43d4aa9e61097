# SPDX-License-Identifier: Apache-2.0
"""A run's outcome for a person: one line when all is well, the last words of everybody when not."""

from pathlib import Path

from .results import Report
from .scenario import Scenario

LAST_LINES = 15


def print_report(what: Scenario, report: Report, place: Path) -> None:
    passed = len(report.checks) - len(report.failed)
    for figure in report.figures:
        print(f"    {figure['name']}: {figure['value']} {figure.get('unit', '')}")
    print(f"{what.name}: {report.verdict()}, {passed} of {len(report.checks)} checks passed "
          f"({what.clock} clock); {place}")
    if report.skipped is not None:
        print(f"    skipped: {report.skipped}")
    if report.broken is not None:
        print(f"    broke: {report.broken}")
    for check in report.failed:
        print(f"    FAIL {check['name']}")
        for line in check.get("detail", "").splitlines():
            print(f"         {line}")
    if not report.checks and report.skipped is None and report.broken is None:
        print("    FAIL the scenario checked nothing")
    if report.failed or report.broken is not None:
        print_failure(place)


def print_failure(place: Path) -> None:
    """The last lines of every log of a run."""
    out = place / "out"
    logs = [place / "scenario.log", *sorted((out / "xen/console").glob("guest-*.log")), *sorted(out.glob("xvm*.log")),
            out / "xen-dmesg.log", out / "dom0-dmesg.log", place / "console.log"]
    for log in logs:
        if not log.is_file():
            continue
        lines = [li for li in log.read_text(errors="replace").replace("\r", "").splitlines() if li.strip()]
        if lines:
            print(f"  --- {log.relative_to(place)}, its end")
        for line in lines[-LAST_LINES:]:
            print(f"  | {line[:200]}")
