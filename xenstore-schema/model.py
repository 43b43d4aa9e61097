# SPDX-License-Identifier: Apache-2.0
"""The schema as Python objects, read from *.toml and checked: what a generator may rely on.

Invariant: every reference (type, party, permissions, state, other node) names something that exists;
a mistake in the data is a SchemaError that names file and node."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
PLACEHOLDERS = {"domid": "domid", "uuid": "uuid", "devid": "u32", "vcpu": "u32", "i": "u32"}
NUMERIC_MAX = {"u32": 2**32 - 1, "bits": 2**32 - 1, "gref": 2**32 - 1, "evtchn": 2**32 - 1,
               "u64": 2**64 - 1, "frame": 2**64 - 1, "flag": 1, "domid": 0x7FEF}
NODE_KEYS = {"path", "type", "values", "min", "max", "equals", "same_as", "count", "may_be_empty",
             "permissions", "writer", "readers", "required", "doc"}


class SchemaError(Exception):
    pass


@dataclass
class Node:
    path: str
    type: str
    writer: str
    doc: str
    readers: list
    permissions: str | None  # None: as its directory
    required: str | list | None  # "always", names of states of its side, None: optional
    values: list = field(default_factory=list)
    min: int = 0
    max: int = 0
    equals: str = ""
    same_as: str = ""
    count: str = ""
    may_be_empty: bool = False

    @property
    def identifier(self):
        """ring-ref-{i} -> ring_ref"""
        return re.sub(r"[^a-z0-9]+", "_", PLACEHOLDER.sub("", self.path)).strip("_")


@dataclass
class Directory:
    namespace: str
    name: str
    path: str
    permissions: str
    doc: str
    nodes: list
    file: str
    open: bool = False  # other nodes than these may be there: a stock driver's own


@dataclass
class Transition:
    side: str
    by: str
    sources: list
    target: str
    when: list | None  # states of the peer; None: any
    doc: str


@dataclass
class DeviceClass:
    name: str
    doc: str
    transitions: list
    legal_pairs: list = field(default_factory=list)  # (frontend, backend), numbers
    stock: bool = False  # other toolstacks have such devices, too: only those of xvm's guests are judged


@dataclass
class Schema:
    parties: dict
    types: dict
    permissions: dict
    states: dict
    directories: list
    classes: list


def placeholders(path):
    return PLACEHOLDER.findall(path)


def _require(condition, where, text):
    if not condition:
        raise SchemaError(f"{where}: {text}")


def _node(raw, directory, common, where):
    where = f"{where}/{raw.get('path', '?')}"
    unknown = set(raw) - NODE_KEYS
    _require(not unknown, where, f"unknown key {sorted(unknown)}")
    for key in ("path", "type", "writer", "doc"):
        _require(raw.get(key), where, f"'{key}' is missing")
    _require(raw["type"] in common["type"], where, f"unknown type '{raw['type']}'")
    _require(bool(raw.get("values")) == (raw["type"] == "enum"), where, "'values' goes with type enum")
    for party in [raw["writer"], *raw.get("readers", [])]:
        _require(party in common["party"], where, f"unknown party '{party}'")
    permissions = raw.get("permissions")
    _require(permissions is None or permissions in common["permissions"], where,
             f"unknown permissions '{permissions}'")
    required = raw.get("required")
    for state in required if isinstance(required, list) else []:
        _require(state in common["state"], where, f"unknown state '{state}'")
    bound = placeholders(directory + raw["path"])
    _require(set(bound) <= set(PLACEHOLDERS), where, "unknown placeholder")
    node = Node(path=raw["path"], type=raw["type"], writer=raw["writer"], doc=raw["doc"],
                readers=raw.get("readers", []), permissions=permissions, required=required,
                values=raw.get("values", []), equals=raw.get("equals", ""),
                same_as=raw.get("same_as", ""), count=raw.get("count", ""),
                may_be_empty=raw.get("may_be_empty", False))
    node.min = raw.get("min", 1 if node.type == "evtchn" else 0)
    node.max = raw.get("max", NUMERIC_MAX.get(node.type, 0))
    return node


def _directory(raw, namespace, common, file):
    where = f"{file}: {raw.get('name', '?')}"
    for key in ("name", "path", "permissions", "doc", "node"):
        _require(raw.get(key), where, f"'{key}' is missing")
    _require(raw["permissions"] in common["permissions"], where, "unknown permissions")
    nodes = [_node(node, raw["path"], common, where) for node in raw["node"]]
    names = [node.path for node in nodes]
    _require(len(set(names)) == len(names), where, "a node is listed twice")
    for node in nodes:
        _require(not node.count or node.count in names, where, f"'{node.count}' counts nothing here")
        _require(not isinstance(node.required, list) or "state" in names, where,
                 f"{node.path} depends on a state, and there is none here")
    return Directory(namespace, raw["name"], raw["path"], raw["permissions"], raw["doc"], nodes, file,
                     raw.get("open", False))


def reachable_pairs(transitions, states):
    """Pairs (frontend, backend) that the two sides reach together from (initialising, initialising).

    A side decides on what it has read, which may be one step old: a guard holds if the peer's
    present or previous state fits it."""
    start = states["initialising"]
    todo, seen = [(start, start, start, start)], set()
    while todo:
        now = todo.pop()
        if now in seen:
            continue
        seen.add(now)
        front, front_before, back, back_before = now
        for step in transitions:
            own, peers = (front, (back, back_before)) if step.side == "frontend" else (back, (front, front_before))
            if own not in [states[name] for name in step.sources]:
                continue
            if step.when is not None and not any(states[name] in peers for name in step.when):
                continue
            target = states[step.target]
            todo.append((target, front, back, back_before) if step.side == "frontend"
                        else (front, front_before, target, back))
    return sorted({(front, back) for front, _, back, _ in seen})


def _device_class(raw, namespace, common, file):
    transitions = []
    for step in raw["transition"]:
        where = f"{file}: transition to {step.get('to', '?')}"
        for state in [*step["from"], step["to"], *step.get("when", [])]:
            _require(state in common["state"], where, f"unknown state '{state}'")
        _require(step["side"] in ("frontend", "backend") and step["by"] in common["party"], where,
                 "unknown side or party")
        transitions.append(Transition(step["side"], step["by"], step["from"], step["to"], step.get("when"),
                                      step["doc"]))
    return DeviceClass(namespace, raw["doc"], transitions, reachable_pairs(transitions, common["state"]),
                       raw.get("stock", False))


def _check_references(schema):
    known = {f"{directory.path}/{node.path}" for directory in schema.directories for node in directory.nodes}
    for directory in schema.directories:
        for node in directory.nodes:
            _require(not node.same_as or node.same_as in known, f"{directory.file}: {directory.name}/{node.path}",
                     f"same_as: no such node {node.same_as}")


def load(folder):
    folder = Path(folder)
    raw = {file.name: tomllib.loads(file.read_text()) for file in sorted(folder.glob("*.toml"))}
    common = raw.pop("common.toml")
    schema = Schema(common["party"], common["type"], common["permissions"], common["state"], [], [])
    for file, content in raw.items():
        namespace = content["namespace"]
        schema.directories += [_directory(entry, namespace, common, file) for entry in content["directory"]]
        if "class" in content:
            schema.classes.append(_device_class(content["class"], namespace, common, file))
    _check_references(schema)
    return schema
