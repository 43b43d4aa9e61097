# SPDX-License-Identifier: Apache-2.0
"""The score of what a tool says of a mistake: one rule, for xvm and for xl.

The rule. A mistake is told right when, of what the tool printed, the first line
  1. names the OBJECT that is wrong (the key, the file, the guest),
  2. says the CAUSE,
  3. where the mistake stands in a file, says the PLACE as FILE:LINE:COLUMN,
  4. gives a REMEDY: something to do, to write, or to look at,
and 5. the exit code is not 0 (what a signal or `timeout` ended has none). What is searched for is written in the
catalogue beside the mistake, in words that either tool may choose. A line that only says what is being read
("Parsing config from ...") is not counted as the first."""

import re
from dataclasses import dataclass

PROGRESS = re.compile(r"^(Parsing config from |WARNING: .*deprecat)")
PLACE = re.compile(r"[\w./ -]+:\d+:\d+\b")
# A remedy is an instruction where a clause begins, or a question after what was meant.
REMEDY = re.compile(r"did you mean|usage: |(^|[;:,.(!] ?|\band |\bor |\bthen )(please )?(add|ask|attach|call|check|choose|clean|convert|copy|count|delete|"
                    r"destroy|do not|end|find|free|give|install|keep|leave|list|load|lower|make|move|name|put|raise|read|"
                    r"remove|rename|restart|run|save|say|see|set|shorten|start|stop|take|try|use|wait|write)\b", re.IGNORECASE)
ENDED = (124, 137, 143)


@dataclass
class Verdict:
    object: bool
    cause: bool
    place: bool | None
    remedy: bool
    exit: bool

    @property
    def right(self):
        return self.object and self.cause and self.place is not False and self.remedy and self.exit

    @property
    def lacks(self):
        return [part for part in ("object", "cause", "place", "remedy", "exit") if getattr(self, part) is False]


def first_line(output):
    """Of all that was printed, the first line that says something."""
    for line in output.splitlines():
        if line.strip() and not PROGRESS.match(line):
            return line.strip()
    return ""


def judge(mistake, output, code, directory):
    """A Verdict; {dir} in the mistake's words is `directory`."""
    line = first_line(output)

    def has(pattern):
        return bool(re.search(pattern.replace("{dir}", re.escape(directory)), line, re.IGNORECASE))

    return Verdict(has(mistake.object), has(mistake.cause), bool(PLACE.search(line)) if mistake.place else None,
                   has(mistake.remedy) if mistake.remedy else bool(REMEDY.search(line)),
                   code != 0 and code not in ENDED and code >= 0)
