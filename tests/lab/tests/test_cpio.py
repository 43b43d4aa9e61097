# SPDX-License-Identifier: Apache-2.0
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from xvmlab.cpio import Archive


class CpioTest(unittest.TestCase):
    def test_equal_content_makes_equal_bytes(self):
        def make():
            archive = Archive()
            archive.file("/a/b", b"x" * 5)
            return archive.encode()
        self.assertEqual(make(), make())

    def test_records_are_aligned_and_end_with_the_trailer(self):
        archive = Archive()
        archive.file("/odd", b"123")
        data = archive.encode()
        self.assertEqual(len(data) % 512, 0)
        self.assertTrue(data.startswith(b"070701"))
        second = data.index(b"070701", 6)
        self.assertEqual(second % 4, 0)
        self.assertIn(b"TRAILER!!!\0", data)

    def test_parents_come_before_what_is_in_them(self):
        archive = Archive()
        archive.file("/usr/lib/x", b"")
        data = archive.encode()
        self.assertLess(data.index(b"usr\0"), data.index(b"usr/lib\0"))
        self.assertLess(data.index(b"usr/lib\0"), data.index(b"usr/lib/x\0"))

    def test_dots_in_a_path_cannot_leave_the_root(self):
        archive = Archive()
        archive.file("//a", b"")
        self.assertIn("/a", archive)

    @unittest.skipUnless(shutil.which("cpio"), "cpio is not installed")
    def test_cpio_unpacks_what_was_packed(self):
        archive = Archive()
        archive.file("/bin/tool", b"#!", 0o755)
        archive.file("/etc/odd", b"12345")
        archive.file("/etc/empty", b"")
        archive.symlink("/bin/sh", "tool")
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run(["cpio", "-idm", "--quiet"], input=archive.encode(), cwd=directory, check=True)
            root = Path(directory)
            self.assertEqual((root / "etc/odd").read_bytes(), b"12345")
            self.assertEqual((root / "etc/empty").read_bytes(), b"")
            self.assertEqual((root / "bin/sh").readlink(), Path("tool"))
            self.assertEqual((root / "bin/tool").stat().st_mode & 0o777, 0o755)
