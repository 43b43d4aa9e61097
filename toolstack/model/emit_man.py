# SPDX-License-Identifier: Apache-2.0
"""The parts of man pages that follow from the model; what stands around them is written by hand."""

import re

from model import ModelError

BEGIN = "; Made from toolstack/model/*.toml by generate.py, to the next line that begins with a semicolon."
PART = re.compile(re.escape(BEGIN) + r"\n; (\w+)\n.*?(?=^;)", re.M | re.S)


def escaped(text):
    return re.sub(r"^-|[\\*_`#~\[\]<>]", r"\\\g<0>", text)


def _option(one):
    names = [f"*-{one.letter}*"] if one.letter else []
    names.append(f"*--{one.option}*")
    value = "" if one.type == "boolean" else f" _{one.placeholder}_"
    return ", ".join(names) + value


def _summary(one):
    text = one.summary
    if one.type != "boolean" and one.initial:
        text += f" ({one.initial} if left out)"
    if one.choices and one.name != "output":
        text += ": " + ", ".join(one.choices)
    return escaped(text[0].upper() + text[1:]) + "."


def _usage(verb):
    shown = [f"_{one.placeholder}_" if one.required else f"[_{one.placeholder}_]" for one in verb.positionals]
    shown += [f"[*--{one.option}*{'' if one.type == 'boolean' else f' _{one.placeholder}_'}]" for one in verb.options]
    return " ".join([f"*{verb.words}*", *shown])


def _details(text):
    """Paragraphs as they are, indented lines as they are typed."""
    lines, literal = [], False
    for line in text.split("\n"):
        if literal != line.startswith("  ") and (line or not literal):
            literal = not literal
            lines.append("\t```")
        lines.append("\t" + (line if literal else escaped(line)) if line else "")
    return lines + (["\t```"] if literal else [])


def _verb(verb):
    lines = [_usage(verb), f"\t{escaped(verb.summary[0].upper() + verb.summary[1:])}."]
    if verb.alias:
        lines[-1] += f" Short: *xvm {verb.alias}*."
    lines += ["", *_details(verb.details)]
    # What ID is, the page says once.
    for one in [*(one for one in verb.positionals if one.type != "domain"), *verb.options]:
        lines += ["", f"\t{_option(one) if not one.positional else f'_{one.placeholder}_'}", f"\t\t{_summary(one)}"]
    return "\n".join(lines)


def verbs(model):
    return "\n\n".join(_verb(verb) for verb in model.commands)


def options(model):
    return "\n\n".join(f"{_option(one)}\n\t{_summary(one)}" for one in model.options)


def routes(model):
    """A paragraph a route: what it takes besides its path, and what it answers with."""
    rows = []
    for verb in (one for one in model.verbs if one.route):
        sent = {"query": [], "body": [], "whole": []}
        for one in verb.parameters:
            if one.where in sent:
                sent[one.where].append(one.name if one.where != "whole" else "the TOML itself")
        query = f"?{'&'.join(sent['query'])}" if sent["query"] else ""
        body = ", ".join(sent["body"] + sent["whole"])
        what = verb.summary + (f"; body: {body}" if body else "") + (f'; "{verb.result}"' if verb.result else "")
        rows.append(f"*{escaped(verb.method + ' ' + verb.path)}*{escaped(query)}\n\t{escaped(what)}")
    return "\n\n".join(rows)


PARTS = {"verbs": verbs, "options": options, "routes": routes}


def page(model, text, wanted):
    """The page with the model's parts made anew; `wanted` are those that must be there."""
    found = [match[1] for match in PART.finditer(text)]
    if sorted(found) != sorted(wanted):
        raise ModelError(f"the man page has the parts {found}, not {sorted(wanted)}")
    return PART.sub(lambda match: f"{BEGIN}\n; {match[1]}\n\n{PARTS[match[1]](model)}\n\n", text)
