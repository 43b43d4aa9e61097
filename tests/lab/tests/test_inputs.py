# SPDX-License-Identifier: Apache-2.0
"""What the lab reads: Debian's package data, payload.list, ELF files, kernel modules."""

import tempfile
import unittest
from pathlib import Path

from xvmlab import cache, elf, kmodules
from xvmlab.debian import parse_depends, parse_show
from xvmlab.errors import LabError, Usage
from xvmlab.payload import parse_list


class DebianTest(unittest.TestCase):
    def test_a_depends_field_gives_the_first_alternatives(self):
        self.assertEqual(parse_depends("libc6 (>= 2.35), python3:any, awk | mawk, libfoo1 (= 1-2)"),
                         ("libc6", "python3", "awk", "libfoo1"))
        self.assertEqual(parse_depends(""), ())

    def test_a_paragraph_gives_name_version_and_depends(self):
        package = parse_show("Package: x\nVersion: 1:2-3\nPre-Depends: aa\nDepends: bb, cc\nDescription-en: d\n Depends: no\n")
        self.assertEqual((package.name, package.version, package.depends), ("x", "1:2-3", ("aa", "bb", "cc")))


class PayloadListTest(unittest.TestCase):
    def test_sources_come_from_the_build_or_the_checkout(self):
        items = parse_list("# head\na/b /usr/bin/b  # why\n@docs/x /x\n\n", Path("/build"), Path("/tree"))
        self.assertEqual([(str(i.source), i.target, i.name) for i in items],
                         [("/build/a/b", "/usr/bin/b", "b"), ("/tree/docs/x", "/x", "x")])

    def test_a_malformed_line_is_refused_with_its_number(self):
        for text in ("\na\n", "\na b\n", "\na /b c\n"):
            with self.assertRaisesRegex(Usage, "payload.list:2"):
                parse_list(text, Path("/"), Path("/"))


class ElfTest(unittest.TestCase):
    def test_the_libraries_of_a_program_are_found(self):
        found = elf.closure([Path("/bin/cat").resolve()], Path("/"))
        self.assertIn("/lib64/ld-linux-x86-64.so.2", found)
        self.assertIn("/usr/lib/x86_64-linux-gnu/libc.so.6", found)
        self.assertIn("/usr/lib/x86_64-linux-gnu/libgcc_s.so.1", found)

    def test_a_library_that_is_not_there_is_named(self):
        with tempfile.TemporaryDirectory() as empty, self.assertRaisesRegex(LabError, "libx.so.1"):
            elf.find("libx.so.1", Path(empty))


class ModulesTest(unittest.TestCase):
    def tree(self, directory, **modules):
        for name, depends in modules.items():
            (directory / f"{name}.ko").write_bytes(b"junk\0depends=" + depends.encode() + b"\0name=x\0")
        (directory / "modules.builtin").write_text("kernel/lib/built-in.ko\n")
        return kmodules.Tree(directory)

    def test_each_stands_after_what_it_depends_on(self):
        with tempfile.TemporaryDirectory() as name:
            tree = self.tree(Path(name), a="b,c", b="c", c="", d="")
            self.assertEqual([f.name for f in tree.ordered(["a", "c"])], ["c.ko", "b.ko", "a.ko"])

    def test_hyphens_are_underscores_and_built_in_ones_are_left_out(self):
        with tempfile.TemporaryDirectory() as name:
            tree = self.tree(Path(name), xen_evtchn="built_in")
            self.assertEqual([f.name for f in tree.ordered(["xen-evtchn"])], ["xen_evtchn.ko"])

    def test_missing_and_circular_ones_are_refused(self):
        with tempfile.TemporaryDirectory() as name:
            tree = self.tree(Path(name), a="b", b="a", c="gone")
            with self.assertRaisesRegex(LabError, "depends on itself"):
                tree.ordered(["a"])
            with self.assertRaisesRegex(LabError, "gone"):
                tree.ordered(["c"])


class CacheTest(unittest.TestCase):
    def test_a_key_follows_content_and_names(self):
        with tempfile.TemporaryDirectory() as name:
            file = Path(name) / "f"
            file.write_text("1")
            first = cache.key_of("x", file)
            self.assertEqual(first, cache.key_of("x", file))
            file.write_text("2")
            self.assertNotEqual(first, cache.key_of("x", file))
            self.assertNotEqual(cache.key_of("ab", "c"), cache.key_of("a", "bc"))
