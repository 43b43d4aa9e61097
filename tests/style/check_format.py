#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds C and C++ sources against the .clang-format files (clang-format 14; skipped where it is not installed)."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from check_tree import CPP, files_of

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = 77


def formatter():
    """clang-format 14, or None: other versions disagree with it."""
    for name in ("clang-format-14", "clang-format"):
        if program := shutil.which(name):
            said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
            if re.search(r"version 14\.", said):
                return program
    return None


def unformatted(program, files, cwd):
    """Of the files, those that clang-format would change."""
    done = subprocess.run([program, "--dry-run", "--style=file", *files], cwd=cwd, capture_output=True, text=True)
    return sorted({line.split(":", 1)[0] for line in done.stderr.splitlines() if "[-Wclang-format" in line})


def main():
    program = formatter()
    if not program:
        print("skip: clang-format 14 is not installed")
        return SKIPPED
    files = [path for path in files_of(ROOT) if path.endswith(CPP)]
    wrong = unformatted(program, files, ROOT)
    print("\n".join([f"{path}: run {os.path.basename(program)} -i" for path in wrong]
                    + [f"{len(files)} files, {len(wrong)} not formatted"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
