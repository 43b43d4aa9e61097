# SPDX-License-Identifier: Apache-2.0
"""JSON schemas (2020-12) of every answer, and the API as OpenAPI 3.1."""

import json

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PLAIN = {"text": {"type": "string"}, "integer": {"type": "integer"}, "boolean": {"type": "boolean"},
         "size": {"type": "integer", "minimum": 0}, "duration": {"type": "integer", "minimum": 0},
         "file": {"type": "string"}, "domain": {"type": "string"}, "config": {"type": "string"},
         "list": {"type": "array", "items": {"type": "string"}}, "object": {"type": "object"}}
# As they are sent: with their units, or in the smallest one.
SENT = {"size": {"type": ["string", "integer"], "examples": ["256MiB"]},
        "duration": {"type": ["string", "integer"], "examples": ["30s"]},
        "file": {"type": "string", "pattern": "^/", "description": "an absolute path"}}


def file_name(schema):
    """xvm.domain/1 is in xvm.domain.1.json."""
    return schema.replace("/", ".") + ".json"


def _field(one, refer):
    if one.type == "objects":
        found = {"type": "array", "items": refer(one.schema)}
    elif one.schema:
        found = refer(one.schema)
    else:
        found = dict(PLAIN[one.type])
    if not one.required:
        # Left out, or null: nothing is known.
        found = {"anyOf": [found, {"type": "null"}]} if "$ref" in found else dict(found, type=[found["type"], "null"])
    return dict(found, description=one.summary)


def _object(schema, refer):
    properties = {"schema": {"const": schema.name, "description": "names this shape"}}
    properties.update({one.name: _field(one, refer) for one in schema.fields})
    # Within one number keys are added, never taken away: others are no mistake.
    return {"title": schema.name, "description": schema.summary, "type": "object", "properties": properties,
            "required": [one.name for one in schema.fields if one.required]}


def schema_files(model):
    """{file name: text}"""
    files = {}
    for schema in model.schemas.values():
        made = {"$schema": DIALECT, "$id": file_name(schema.name),
                **_object(schema, lambda name: {"$ref": file_name(name)})}
        files[file_name(schema.name)] = json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    return files


def _component(name):
    return {"$ref": "#/components/schemas/" + name.replace("/", ".")}


def _sent(one):
    made = dict(SENT.get(one.type, PLAIN[one.type]))
    if one.type == "boolean" and one.where in ("query", "path"):
        made = {"type": "string", "enum": ["0", "1"]}
    if one.choices:
        made["enum"] = one.choices
    if one.initial:
        made["default"] = one.initial
    return made


def _answers(verb):
    names = [verb.result] if verb.result else []
    asked = {one.name for one in verb.parameters}
    names += ["xvm.plan/1"] if "dry_run" in asked else []
    names += ["xvm.operation/1"] if verb.mutating and any(one.negated for one in verb.parameters) else []
    if not names:
        return {"text/plain": {"schema": {"type": "string"}}}
    # A whole answer says what it is; an object within another need not.
    parts = [{"allOf": [_component(name), {"required": ["schema"]}]} for name in dict.fromkeys(names)]
    return {"application/x-ndjson" if verb.streaming else "application/json":
            {"schema": parts[0] if len(parts) == 1 else {"oneOf": parts}}}


def _body(verb):
    whole = [one for one in verb.parameters if one.where == "whole"]
    if whole:
        return {"required": True, "description": whole[0].summary,
                "content": {"application/toml": {"schema": {"type": "string"}}}}
    rows = [one for one in verb.parameters if one.where == "body"]
    if not rows:
        return None
    needed = [one.name for one in rows if one.required]
    made = {"type": "object", "additionalProperties": False,
            "properties": {one.name: dict(_sent(one), description=one.summary) for one in rows}}
    if needed:
        made["required"] = needed
    return {"required": bool(needed), "content": {"application/json": {"schema": made}}}


def _operation(verb):
    made = {"operationId": verb.id, "summary": verb.summary, "description": verb.details, "tags": [verb.noun]}
    rows = [{"name": one.name, "in": one.where, "required": one.required, "description": one.summary, "schema": _sent(one)}
            for one in verb.parameters if one.where in ("path", "query")]
    if rows:
        made["parameters"] = rows
    if body := _body(verb):
        made["requestBody"] = body
    made["responses"] = {"2XX" if verb.mutating else "200": {"description": verb.said or verb.summary, "content": _answers(verb)},
                         "default": {"description": "a refusal; exit_code is what the command ends with",
                                     "content": {"application/json": {"schema": _component("xvm.error/1")}}}}
    return made


def openapi(model):
    paths = {}
    for verb in model.verbs:
        if verb.route:
            paths.setdefault(verb.path, {})[verb.method.lower()] = _operation(verb)
    made = {"openapi": "3.1.0",
            "info": {"title": "xvm", "version": "1",
                     "description": "What xvmd does, by HTTP/1.1 on the Unix socket /run/xvm/xvmd.sock: "
                                    "curl --unix-socket /run/xvm/xvmd.sock http://localhost/v1/domains",
                     "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
            "servers": [{"url": "http://localhost", "description": "the Unix socket /run/xvm/xvmd.sock"}],
            "paths": dict(sorted(paths.items())),
            "components": {"schemas": {schema.name.replace("/", "."): _object(schema, _component)
                                       for schema in model.schemas.values()}}}
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"
