# SPDX-License-Identifier: Apache-2.0
"""A newc cpio archive, as the kernel unpacks it.

Everything belongs to root and has time 0, so equal content makes equal bytes. Parents are added by
themselves. Archives are never compressed: libxenguest takes a RAM disk that begins with a gzip
magic apart by its last four bytes.
"""

import os
import stat
from pathlib import Path, PurePosixPath


class Archive:
    def __init__(self) -> None:
        self._entries: dict[str, tuple[int, bytes, tuple[int, int]]] = {}

    def directory(self, path: str, mode: int = 0o755) -> None:
        name = self._name(path)
        if name and name not in self._entries:
            self._add(name, stat.S_IFDIR | mode, b"")

    def file(self, path: str, data: bytes, mode: int = 0o644) -> None:
        self._add(self._name(path), stat.S_IFREG | mode, data)

    def copy(self, source: Path, path: str) -> None:
        """A file of the host with its permission bits; symbolic links are followed."""
        self.file(path, source.read_bytes(), 0o755 if os.access(source, os.X_OK) else 0o644)

    def symlink(self, path: str, target: str) -> None:
        self._add(self._name(path), stat.S_IFLNK | 0o777, target.encode())

    def device(self, path: str, mode: int, major: int, minor: int) -> None:
        """A character device."""
        self._add(self._name(path), stat.S_IFCHR | mode, b"", (major, minor))

    def __contains__(self, path: str) -> bool:
        return self._name(path) in self._entries

    def encode(self) -> bytes:
        out = bytearray()
        for inode, (name, (mode, data, device)) in enumerate(self._entries.items(), 1):
            out += _record(inode, name, mode, data, device)
        out += _record(0, "TRAILER!!!", 0, b"", (0, 0))
        out += b"\0" * (-len(out) % 512)
        return bytes(out)

    @staticmethod
    def _name(path: str) -> str:
        return str(PurePosixPath("/") / path).lstrip("/")

    def _add(self, name: str, mode: int, data: bytes, device: tuple[int, int] = (0, 0)) -> None:
        parent = str(PurePosixPath(name).parent)
        if parent != ".":
            self.directory(parent)
        self._entries[name] = (mode, data, device)


def _record(inode: int, name: str, mode: int, data: bytes, device: tuple[int, int]) -> bytes:
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (inode, mode, 0, 0, links, 0, len(data), 0, 0, *device, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
    head += b"\0" * (-len(head) % 4)
    return head + data + b"\0" * (-len(data) % 4)
