# SPDX-License-Identifier: Apache-2.0
"""Shared libraries a program needs, read from its ELF file (64-bit, little endian) without running it."""

import struct
from collections.abc import Iterable
from pathlib import Path

from .errors import LabError

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NEEDED, _DT_STRTAB = 1, 5
LIBRARY_DIRS = ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib", "lib", "lib64", "usr/lib64")


def is_elf(path: Path) -> bool:
    with open(path, "rb") as handle:
        return handle.read(5) == b"\x7fELF\x02"


def needed(path: Path) -> tuple[list[str], str | None]:
    """(DT_NEEDED names, program interpreter or None)."""
    data = path.read_bytes()
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    loads, dynamic, interpreter = [], None, None
    for i in range(count):
        kind, _, where, address, _, length = struct.unpack_from("<IIQQQQ", data, offset + i * size)
        if kind == _PT_LOAD:
            loads.append((address, where, length))
        elif kind == _PT_DYNAMIC:
            dynamic = (where, length)
        elif kind == _PT_INTERP:
            interpreter = data[where:where + length].rstrip(b"\0").decode()
    if dynamic is None:
        return [], interpreter
    entries = list(struct.iter_unpack("<QQ", data[dynamic[0]:dynamic[0] + dynamic[1] // 16 * 16]))
    table = next((v for t, v in entries if t == _DT_STRTAB), 0)
    base = next((w + table - a for a, w, n in loads if a <= table < a + n), 0)
    names = []
    for tag, value in entries:
        if tag == 0:
            break
        if tag == _DT_NEEDED:
            start = base + value
            names.append(data[start:data.index(b"\0", start)].decode())
    return names, interpreter


def closure(programs: Iterable[Path], root: Path) -> dict[str, Path]:
    """Libraries that `programs` need, found below `root`: {path in the target: file to copy}.

    The program interpreter stands at the path the program asks for. libgcc_s is loaded by glibc only when a
    thread ends, so no DT_NEEDED names it; it goes with every dynamic program."""
    found: dict[str, Path] = {}
    todo = list(programs)
    while todo:
        program = todo.pop()
        names, interpreter = needed(program)
        if interpreter and interpreter not in found:
            file = find(Path(interpreter).name, root)
            found[interpreter] = file
            todo.append(file)
            names.append("libgcc_s.so.1")
        for name in names:
            target = f"/usr/lib/x86_64-linux-gnu/{name}"
            if target not in found:
                found[target] = find(name, root)
                todo.append(found[target])
    return found


def find(name: str, root: Path) -> Path:
    for directory in LIBRARY_DIRS:
        file = root / directory / name
        if file.exists():
            return file.resolve()
    raise LabError(f"shared library {name}: not found below {root}")
