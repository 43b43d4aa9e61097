# SPDX-License-Identifier: Apache-2.0
"""What of the toolstack's list is about mistakes, and about files of xl's."""

import json
import sys

from measure import ROOT, built, checks, figures, run, scenario, tests

MISTAKES = ROOT / "tests" / "mistakes"
PROGRAMS = ["toolstack/cli/xvm", "daemons/xvmd/xvmd", "toolstack/pack/xvm-pack", "toolstack/import/xvm-import"]
# At least 57 of 60; of more, no more may be wrong.
MISTAKES_MIN = 60
WRONG_MAX = 3


def mistakes():
    """Of item 5: the mistakes of the catalogue by one rule (tests/mistakes/judge.py), on Xen and without, and xl on those it
    can meet. A mistake is told right when it is wherever it was met, with the golden line."""
    sys.path.insert(0, str(MISTAKES))
    import catalogue
    import emit
    import score
    known = catalogue.load()
    report = scenario("mistakes")
    xvm, xl = (score.verdicts(known, report, tool) for tool in ("xvm", "xl"))
    without_xen = json.loads(run("python3", "-B", MISTAKES / "run.py", "-o", "json",
                                 *(built() / path for path in PROGRAMS)).stdout)
    hosted = {one["id"]: one["golden"] and one["right"] and not one["leaves"] for one in without_xen}

    def right(mistake):
        met = [hosted[mistake.id]] if mistake.id in hosted else []
        if mistake.id in xvm:
            code, line, verdict = xvm[mistake.id]
            met.append(verdict.right and code == mistake.exit and mistake.says(line, emit.PLACES))
        return bool(met) and all(met)

    wrong = [mistake.id for mistake in known if not right(mistake)]
    xl_right = sum(verdict.right for _, _, verdict in xl.values())
    accepted = sum(code == 0 for code, _, _ in xl.values())
    named = sum(verdict.object and verdict.cause and verdict.exit for _, _, verdict in xl.values())
    return (f"{len(known) - len(wrong)} of {len(known)} mistakes told right ({len(xvm)} on Xen, {len(hosted)} without"
            f"{'; not: ' + ' '.join(wrong) if wrong else ''}); xl: {xl_right} of {len(xl)} "
            f"({named} refused with object and cause, {accepted} accepted)",
            len(known) >= MISTAKES_MIN and len(wrong) <= WRONG_MAX)


def imports():
    """Of item 6: configurations in the shapes of Xen's examples and of what people write are imported; PV and PVH boot
    beside xl's guests of the same files."""
    report = scenario("import")
    passed, failed = checks(report)
    hosted = tests("import", "toolstack-config")
    times = ", ".join(f"{name.replace(' create to init', '')} {value} ms" for name, value in figures(report).items())
    return (f"xl.cfg imported and booted: {passed} checks passed, {failed} failed (to init: {times}); hosted: "
            f"{sum(ok for ok, _ in hosted.values())}/2", failed == 0 and passed > 0 and len(hosted) == 2
            and all(ok for ok, _ in hosted.values()))
