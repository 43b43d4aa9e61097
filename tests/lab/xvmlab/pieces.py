# SPDX-License-Identifier: Apache-2.0
"""The pieces a lab is put together from; each function returns a path in the cache.

kernel   vmlinuz, vmlinux, the modules the lab uses     <- linux-image-amd64
xen      the hypervisor as an ELF file                  <- xen-hypervisor-4.17-amd64
tools    a root with Xen's tools, busybox, libraries    <- xen-utils-4.17, xenstore-utils, busybox-static
headers  what builds modules for that kernel            <- linux-headers-amd64
modules  our kernel modules (frontends/linux, backends/timer/linux, tests/lab/kernel), built against them
dom0     the dom0's initial RAM disk
guest    the guests' base RAM disk
"""

import functools
import gzip
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import cpio, debian, elf, kmodules, paths
from .bzimage import vmlinux
from .cache import key_of, piece
from .errors import LabError

# What the dom0 and the guests insert, in this order; dependencies are added. libcrc32c (for erofs and ext4) finds
# crc32c by its algorithm's name, which is no dependency that .modinfo tells.
_BOTH = ["crc32c_generic", "xen-evtchn", "xen-gntdev", "xen-gntalloc", "xen-privcmd", "xenfs", "loop", "squashfs",
         "erofs", "ext4"]
DOM0_MODULES = _BOTH + ["xen-blkback", "xen-netback", "bridge", "virtio_pci", "virtio_blk", "virtio_console"]
GUEST_MODULES = _BOTH + ["xen-blkfront", "xen-netfront"]
# What a scenario asks for by `needs`, and inserts itself.
SPARE_MODULES = ["xen-pciback", "xen-pcifront"]

_XEN_BIN = "usr/lib/xen-4.17/bin"
_XEN_PROGRAMS = ["xl", "xenstored", "xenconsoled", "xenconsole", "xen-init-dom0", "xentrace", "lsevtchn", "xen-diag",
                 "xenstore-control", "xenctx", "xentop", "xen-cpuid"]
_TOOL_PACKAGES = ["xen-utils-4.17", "xenstore-utils", "busybox-static"]


def kernel() -> Path:
    package = debian.resolve("linux-image-amd64", r"linux-image-\d.*-amd64")
    wanted = sorted(set(DOM0_MODULES + GUEST_MODULES))

    def build(out: Path) -> None:
        with tempfile.TemporaryDirectory(prefix=".unpack-", dir=out.parent) as directory:
            root = Path(directory)
            debian.unpack([package], root)
            release = kernel_release(package.name)
            image = root / "boot" / f"vmlinuz-{release}"
            shutil.copy(image, out / "vmlinuz")
            (out / "vmlinux").write_bytes(vmlinux(image.read_bytes()))
            (out / "release").write_text(release + "\n")
            shutil.copy(root / "boot" / f"config-{release}", out / "config")
            tree = root / "lib" / "modules" / release
            target = out / "modules"
            target.mkdir()
            for file in kmodules.Tree(tree).ordered(wanted):
                shutil.copy(file, target / file.name)
            shutil.copy(tree / "modules.builtin", target)

    return piece("kernel", key_of(str(package), wanted, paths.LAB / "xvmlab/kmodules.py"), build)


def spare_modules() -> Path:
    """The directory with SPARE_MODULES of the same kernel. A piece of its own: all others stay as they are."""
    package = debian.resolve("linux-image-amd64", r"linux-image-\d.*-amd64")

    def build(out: Path) -> None:
        with tempfile.TemporaryDirectory(prefix=".unpack-", dir=out.parent) as directory:
            root = Path(directory)
            debian.unpack([package], root)
            tree = root / "lib" / "modules" / kernel_release(package.name)
            for file in kmodules.Tree(tree).ordered(SPARE_MODULES):
                shutil.copy(file, out / file.name)

    return piece("spare", key_of(str(package), SPARE_MODULES, paths.LAB / "xvmlab/kmodules.py"), build)


def kernel_release(package: str) -> str:
    """linux-image-6.1.0-1-amd64 -> 6.1.0-1-amd64"""
    return package.removeprefix("linux-image-").removeprefix("linux-headers-")


def xen() -> Path:
    """The hypervisor's ELF file. The package's name is the metapackage of the series; its file carries the version."""
    package = debian.candidate("xen-hypervisor-4.17-amd64")

    def build(out: Path) -> None:
        with tempfile.TemporaryDirectory(prefix=".unpack-", dir=out.parent) as directory:
            root = Path(directory)
            debian.unpack([package], root)
            images = sorted((root / "boot").glob("xen-4*.gz"))
            if len(images) != 1:
                raise LabError(f"{package}: expected one /boot/xen-4*.gz, found {len(images)}")
            (out / "xen").write_bytes(gzip.decompress(images[0].read_bytes()))

    return piece("xen", key_of(str(package)), build) / "xen"


def tools() -> Path:
    packages = debian.library_closure(_TOOL_PACKAGES)
    return piece("tools", key_of([str(p) for p in packages]), functools.partial(debian.unpack, packages))


def headers_root() -> Path:
    """Below it lie usr/src/linux-headers-* and usr/lib/linux-kbuild-*."""
    return headers().parents[2]


def headers() -> Path:
    """The kernel's build directory, its absolute paths turned to where it was unpacked."""
    package = debian.resolve("linux-headers-amd64", r"linux-headers-\d.*-amd64")
    packages = [package] + [debian.candidate(d) for d in package.depends
                            if d.startswith(("linux-headers-", "linux-kbuild-"))]
    release = kernel_release(package.name)

    def build(out: Path) -> None:
        debian.unpack(packages, out)
        makefile = out / "usr/src" / f"linux-headers-{release}" / "Makefile"
        # The path is taken from the Makefile's own place: the piece is renamed after it is built.
        text = makefile.read_text().replace(
            "include /usr/src/", "include $(dir $(realpath $(firstword $(MAKEFILE_LIST))))../")
        makefile.write_text(text)

    return piece("headers", key_of([str(p) for p in packages]), build) / "usr/src" / f"linux-headers-{release}"


def modules() -> Path | None:
    """The directory with our xvm_*.ko, or None where frontends/linux has no Kbuild yet."""
    if not (paths.FRONTENDS / "Kbuild").exists():
        return None
    build_directory = headers()
    # The modules include headers by path from the tree's root.
    folders = [paths.FRONTENDS, paths.CHECKOUT / "backends" / "timer" / "linux", paths.LAB / "kernel"]
    sources = [*folders, paths.CHECKOUT / "libvmshare" / "abi", paths.CHECKOUT / "libvmshare" / "timer"]

    def build(out: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="xvm-lab-modules-") as directory:
            tree = Path(directory)
            for source in sources:
                shutil.copytree(source, tree / source.relative_to(paths.CHECKOUT))
            for folder in folders:
                _make_modules(build_directory, tree / folder.relative_to(paths.CHECKOUT), out)

    return piece("modules", key_of(str(build_directory), *sources), build)


def _make_modules(build_directory: Path, where: Path, out: Path) -> None:
    command = ["make", "-s", f"-j{os.cpu_count()}", "-C", str(build_directory), f"M={where}", "modules"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = [li for li in done.stderr.splitlines() if "error" in li or "***" in li]
        raise LabError(f"{where.name}: modules do not build:\n" + "\n".join(lines[:20]))
    for module in sorted(where.rglob("*.ko")):
        shutil.copy(module, out / module.name)
        subprocess.run(["strip", "-g", str(out / module.name)], check=True)


def _copy_programs(archive: cpio.Archive, root: Path, programs: dict[str, Path]) -> None:
    for target, file in programs.items():
        archive.copy(file, target)
    for target, file in elf.closure(programs.values(), root).items():
        if target not in archive:
            archive.copy(file, target)


def add_modules(archive: cpio.Archive, files: list[Path]) -> None:
    """Modules into /lib/modules, and their order of insertion into /lib/modules/order."""
    for file in files:
        archive.copy(file, f"/lib/modules/{file.name}")
    archive.file("/lib/modules/order", "".join(f.name + "\n" for f in files).encode())


def dom0() -> Path:
    """The dom0's initial RAM disk: what does not change with our programs."""
    kernel_piece, root = kernel(), tools()

    def build(out: Path) -> None:
        archive = cpio.Archive()
        for directory in ("dev", "proc", "sys", "run", "tmp", "root", "out", "payload", "scratch",
                          "var/log/xen/console", "var/lib/xen", "var/lib/xenstored", "var/lock"):
            archive.directory(directory)
        # libxl writes below /var/run and expects it to be /run; a directory of its own leaves zombie domains.
        archive.symlink("/var/run", "/run")
        archive.copy(root / "bin/busybox", "/bin/busybox")
        archive.symlink("/bin/sh", "busybox")
        programs = {f"/usr/sbin/{name}": root / _XEN_BIN / name for name in _XEN_PROGRAMS}
        store = sorted((root / "usr/bin").glob("xenstore*"))
        for program in store:
            target = f"/usr/bin/{program.name}"
            if program.is_symlink():
                archive.symlink(target, os.readlink(program))
            else:
                programs[target] = program
        _copy_programs(archive, root, programs)
        # libxenguest and libxl look for their helpers here.
        archive.symlink(f"/{_XEN_BIN}", "/usr/sbin")
        add_modules(archive, kmodules.Tree(kernel_piece / "modules").ordered(DOM0_MODULES))
        archive.file("/etc/xen/xl.conf", b"")
        archive.file("/etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
        archive.file("/etc/group", b"root:x:0:\n")
        # Guests' kernel lies in memory: see payload.py about disks and the instruction clock.
        archive.copy(kernel_piece / "vmlinux", "/payload/guest/vmlinux")
        archive.copy(paths.DOM0 / "init", "/init")
        archive.copy(paths.DOM0 / "block", "/etc/xen/scripts/block")
        (out / "dom0.cpio").write_bytes(archive.encode())

    scripts = [paths.DOM0 / "init", paths.DOM0 / "block", paths.LAB / "xvmlab/pieces.py",
               paths.LAB / "xvmlab/cpio.py", paths.LAB / "xvmlab/elf.py"]
    return piece("dom0", key_of(kernel_piece.name, root.name, *scripts), build) / "dom0.cpio"
