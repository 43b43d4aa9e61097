# SPDX-License-Identifier: Apache-2.0
import gzip
import lzma
import struct
import unittest

from xvmlab.bzimage import payload, vmlinux
from xvmlab.errors import LabError

KERNEL = b"\x7fELF" + bytes(range(256)) * 40


def bzimage(packed, sectors=4, offset=0x30, length=None):
    image = bytearray((sectors + 1) * 512)
    image[0x1F1] = sectors
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<II", image, 0x248, offset, len(packed) if length is None else length)
    return bytes(image) + b"\xcc" * offset + packed + b"trailing"


class BzImageTest(unittest.TestCase):
    def test_the_payload_is_found_behind_the_setup_sectors(self):
        self.assertEqual(payload(bzimage(b"abc", sectors=29)), b"abc")

    def test_zero_setup_sectors_mean_four(self):
        image = bytearray(bzimage(b"abc", sectors=4))
        image[0x1F1] = 0
        self.assertEqual(payload(bytes(image)), b"abc")

    def test_xz_and_gzip_kernels_are_unpacked(self):
        for packed in (lzma.compress(KERNEL, format=lzma.FORMAT_XZ), gzip.compress(KERNEL)):
            self.assertEqual(vmlinux(bzimage(packed)), KERNEL)

    def test_what_stands_behind_the_stream_is_ignored(self):
        packed = lzma.compress(KERNEL, format=lzma.FORMAT_XZ) + b"\x10\x20\0\0"
        self.assertEqual(vmlinux(bzimage(packed)), KERNEL)

    def test_other_files_are_refused(self):
        for image, words in ((b"short", "HdrS"), (b"\0" * 4096, "HdrS"), (bzimage(b"abc", length=1 << 20), "truncated"),
                             (bzimage(b"BZh9..."), "compression"), (bzimage(gzip.compress(b"no elf")), "no ELF")):
            with self.assertRaisesRegex(LabError, words):
                vmlinux(image)
