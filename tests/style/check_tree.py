#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the tree against rules.toml: who includes whom, licence lines, lengths, statements that tests name.

    check_tree.py [ROOT]    prints one line a violation; exit code 1 if there is one

A tree is a dictionary path -> text, so that tests plant violations in one of their own."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
SKIPPED_FOLDERS = {".git", "build", "results", "__pycache__", ".cache"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)
CPP = (".c", ".h", ".cpp", ".hpp")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")
STATEMENT = re.compile(r"\[([A-Z])-(\d+)\]")


def rules():
    return tomllib.loads((HERE / "rules.toml").read_text())


def files_of(root):
    """Paths below root, of the checkout or, without git, of the folder."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        return [path for path in listed.stdout.split("\0") if path and (root / path).is_file()]
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()
                  and not any(part in SKIPPED_FOLDERS or part.startswith("build-")
                              for part in path.relative_to(root).parts))


def read_tree(root):
    tree = {}
    for path in files_of(root):
        try:
            tree[path] = (root / path).read_text()
        except UnicodeDecodeError:
            continue  # a binary file: no rule is about it
    return tree


def includes(text):
    """(line number, quoted?, name)"""
    return [(text.count("\n", 0, found.start(1)) + 1, found[1] == '"', found[2]) for found in INCLUDE.finditer(text)]


def starts(path, prefixes):
    return any(path.startswith(prefix) for prefix in prefixes)


def check_includes(tree, rule):
    for path, text in tree.items():
        if not path.endswith(CPP):
            continue
        whose = max((entry for entry in rule["include"] if path.startswith(entry["of"])),
                    key=lambda entry: len(entry["of"]), default=None)
        for line, quoted, name in includes(text):
            where = f"{path}:{line}"
            if not quoted:
                if name.startswith("xen") and not starts(path, rule["xen"]["headers_in"]):
                    yield f"{where}: <{name}>: Xen's headers stay in {rule['xen']['headers_in'][0]}"
                continue
            if "/" not in name:  # a module's own header beside it
                if not path.startswith("frontends/linux/"):
                    yield f"{where}: \"{name}\": include by path from the root of the tree"
                continue
            if whose is None:
                yield f"{where}: nothing says what {path} may include"
                continue
            anything = "*" in whose["may"] and not name.startswith("tests/")
            if not anything and not starts(name, [whose["of"], *whose["may"]]):
                yield f"{where}: {whose['of']} may not include {name}"
            if starts(name, rule["ports"]["implementations"]) and not starts(path, rule["ports"]["chosen_by"]):
                yield f"{where}: {name}: only a daemon chooses a port"


def expected_licences(path, rule):
    if path.startswith("libvmshare/abi/") or path.startswith("libvmshare/timer/") and path.endswith(".h"):
        return [rule["spdx"]["abi"]]
    if path.startswith(("frontends/linux/", "backends/timer/linux/")):
        return [rule["spdx"]["kernel"], rule["spdx"]["abi"]]
    return [rule["spdx"]["other"]]


def check_licences(tree, rule):
    for path, text in tree.items():
        script = text.startswith("#!")
        if not text or not (script or path.endswith(tuple(rule["spdx"]["suffixes"]))):
            continue
        found = re.search(r"SPDX-License-Identifier: ([^*\n]+)", "\n".join(text.splitlines()[:3]))
        wanted = expected_licences(path, rule)
        if not found:
            yield f"{path}:1: no SPDX-License-Identifier in the first three lines"
        elif not path.startswith("tests/") and found[1].strip() not in wanted:
            yield f"{path}:1: licence '{found[1].strip()}' instead of '{wanted[0]}'"


def check_text(tree, rule):
    for path, text in tree.items():
        lines = text.splitlines()
        if path.endswith(".hpp") and "#pragma once" not in lines:
            yield f"{path}:1: no #pragma once"
        if path.startswith("LICENSES/") or path.startswith("tests/style/"):
            continue
        if len(lines) > rule["lines"]["max"] and path not in rule["lines"]["except"]:
            yield f"{path}: {len(lines)} lines; at most {rule['lines']['max']}, or an entry in tests/style/rules.toml"
        for number, line in enumerate(lines, 1):
            if found := UNFINISHED.search(line):
                yield f"{path}:{number}: {found[1]} left"
    for path in rule["lines"]["except"]:
        if path not in tree:
            yield f"tests/style/rules.toml: exception for {path}, which is not there"


def check_statements(tree, rule):
    for path, text in tree.items():
        if not path.startswith("tests/") or path.startswith("tests/style/"):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for letter, index in STATEMENT.findall(line):
                if letter in rule["statements"] and not 1 <= int(index) <= rule["statements"][letter]:
                    yield f"{path}:{number}: [{letter}-{index}]: the specification has no such statement"


CHECKS = [check_includes, check_licences, check_text, check_statements]


def violations(tree, rule):
    return sorted(found for check in CHECKS for found in check(tree, rule))


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parents[1]
    tree = read_tree(root)
    found = violations(tree, rules())
    print("\n".join(found + [f"{len(tree)} files, {len(found)} violations"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
