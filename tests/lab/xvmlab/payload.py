# SPDX-License-Identifier: Apache-2.0
"""The payload disk: what one run brings into a dom0 that is already up.

A read-only erofs (uncompressed, so building and reading it costs nothing) whose unused first 512
bytes say that dom0 may go on. In it: entry and lib.sh, the scenario, our programs below root/ with
the libraries the dom0 does not have, and guest/ with kernel, RAM disk and root file systems.
"""

import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from . import elf, guest, paths, pieces
from .errors import LabError, Usage
from .qemu import PAYLOAD_BYTES
from .scenario import Scenario


@dataclass(frozen=True)
class Item:
    source: Path
    target: str

    @property
    def name(self) -> str:
        return Path(self.target).name


def parse_list(text: str, build: Path, checkout: Path) -> list[Item]:
    """The items of payload.list; a malformed line is refused."""
    items = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) != 2 or not words[1].startswith("/"):
            raise Usage(f"payload.list:{number}: must be 'path-in-build /path/in/dom0'")
        source = checkout / words[0][1:] if words[0].startswith("@") else build / words[0]
        items.append(Item(source, words[1]))
    return items


@dataclass
class Payload:
    build: Path
    scenario: Scenario | None
    added: list[Item] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def collect(self, tree: Path) -> None:
        """Fills `tree` with the disk's content; `missing` then holds what the scenario needs and is not there."""
        items = parse_list(paths.PAYLOAD_LIST.read_text(), self.build, paths.CHECKOUT) + self.added
        present = [i for i in items if i.source.exists()]
        for item in present:
            _copy(item.source, tree / "root" / item.target.lstrip("/"))
        programs = [i.source for i in present if i.source.is_file() and elf.is_elf(i.source)]
        self._libraries(programs, tree / "root")
        self._guest(tree / "guest")
        ours = pieces.modules()
        names = {i.name for i in present} | {m.name for m in (ours.glob("*.ko") if ours else [])} | {"fio"}
        for script in ("entry", "lib.sh", "ledger.sh"):
            _copy(paths.DOM0 / script, tree / script)
        environment = {"LAB_MODE": "shell", "LAB_TIMEOUT": 0, "LAB_TRACE": ""}
        if self.scenario:
            self.missing = [n for n in self.scenario.needs if n not in names]
            _copy(self.scenario.file, tree / "scenario.sh")
            environment = {"LAB_MODE": "run", "LAB_TIMEOUT": self.scenario.timeout_s,
                           "LAB_NAME": self.scenario.name, "LAB_CLOCK": self.scenario.clock,
                           "LAB_TRACE": " ".join(self.scenario.trace)}
        (tree / "environment").write_text(
            "".join(f"export {k}={shlex.quote(str(v))}\n" for k, v in environment.items()))

    def write(self, tree: Path, disk: Path) -> None:
        """Makes the disk image from `tree`."""
        command = ["mkfs.erofs", "--quiet", "-T0", "--all-root", "-U", "00000000-0000-0000-0000-000000000000",
                   str(disk), str(tree)]
        if not shutil.which(command[0]):
            raise LabError("mkfs.erofs: not installed; apt-get install erofs-utils")
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise LabError(f"mkfs.erofs: {done.stderr.strip()}")
        if disk.stat().st_size > PAYLOAD_BYTES:
            raise LabError(f"payload: {disk.stat().st_size >> 20} MiB, at most {PAYLOAD_BYTES >> 20} MiB fit")
        with open(disk, "r+b") as handle:
            handle.write(b"XVM-LAB-GO\n")
            handle.truncate(PAYLOAD_BYTES)

    def _libraries(self, programs: list[Path], root: Path) -> None:
        dom0_libraries = elf.closure(
            [f for f in (pieces.tools() / "usr/lib/xen-4.17/bin").iterdir() if elf.is_elf(f)], pieces.tools())
        for target, file in elf.closure(programs, Path("/")).items():
            if target not in dom0_libraries:
                _copy(file, root / target.lstrip("/"))

    def _guest(self, directory: Path) -> None:
        kernel = pieces.kernel()
        _copy(kernel / "vmlinux", directory / "vmlinux")
        _copy(guest.base_initrd(), directory / "initrd.cpio")
        if self.scenario:
            for script in self.scenario.guest_scripts:
                _copy(script, directory / script.name)
            if "fio" in self.scenario.needs:
                _copy(guest.fio_rootfs(), directory / "fio.squashfs")


def _copy(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, place, dirs_exist_ok=True)
        return
    try:
        # mkfs.erofs only reads, so a link will do where both lie in one file system.
        os.link(source.resolve(), place)
    except OSError:
        shutil.copy(source, place)
