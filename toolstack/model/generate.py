#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes one of the things made from the model to standard output (or to -o FILE).

    generate.py cpp      the tables behind toolstack/model/model.hpp
    generate.py scripts  completion as C++ (toolstack/cli/scripts.hpp)
    generate.py bash     completion for bash
    generate.py zsh      completion for zsh
    generate.py all      all that is committed: docs/verbs.md, docs/api/, and parts of xvm.1 and xvmd.8 in docs/man/"""

import argparse
import sys
from pathlib import Path

import emit_api
import emit_completion
import emit_cpp
import emit_doc
import emit_man
import model

OUTPUTS = {"cpp": emit_cpp.tables, "scripts": emit_completion.cpp, "bash": emit_completion.bash,
           "zsh": emit_completion.zsh}


ROOT = Path(__file__).resolve().parent.parent.parent


MAN = "docs/man/xvm.1.scd"
PAGES = {MAN: ["verbs", "options"], "docs/man/xvmd.8.scd": ["routes"]}


def committed(found, tree):
    """{path in the tree: text} of everything that is made from the model and committed; `tree` is {path: text} of what
    is there, of which PAGES are made in parts only."""
    files = {"docs/verbs.md": emit_doc.table(found), "docs/api/openapi.json": emit_api.openapi(found)}
    files.update({page: emit_man.page(found, tree.get(page, ""), parts) for page, parts in PAGES.items()})
    files.update({f"docs/api/schemas/{name}": text for name, text in emit_api.schema_files(found).items()})
    return files


def write_all(found):
    schemas = ROOT / "docs/api/schemas"
    schemas.mkdir(parents=True, exist_ok=True)
    files = committed(found, {page: (ROOT / page).read_text() for page in PAGES})
    for path in schemas.iterdir():
        if f"docs/api/schemas/{path.name}" not in files:
            path.unlink()
    for path, text in files.items():
        (ROOT / path).write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=[*OUTPUTS, "all"])
    parser.add_argument("-o", "--output", type=Path, help="write there instead of to standard output")
    parser.add_argument("--model", type=Path, default=Path(__file__).resolve().parent,
                        help="folder with the *.toml files (default: beside this program)")
    arguments = parser.parse_args()
    try:
        found = model.load(arguments.model)
        if arguments.what == "all":
            return write_all(found)
        text = OUTPUTS[arguments.what](found)
    except model.ModelError as error:
        sys.exit(f"generate.py: {error}")
    if arguments.output:
        arguments.output.write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
