# SPDX-License-Identifier: Apache-2.0
"""openapi.json is OpenAPI 3.1 as far as its own rules go, and every schema is one; completion is what the shells read."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(ROOT / "toolstack" / "model"))

import emit_api  # noqa: E402
import emit_completion  # noqa: E402
import model  # noqa: E402

MODEL = model.load(ROOT / "toolstack" / "model")
API = json.loads(emit_api.openapi(MODEL))
METHODS = {"get", "put", "post", "delete"}
COMPONENT = re.compile(r"#/components/schemas/([a-zA-Z0-9._-]+)")


def references(value):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from [item] if key == "$ref" else references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


class Api(unittest.TestCase):
    def operations(self):
        for path, methods in API["paths"].items():
            for method, operation in methods.items():
                yield path, method, operation

    def test_document(self):
        self.assertEqual(API["openapi"], "3.1.0")
        self.assertLessEqual({"title", "version"}, set(API["info"]))
        self.assertLessEqual(set(API), {"openapi", "info", "servers", "paths", "components"})
        ids = [operation["operationId"] for _, _, operation in self.operations()]
        self.assertEqual(sorted(ids), sorted(verb.id for verb in MODEL.verbs if verb.route))

    def test_operations(self):
        for path, method, operation in self.operations():
            with self.subTest(f"{method} {path}"):
                self.assertTrue(path.startswith("/"))
                self.assertIn(method, METHODS)
                rows = operation.get("parameters", [])
                self.assertEqual({row["name"] for row in rows if row["in"] == "path"}, set(re.findall(r"\{(\w+)\}", path)))
                self.assertTrue(all(row["required"] for row in rows if row["in"] == "path"))
                self.assertEqual(len({(row["name"], row["in"]) for row in rows}), len(rows))
                self.assertTrue(all(re.fullmatch(r"default|[1-5](XX|\d\d)", code) for code in operation["responses"]))
                self.assertIn("default", operation["responses"])
                for answer in operation["responses"].values():
                    self.assertIn("description", answer)
                if "requestBody" in operation:
                    self.assertNotEqual(method, "get")
                    self.assertEqual(len(operation["requestBody"]["content"]), 1)

    def test_every_reference_leads_somewhere(self):
        for reference in references(API):
            self.assertIn(COMPONENT.fullmatch(reference)[1], API["components"]["schemas"])
        files = emit_api.schema_files(MODEL)
        for text in files.values():
            for reference in references(json.loads(text)):
                self.assertIn(reference, files)

    def test_every_schema_is_one(self):
        for text in emit_api.schema_files(MODEL).values():
            jsonschema.Draft202012Validator.check_schema(json.loads(text))
        for schema in API["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)
        with self.assertRaises(jsonschema.SchemaError):
            jsonschema.Draft202012Validator.check_schema({"type": "wood"})


# A stand-in for xvm, whose guests are called so.
NAMES = {"list": "web\nwiki\n", "config list": "shop\n"}
LINES = {
    "xvm ": {"create", "disk", "ls", "help"}, "xvm pa": {"pause"}, "xvm disk ": {"list", "stats", "attach", "detach", "resize"},
    "xvm pause ": {"web", "wiki"}, "xvm pause wi": {"wiki"}, "xvm start ": {"shop"}, "xvm wait web ": {"running", "gone"},
    "xvm disk attach web xvdb g": {"guest.toml"}, "xvm create g": {"guest.toml"}, "xvm create --pa": {"--paused"},
    "xvm list -o ": {"table", "json", "jsonl", "csv"}, "xvm disk attach --kind ": {"raw", "pack"},
    "xvm list --output json --no": {"--no-header"}, "xvm create --name x g": {"guest.toml"}, "xvm rm w": {"web", "wiki"},
    "xvm help pau": {"pause"}, "xvm completion ": {"bash", "zsh"},
}
DRIVE_ZSH = """
compdef() { :; }
compadd() { [[ $1 == -- ]] && shift; for word in "$@"; do [[ $word == ${words[CURRENT]}* ]] && print -r -- $word; done; }
_files() { for word in *(N); do [[ $word == ${words[CURRENT]}* ]] && print -r -- $word; done; }
source $1
words=("${(@)argv[2,-1]}")
CURRENT=$#words
_xvm
"""
DRIVE_BASH = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_xvm
printf '%s\\n' "${COMPREPLY[@]}"
"""


class Completion(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="xvm-completion.")
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)
        (self.dir / "guest.toml").write_text("")
        (self.dir / "bin").mkdir()
        cases = "".join(f"    '{words} '*) printf '{names}' ;;\n" for words, names in NAMES.items())
        (self.dir / "bin" / "xvm").write_text(f'#!/bin/sh\ncase "$*" in\n{cases}esac\n')
        (self.dir / "bin" / "xvm").chmod(0o755)

    def completed(self, shell, drive, script, line):
        (self.dir / "script").write_text(script)
        (self.dir / "drive").write_text(drive)
        words = line.split(" ")
        done = subprocess.run([*shell, self.dir / "drive", self.dir / "script", *words], cwd=self.dir, capture_output=True,
                              text=True, env=dict(os.environ, PATH=f"{self.dir / 'bin'}:{os.environ['PATH']}"))
        self.assertEqual(done.stderr, "", line)
        return set(done.stdout.split())

    def check(self, shell, drive, script):
        for line, wanted in LINES.items():
            with self.subTest(line):
                found = self.completed(shell, drive, script, line)
                self.assertLessEqual(wanted, found)
                last = line.rsplit(" ", 1)[1]
                self.assertTrue(all(word.startswith(last) for word in found), found)

    def test_bash(self):
        self.check(["bash", "--norc"], DRIVE_BASH, emit_completion.bash(MODEL))

    def test_zsh(self):
        self.check(["zsh", "-f"], DRIVE_ZSH, emit_completion.zsh(MODEL))


if __name__ == "__main__":
    unittest.main()
