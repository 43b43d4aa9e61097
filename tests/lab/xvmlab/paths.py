# SPDX-License-Identifier: Apache-2.0
"""Where things lie. Nothing built ever lands in the checkout, except results/ (ignored by git)."""

import os
from pathlib import Path

LAB = Path(__file__).resolve().parent.parent
CHECKOUT = LAB.parent.parent
SCENARIOS = LAB / "scenarios"
DOM0 = LAB / "dom0"
GUEST = LAB / "guest"
PAYLOAD_LIST = LAB / "payload.list"
FRONTENDS = CHECKOUT / "frontends" / "linux"


def cache_root() -> Path:
    """${XVM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/xvm}/lab"""
    root = os.environ.get("XVM_CACHE")
    if not root:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        root = os.path.join(base, "xvm")
    return Path(root) / "lab"


def results_root() -> Path:
    return Path(os.environ.get("XVM_RESULTS") or CHECKOUT / "results")


def default_build() -> Path:
    return Path(os.environ.get("XVM_BUILD") or CHECKOUT / "build")
