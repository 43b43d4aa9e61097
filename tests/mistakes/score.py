#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scores what the tools said in a run of the lab's scenario `mistakes`, both by the rule of judge.py.
Usage: score.py RESULT.json   (what `tests/lab/lab run -o json mistakes` prints)"""

import json
import sys

import catalogue
import emit
import judge


def said_in(report):
    """{(id, tool): (exit code, output)} of the report's checks."""
    found = {}
    for check in report["checks"]:
        id, _, rest = check["name"].partition(": ")
        if check["ok"] and rest in ("xvm said", "xl said"):
            head, _, output = check["detail"].partition("\n")
            found[id, rest.split()[0]] = int(head.removeprefix("exit ")), output
    return found


def verdicts(mistakes, report, tool):
    """{id: (exit code, first line, Verdict)} of the mistakes that the tool met."""
    found = said_in(report)
    return {mistake.id: (found[mistake.id, tool][0], judge.first_line(found[mistake.id, tool][1]),
                         judge.judge(mistake, found[mistake.id, tool][1], found[mistake.id, tool][0],
                                     emit.PLACES["dir"]))
            for mistake in mistakes if (mistake.id, tool) in found}


def table(mistakes, report):
    """A line for each mistake and tool: what was said, and what it lacks."""
    lines = []
    for tool in ("xvm", "xl"):
        of_tool = verdicts(mistakes, report, tool)
        lines += [f"{tool:4}{'right' if verdict.right else 'lacks ' + ', '.join(verdict.lacks):38}{id:28}{line} (exit {code})"
                  for id, (code, line, verdict) in of_tool.items()]
        lines.append(f"{tool:4}{sum(verdict.right for _, _, verdict in of_tool.values())} of {len(of_tool)} told right, "
                     f"{sum(code == 0 for code, _, _ in of_tool.values())} accepted without a refusal")
    return "\n".join(lines)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        print(table(catalogue.load(), json.load(file)[0]))
