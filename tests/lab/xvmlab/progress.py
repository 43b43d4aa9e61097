# SPDX-License-Identifier: Apache-2.0
"""Progress for a person: one line a stage, with the seconds since the program started, on stderr."""

import sys
import time

_start = time.monotonic()
_quiet = False


def be_quiet() -> None:
    global _quiet
    _quiet = True


def stage(text: str) -> None:
    if not _quiet:
        print(f"lab: {time.monotonic() - _start:6.1f} s  {text}", file=sys.stderr, flush=True)
