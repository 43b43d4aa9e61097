#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the catalogue's mistakes with the real programs on a make-believe machine: the first line is the golden one,
by the rule of judge.py it is told right, the exit code is the one of the catalogue, and the machine is as before.
Usage: run.py [--only ID] [-o table|json] XVM XVMD XVM_PACK XVM_IMPORT"""

import argparse
import json
import sys

import catalogue
import hosted
import judge


def changed(world, before):
    """Whether the machine is another one than before; a daemon that is down by design is not asked."""
    return "no-xvmd" not in world.needed and world.daemon.ledger() != before


def run_one(programs, mistake):
    """{id, exit, line, golden, right, lacks, leaves}: what came of one mistake."""
    with hosted.World(programs) as world:
        world.needed = [words.split()[0] for words in mistake.ours.needs]
        world.prepare(mistake.ours)
        before = None if "no-xvmd" in world.needed else world.daemon.ledger()
        code, said = world.run(mistake.ours.run)
        line = judge.first_line(said)
        verdict = judge.judge(mistake, said, code, world.dir)
        return {"id": mistake.id, "exit": code, "line": line.replace(world.dir, "{dir}"),
                "golden": mistake.says(line, world.places) and code == mistake.exit, "right": verdict.right,
                "lacks": verdict.lacks, "leaves": changed(world, before)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", help="this mistake")
    parser.add_argument("-o", "--output", choices=["table", "json"], default="table")
    parser.add_argument("programs", nargs=4, metavar="PROGRAM")
    options = parser.parse_args()
    programs = hosted.Programs(**dict(zip(("xvm", "xvmd", "xvm_pack", "xvm_import"), options.programs)))
    results = [run_one(programs, mistake) for mistake in catalogue.load()
               if mistake.hosted and (not options.only or mistake.id in options.only)]
    failed = [one for one in results if not (one["golden"] and one["right"]) or one["leaves"]]
    if options.output == "json":
        print(json.dumps(results, indent=1))
    else:
        golden = {mistake.id: mistake for mistake in catalogue.load()}
        for one in failed:
            wanted = golden[one["id"]]
            print(f"{one['id']}: {'leaves something' if one['leaves'] else ', '.join(one['lacks']) or 'not the golden line'}"
                  f"\n  said   {one['line']} (exit {one['exit']})\n  golden {wanted.said} (exit {wanted.exit})")
        print(f"{len(results)} mistakes, {sum(one['right'] for one in results)} told right, {len(failed)} not as they should be")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
