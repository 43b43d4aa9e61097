#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes of the catalogue what others read: the calls of world.sh for real Xen, or the table for people.
Usage: emit.py dom0|doc [-o FILE | --check FILE]"""

import argparse
import base64
import shlex
import sys

import catalogue

PLACES = {"dir": "/run/mistakes", "state": "/var/lib/xvm"} # in dom0


def pattern(said):
    """The golden line as a pattern of the shell's `case`."""
    for special in "\\[]?":
        said = said.replace(special, "\\" + special)
    return in_dom0(said)


def in_dom0(text):
    return catalogue.in_place(text, PLACES)


def call(function, mistake, case, *more):
    text = base64.b64encode(case.text.replace(b"{dir}", PLACES["dir"].encode())).decode()
    words = [mistake.id, ";".join(case.needs), in_dom0(case.prepare), in_dom0(case.run), text, *more]
    return " ".join([function, *map(shlex.quote, words)])


def dom0(mistakes):
    """One call of world.sh's functions a line."""
    lines = ["# Made of tests/mistakes/catalogue.toml by emit.py."]
    for mistake in mistakes:
        if mistake.xen:
            lines.append(call("of_xvm", mistake, mistake.ours, str(mistake.exit), pattern(mistake.said)))
    for mistake in mistakes:
        if mistake.xen and mistake.xl:
            lines.append(call("of_xl", mistake, mistake.xl))
    return "\n".join(lines) + "\n"


def cell(text):
    return text.replace("|", "\\|").replace("{dir}/", "").replace("{dir}", "DIR").replace("{state}", "/var/lib/xvm").replace("*", "…")


def doc(mistakes):
    """docs/mistakes.md."""
    lines = ["# What goes wrong, and what xvm says", "",
             "Made of tests/mistakes/catalogue.toml by tests/mistakes/emit.py; a test fails when the two differ. Each line is",
             "what xvm prints first on standard error: the object, the cause, and what to do. Where the mistake stands in a",
             "file, the object is its line and column. … is any text. The exit codes are those of",
             "[decision 4](decisions/0004-exit-codes.md).", "",
             "| a user … | xvm says | exit |", "|---|---|---|"]
    lines += [f"| {cell(mistake.did)} | `{cell(mistake.said.removeprefix('xvm: '))}` | {mistake.exit} |"
              for mistake in mistakes]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["dom0", "doc"])
    parser.add_argument("-o", "--output", help="to this file; left out: standard output")
    parser.add_argument("--check", metavar="FILE", help="fails if FILE says something else")
    options = parser.parse_args()
    text = {"dom0": dom0, "doc": doc}[options.what](catalogue.load())
    if options.check:
        with open(options.check, encoding="utf-8") as file:
            if file.read() != text:
                sys.exit(f"{options.check}: is not what the catalogue says; run tests/mistakes/emit.py {options.what} "
                         f"-o {options.check}")
    elif options.output:
        with open(options.output, "w", encoding="utf-8") as file:
            file.write(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
