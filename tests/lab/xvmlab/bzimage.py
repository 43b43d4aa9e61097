# SPDX-License-Identifier: Apache-2.0
"""The ELF kernel inside a bzImage.

Xen and libxenguest take minutes of emulation less when they get the uncompressed vmlinux, so the
lab unpacks it once. Offsets are those of Linux's Documentation/x86/boot.rst.
"""

import lzma
import struct
import subprocess
import zlib

from .errors import LabError

_SETUP_SECTS = 0x1F1
_MAGIC = 0x202
_PAYLOAD_OFFSET = 0x248
_PAYLOAD_LENGTH = 0x24C


def payload(image: bytes) -> bytes:
    """The compressed kernel, as stored."""
    if len(image) < 0x250 or image[_MAGIC:_MAGIC + 4] != b"HdrS":
        raise LabError("kernel image: not a bzImage (no HdrS)")
    sectors = image[_SETUP_SECTS] or 4
    offset, length = struct.unpack_from("<II", image, _PAYLOAD_OFFSET)
    start = (sectors + 1) * 512 + offset
    if start + length > len(image):
        raise LabError("kernel image: truncated payload")
    return image[start:start + length]


def vmlinux(image: bytes) -> bytes:
    """The uncompressed ELF kernel."""
    packed = payload(image)
    if packed.startswith(b"\xfd7zXZ"):
        kernel = lzma.LZMADecompressor(format=lzma.FORMAT_XZ).decompress(packed)
    elif packed.startswith(b"\x1f\x8b"):
        kernel = zlib.decompressobj(31).decompress(packed)
    elif packed.startswith(b"\x28\xb5\x2f\xfd"):
        kernel = _filter(["zstd", "-dc"], packed)
    elif packed.startswith(b"\x02\x21\x4c\x18"):
        # The last four bytes are the unpacked size, which is no part of the lz4 stream.
        kernel = _filter(["lz4", "-dc"], packed[:-4])
    else:
        raise LabError(f"kernel image: unknown compression {packed[:6].hex()}")
    if not kernel.startswith(b"\x7fELF"):
        raise LabError("kernel image: payload is no ELF file")
    return kernel


def _filter(command: list[str], data: bytes) -> bytes:
    # zstd and lz4 complain about the padding behind the stream; the output decides.
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
