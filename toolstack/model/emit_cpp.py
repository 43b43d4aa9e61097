# SPDX-License-Identifier: Apache-2.0
"""The C++ tables behind model.hpp."""

HEAD = """\
// SPDX-License-Identifier: Apache-2.0
// Made from toolstack/model/*.toml by generate.py: not edited by hand.
// clang-format off
#include "toolstack/model/model.hpp"

#include <array>

namespace xvm::model {
namespace {

"""


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _flag(value):
    return "true" if value else "false"


def _parameter(one, choices):
    letter = f"'{one.letter}'" if one.letter else "0"
    return (f"    Parameter{{{quoted(one.name)}, Type::{one.type}, Where::{one.where}, {_flag(one.required)}, "
            f"{_flag(one.positional)}, {letter}, {quoted(one.initial)}, {choices}, {quoted(one.placeholder)}, "
            f"{quoted(one.summary)}, {_flag(one.hidden)}}},")


def _parameters(name, rows):
    """The arrays of one list of parameters, and the expression that names them."""
    lines = []
    for index, one in enumerate(rows):
        if one.choices:
            values = ", ".join(quoted(choice) for choice in one.choices)
            lines.append(f"constexpr std::array<std::string_view, {len(one.choices)}> {name}_choices_{index}{{{values}}};")
    if not rows:
        return [], "{}"
    lines.append(f"constexpr std::array<Parameter, {len(rows)}> {name}{{")
    lines += [_parameter(one, f"{name}_choices_{index}" if one.choices else "{}") for index, one in enumerate(rows)]
    return [*lines, "};"], name


def _verb(verb, parameters):
    texts = (verb.id, verb.words, verb.alias, verb.method, verb.path, verb.summary, verb.details, verb.result)
    return (f"    Verb{{{', '.join(map(quoted, texts))}, {_flag(verb.mutating)}, {_flag(verb.streaming)}, {parameters}, "
            f"{quoted(verb.said)}}},")


def _field(one):
    return (f"    Field{{{quoted(one.name)}, Type::{one.type}, {quoted(one.schema)}, {quoted(one.heading)}, "
            f"{quoted(one.shown_as)}, {_flag(one.required)}, {quoted(one.summary)}, {quoted(one.label)}}},")


def tables(model):
    lines, verbs, schemas = [], [], []
    for index, verb in enumerate(model.verbs):
        made, name = _parameters(f"parameters_{index}", verb.parameters)
        lines += made
        verbs.append(_verb(verb, name))
    made, options = _parameters("options_all", model.options)
    lines += made
    for index, schema in enumerate(model.schemas.values()):
        lines += [f"constexpr std::array<Field, {len(schema.fields)}> fields_{index}{{", *map(_field, schema.fields), "};"]
        schemas.append(f"    Schema{{{quoted(schema.name)}, {quoted(schema.rows)}, {quoted(schema.summary)}, fields_{index}, "
                       f"{quoted(schema.nothing)}}},")
    lines += [f"constexpr std::array<Verb, {len(verbs)}> verbs_all{{", *verbs, "};",
              f"constexpr std::array<Schema, {len(schemas)}> schemas_all{{", *schemas, "};", "", "} // namespace", "",
              "std::span<const Verb> verbs() noexcept { return verbs_all; }",
              "std::span<const Schema> schemas() noexcept { return schemas_all; }",
              f"std::span<const Parameter> common_options() noexcept {{ return {options}; }}", "", "} // namespace xvm::model"]
    return HEAD + "\n".join(lines) + "\n"
