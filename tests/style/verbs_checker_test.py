# SPDX-License-Identifier: Apache-2.0
"""check_verbs.py finds what is planted: the tree as it is has none of it, and each way of drifting apart is told."""

import copy
import dataclasses
import json
import unittest

import check_tree
import check_verbs
import model

TREE = check_tree.read_tree(check_verbs.ROOT)
MODEL = model.load(check_verbs.ROOT / "toolstack" / "model")


def replaced(path, old, new):
    """The tree with a change in one file."""
    assert old in TREE[path], (path, old)
    return {**TREE, path: TREE[path].replace(old, new)}


def with_verb(**changes):
    """The model with one more verb: 'show', but for the changes."""
    found = copy.deepcopy(MODEL)
    shown = next(verb for verb in found.verbs if verb.id == "show")
    found.verbs.append(dataclasses.replace(shown, **changes))
    return found


class Drift(unittest.TestCase):
    def told(self, found, tree, *parts):
        lines = list(check_verbs.violations(found, tree))
        for part in parts:
            self.assertTrue(any(part in line for line in lines), (part, lines[:20]))

    def test_the_tree_is_as_the_model_says(self):
        self.assertEqual(list(check_verbs.violations(MODEL, TREE)), [])

    def test_what_is_committed_differs(self):
        self.told(MODEL, replaced("docs/verbs.md", "`xvm pause ID`", "`xvm freeze ID`"), "docs/verbs.md: is not what")
        self.told(MODEL, replaced(check_verbs.generate.MAN, "\n*pause* _ID_", "\n*freeze* _ID_"), "does not tell of 'pause'")
        self.told(MODEL, replaced("docs/api/schemas/xvm.domain.1.json", '"uuid"', '"guid"'), "xvm.domain.1.json: is not what")

    def test_something_is_missing_or_too_much(self):
        without = {path: text for path, text in TREE.items() if path != "docs/api/schemas/xvm.disk.1.json"}
        self.told(MODEL, without, "xvm.disk.1.json: is missing")
        self.told(MODEL, {**TREE, "docs/api/schemas/xvm.tape.1.json": "{}"}, "the model has no such schema")
        api = json.loads(TREE["docs/api/openapi.json"])
        del api["paths"]["/v1/top"]
        self.told(MODEL, {**TREE, "docs/api/openapi.json": json.dumps(api)}, "verb top: GET /v1/top is not in")
        self.told(MODEL, replaced(check_verbs.generate.MAN, check_verbs.generate.emit_man.BEGIN, "; nothing"), "has the parts")

    def test_a_verb_that_is_only_in_the_model(self):
        found = with_verb(id="freeze", words="freeze", route="POST /v1/domains/{id}/freeze", result="xvm.ice/1")
        found.schemas["xvm.ice/1"] = model.Schema("xvm.ice/1", "Ice.", [])
        self.told(found, TREE, "verb freeze: no handler", "verb freeze: POST", "does not tell of 'freeze'", "xvm.ice/1",
                  "does not name it", "docs/verbs.md: is not what")
        self.told(with_verb(id="thaw", words="thaw", route=""), TREE, "has no route, and no code of its own")
        self.told(with_verb(id="melt", tests=["tests/none.py"]), TREE, "its test tests/none.py is not there")

    def test_a_handler_without_a_verb(self):
        path = "daemons/xvmd/domain_verbs.cpp"
        self.told(MODEL, {**TREE, path: TREE[path] + '\nverbs.read("freeze", freeze);\n'}, "binds 'freeze'")
        self.told(MODEL, replaced(path, 'verbs.change("pause"', 'verbs.change("paus"'), "verb pause: no handler", "binds 'paus'")


if __name__ == "__main__":
    unittest.main()
