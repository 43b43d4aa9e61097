#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the headers in libvmshare/abi as the compilers see them.

Each header must stand alone in C11, C++20 and, in C, for a 32-bit machine, with every warning on.
What crosses a domain boundary (sizes, offsets, constants) must be what docs/abi.md says; a change
there is a change of the ABI and has to be seen: refresh the page with tests/abi/layout.py --write.

Exit code 0: all as it must be; 1: not."""

import argparse
import difflib
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "abi.md"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wpadded", "-Wundef", "-Werror"]
MODES = {
    "C11": lambda a: [*a.cc, "-std=c11", "-x", "c"],
    "C++20": lambda a: [*a.cxx, "-std=c++20", "-x", "c++"],
    # A 32-bit libc need not be there: the compiler brings stdint.h and stddef.h itself.
    "C11, 32 bits": lambda a: [*a.cc, "-m32", "-ffreestanding", "-std=c11", "-x", "c"],
}

HEAD = """# The binary interface

Sizes, offsets (hexadecimal) and constants of everything that crosses a domain boundary, as the compiler
sees them. Made by `tests/abi/layout.py --write`; `./check` fails when a header in `libvmshare/abi` no
longer agrees with this page. All fields are little-endian.
"""


def compile_alone(command, header, text=None):
    source = text or f'#include "{header}"\nint xvm_not_empty;\n'
    return subprocess.run([*command, *WARNINGS, "-fsyntax-only", "-I", str(ROOT), "-"], input=source, text=True,
                          capture_output=True)


def names(header):
    """(structs with their size, fields and offsets; constants), all as written in the header."""
    text = re.sub(r"/\*.*?\*/", "", (ROOT / header).read_text(), flags=re.S)
    structs = {struct: [] for struct in re.findall(r"XVM_ABI_SIZE\(struct (\w+),", text)}
    for struct, field in re.findall(r"XVM_ABI_AT\(struct (\w+), (\w+),", text):
        structs[struct].append(field)
    unchecked = set(re.findall(r"^struct (\w+) \{", text, flags=re.M)) - set(structs)
    constants = re.findall(r"^#define (XVM_\w+) +\S", text, flags=re.M)
    constants += re.findall(r"^\s+(XVM_\w+) = ", text, flags=re.M)
    return structs, constants, unchecked


def probe(arguments, header, structs, constants):
    """What the compiler says of them: a small program prints it."""
    lines = ["#include <stdio.h>", "#include <string.h>", f'#include "{header}"',
             "#define SHOW(c) _Generic((c), char *: show_text, default: show_number)",
             'static void show_text(const char *n, const char *t) { printf("= %s \\"%s\\"\\n", n, t); }',
             'static void show_number(const char *n, long long v)',
             '{ if (v < 0) printf("= %s %lld\\n", n, v); else printf("= %s 0x%llx\\n", n, (unsigned long long)v); }',
             "int main(void) {"]
    for struct, fields in structs.items():
        lines.append(f'printf("struct {struct} %zu\\n", sizeof(struct {struct}));')
        for field in fields:
            lines.append(f'printf(". {field} %zu %zu\\n", offsetof(struct {struct}, {field}), '
                         f"sizeof(((struct {struct} *)0)->{field}));")
    lines += [f'SHOW({name})("{name}", {name});' for name in constants]
    lines += ["(void)show_text; (void)show_number; return 0; }"]
    with tempfile.TemporaryDirectory(prefix="xvm-abi-") as where:
        program = Path(where) / "probe"
        subprocess.run([*arguments.cc, "-std=c11", "-I", str(ROOT), "-x", "c", "-", "-o", str(program)],
                       input="\n".join(lines), text=True, check=True)
        return subprocess.run([str(program)], check=True, text=True, capture_output=True).stdout.splitlines()


def section(header, lines, problems):
    """The page's section on one header; complains about a struct whose named fields leave a gap."""
    out, constants, end, size, struct = [f"\n## {header}\n"], [], 0, 0, None

    def close():
        if struct and end != size:
            problems.append(f"{header}: struct {struct}: bytes {end:#x} to {size:#x} belong to no checked field")

    for line in lines:
        kind, name, *numbers = line.split(" ", 3)
        if kind == "struct":
            close()
            struct, size, end = name, int(numbers[0]), 0
            out.append(f"\n### struct {struct}, {size} bytes\n\n| offset | bytes | field |\n|---|---|---|\n")
        elif kind == ".":
            offset, width = map(int, numbers)
            if offset != end:
                problems.append(f"{header}: struct {struct}: bytes {end:#x} to {offset:#x} belong to no checked field")
            end = offset + width
            out.append(f"| {offset:03x} | {width} | {name} |\n")
        else:
            constants.append(f"| {name} | {' '.join(numbers)} |\n")
    close()
    if constants:
        out += ["\n### Constants\n\n| name | value |\n|---|---|\n", *constants]
    return "".join(out)


BROKEN_TWINS = {
    "a field that moved": "struct s { uint32_t a; uint32_t b; };\nXVM_ABI_AT(struct s, b, 0x08);",
    "a size that changed": "struct s { uint64_t a; };\nXVM_ABI_SIZE(struct s, 16);",
    "hidden padding": "struct s { uint32_t a; uint64_t b; };",
    "a dependency that is not included": "struct s { struct xvm_ring_word w; };",
}


def twins(arguments):
    """The headers' own checks must refuse each of these; returns those that pass all the same."""
    return [f"broken twin compiles in {mode}: {what}" for what, text in BROKEN_TWINS.items()
            for mode, command in MODES.items()
            if (what != "hidden padding" or "32" not in mode)  # a 32-bit machine aligns 64 bits to 4
            and not compile_alone(command(arguments), "", f'#include "libvmshare/abi/abi.h"\n{text}\n').returncode]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write docs/abi.md")
    parser.add_argument("--cc", default="cc", type=shlex.split)
    parser.add_argument("--cxx", default="c++", type=shlex.split)
    parser.add_argument("headers", nargs="*", help="default: all in libvmshare/abi")
    arguments = parser.parse_args()
    headers = arguments.headers or sorted(str(path.relative_to(ROOT)) for path in (ROOT / "libvmshare/abi").glob("*.h"))
    problems, compiled, structs_seen, page = [], 0, 0, HEAD

    for header in headers:
        for mode, command in MODES.items():
            result = compile_alone(command(arguments), header)
            compiled += 1
            if result.returncode:
                problems.append(f"{header} does not stand alone in {mode}:\n{result.stderr}")
        structs, constants, unchecked = names(header)
        problems += [f"{header}: struct {name} has no XVM_ABI_SIZE under it" for name in sorted(unchecked)]
        if structs:  # constants without a struct (store paths) have pages of their own
            structs_seen += len(structs)
            page += section(header, probe(arguments, header, structs, constants), problems)

    problems += twins(arguments)
    if arguments.write:
        PAGE.write_text(page)
    old = PAGE.read_text() if PAGE.exists() else ""
    if old != page:
        drift = difflib.unified_diff(old.splitlines(), page.splitlines(), "docs/abi.md", "the headers", lineterm="")
        problems.append("\n".join(drift) + "\nthe ABI changed; if it was meant: tests/abi/layout.py --write")
    print("\n".join(problems), end="\n" if problems else "")
    print(f"{len(headers)} headers, {compiled} compilations, {structs_seen} structs, "
          f"{len(BROKEN_TWINS)} broken twins; {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
