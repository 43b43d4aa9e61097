# SPDX-License-Identifier: Apache-2.0
"""Kernel modules by name, with what they depend on, in the order to insert them.

An unpacked kernel package has no modules.dep (its post-installation script makes that), so
dependencies come from each module's own .modinfo.
"""

import re
from pathlib import Path

from .errors import LabError


def canonical(name: str) -> str:
    return name.removesuffix(".ko").replace("-", "_")


def depends(module: bytes) -> list[str]:
    """The names in a module's `depends=` entry."""
    match = re.search(rb"\0depends=([^\0]*)\0", module)
    return [canonical(n) for n in match.group(1).decode().split(",") if n] if match else []


class Tree:
    """The modules below one directory of a kernel package (…/lib/modules/VERSION)."""

    def __init__(self, directory: Path) -> None:
        self._files = {canonical(f.name): f for f in sorted(directory.rglob("*.ko"))}
        listing = directory / "modules.builtin"
        lines = listing.read_text().splitlines() if listing.exists() else []
        self._builtin = {canonical(Path(line).name) for line in lines}

    def ordered(self, names: list[str]) -> list[Path]:
        """Files of `names` and their dependencies, each after what it depends on."""
        order: dict[str, Path] = {}

        def visit(name: str, chain: tuple[str, ...]) -> None:
            if name in order or name in self._builtin:
                return
            if name in chain:
                raise LabError(f"kernel module {name}: depends on itself")
            if name not in self._files:
                raise LabError(f"kernel module {name}: not in the kernel package (needed by {chain[-1:]})")
            file = self._files[name]
            for other in depends(file.read_bytes()):
                visit(other, chain + (name,))
            order[name] = file

        for name in names:
            visit(canonical(name), ())
        return list(order.values())
