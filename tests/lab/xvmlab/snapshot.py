# SPDX-License-Identifier: Apache-2.0
"""A dom0 that is up and waits for its payload, saved once for each clock and set of pieces.

The state is what QEMU would migrate: unlike a savevm snapshot it lies in a file that any number of
labs read at once, and it allows a writable raw disk.
"""

import shutil
import tempfile
import time
from pathlib import Path

from . import pieces, qemu
from .cache import key_of, piece
from .errors import Timeout
from .results import Tail

BOOT_LIMIT_S = 900
SAVE_LIMIT_S = 60


def machine(clock: str, iommu: str = "") -> qemu.Machine:
    return qemu.Machine(clock, pieces.xen(), pieces.kernel() / "vmlinux", pieces.dom0(), iommu)


def blank_disks(files: qemu.RunFiles) -> None:
    for disk, size in ((files.payload, qemu.PAYLOAD_BYTES), (files.scratch, qemu.SCRATCH_BYTES)):
        with open(disk, "wb") as handle:
            handle.truncate(size)


def saved(clock: str, iommu: str = "") -> Path:
    """The state file for `clock`, and for the machine with that IOMMU."""
    what = machine(clock, iommu)
    shape = qemu.RunFiles(Path("/run-directory")).arguments()

    def build(out: Path) -> None:
        directory = Path(tempfile.mkdtemp(prefix="xvm-lab-"))
        try:
            files = qemu.RunFiles(directory)
            blank_disks(files)
            with qemu.Qemu(what, files) as machine_:
                await_ready(machine_, files)
                machine_.save(out / "state", SAVE_LIMIT_S)
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    return piece(f"state-{iommu and iommu + '-'}{clock}", key_of(qemu.version(), what.arguments(), shape), build) / "state"


def await_ready(running: qemu.Qemu, files: qemu.RunFiles) -> None:
    end = time.monotonic() + BOOT_LIMIT_S
    tail = Tail(files.results)
    while time.monotonic() < end:
        if any('"ready"' in line for line in tail.lines()):
            return
        if not running.running():
            break
        time.sleep(0.1)
    raise Timeout(f"dom0 did not come up within {BOOT_LIMIT_S} s; its console ends:\n{console_end(files)}")


def console_end(files: qemu.RunFiles, lines: int = 30) -> str:
    text = files.serial.read_text(errors="replace") if files.serial.exists() else ""
    return "\n".join(line for line in text.replace("\r", "").splitlines()[-2 * lines:] if line.strip())
