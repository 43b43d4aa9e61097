# SPDX-License-Identifier: Apache-2.0
"""Debian packages without installing them: resolve, download, unpack.

Versions come from apt's candidate, never from here. `resolve` follows a metapackage to what it
stands for; `library_closure` follows Depends through library packages only, which is what a
program needs to run in a root of its own.
"""

import hashlib
import json
import os
import re
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from . import paths
from .errors import LabError


@dataclass(frozen=True, order=True)
class Package:
    name: str
    version: str
    depends: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}={self.version}"


def parse_depends(text: str) -> tuple[str, ...]:
    """Names in a Depends field, first alternative of each, architecture and version dropped."""
    names = []
    for clause in text.split(","):
        match = re.match(r"\s*([a-z0-9][a-z0-9+.-]+)", clause)
        if match:
            names.append(match.group(1))
    return tuple(names)


def parse_show(text: str) -> Package:
    """A Package from one paragraph of `apt-cache show`."""
    fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", text, re.MULTILINE))
    depends = parse_depends(fields.get("Pre-Depends", "")) + parse_depends(fields.get("Depends", ""))
    return Package(fields["Package"], fields["Version"], depends)


# zlib1g is the one library whose package is not called lib….
_LIBRARIES = ("lib", "zlib1g")
_known: dict[str, Package] = {}
_looking_up = threading.Lock()


def candidate(name: str) -> Package:
    """The version apt would install."""
    _look_up([name])
    return _known[name]


def resolve(metapackage: str, pattern: str) -> Package:
    """What `metapackage` depends on that matches `pattern` in full."""
    for name in candidate(metapackage).depends:
        if re.fullmatch(pattern, name):
            return candidate(name)
    raise LabError(f"Debian package {metapackage}: depends on nothing like {pattern}")


def library_closure(roots: list[str]) -> list[Package]:
    """`roots` and every library package they depend on, sorted."""
    found: dict[str, Package] = {}
    todo = set(roots)
    while todo:
        _look_up(sorted(todo))
        found.update((name, _known[name]) for name in todo)
        depends = {d for name in todo for d in _known[name].depends if d.startswith(_LIBRARIES)}
        todo = depends - found.keys()
    return sorted(found.values())


def _look_up(names: list[str]) -> None:
    with _looking_up:
        _fill_known(names)


def _fill_known(names: list[str]) -> None:
    """Fills _known, from the cache while apt's lists are the same (apt-cache takes most of a second a call)."""
    memo = paths.cache_root() / f"apt-{_lists_stamp()}.json"
    if not _known and memo.exists():
        for name, version, depends in json.loads(memo.read_text()):
            _known[name] = Package(name, version, tuple(depends))
    missing = [n for n in names if n not in _known]
    if not missing:
        return
    done = subprocess.run(["apt-cache", "show", "--no-all-versions", *missing], capture_output=True, text=True)
    for paragraph in done.stdout.split("\n\n"):
        if "Package:" in paragraph:
            package = parse_show(paragraph)
            _known[package.name] = package
    for name in missing:
        if name not in _known:
            raise LabError(f"Debian package {name}: not known to apt; run apt-get update")
    memo.parent.mkdir(parents=True, exist_ok=True)
    for old in memo.parent.glob("apt-*.json"):
        old.unlink(missing_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=memo.parent, delete=False) as handle:
        json.dump([(p.name, p.version, p.depends) for p in _known.values()], handle)
    os.rename(handle.name, memo)


def _lists_stamp() -> str:
    """Changes whenever apt-get update brought something new."""
    lists = [(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in Path("/var/lib/apt/lists").glob("*Packages*")]
    return hashlib.sha256(repr(sorted(lists)).encode()).hexdigest()[:16]


def unpack(packages: list[Package], root: Path) -> None:
    """Downloads `packages` and unpacks all of them below `root`."""
    with tempfile.TemporaryDirectory(prefix="xvm-lab-deb-") as directory:
        command = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download"]
        done = subprocess.run(command + [str(p) for p in packages], cwd=directory,
                              capture_output=True, text=True)
        if done.returncode:
            raise LabError(f"apt-get download failed: {done.stderr.strip().splitlines()[-1:]}; "
                           "run apt-get update")
        for deb in sorted(Path(directory).glob("*.deb")):
            done = subprocess.run(["dpkg-deb", "-x", str(deb), str(root)], capture_output=True, text=True)
            if done.returncode:
                raise LabError(f"{deb.name}: cannot be unpacked: {done.stderr.strip()}")
