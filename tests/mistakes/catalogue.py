# SPDX-License-Identifier: Apache-2.0
"""catalogue.toml as objects, checked: a slip in it is told where it is, not by a test that passes for nothing."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("catalogue.toml")
LONG = "x" * 3000
KEYS = {"id", "did", "base", "config", "utf8", "needs", "prepare", "run", "said", "exit", "object", "cause", "remedy",
        "place", "hosted", "xen", "xl", "no_xl"}
XL_KEYS = {"base", "config", "utf8", "needs", "prepare", "run"}


class CatalogueError(Exception):
    pass


def in_place(text, places):
    for name, path in places.items():
        text = text.replace("{" + name + "}", path)
    return text


@dataclass
class Case:
    """What is done for one tool: the file, the world, the command."""
    text: bytes
    needs: list
    prepare: str
    run: str


@dataclass
class Mistake:
    id: str
    did: str
    said: str
    exit: int
    object: str
    cause: str
    ours: Case
    xl: Case | None
    no_xl: str = ""
    remedy: str = ""
    place: bool = False
    hosted: bool = True
    xen: bool = True

    def says(self, line, places):
        """Whether this is the golden first line; `places`: what {dir} and {state} stand for."""
        parts = [re.escape(part) for part in in_place(self.said, places).split("*")]
        return re.fullmatch(".*".join(parts), line) is not None


def text_of(table, bases, what):
    base = table.get("base", "none")
    if base not in bases:
        raise CatalogueError(f"{what}: no base '{base}'")
    config = table.get("config", "").replace("{long}", LONG)
    body = config.lstrip("\n").encode() if table.get("utf8", True) else bytes.fromhex(config)
    return bases[base].lstrip("\n").encode() + body


def mistake_of(table, document):
    what = table.get("id", "a mistake without id")
    if unknown := set(table) - KEYS:
        raise CatalogueError(f"{what}: unknown keys {sorted(unknown)}")
    if lacking := {"id", "did", "said", "exit", "object", "cause"} - set(table):
        raise CatalogueError(f"{what}: lacks {sorted(lacking)}")
    if ("xl" in table) == ("no_xl" in table):
        raise CatalogueError(f"{what}: either xl or no_xl")
    ours = Case(text_of(table, document["base"], what), table.get("needs", []), table.get("prepare", ""),
                table.get("run", "xvm create guest.toml"))
    xl = None
    if "xl" in table:
        if unknown := set(table["xl"]) - XL_KEYS:
            raise CatalogueError(f"{what}: unknown keys of xl {sorted(unknown)}")
        twin = {"base": "kernel", **table["xl"]}
        xl = Case(text_of(twin, document["xl_base"], what), twin.get("needs", []), twin.get("prepare", ""),
                  twin.get("run", "xl create -q -p guest.cfg"))
    plain = {key: table[key] for key in ("id", "did", "said", "exit", "object", "cause", "no_xl", "remedy", "place",
                                         "hosted", "xen") if key in table}
    return Mistake(ours=ours, xl=xl, **plain)


def load(path=FILE):
    document = tomllib.loads(Path(path).read_text())
    mistakes = [mistake_of(table, document) for table in document["mistake"]]
    ids = [mistake.id for mistake in mistakes]
    if twice := {one for one in ids if ids.count(one) > 1}:
        raise CatalogueError(f"twice: {sorted(twice)}")
    return mistakes
