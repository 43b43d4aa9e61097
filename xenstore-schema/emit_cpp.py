# SPDX-License-Identifier: Apache-2.0
"""The C++ headers: nodes.hpp (names and paths), states.hpp (state machine), table.hpp (rows for the linter)."""

from model import PLACEHOLDER, PLACEHOLDERS, placeholders

HEAD = """\
// SPDX-License-Identifier: Apache-2.0
// Made from xenstore-schema/*.toml by generate.py: not edited by hand.
// {what}
// clang-format off
#pragma once
"""

# Named unlike any node, so that no argument hides a constant.
ARGUMENT = {"domid": "Domid guest", "uuid": "const Uuid& id", "u32": "std::uint32_t {name}"}
TEXT = {"domid": "std::to_string(number(guest))", "uuid": "id.text()", "u32": "std::to_string({name})"}

TYPE = {"enum": "enum_"}


def identifier(name):
    return name.replace("-", "_")


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _join(path):
    """C++ expression that fills a path's placeholders in."""
    parts = PLACEHOLDER.split(path)
    words = [TEXT[PLACEHOLDERS[part]].format(name=part) if index % 2 else quoted(part)
             for index, part in enumerate(parts) if index % 2 or part]
    return "std::string(" + words[0] + ")" + "".join(" + " + word for word in words[1:])


def _arguments(path):
    return ", ".join(ARGUMENT[PLACEHOLDERS[name]].format(name=name) for name in placeholders(path))


def _permissions(entries):
    rows = []
    for entry in entries:
        who, access = entry.split()
        rows.append(f"{{Who::{who}, Access::{access}}}")
    return ", ".join(rows)


def _node_lines(node, schema, directory):
    lines = [f"/// {node.doc} ({node.type}; written by {node.writer})"]
    if placeholders(node.path):
        lines += [f"[[nodiscard]] inline std::string {node.identifier}({_arguments(node.path)}) {{",
                  f"    return {_join(node.path)};", "}"]
    else:
        lines.append(f"inline constexpr std::string_view {node.identifier} = {quoted(node.path)};")
    if node.type == "text" and node.equals and not placeholders(node.equals):
        lines.append(f"inline constexpr std::string_view {node.identifier}_value = {quoted(node.equals)};")
    if node.permissions and node.permissions != directory.permissions:
        entries = schema.permissions[node.permissions]
        lines.append(f"inline constexpr std::array<Permission, {len(entries)}> {node.identifier}_permissions"
                     f"{{{{{_permissions(entries)}}}}};")
    return lines


def _directory_lines(directory, schema):
    entries = schema.permissions[directory.permissions]
    prefix = directory.path[:directory.path.index("{")].rstrip("/")
    lines = [f"/// {directory.doc}", f"namespace {directory.namespace}::{directory.name} {{",
             f"/// Where all directories of this kind lie below: what one watches.",
             f"inline constexpr std::string_view root = {quoted(prefix)};",
             f"/// {directory.path}", f"[[nodiscard]] inline std::string dir({_arguments(directory.path)}) {{",
             f"    return {_join(directory.path)};", "}",
             f"inline constexpr std::array<Permission, {len(entries)}> permissions{{{{{_permissions(entries)}}}}};"]
    for node in directory.nodes:
        lines += _node_lines(node, schema, directory)
    return [*lines, f"}} // namespace {directory.namespace}::{directory.name}", ""]


def nodes(schema):
    lines = [HEAD.format(what="Names of nodes, the paths of their directories, and their permissions."),
             '#include "xenstore-schema/types.hpp"', "", "#include <array>", "#include <cstdint>", "#include <string>",
             "#include <string_view>", "", "namespace xvm::schema {", ""]
    for device in schema.classes:
        lines += [f"namespace {device.name} {{", f"/// {device.doc}",
                  f"inline constexpr std::string_view class_name = {quoted(device.name)};",
                  f"}} // namespace {device.name}", ""]
    for directory in schema.directories:
        lines += _directory_lines(directory, schema)
    return "\n".join([*lines, "} // namespace xvm::schema", ""])


def _mask(names, schema):
    return sum(1 << schema.states[name] for name in names)


def states(schema):
    lines = [HEAD.format(what="States of a device's two sides: numbers, legal transitions, legal pairs."),
             '#include "xenstore-schema/types.hpp"', "", "#include <array>", "#include <cstdint>",
             "#include <string_view>", "", "namespace xvm::schema {", "",
             "/// As XenbusState; unknown: no state node is there, or nothing sensible in it.",
             "enum class Device_state : std::uint8_t {"]
    lines += [f"    {identifier(name)} = {number}," for name, number in schema.states.items()]
    lines += ["};", "", "[[nodiscard]] constexpr std::string_view name(Device_state state) noexcept {",
              "    switch (state) {"]
    lines += [f"    case Device_state::{identifier(name)}: return {quoted(name)};" for name in schema.states]
    lines += ["    }", "    return \"unknown\";", "}", "", "enum class Side : std::uint8_t { frontend, backend };", "",
              "/// The set of states of a mask: bit n is the state with number n.",
              "[[nodiscard]] constexpr bool in_mask(std::uint16_t mask, Device_state state) noexcept {",
              "    return ((mask >> static_cast<unsigned>(state)) & 1u) != 0;", "}", "",
              "/// `side` goes from a state of `from_mask` to `to` while it sees the peer in one of `peer_mask`.",
              "struct Transition {", "    Side side;", "    Party by;", "    std::uint16_t from_mask;",
              "    Device_state to;", "    std::uint16_t peer_mask;", "    std::string_view doc;", "};", ""]
    for device in schema.classes:
        lines += [f"namespace {device.name} {{",
                  f"inline constexpr std::array<Transition, {len(device.transitions)}> transitions{{{{"]
        for step in device.transitions:
            peers = 0xFFFF if step.when is None else _mask(step.when, schema)
            lines.append(f"    {{Side::{step.side}, Party::{step.by}, {_mask(step.sources, schema):#06x}, "
                         f"Device_state::{identifier(step.target)}, {peers:#06x}, {quoted(step.doc)}}},")
        size = max(schema.states.values()) + 1
        masks = [sum(1 << back for front, back in device.legal_pairs if front == number) for number in range(size)]
        lines += ["}};", "/// For each state of the front end, those of the backend that may stand beside it.",
                  f"inline constexpr std::array<std::uint16_t, {size}> legal_backends{{{{"
                  + ", ".join(f"{mask:#06x}" for mask in masks) + "}};",
                  f"}} // namespace {device.name}", ""]
    return "\n".join([*lines, "} // namespace xvm::schema", ""])


def _required_mask(node, schema):
    if node.required == "always":
        return "always"  # the constant of row.hpp
    return f"{_mask(node.required or [], schema):#06x}"


def _row(node, directory, schema, values):
    permissions = node.permissions or directory.permissions
    fields = [quoted(node.path), f"Type::{TYPE.get(node.type, identifier(node.type))}", f"Party::{node.writer}",
              f"Required{{{_required_mask(node, schema)}}}", f"{node.min}u", f"{node.max}u", values,
              quoted(node.equals), quoted(node.same_as), quoted(node.count),
              "true" if node.may_be_empty else "false",
              f"perm_{identifier(permissions)}", quoted(node.doc)]
    return "    {" + ", ".join(fields) + "},"


def table(schema):
    lines = [HEAD.format(what="Every node as a row."), '#include "xenstore-schema/row.hpp"', "",
             "#include <array>", "#include <string_view>", "", "namespace xvm::schema::rows {", ""]
    for name, entries in schema.permissions.items():
        lines.append(f"inline constexpr std::array<Permission, {len(entries)}> perm_{identifier(name)}"
                     f"{{{{{_permissions(entries)}}}}};")
    lines.append("")
    for directory in schema.directories:
        label = f"{directory.namespace}_{directory.name}"
        rows = []
        for node in directory.nodes:
            values = "{}"
            if node.values:
                values = f"{label}_{node.identifier}_values"
                lines.append(f"inline constexpr std::array<std::string_view, {len(node.values)}> {values}{{{{"
                             + ", ".join(quoted(value) for value in node.values) + "}};")
            rows.append(_row(node, directory, schema, values))
        lines += [f"inline constexpr std::array<Node_row, {len(rows)}> {label}{{{{", *rows, "}};", ""]
    lines.append(f"inline constexpr std::array<Directory_row, {len(schema.directories)}> directories{{{{")
    lines += [f"    {{{quoted(directory.file)}, {quoted(directory.namespace)}, {quoted(directory.name)}, "
              f"{quoted(directory.path)}, perm_{identifier(directory.permissions)}, "
              f"{directory.namespace}_{directory.name}, {'true' if directory.open else 'false'}}},"
              for directory in schema.directories]
    lines += ["}};", "", f"inline constexpr std::array<Class_row, {len(schema.classes)}> classes{{{{"]
    lines += [f"    {{{quoted(device.name)}, {device.name}::transitions, {device.name}::legal_backends, "
              f"{'true' if device.stock else 'false'}}},"
              for device in schema.classes]
    return "\n".join([*lines, "}};", "", "} // namespace xvm::schema::rows", ""])
