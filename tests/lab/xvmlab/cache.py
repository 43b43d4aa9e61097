# SPDX-License-Identifier: Apache-2.0
"""Built pieces: directories named <piece>-<key>, complete or absent.

A piece is built in a temporary directory beside its place and renamed into it, under a lock of its
own, so that two labs never build it twice nor see half of it. The key covers everything that goes
into the piece; a changed input makes another piece.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from . import paths, progress
from .errors import LabError


def key_of(*parts: object) -> str:
    """16 hex digits over the parts; a Path counts by its content (a directory by all its files)."""
    digest = hashlib.sha256()

    def feed(data: bytes) -> None:
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)

    for part in parts:
        if isinstance(part, Path):
            files = [part] if part.is_file() else sorted(p for p in part.rglob("*") if p.is_file())
            for file in files:
                feed(str(file.relative_to(part.parent)).encode())
                feed(file.read_bytes())
        else:
            feed(repr(part).encode())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    directory = paths.cache_root() / "locks"
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / name, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def piece(name: str, key: str, build: Callable[[Path], None]) -> Path:
    """The directory of piece `name` for `key`; `build` fills it if it is missing."""
    root = paths.cache_root()
    place = root / f"{name}-{key}"
    if place.is_dir():
        os.utime(place)
        return place
    with locked(name):
        if place.is_dir():
            return place
        progress.stage(f"building {name}")
        started = time.monotonic()
        temporary = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=root))
        try:
            temporary.chmod(0o755)
            build(temporary)
            os.rename(temporary, place)
        except OSError as error:
            raise LabError(f"piece {name} could not be built: {error}") from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        progress.stage(f"built {name} in {time.monotonic() - started:.1f} s")
        prune(name, keep=4)
        return place


def prune(name: str, keep: int) -> None:
    """Removes all but the `keep` pieces of that name used last, none younger than an hour."""
    root = paths.cache_root()
    found = [p for p in root.glob(f"{name}-*") if len(p.name) == len(name) + 17]
    found.sort(key=lambda p: p.stat().st_mtime, reverse=True)
    for old in found[keep:]:
        if time.time() - old.stat().st_mtime > 3600:
            shutil.rmtree(old, ignore_errors=True)


def clean() -> int:
    """Removes every piece; returns how many there were."""
    root = paths.cache_root()
    count = 0
    for place in list(root.iterdir()) if root.is_dir() else []:
        count += place.name != "locks"
        shutil.rmtree(place, ignore_errors=True)
    return count
