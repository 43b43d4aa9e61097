#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes one of the things made from the model to standard output (or to -o FILE).

    generate.py cpp      the tables behind toolstack/model/model.hpp
    generate.py scripts  completion as C++ (toolstack/cli/scripts.hpp)
    generate.py bash     completion for bash
    generate.py zsh      completion for zsh"""

import argparse
import sys
from pathlib import Path

import emit_completion
import emit_cpp
import model

OUTPUTS = {"cpp": emit_cpp.tables, "scripts": emit_completion.cpp, "bash": emit_completion.bash,
           "zsh": emit_completion.zsh}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=OUTPUTS)
    parser.add_argument("-o", "--output", type=Path, help="write there instead of to standard output")
    parser.add_argument("--model", type=Path, default=Path(__file__).resolve().parent,
                        help="folder with the *.toml files (default: beside this program)")
    arguments = parser.parse_args()
    try:
        text = OUTPUTS[arguments.what](model.load(arguments.model))
    except model.ModelError as error:
        sys.exit(f"generate.py: {error}")
    if arguments.output:
        arguments.output.write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
