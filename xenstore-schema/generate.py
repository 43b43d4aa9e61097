#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes one of the things made from the schema to standard output (or to -o FILE).

    generate.py c       libvmshare/abi/store_nodes.h: names for C and the kernel
    generate.py nodes   xenstore-schema/nodes.hpp: names, paths, permissions for C++
    generate.py states  xenstore-schema/states.hpp: states, transitions, legal pairs
    generate.py table   xenstore-schema/table.hpp: every node as a row, for the linter
    generate.py doc     docs/store-paths.md"""

import argparse
import sys
from pathlib import Path

import emit_c
import emit_cpp
import emit_doc
import model

OUTPUTS = {"c": emit_c.header, "nodes": emit_cpp.nodes, "states": emit_cpp.states, "table": emit_cpp.table,
           "doc": emit_doc.document}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=OUTPUTS)
    parser.add_argument("-o", "--output", type=Path, help="write there instead of to standard output")
    parser.add_argument("--schema", type=Path, default=Path(__file__).resolve().parent,
                        help="folder with the *.toml files (default: beside this program)")
    arguments = parser.parse_args()
    try:
        text = OUTPUTS[arguments.what](model.load(arguments.schema))
    except model.SchemaError as error:
        sys.exit(f"generate.py: {error}")
    if arguments.output:
        arguments.output.write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
