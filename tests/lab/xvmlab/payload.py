# SPDX-License-Identifier: Apache-2.0
"""The payload disk: what one run brings into a dom0 that is already up.

A cpio archive at 1 MiB, which dom0 unpacks over its root; the head before it says how much to read
and that dom0 may go on. It goes into memory in a few large reads on purpose: under the instruction
clock each wait for the disk costs virtual time. In the archive: /payload with entry, lib.sh, the
scenario and guest pieces, and our programs where they belong, with the libraries that dom0 lacks.
"""

import os
import shlex
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from . import cpio, debian_root, elf, guest, paths, pieces
from .errors import LabError, Usage
from .progress import stage
from .qemu import PAYLOAD_BYTES
from .scenario import Scenario

_ARCHIVE_AT = 1 << 20


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
    clock: str
    scenario: Scenario | None
    added: list[Item] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def encode(self) -> bytes:
        """The disk's content; `missing` then holds what the scenario needs and is not there."""
        archive = cpio.Archive()
        items = parse_list(paths.PAYLOAD_LIST.read_text(), self.build, paths.CHECKOUT) + self.added
        present = [i for i in items if i.source.exists()]
        for item in present:
            add_tree(archive, item.source, item.target)
        self._libraries(archive, [i.source for i in present if i.source.is_file() and elf.is_elf(i.source)])
        for script in ("entry", "lib.sh", "ledger.sh"):
            archive.copy(paths.DOM0 / script, f"/payload/{script}")
        ours = self._modules()
        archive.copy(guest.base_initrd(ours), "/payload/guest/initrd.cpio")
        if self.scenario:
            self._guest(archive, self.scenario)
            package = next((i.source for i in present if i.name == "xvm.deb"), None)
            if "debian" in self.scenario.needs and package:
                debian_root.add_to(archive, package, "/debian")
            spare = {f"{name}.ko" for name in pieces.SPARE_MODULES}
            for name in spare & set(self.scenario.needs):
                archive.copy(pieces.spare_modules() / name, f"/payload/modules/{name}")
            names = spare | {i.name for i in present} | {m.name for m in (ours.glob("*.ko") if ours else [])} | {*guest.ROOTS, "debian"}
            self.missing = [n for n in self.scenario.needs if n not in names]
            archive.copy(self.scenario.file, "/payload/scenario.sh")
        archive.file("/payload/environment", self._environment().encode())
        data = archive.encode()
        if _ARCHIVE_AT + len(data) > PAYLOAD_BYTES:
            raise LabError(f"payload: {len(data) >> 20} MiB, at most {(PAYLOAD_BYTES - _ARCHIVE_AT) >> 20} MiB fit")
        blocks = -(-len(data) // _ARCHIVE_AT)
        return f"XVM-LAB-GO {blocks}\n".encode().ljust(_ARCHIVE_AT, b"\0") + data

    def write(self, disk: Path) -> None:
        with open(disk, "wb") as handle:
            handle.write(self.encode())
            handle.truncate(PAYLOAD_BYTES)

    def _environment(self) -> str:
        values: dict[str, object] = {"LAB_CLOCK": self.clock if self.clock == "normal" else "icount", "LAB_MODE": "shell", "LAB_TRACE": ""}
        if self.scenario:
            values |= {"LAB_MODE": "run", "LAB_TIMEOUT": self.scenario.timeout_s, "LAB_NAME": self.scenario.name,
                       "LAB_TRACE": " ".join(self.scenario.trace)}
        else:
            columns, lines = shutil.get_terminal_size()
            values |= {"LAB_TERMINAL": f"rows {lines} columns {columns}"}
        return "".join(f"export {k}={shlex.quote(str(v))}\n" for k, v in values.items())

    def _libraries(self, archive: cpio.Archive, programs: list[Path]) -> None:
        dom0_has = elf.closure(
            [f for f in (pieces.tools() / "usr/lib/xen-4.17/bin").iterdir() if elf.is_elf(f)], pieces.tools())
        for target, file in elf.closure(programs, Path("/")).items():
            if target not in dom0_has:
                archive.copy(file, target)

    def _modules(self) -> Path | None:
        """Our kernel modules; where they do not build, only a scenario that needs one is stopped."""
        try:
            return pieces.modules()
        except LabError as error:
            if self.scenario and any(n.endswith(".ko") for n in self.scenario.needs):
                raise
            stage(f"goes on without our modules: {error}")
            return None

    @staticmethod
    def _guest(archive: cpio.Archive, scenario: Scenario) -> None:
        for script in scenario.guest_scripts:
            archive.copy(script, f"/payload/guest/{script.name}")
        for name in guest.ROOTS:
            if name in scenario.needs:
                archive.copy(guest.named_rootfs(name), f"/payload/guest/{name}.squashfs")


def add_tree(archive: cpio.Archive, source: Path, target: str) -> None:
    """A file, its debug information left behind, or a directory with all files in it."""
    if source.is_dir():
        for file in sorted(f for f in source.rglob("*") if f.is_file()):
            add_tree(archive, file, f"{target}/{file.relative_to(source)}")
    else:
        archive.file(target, elf.content(source), 0o755 if os.access(source, os.X_OK) else 0o644)
