# SPDX-License-Identifier: Apache-2.0
"""What a scenario reports: one JSON object a line.

    {"type":"ready"}                                              the dom0 waits for a payload
    {"type":"check","name":…,"ok":true,"detail":…}                one check
    {"type":"figure","name":…,"value":…,"unit":…}                 one number
    {"type":"skip","detail":…}                                    the scenario cannot run here
    {"type":"broken","detail":…}                                  the lab's own fault
    {"type":"end","uptime_s":…}                                   everything was written
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from .errors import EXIT_CHECK_FAILED, EXIT_LAB_BROKE, EXIT_OK, EXIT_SKIPPED, EXIT_TIMEOUT


@dataclass
class Report:
    checks: list[dict] = field(default_factory=list)
    figures: list[dict] = field(default_factory=list)
    skipped: str | None = None
    broken: str | None = None
    broken_code: int = EXIT_LAB_BROKE
    ended: bool = False

    def add(self, line: dict) -> None:
        kind = line.get("type")
        if kind == "check":
            # As in the unit tests' names: "A full ring says full [R-10]".
            tags = re.findall(r"\[([^\]]*)\]", line.get("name", ""))
            line["shows"] = [s for tag in tags for s in re.findall(r"\b[A-Z]-\d+\b", tag)]
            self.checks.append(line)
        elif kind == "figure":
            self.figures.append(line)
        elif kind == "skip":
            self.skipped = line.get("detail", "")
        elif kind == "broken":
            self.broken = line.get("detail", "")
        elif kind == "end":
            self.ended = True

    @property
    def failed(self) -> list[dict]:
        return [c for c in self.checks if not c.get("ok")]

    def exit_code(self) -> int:
        if self.broken is not None or not self.ended:
            return self.broken_code
        if self.failed:
            return EXIT_CHECK_FAILED
        if self.skipped is not None:
            return EXIT_SKIPPED
        # A scenario that checked nothing shows nothing.
        return EXIT_OK if self.checks else EXIT_CHECK_FAILED

    def verdict(self) -> str:
        words = {EXIT_OK: "pass", EXIT_CHECK_FAILED: "FAIL", EXIT_SKIPPED: "skipped", EXIT_TIMEOUT: "TIME LIMIT"}
        return words.get(self.exit_code(), "LAB BROKE")


class Tail:
    """Yields the complete lines a growing file got since the last call; a torn last line waits."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = 0
        self._rest = b""

    def lines(self) -> list[str]:
        if not self._file.exists():
            return []
        with open(self._file, "rb") as handle:
            handle.seek(self._offset)
            data = handle.read()
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [line.decode(errors="replace").rstrip("\r") for line in lines]


def parse_line(line: str) -> dict | None:
    """The object on a line; a line that is none is the lab's own fault and reported as such."""
    if not line.strip():
        return None
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return {"type": "broken", "detail": f"malformed result line: {line[:200]}"}
    return value
