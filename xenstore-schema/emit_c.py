# SPDX-License-Identifier: Apache-2.0
"""The C header: names of device nodes and the numbers of the states, for kernel modules and C++ alike."""

from model import PLACEHOLDER

HEAD = """\
/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Names of the store nodes of our device classes. Made from the files in xenstore-schema by
 *     python3 xenstore-schema/generate.py c > libvmshare/abi/store_nodes.h
 * docs/store-paths.md says who writes which node when.
 */
/* clang-format off */
#ifndef XVM_ABI_STORE_NODES_H
#define XVM_ABI_STORE_NODES_H
"""


def macro(*parts):
    return "_".join(part.upper().replace("-", "_") for part in parts)


def _define(name, value, comment=""):
    line = f"#define {name:<34} {value}"
    return f"{line:<60} /* {comment} */" if comment else line


def header(schema):
    lines = [HEAD, "/* State of one side; as XenbusState. */"]
    lines += [_define(macro("XVM_STATE", name), number) for name, number in schema.states.items()]
    for device in schema.classes:
        if device.stock:
            continue
        prefix = macro("XVM", device.name)
        nodes, constants = {}, {}
        for directory in schema.directories:
            if directory.namespace != device.name or directory.permissions == "private":
                continue
            for node in directory.nodes:
                nodes.setdefault(node.path, (node, []))[1].append(directory.name)
                if node.equals and not PLACEHOLDER.search(node.equals) and node.type == "text":
                    constants[node.path] = node.equals
        lines += ["", f"/* {device.doc} */", _define(f"{prefix}_CLASS", f'"{device.name}"')]
        lines += [_define(f"{prefix}_{macro(path)}", f'"{value}"') for path, value in constants.items()]
        lines += [_define(macro("XVM_NODE", device.name, node.identifier),
                          '"' + PLACEHOLDER.sub("%u", path) + '"', f"{', '.join(sides)}: {node.type}")
                  for path, (node, sides) in nodes.items()]
    return "\n".join([*lines, "", "#endif", ""])
