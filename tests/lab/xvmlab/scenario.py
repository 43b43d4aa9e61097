# SPDX-License-Identifier: Apache-2.0
"""A scenario's head: comment lines `# key: value` before the first line of code.

    # shows: R-1 R-2          statements of docs/spec this scenario shows (may be empty)
    # clock: icount           normal (default), icount; invtsc: icount with a counter that Xen calls
                            invariant; scrub: icount with a Xen that clears what domains free
    # iommu: vtd              vtd or amd: a machine with that IOMMU and a device to give away (default: none)
    # timeout: 300            seconds of dom0 time for the scenario (default 120)
    # needs: xvm-blkd fio     programs of payload.list, xvm_*.ko modules, xen-pciback.ko
                            and xen-pcifront.ko (/payload/modules), `fio` (a root file system with it),
                            `ptp` (one with chrony and phc2sys), `debian` (a root with dpkg and systemd, for what xvm.deb depends on)
    # trace: xenstore         xenstored's requests into /out/xenstored.log
    # long: WHY               ./check leaves it to tests/show: it takes minutes, and WHY says what else shows the same
"""

import re
from dataclasses import dataclass
from pathlib import Path

from . import paths
from .errors import NoScenario, Usage
from .qemu import CLOCKS, IOMMUS

_KEYS = {"clock", "iommu", "timeout", "shows", "needs", "trace", "long"}
_TRACES = {"xenstore"}


@dataclass(frozen=True)
class Scenario:
    name: str
    file: Path
    clock: str = "normal"
    iommu: str = ""
    timeout_s: int = 120
    shows: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    trace: tuple[str, ...] = ()
    title: str = ""
    long: str = ""

    @property
    def guest_scripts(self) -> list[Path]:
        """NAME.guest.sh and NAME.WHAT.guest.sh beside the scenario."""
        return sorted(self.file.parent.glob(f"{self.name}.*guest.sh"))


def parse(name: str, file: Path, text: str) -> Scenario:
    """A Scenario from its file's text; an unknown key or value is refused with its line."""
    values: dict[str, str] = {}
    title = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#!") or "SPDX" in line:
            continue
        if not line.startswith("#"):
            break
        match = re.fullmatch(r"# ([a-z]+):\s*(.*)", line)
        if not match:
            title = title or line.lstrip("# ").rstrip()
            continue
        key, value = match.groups()
        if key not in _KEYS:
            raise Usage(f"{file}:{number}: unknown key '{key}'; known: {', '.join(sorted(_KEYS))}")
        values[key] = value.strip()
    clock = values.get("clock", "normal")
    if clock not in CLOCKS:
        raise Usage(f"{file}: clock '{clock}': must be one of {', '.join(CLOCKS)}")
    iommu = values.get("iommu", "")
    if iommu not in IOMMUS:
        raise Usage(f"{file}: iommu '{iommu}': must be one of {', '.join(filter(None, IOMMUS))}")
    limit = values.get("timeout", "120")
    if not limit.isdigit() or not int(limit):
        raise Usage(f"{file}: timeout '{limit}': must be a number of seconds")
    trace = tuple(values.get("trace", "").split())
    if set(trace) - _TRACES:
        raise Usage(f"{file}: trace '{' '.join(trace)}': must be of {', '.join(_TRACES)}")
    return Scenario(name, file, clock, iommu, int(limit), tuple(values.get("shows", "").split()),
                    tuple(values.get("needs", "").split()), trace, title, values.get("long", ""))


def load(name: str) -> Scenario:
    """By name, or by path of a file elsewhere."""
    file = Path(name) if "/" in name else paths.SCENARIOS / f"{name}.sh"
    if not file.is_file():
        known = ", ".join(s.name for s in load_all())
        raise NoScenario(f"scenario {name}: there is no {file}; known: {known}")
    return parse(file.stem, file, file.read_text())


def load_all() -> list[Scenario]:
    files = [f for f in sorted(paths.SCENARIOS.glob("*.sh")) if not f.name.endswith(".guest.sh")]
    return [parse(f.stem, f, f.read_text()) for f in files]
