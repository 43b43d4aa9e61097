# SPDX-License-Identifier: Apache-2.0
"""docs/store-paths.md."""

from collections import defaultdict

HEAD = """\
# Nodes in the store

<!-- Made from xenstore-schema/*.toml: python3 xenstore-schema/generate.py doc > docs/store-paths.md -->

Every node that xvm reads or writes. `xvm-store-lint` holds a live store against this list.
A node has its directory's permissions where the table says nothing else; the first of the permissions
names the owner and says what everybody else may do.
"""


def _permissions(entries):
    words = [f"owner {entries[0].split()[0]}, others {entries[0].split()[1]}"]
    return "; ".join(words + [f"{who} {access}" for who, access in (entry.split() for entry in entries[1:])])


def _kind(node):
    words = node.type
    if node.values:
        words = " \\| ".join(f"`{value}`" for value in node.values)
    if node.equals:
        words += f" = `{node.equals}`"
    elif node.type in ("u32", "u64") and (node.min or node.max not in (2**32 - 1, 2**64 - 1)):
        words += f", {node.min} to {node.max}"
    if node.may_be_empty:
        words += ", or empty"
    return words


def _required(node):
    if isinstance(node.required, list):
        return ", ".join(node.required)
    return node.required or "no"


def _directory(directory, schema):
    others = " Other nodes than these may be there." if directory.open else ""
    lines = [f"### `{directory.path}`", "", f"{directory.doc}{others} Permissions: "
             + _permissions(schema.permissions[directory.permissions]) + ".", "",
             "| node | value | writer | readers | must be there | what |", "|---|---|---|---|---|---|"]
    for node in directory.nodes:
        doc = node.doc
        if node.same_as:
            doc += f" The same as `{node.same_as}`."
        if node.permissions and node.permissions != directory.permissions:
            doc += " Permissions: " + _permissions(schema.permissions[node.permissions]) + "."
        lines.append(f"| `{node.path}` | {_kind(node)} | {node.writer} | {', '.join(node.readers) or '–'} "
                     f"| {_required(node)} | {doc} |")
    return [*lines, ""]


def _states(device, schema):
    names = {number: name for name, number in schema.states.items()}
    lines = [f"### States of {device.name}", "",
             "| side | from | to | written by | when the peer is | what happened |", "|---|---|---|---|---|---|"]
    for step in device.transitions:
        when = ", ".join(step.when).replace("unknown", "gone") if step.when else "anything"
        lines.append(f"| {step.side} | {', '.join(step.sources)} | {step.target} | {step.by} | {when} | {step.doc} |")
    beside = defaultdict(list)
    for front, back in device.legal_pairs:
        beside[front].append(names[back])
    lines += ["", "Pairs that can be seen, computed from the transitions (each side may act on the peer's present or "
              "previous state):", "", "| front end | backend |", "|---|---|"]
    lines += [f"| {names[front]} | {', '.join(backs)} |" for front, backs in beside.items()]
    return [*lines, ""]


def document(schema):
    lines = [HEAD, "## Who", "", "| party | is |", "|---|---|"]
    lines += [f"| {name} | {doc} |" for name, doc in schema.parties.items()]
    lines += ["", "## Values", "", "| type | is written |", "|---|---|"]
    lines += [f"| {name} | {doc} |" for name, doc in schema.types.items()]
    lines.append("")
    for file in dict.fromkeys(directory.file for directory in schema.directories):
        lines += [f"## {file.removesuffix('.toml')}", ""]
        for directory in schema.directories:
            if directory.file == file:
                lines += _directory(directory, schema)
        for device in schema.classes:
            if f"{device.name}.toml" == file:
                lines += _states(device, schema)
    return "\n".join(lines).rstrip() + "\n"
