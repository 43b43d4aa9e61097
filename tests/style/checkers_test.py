# SPDX-License-Identifier: Apache-2.0
"""The checkers find what is planted: each rule has a clean tree and a broken twin."""

import tempfile
import unittest
from pathlib import Path

import check_format
import check_spec_table
import check_tree

LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"
RULES = check_tree.rules()
RULES["lines"]["except"] = {}  # of files that the planted tree does not have


def source(*lines):
    return LICENCE + "\n".join(lines) + "\n"


CLEAN = {
    "libvmshare/base/a.hpp": source("#pragma once", "#include <string>"),
    "libvmshare/ring/a.cpp": source('#include "libvmshare/abi/ring.h"', '#include "libvmshare/ring/b.hpp"'),
    "libvmshare/port/xen/a.cpp": source("#include <xenctrl.h>", '#include "libvmshare/port/store.hpp"'),
    "frontends/linux/a.c": "// SPDX-License-Identifier: GPL-2.0-only\n#include <xen/grant_table.h>\n"
                           '#include "a.h"\n#include "libvmshare/abi/ring.h"\n',
    "daemons/xvmd/main.cpp": source('#include "libvmshare/port/xen/store.hpp"', '#include "toolstack/run/create.hpp"'),
    "tests/unit/a_test.cpp": source('#include "tests/unit/a.hpp"', 'TEST_CASE("x", "[R-15]") {}'),
    "run": "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n",
    "docs/free.md": "No licence line is needed in prose.\n",
}


class Tree(unittest.TestCase):
    def planted(self, path, text):
        found = check_tree.violations({**CLEAN, path: text}, RULES)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(path), found)
        return found[0]

    def test_a_clean_tree_has_no_violation(self):
        self.assertEqual(check_tree.violations(CLEAN, RULES), [])

    def test_a_forbidden_include_is_found(self):
        for path, name, word in [
            ("libvmshare/base/b.cpp", "libvmshare/abi/ring.h", "may not include"),
            ("libvmshare/abi/b.h", "libvmshare/base/result.hpp", "may not include"),
            ("libvmshare/ring/b.cpp", "libvmshare/port/store.hpp", "may not include"),
            ("libvmshare/port/b.cpp", "xenstore-schema/nodes.hpp", "may not include"),
            ("libvmshare/port/hosted/b.cpp", "libvmshare/ring/b.hpp", "may not include"),
            ("backends/block/b.cpp", "toolstack/plan/plan.hpp", "may not include"),
            ("backends/block/b.cpp", "libvmshare/port/xen/store.hpp", "only a daemon chooses a port"),
            ("toolstack/plan/b.cpp", "libvmshare/port/store.hpp", "may not include"),
            ("toolstack/cli/b.cpp", "libvmshare/port/store.hpp", "may not include"),
            ("daemons/xvmd/b.cpp", "tests/unit/a.hpp", "may not include"),
            ("daemons/xvmd/b.cpp", "b.hpp", "by path from the root"),
            ("somewhere/b.cpp", "libvmshare/base/result.hpp", "nothing says"),
        ]:
            text = source(f'#include "{name}"')
            if path.startswith("libvmshare/abi/"):
                text = text.replace("Apache-2.0", RULES["spdx"]["abi"])
            with self.subTest(path + " " + name):
                self.assertIn(word, self.planted(path, text))

    def test_a_xen_header_outside_the_port_is_found(self):
        for path in ("libvmshare/port/b.cpp", "daemons/xvmd/b.cpp", "toolstack/cli/b.cpp"):
            for name in ("xenctrl.h", "xen/io/xenbus.h"):
                self.assertIn("Xen's headers", self.planted(path, source(f"#include <{name}>")))

    def test_a_missing_or_wrong_licence_is_found(self):
        self.assertIn("no SPDX", self.planted("libvmshare/base/b.cpp", "int x;\n"))
        self.assertIn("no SPDX", self.planted("script", "#!/bin/sh\n"))
        self.assertIn("licence", self.planted("frontends/linux/b.c", source()))
        self.assertIn("licence", self.planted("libvmshare/abi/b.h", source()))
        self.assertIn("licence", self.planted("libvmshare/base/b.cpp", "// SPDX-License-Identifier: MIT\n"))

    def test_a_header_without_its_guard_a_long_file_and_a_leftover_note_are_found(self):
        self.assertIn("#pragma once", self.planted("libvmshare/base/b.hpp", source("int x;")))
        self.assertIn("502 lines", self.planted("libvmshare/base/b.cpp", source(*["int x;"] * 501)))
        self.assertIn("TODO", self.planted("libvmshare/base/b.cpp", source("// TO" + "DO: later")))

    def test_a_statement_that_is_not_in_the_specification_is_found(self):
        self.assertIn("[R-16]", self.planted("tests/unit/b_test.cpp", source('TEST_CASE("x", "[R-16]")')))
        self.assertIn("[P-0]", self.planted("tests/unit/b_test.cpp", source('TEST_CASE("x", "[P-0]")')))

    def test_a_folder_without_git_is_walked(self):
        with tempfile.TemporaryDirectory() as folder:
            for path, text in {**CLEAN, "build-x/junk.hpp": "", "build/junk.hpp": ""}.items():
                file = Path(folder, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            self.assertEqual(sorted(check_tree.read_tree(Path(folder))), sorted(CLEAN))


class Spec_table(unittest.TestCase):
    FILES = {"tests/unit/a_test.cpp": "[R-1] [R-10]", "tests/unit/b_test.cpp": "[R-10]"}
    HEAD = "| statement | says | test | where |\n|---|---|---|---|\n"

    def found(self, row):
        return list(check_spec_table.violations(self.HEAD + row, self.FILES.get))

    def test_a_row_whose_tests_name_the_statement_is_clean(self):
        self.assertEqual(self.found("| R-1 | one | `tests/unit/a_test.cpp` | unit |"), [])
        self.assertEqual(self.found("| R-10 | ten | tests/unit/a_test.cpp, tests/unit/b_test.cpp | hosted, Xen |"), [])

    def test_a_broken_row_is_found(self):
        for row, word in [
            ("| R-1 | one | `tests/unit/b_test.cpp` | unit |", "does not name it"),  # is not R-1
            ("| R-1 | one | `tests/unit/c_test.cpp` | unit |", "is not there"),
            ("| R-1 | one | by hand | unit |", "names no test"),
            ("| R-1 | one | `tests/unit/a_test.cpp` | somewhere |", "'where'"),
            ("| R-1 | one | `tests/unit/a_test.cpp` |", "3 columns"),
            ("| R-1 | one | tests/unit/a_test.cpp | unit |\n| R-1 | one | tests/unit/a_test.cpp | unit |", "already"),
            ("", "no row"),
        ]:
            with self.subTest(row):
                found = self.found(row)
                self.assertEqual(len(found), 1, found)
                self.assertIn(word, found[0])


class Format(unittest.TestCase):
    @unittest.skipUnless(check_format.formatter(), "clang-format 14 is not installed")
    def test_a_badly_formatted_file_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, ".clang-format").write_text((check_format.ROOT / ".clang-format").read_text())
            Path(folder, "good.cpp").write_text("int x = 1;\n")
            Path(folder, "bad.cpp").write_text("int   x=1 ;\n")
            self.assertEqual(check_format.unformatted(check_format.formatter(), ["good.cpp", "bad.cpp"], folder),
                             ["bad.cpp"])


if __name__ == "__main__":
    unittest.main()
