# SPDX-License-Identifier: Apache-2.0
"""A Debian with dpkg and systemd, for scenarios that install our package: a tree that goes into dom0 as /debian.

Packages are unpacked, not configured (that would need root): dpkg's database says that they are installed, so
that our package's dependencies are really checked. What their scripts would have made is made here."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import cpio, debian, paths
from .cache import key_of, piece
from .errors import LabError

# What dpkg, our package's scripts and systemd need; libraries follow, and what our package depends on.
_BASE = ["base-files", "base-passwd", "coreutils", "dash", "debianutils", "diffutils", "dpkg", "findutils", "grep",
         "init-system-helpers", "libc-bin", "mount", "perl-base", "sed", "systemd", "tar", "util-linux"]
# Half of what would go into dom0's memory, and nobody reads it there.
_WASTE = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/i18n", "usr/lib/udev/hwdb.d",
          "usr/share/bash-completion", "usr/share/zsh", "usr/lib/x86_64-linux-gnu/gconv")
_MERGED = ("bin", "sbin", "lib", "lib64")


def add_to(archive: cpio.Archive, package: Path, at: str) -> None:
    """The tree for what the package file depends on, below `at`."""
    root = _tree(package)
    for path in sorted(root.rglob("*")):
        target = f"{at}/{path.relative_to(root)}"
        if path.is_symlink():
            archive.symlink(target, os.readlink(path))
        elif path.is_dir():
            archive.directory(target)
        else:
            archive.copy(path, target)


def _tree(package: Path) -> Path:
    fields = subprocess.run(["dpkg-deb", "-f", str(package), "Depends"], capture_output=True, text=True)
    if fields.returncode:
        raise LabError(f"{package}: {fields.stderr.strip()}")
    packages = debian.library_closure(_BASE + [_real(name) for name in debian.parse_depends(fields.stdout)])
    key = key_of([str(p) for p in packages], paths.LAB / "xvmlab/debian_root.py")
    return piece("debian", key, lambda out: _build(packages, out / "root")) / "root"


def _real(name: str) -> str:
    """The package of that name, or the first one that provides it."""
    try:
        return debian.candidate(name).name
    except LabError:
        shown = subprocess.run(["apt-cache", "showpkg", name], capture_output=True, text=True).stdout
        provided = re.search(r"^Reverse Provides:\s*\n(\S+) ", shown, re.MULTILINE)
        if not provided:
            raise
        return provided[1]


def _build(packages: list[debian.Package], root: Path) -> None:
    root.mkdir()
    debian.unpack(packages, root)
    for name in _MERGED:
        # Packages of Debian 12 still name /bin and /lib; installed, these are links.
        shutil.copytree(root / name, root / "usr" / name, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(root / name)
        os.symlink(f"usr/{name}", root / name)
    _say_installed(packages, root)
    _configure(root)
    for waste in _WASTE:
        shutil.rmtree(root / waste, ignore_errors=True)


def _say_installed(packages: list[debian.Package], root: Path) -> None:
    """dpkg's database: each package as installed. Which files are whose is left open: none is removed here."""
    done = subprocess.run(["apt-cache", "show", "--no-all-versions", *[p.name for p in packages]], capture_output=True,
                          text=True, check=True)
    database = root / "var/lib/dpkg"
    (database / "info").mkdir(parents=True, exist_ok=True)
    (database / "updates").mkdir(exist_ok=True)
    (database / "info/format").write_text("1\n")
    (database / "available").write_text("")
    entries = []
    for paragraph in done.stdout.strip().split("\n\n"):
        fields = dict(re.findall(r"^([A-Z][A-Za-z-]*): (.*)$", paragraph, re.MULTILINE))
        kept = {name: fields[name] for name in ("Package", "Version", "Architecture", "Maintainer", "Multi-Arch",
                                                "Provides", "Depends", "Pre-Depends") if name in fields}
        entries.append("".join(f"{name}: {value}\n" for name, value in kept.items()) +
                       "Status: install ok installed\nDescription: unpacked by the lab\n")
        suffix = f":{kept['Architecture']}" if kept.get("Multi-Arch") == "same" else ""
        (database / "info" / f"{kept['Package']}{suffix}.list").write_text("/.\n")
    (database / "status").write_text("\n".join(entries))


def _configure(root: Path) -> None:
    etc = root / "etc"
    for name in ("passwd", "group"):
        shutil.copyfile(root / f"usr/share/base-passwd/{name}.master", etc / name)
    (etc / "machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    (etc / "hostname").write_text("dom0\n")
    if not (root / "bin/sh").exists():
        os.symlink("dash", root / "bin/sh")
    for directory in ("dev", "proc", "sys", "run", "tmp", "var/tmp", "root", "srv"):
        (root / directory).mkdir(parents=True, exist_ok=True)
    if not (root / "var/run").is_symlink():
        shutil.rmtree(root / "var/run", ignore_errors=True)
        os.symlink("/run", root / "var/run")
