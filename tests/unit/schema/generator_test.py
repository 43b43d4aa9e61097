# SPDX-License-Identifier: Apache-2.0
"""What is committed of the generated files equals the schema; mistakes in the schema are refused."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = ROOT / "xenstore-schema"
COMMITTED = {"c": "libvmshare/abi/store_nodes.h", "doc": "docs/store-paths.md"}


def generate(what, schema=SCHEMA):
    return subprocess.run([sys.executable, "-B", SCHEMA / "generate.py", what, "--schema", schema],
                          capture_output=True, text=True)


def drift(schema=SCHEMA):
    """One line for each committed file that is not what the schema gives."""
    return [f"{file} is out of date; run: python3 xenstore-schema/generate.py {what} > {file}"
            for what, file in COMMITTED.items() if generate(what, schema).stdout != (ROOT / file).read_text()]


class Changed:
    """A copy of the schema with one text replaced."""

    def __init__(self, file, old, new):
        self.file, self.old, self.new = file, old, new

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp())
        for file in SCHEMA.glob("*.toml"):
            shutil.copy(file, self.folder)
        text = (self.folder / self.file).read_text()
        assert self.old in text
        (self.folder / self.file).write_text(text.replace(self.old, self.new, 1))
        return self.folder

    def __exit__(self, *_):
        shutil.rmtree(self.folder)


class Generator(unittest.TestCase):
    def test_the_committed_files_equal_the_schema(self):
        self.assertEqual(drift(), [])

    def test_broken_twin_a_changed_schema_is_drift(self):
        with Changed("xvbd.toml", 'path = "ring-pages"', 'path = "ring-size"') as schema:
            (found := drift(schema))
        # The counted sibling is gone, too, so that nothing is generated at all.
        self.assertEqual(len(found), 2)
        with Changed("xvbd.toml", 'path = "event-channel"', 'path = "port"') as schema:
            self.assertEqual(len(drift(schema)), 2)

    def test_the_c_header_compiles_alone(self):
        for language in (["-x", "c", "-std=c11"], ["-x", "c++", "-std=c++20"]):
            done = subprocess.run(["cc", *language, "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                                   ROOT / COMMITTED["c"]], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_mistakes_in_the_schema_are_refused_by_name(self):
        for file, old, new, word in [
            ("xvbd.toml", 'type = "gref"', 'type = "grant"', "unknown type 'grant'"),
            ("xvbd.toml", 'writer = "backend"', 'writer = "nobody"', "unknown party 'nobody'"),
            ("xvbd.toml", 'required = ["initialised', 'required = ["ready', "unknown state 'ready'"),
            ("xvbd.toml", 'count = "ring-pages"', 'count = "rings"', "'rings' counts nothing"),
            ("xvm.toml", 'permissions = "private"', 'permissions = "public"', "unknown permissions"),
            ("xvm.toml", "same_as =", "same_like =", "unknown key ['same_like']"),
            ("xvm.toml", '/local/domain/{domid}/name"', '/local/domain/{domid}/nam"', "same_as: no such node"),
        ]:
            with self.subTest(new), Changed(file, old, new) as schema:
                done = generate("nodes", schema)
                self.assertEqual(done.returncode, 1)
                self.assertIn(word, done.stderr)
                self.assertIn(file, done.stderr)


if __name__ == "__main__":
    unittest.main()
