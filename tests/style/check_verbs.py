#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds what is made from the model of verbs (toolstack/model/) against it: what is committed is what the generator
writes, and every verb has a handler, help in the man page, completion, a place in the API and a test.

    check_verbs.py [ROOT]    prints one line a violation; exit code 1 if there is one

A tree is a dictionary path -> text, so that tests plant violations in one of their own."""

import json
import re
import sys
from pathlib import Path

import check_tree

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "toolstack" / "model"))

import emit_api  # noqa: E402
import emit_completion  # noqa: E402
import generate  # noqa: E402
import model  # noqa: E402

HANDLER = re.compile(r'\bverbs\.\w+\(\s*"([a-z._]+)"')
SPECIAL = re.compile(r'Special\{"([a-z._]+)"')
MAKE_ANEW = "run toolstack/model/generate.py all"


def drift(found, tree):
    """What is committed and not as the generator writes it."""
    try:
        made = generate.committed(found, tree)
    except model.ModelError as error:
        yield f"docs/man: {error}"
        return
    for path, text in made.items():
        if path not in tree:
            yield f"{path}: is missing; {MAKE_ANEW}"
        elif tree[path] != text:
            yield f"{path}: is not what the model says; {MAKE_ANEW}"
    for path in tree:
        if path.startswith("docs/api/schemas/") and path not in made:
            yield f"{path}: the model has no such schema; {MAKE_ANEW}"


def names_in(tree, folder, pattern):
    return {name for path, text in tree.items() if path.startswith(folder) and path.endswith(".cpp")
            for name in pattern.findall(text)}


def of_verb(verb, found, tree, handlers, specials):
    """What a verb lacks."""
    man, api = tree.get(generate.MAN, ""), json.loads(tree.get("docs/api/openapi.json", "{}"))
    if verb.route and verb.id not in handlers:
        yield f"verb {verb.id}: no handler in daemons/xvmd binds it"
    if not verb.route and verb.id not in specials:
        yield f"verb {verb.id}: has no route, and no code of its own in toolstack/cli/verbs.cpp"
    if verb.route and verb.method.lower() not in api.get("paths", {}).get(verb.path, {}):
        yield f"verb {verb.id}: {verb.route} is not in docs/api/openapi.json"
    if verb.words and f"\n*{verb.words}*" not in man:
        yield f"verb {verb.id}: {generate.MAN} does not tell of '{verb.words}'"
    for shell in (emit_completion.bash, emit_completion.zsh):
        if verb.words and verb.words not in shell(found):
            yield f"verb {verb.id}: {shell.__name__} does not complete '{verb.words}'"
    if verb.words and f"docs/api/schemas/{emit_api.file_name(verb.result)}" not in tree:
        yield f"verb {verb.id}: the schema of its answer, {verb.result}, is not in docs/api/schemas"
    for path in verb.tests:
        if path not in tree:
            yield f"verb {verb.id}: its test {path} is not there"
        elif f'"{verb.id}"' not in tree[path] and verb.words not in tree[path]:
            yield f"verb {verb.id}: its test {path} does not name it"


def violations(found, tree):
    yield from drift(found, tree)
    handlers = names_in(tree, "daemons/xvmd/", HANDLER)
    specials = names_in(tree, "toolstack/cli/", SPECIAL)
    for verb in found.verbs:
        yield from of_verb(verb, found, tree, handlers, specials)
    for stray in sorted(handlers - {verb.id for verb in found.verbs}):
        yield f"daemons/xvmd binds '{stray}', which no verb of the model is"


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    found = list(violations(model.load(root / "toolstack" / "model"), check_tree.read_tree(root)))
    for line in found:
        print(line)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
