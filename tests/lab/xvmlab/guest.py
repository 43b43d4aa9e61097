# SPDX-License-Identifier: Apache-2.0
"""What a guest boots: an initial RAM disk, and a root file system with more programs."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from . import cpio, debian, elf, kmodules, paths, pieces
from .cache import key_of, piece
from .errors import LabError


def initrd(ours: Path | None, added: Iterable[tuple[Path, str]] = (), script: Path | None = None) -> bytes:
    """An uncompressed cpio: busybox, stock modules, our modules from directory `ours`, /init, then `added` files.

    /init (tests/lab/guest/init) inserts the stock modules, then runs `script`, which it finds as /guest.sh."""
    archive = cpio.Archive()
    for directory in ("dev", "proc", "sys", "run", "tmp", "mnt", "root"):
        archive.directory(directory)
    # The kernel opens /dev/console before /init mounts anything.
    archive.device("/dev/console", 0o600, 5, 1)
    archive.copy(pieces.tools() / "bin/busybox", "/bin/busybox")
    archive.symlink("/bin/sh", "busybox")
    pieces.add_modules(archive, kmodules.Tree(pieces.kernel() / "modules").ordered(pieces.GUEST_MODULES))
    for module in sorted(ours.glob("*.ko")) if ours else []:
        archive.copy(module, f"/lib/modules/{module.name}")
    archive.copy(paths.GUEST / "init", "/init")
    for path, source in with_libraries(added).items():
        archive.file(path, elf.content(source), 0o755 if os.access(source, os.X_OK) else 0o644)
    if script:
        archive.file("/guest.sh", script.read_bytes(), 0o755)
    return archive.encode()


def with_libraries(added: Iterable[tuple[Path, str]]) -> dict[str, Path]:
    """The files of the host by their paths in the guest, and the libraries that the programs among them need."""
    files = {path: source for source, path in added}
    programs = [f for f in files.values() if elf.is_elf(f)]
    return elf.closure(programs, Path("/")) | files


def base_initrd(ours: Path | None) -> Path:
    """The cached RAM disk that scenarios start from (lib.sh's guest_initrd adds a script to it)."""
    key = key_of(pieces.kernel().name, pieces.tools().name, ours.name if ours else "none", paths.GUEST,
                 paths.LAB / "xvmlab/guest.py", paths.LAB / "xvmlab/cpio.py", pieces.GUEST_MODULES)

    def build(out: Path) -> None:
        (out / "initrd.cpio").write_bytes(initrd(ours))

    return piece("guest", key, build) / "initrd.cpio"


def rootfs(out: Path, extra_packages: list[str], added: Iterable[tuple[Path, str]] = ()) -> None:
    """Writes a squashfs (or, by its name's ending, erofs) with busybox, the programs of `extra_packages` and files."""
    root = pieces.tools()
    with tempfile.TemporaryDirectory(prefix="xvm-lab-rootfs-") as directory:
        tree = Path(directory) / "root"
        for name in ("dev", "proc", "sys", "run", "tmp", "mnt", "bin", "sbin", "usr/bin", "etc"):
            (tree / name).mkdir(parents=True)
        shutil.copy(root / "bin/busybox", tree / "bin/busybox")
        listed = subprocess.run([root / "bin/busybox", "--list"], capture_output=True, text=True, check=True).stdout
        for applet in listed.split():
            if applet != "busybox":
                os.symlink("busybox", tree / "bin" / applet)
        if extra_packages:
            _add_packages(tree, extra_packages)
        for path, source in with_libraries(added).items():
            place = tree / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            place.write_bytes(elf.content(source))
            place.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
        _make_image(tree, out)


# What a scenario may need: a root file system by this name with these packages.
ROOTS = {"fio": ["fio"], "ptp": ["chrony", "linuxptp"]}


def named_rootfs(name: str) -> Path:
    """The cached root file system of that name in ROOTS."""
    versions = [str(p) for p in debian.library_closure(ROOTS[name])]
    key = key_of(versions, pieces.tools().name, paths.LAB / "xvmlab/guest.py")
    return piece(name, key, lambda out: rootfs(out / f"{name}.squashfs", ROOTS[name])) / f"{name}.squashfs"


def _add_packages(tree: Path, packages: list[str]) -> None:
    """Every program in the packages' bin directories, with the libraries they need and nothing else."""
    with tempfile.TemporaryDirectory(prefix="xvm-lab-unpack-") as directory:
        unpacked = Path(directory)
        debian.unpack(debian.library_closure(packages), unpacked)
        programs = [f for name in packages for f in _programs_of(name, unpacked)]
        for program in programs:
            shutil.copy(program, tree / "usr/bin" / program.name)
        for target, file in elf.closure(programs, unpacked).items():
            place = tree / target.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, place)


_PROGRAMS = {"linuxptp": "phc2sys"}  # where they are not named like their package


def _programs_of(package: str, unpacked: Path) -> list[Path]:
    found = [f for d in ("usr/bin", "bin", "usr/sbin", "sbin") for f in (unpacked / d).glob("*")
             if f.is_file() and elf.is_elf(f) and f.name.startswith(_PROGRAMS.get(package, package))]
    if not found:
        raise LabError(f"Debian package {package}: has no program named like it")
    return found


def _make_image(tree: Path, out: Path) -> None:
    out.unlink(missing_ok=True)
    if out.suffix == ".erofs":
        command = ["mkfs.erofs", "--quiet", "-T0", "--all-root", "-U", "00000000-0000-0000-0000-000000000000",
                   str(out), str(tree)]
    else:
        # gzip level 1: the guest unpacks under emulation, where the strong ones cost seconds.
        command = ["mksquashfs", str(tree), str(out), "-quiet", "-no-progress", "-all-root", "-mkfs-time", "0",
                   "-all-time", "0", "-comp", "gzip", "-Xcompression-level", "1"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise LabError(f"{command[0]}: not installed") from error
    if done.returncode:
        raise LabError(f"{command[0]}: {done.stderr.strip() or done.stdout.strip()}")
