#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Finds pieces of logic that stand twice: the same LINES lines of code, one after the other, in two places.

    check_copies.py [ROOT] [-o json]

Not counted: comments, blank lines, brackets alone, includes, and the declarations by which a class says which
interface it implements (`override`); those must be repeated."""

import json
import sys
from collections import defaultdict
from pathlib import Path

LINES = 8
DIRECTORIES = ["libvmshare", "xenstore-schema", "backends", "frontends", "daemons", "toolstack"]
SUFFIXES = {".c", ".h", ".cpp", ".hpp", ".py"}


def code_of(text):
    """(line number, line) of each line that carries logic."""
    for number, line in enumerate(text.splitlines(), 1):
        line = " ".join(line.split("//")[0].split())
        if not line or line.startswith(("*", "/*", "#include", "import ", "from ", "using ")) or not any(map(str.isalnum, line)):
            continue
        if line.endswith("override;") or line.endswith("override = 0;"):
            continue
        yield number, line


def copies(files):
    """[(place, place)] of windows of LINES equal lines; `files`: {name: text}. One row per pair of stretches."""
    places = defaultdict(list)
    for name, text in files.items():
        lines = list(code_of(text))
        for at in range(len(lines) - LINES + 1):
            places["\n".join(line for _, line in lines[at:at + LINES])].append((name, lines[at][0]))
    found, last = [], {}
    for same in places.values():
        for first, second in zip(same, same[1:]):
            pair = (first[0], second[0])
            near = last.get(pair)
            last[pair] = (first[1], second[1])
            if near and 0 <= first[1] - near[0] < 2 * LINES and 0 <= second[1] - near[1] < 2 * LINES:
                continue  # the stretch goes on
            found.append((f"{first[0]}:{first[1]}", f"{second[0]}:{second[1]}"))
    return found


def main(arguments):
    as_json = "json" in arguments
    roots = [word for word in arguments if word not in ("-o", "json")]
    root = Path(roots[0]) if roots else Path(__file__).resolve().parents[2]
    files = {str(file.relative_to(root)): file.read_text(errors="replace") for directory in DIRECTORIES
             for file in sorted((root / directory).rglob("*")) if file.suffix in SUFFIXES}
    # The broken twin: a copy planted here must be found.
    twin = next(text for text in files.values() if sum(1 for _ in code_of(text)) >= 2 * LINES)
    if not copies({"a": twin, "b": twin}):
        print("check_copies: does not find a planted copy")
        return 1
    found = copies(files)
    if as_json:
        print(json.dumps({"files": len(files), "copies": found}))
    else:
        print("\n".join([f"{one} and {other}: the same {LINES} lines" for one, other in found]
                        + [f"{len(files)} files, {len(found)} copies"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
