# SPDX-License-Identifier: Apache-2.0
"""The model read from the *.toml files, checked: what emit_*.py write things from.

Everything that can be wrong in a file is a ModelError that names the file's object, so a slip is found when the
tree is built, not when somebody calls the verb."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

TYPES = ("text", "integer", "boolean", "size", "duration", "file", "domain", "config", "list", "object", "objects")
WHERE = ("path", "query", "body", "whole", "local")
SHOWN_AS = ("", "raw", "mebibytes", "bytes", "cpu_time", "time", "yes_no", "permille", "nanoseconds")
METHODS = ("GET", "POST", "PUT", "DELETE")
NAME = re.compile(r"[a-z][a-z0-9_]*")
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
SCHEMA_NAME = re.compile(r"xvm\.[a-z_]+/[1-9][0-9]*")
DEFAULT_TEST = "tests/hosted/toolstack_verbs_test.py"


class ModelError(Exception):
    pass


def need(condition, what, why):
    if not condition:
        raise ModelError(f"{what}: {why}")


@dataclass
class Parameter:
    name: str
    summary: str
    type: str = "text"
    where: str = "query"
    required: bool = False
    positional: bool = False
    letter: str = ""
    initial: str = ""
    choices: list = field(default_factory=list)
    placeholder: str = ""
    hidden: bool = False

    @property
    def negated(self):
        """A switch that is on unless it is turned off: --no-wait."""
        return self.type == "boolean" and self.initial == "1"

    @property
    def option(self):
        return ("no-" if self.negated else "") + self.name.replace("_", "-")


@dataclass
class Verb:
    id: str
    words: str
    summary: str
    details: str
    result: str
    alias: str = ""
    route: str = ""
    said: str = ""
    streaming: bool = False
    parameters: list = field(default_factory=list)
    tests: list = field(default_factory=lambda: [DEFAULT_TEST])
    noun: str = ""

    @property
    def method(self):
        return self.route.split(" ")[0] if self.route else ""

    @property
    def path(self):
        return self.route.split(" ")[1] if self.route else ""

    @property
    def mutating(self):
        return self.method not in ("", "GET")

    @property
    def positionals(self):
        return [one for one in self.parameters if one.positional]

    @property
    def options(self):
        return [one for one in self.parameters if not one.positional and not one.hidden]

    @property
    def needed(self):
        """The options without which the verb cannot be."""
        return [one for one in self.options if one.required and one.where != "path"]

    @property
    def usage(self):
        """"disk resize ID DEV [SIZE]", "net attach ID --bridge BRIDGE"."""
        shown = [one.placeholder if one.required else f"[{one.placeholder}]" for one in self.positionals]
        shown += [f"--{one.name.replace('_', '-')} {one.placeholder}" for one in self.needed]
        return " ".join([self.words, *shown])


@dataclass
class Field:
    name: str
    summary: str
    type: str = "text"
    schema: str = ""
    heading: str = ""
    shown_as: str = ""
    required: bool = True
    label: str = ""


@dataclass
class Schema:
    name: str
    summary: str
    fields: list
    rows: str = ""
    nothing: str = ""


@dataclass
class Model:
    verbs: list
    schemas: dict
    options: list

    @property
    def commands(self):
        """The verbs of the command: those with words."""
        return [verb for verb in self.verbs if verb.words]


def _make(kind, table, what):
    try:
        return kind(**table)
    except TypeError as error:
        raise ModelError(f"{what}: {str(error).split('() ')[-1]}") from None


def _check_parameter(one, what):
    need(NAME.fullmatch(one.name), what, f"'{one.name}' is no name")
    need(one.type in TYPES and one.type not in ("object", "objects"), what, f"no parameter has type '{one.type}'")
    need(one.where in WHERE, what, f"'{one.where}' is nowhere")
    need(len(one.letter) <= 1, what, "a letter is one letter")
    need(not one.choices or one.type == "text", what, "choices are texts")
    need(not one.initial or not one.choices or one.initial in one.choices, what, "its default is no choice")
    need(not one.positional or one.placeholder, what, "a positional parameter wants a placeholder")
    need(one.type == "boolean" or one.hidden or one.placeholder, what, "an option with a value wants a placeholder")


def _check_verb(verb, schemas, options):
    what = f"verb {verb.id}"
    need(all(NAME.fullmatch(part) for part in verb.id.split(".")), what, "the id is no name")
    need(verb.method in ("", *METHODS), what, f"no method is called '{verb.method}'")
    need(verb.words or verb.route, what, "neither the command nor the API has it")
    need(verb.result in schemas if verb.words else True, what, f"there is no schema '{verb.result}'")
    need(verb.summary and verb.details, what, "says nothing of itself")
    for one in verb.parameters:
        _check_parameter(one, f"{what}: parameter {one.name}")
        need(verb.route or one.where == "local", f"{what}: parameter {one.name}", "has no route to be sent on")
    names = [one.name for one in verb.parameters]
    need(len(set(names)) == len(names), what, "two parameters have one name")
    letters = [one.letter for one in verb.parameters + options if one.letter]
    need(len(set(letters)) == len(letters), what, "two options have one letter")
    in_path = {one.name for one in verb.parameters if one.where == "path"}
    need(set(PLACEHOLDER.findall(verb.path)) == in_path, what, "route and path parameters differ")
    need(all(one.required for one in verb.parameters if one.where == "path"), what, "a path has no optional parts")
    needed = [one.required for one in verb.parameters]
    need(needed == sorted(needed, reverse=True), what, "required parameters come first")
    need(sum(one.where == "whole" for one in verb.parameters) <= 1, what, "two whole bodies")
    need({"whole", "body"} - {one.where for one in verb.parameters}, what, "a whole body and keys of one")
    fields = {one.name for one in schemas[verb.result].fields} if verb.result else set()
    for name in PLACEHOLDER.findall(verb.said):
        need(name in fields, what, f"'said' names {{{name}}}, which {verb.result} has not")


def _check_schema(schema, schemas):
    what = f"schema {schema.name}"
    need(SCHEMA_NAME.fullmatch(schema.name), what, "the name is not like xvm.noun/1")
    names = [one.name for one in schema.fields]
    need(len(set(names)) == len(names) and "schema" not in names, what, "two fields have one name")
    for one in schema.fields:
        where = f"{what}: field {one.name}"
        need(NAME.fullmatch(one.name), where, "is no name")
        need(one.type in TYPES, where, f"there is no type '{one.type}'")
        need(one.shown_as in SHOWN_AS, where, f"nothing is shown as '{one.shown_as}'")
        need(one.type != "objects" or one.schema, where, "objects of which schema?")
        need(not one.schema or one.schema in schemas, where, f"there is no schema '{one.schema}'")
        need(not one.schema or one.type in ("object", "objects"), where, "has a schema and is no object")
    need(all(name in names for name in PLACEHOLDER.findall(schema.nothing)), what, "'nothing' names a field it has not")
    need(schema.rows or not schema.nothing, what, "has no rows, so there is always something")
    if schema.rows:
        rows = next((one for one in schema.fields if one.name == schema.rows), None)
        need(rows is not None and rows.type == "objects", what, "its rows are no field of objects")
        need(any(one.heading for one in schemas[rows.schema].fields), what, "its rows have no columns")


def _unique(things, what):
    seen = set()
    for thing in things:
        need(thing not in seen, what, f"'{thing}' stands twice")
        seen.add(thing)


def load(folder):
    """The model in `folder`'s *.toml files; ModelError says what is wrong with it."""
    tables, shared = {}, {}
    for path in sorted(Path(folder).glob("*.toml")):
        with open(path, "rb") as file:
            try:
                tables[path.stem] = tomllib.load(file)
            except tomllib.TOMLDecodeError as error:
                raise ModelError(f"{path.name}: {error}") from None
    need("common" in tables, str(folder), "has no common.toml")
    shared = tables["common"].get("parameter", {})
    options = [_make(Parameter, dict(one, where="local"), f"option {one.get('name')}")
               for one in tables["common"].get("option", [])]
    verbs, schemas = [], {}
    for noun, table in tables.items():
        known = {**shared, **table.get("parameter", {})}
        for one in table.get("verb", []):
            what = f"{noun}.toml: verb {one.get('id')}"
            rows = []
            for row in one.pop("parameters", []):
                need(isinstance(row, dict) or row in known, what, f"no parameter is shared as '{row}'")
                row = row if isinstance(row, dict) else known[row]
                rows.append(_make(Parameter, row, f"{what}: parameter {row.get('name')}"))
            verbs.append(_make(Verb, dict(one, parameters=rows, noun=noun), what))
            verbs[-1].details = verbs[-1].details.strip("\n")
        for name, one in table.get("schema", {}).items():
            need(name not in schemas, f"{noun}.toml: schema {name}", "stands twice")
            fields = [_make(Field, row, f"{noun}.toml: schema {name}: field {row.get('name')}")
                      for row in one.pop("fields", [])]
            schemas[name] = _make(Schema, dict(one, name=name, fields=fields), f"{noun}.toml: schema {name}")
        unknown = set(table) - {"verb", "schema", "parameter", "option"}
        need(not unknown, f"{noun}.toml", f"knows nothing of {sorted(unknown)}")
    for one in options:
        _check_parameter(one, f"option {one.name}")
    for schema in schemas.values():
        _check_schema(schema, schemas)
    for verb in verbs:
        _check_verb(verb, schemas, options)
    _unique([verb.id for verb in verbs], "ids of verbs")
    _unique([words for verb in verbs for words in (verb.words, verb.alias) if words], "words of verbs")
    _unique([verb.route for verb in verbs if verb.route], "routes of verbs")
    # Daily verbs first, as domain.toml has them; then noun by noun.
    order = ["domain", "config", "vcpu", "memory", "disk", "net", "device", "host", "operation"]
    rank = {noun: place for place, noun in enumerate(order)}
    verbs.sort(key=lambda verb: rank.get(verb.noun, len(order)))
    return Model(verbs, dict(sorted(schemas.items())), options)
