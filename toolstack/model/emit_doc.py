# SPDX-License-Identifier: Apache-2.0
"""docs/verbs.md: every verb with its man page, completion, API route and tests."""

from emit_api import file_name

HEAD = """\
# The verbs

Made from `toolstack/model/*.toml` by `toolstack/model/generate.py all`; `tests/style/check_verbs.py` fails when one
of the things below is missing or differs.

A verb is a few lines there: its words, its route, its parameters, the schema of its answer. From them are made the
command's parser, help and tables, xvmd's route and its check of parameters, the man page xvm(1), completion for bash
and zsh, [openapi.json](api/openapi.json) and the [schemas](api/schemas). By hand are only its handler in
`daemons/xvmd/` and its test.

Every verb has `-o table|json|jsonl|csv`, `--columns`, `--no-header`, `--socket` and `--help`. What the command can do,
`curl --unix-socket /run/xvm/xvmd.sock http://localhost` and the route can do, too; a verb without a route does its
work in the command.

| Command | Short | API | Answer | Man page | Completes | Shown by |
|---|---|---|---|---|---|---|
"""


def _completes(verb):
    kinds = []
    for one in verb.positionals:
        kinds.append("/".join(one.choices) if one.choices else
                     {"domain": "guests", "config": "configurations", "file": "files"}.get(one.type, "–"))
    options = len(verb.options)
    return ", ".join([*kinds, f"{options} option{'' if options == 1 else 's'}"] if options else kinds) or "options"


def _row(verb):
    usage = verb.usage.replace("|", "\\|")
    route = f"`{verb.route}`" if verb.route else "–"
    result = f"[{verb.result}](api/schemas/{file_name(verb.result)})" if verb.result else "text"
    tests = ", ".join(f"[{path.split('/')[-1]}](../{path})" for path in verb.tests)
    command = f"`xvm {usage}`" if verb.words else "–"
    man = f"[xvm(1)](man/xvm.1.scd), *{verb.words}*" if verb.words else "–"
    return (f"| {command} | {verb.alias or '–'} | {route} | {result} | {man} | {_completes(verb) if verb.words else '–'} "
            f"| {tests} |")


def table(model):
    return HEAD + "\n".join(_row(verb) for verb in model.verbs) + "\n"
