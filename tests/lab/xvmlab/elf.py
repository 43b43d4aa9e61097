# SPDX-License-Identifier: Apache-2.0
"""Shared libraries a program needs, read from its ELF file (64-bit, little endian) without running it."""

import struct
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .errors import LabError

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NEEDED, _DT_STRTAB, _DT_RPATH, _DT_RUNPATH = 1, 5, 15, 29
LIBRARY_DIRS = ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib", "lib", "lib64", "usr/lib64")


# Debug information of a program larger than this stays on the host.
_STRIP_FROM = 1 << 20


def is_elf(path: Path) -> bool:
    with open(path, "rb") as handle:
        return handle.read(5) == b"\x7fELF\x02"


def content(path: Path) -> bytes:
    """A file's bytes, those of a large program without its debug information."""
    if path.stat().st_size < _STRIP_FROM or not is_elf(path):
        return path.read_bytes()
    with tempfile.NamedTemporaryFile(prefix="xvm-lab-strip-") as stripped:
        done = subprocess.run(["strip", "-g", "-o", stripped.name, str(path)], capture_output=True, text=True)
        if done.returncode:
            raise LabError(f"strip {path}: {done.stderr.strip()}")
        return Path(stripped.name).read_bytes()


@dataclass(frozen=True)
class Dynamic:
    needed: tuple[str, ...] = ()
    run_path: tuple[str, ...] = ()
    interpreter: str | None = None


def dynamic(path: Path) -> Dynamic:
    """What the program loader would read; empty for a static program."""
    data = path.read_bytes()
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    loads, table_at, interpreter = [], None, None
    for i in range(count):
        kind, _, where, address, _, length = struct.unpack_from("<IIQQQQ", data, offset + i * size)
        if kind == _PT_LOAD:
            loads.append((address, where, length))
        elif kind == _PT_DYNAMIC:
            table_at = (where, length // 16 * 16)
        elif kind == _PT_INTERP:
            interpreter = data[where:where + length].rstrip(b"\0").decode()
    if table_at is None:
        return Dynamic(interpreter=interpreter)
    entries = list(struct.iter_unpack("<QQ", data[table_at[0]:sum(table_at)]))
    strings = next((v for t, v in entries if t == _DT_STRTAB), 0)
    base = next((w + strings - a for a, w, n in loads if a <= strings < a + n), 0)

    def text(start: int) -> str:
        return data[base + start:data.index(b"\0", base + start)].decode()

    names = tuple(text(v) for t, v in entries if t == _DT_NEEDED)
    run_path = tuple(d for t, v in entries if t in (_DT_RPATH, _DT_RUNPATH) for d in text(v).split(":"))
    return Dynamic(names, run_path, interpreter)


def closure(programs: Iterable[Path], root: Path) -> dict[str, Path]:
    """Libraries that `programs` need, found below `root`: {path in the target: file to copy}.

    The program interpreter stands at the path the program asks for, a library found by a run path stays in that
    directory, all others go to the first of LIBRARY_DIRS. libgcc_s is loaded by glibc only when a thread ends, so
    no DT_NEEDED names it; it goes with every dynamic program."""
    found: dict[str, Path] = {}
    known: set[str] = set()
    todo = list(programs)
    while todo:
        wants = dynamic(todo.pop())
        names = list(wants.needed)
        if wants.interpreter and wants.interpreter not in found:
            found[wants.interpreter] = find(Path(wants.interpreter).name, root)[1]
            names.append("libgcc_s.so.1")
        for name in names:
            if name not in known:
                known.add(name)
                target, file = find(name, root, wants.run_path)
                found[target] = file
                todo.append(file)
    return found


def find(name: str, root: Path, run_path: Iterable[str] = ()) -> tuple[str, Path]:
    """(path in the target, file)"""
    for directory in run_path:
        if directory.startswith("/") and (root / directory.lstrip("/") / name).exists():
            return f"{directory}/{name}", (root / directory.lstrip("/") / name).resolve()
    for directory in LIBRARY_DIRS:
        if (root / directory / name).exists():
            return f"/{LIBRARY_DIRS[0]}/{name}", (root / directory / name).resolve()
    raise LabError(f"shared library {name}: not found below {root}")
