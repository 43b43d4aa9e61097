#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds docs/spec-table.md against the tree: the test that a row names exists and carries the statement.

    check_spec_table.py [ROOT]

A row is `| statement | says | test | where |`; `test` holds paths of files, each of which must contain the
statement literally ("R-1"); `where` says unit, hosted or Xen."""

import re
import sys
from pathlib import Path

TABLE = "docs/spec-table.md"
STATEMENT = re.compile(r"^[A-Z]-\d+$")
FILE = re.compile(r"[\w.+-]+(?:/[\w.+-]+)+")
WHERE = {"unit", "hosted", "Xen"}
SKIPPED = 77


def rows(text):
    """(line number, cells) of each row whose first cell is a statement."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if STATEMENT.match(cells[0].strip("`* ")):
            yield number, [cells[0].strip("`* "), *cells[1:]]


def violations(text, read):
    """`read(path)`: the text of a file of the tree, or None."""
    seen = {}
    for number, cells in rows(text):
        at = f"{TABLE}:{number}: {cells[0]}"
        statement = cells[0]
        if statement in seen:
            yield f"{at}: is in line {seen[statement]} already"
        seen[statement] = number
        if len(cells) != 4:
            yield f"{at}: {len(cells)} columns instead of 4"
            continue
        _, _, tests, where = cells
        files = FILE.findall(tests)
        if not files:
            yield f"{at}: names no test"
        for file in files:
            content = read(file)
            if content is None:
                yield f"{at}: {file} is not there"
            elif not re.search(rf"\b{statement}(?!\d)", content):
                yield f"{at}: {file} does not name it"
        if not WHERE & set(re.findall(r"\w+", where)):
            yield f"{at}: 'where' is none of {', '.join(sorted(WHERE))}"
    if not seen:
        yield f"{TABLE}: no row names a statement"


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    table = root / TABLE
    if not table.exists():
        print(f"skip: {TABLE} is not there")
        return SKIPPED
    found = list(violations(table.read_text(), lambda path: (root / path).read_text(errors="replace")
                            if (root / path).is_file() else None))
    print("\n".join(found + [f"{len(list(rows(table.read_text())))} statements, {len(found)} violations"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
