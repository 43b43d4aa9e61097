# SPDX-License-Identifier: Apache-2.0
"""The generator takes the model as it is, and refuses each way of breaking it."""

import shutil
import sys
import tempfile
import unittest
from pathlib import Path

MODEL = Path(__file__).resolve().parents[4] / "toolstack" / "model"
sys.path.insert(0, str(MODEL))

import model  # noqa: E402

# what is wrong: (file, text that is there, text instead, what the refusal says)
SLIPS = {
    "two verbs with one id": ("domain.toml", 'id = "pause"', 'id = "unpause"', "'unpause' stands twice"),
    "an alias that is a verb": ("domain.toml", 'alias = "ls"', 'alias = "pause"', "'pause' stands twice"),
    "two verbs on one route": ("domain.toml", "/{id}/pause", "/{id}/unpause", "stands twice"),
    "a result that is nowhere": ("net.toml", 'result = "xvm.nets/1"', 'result = "xvm.nets/2"', "no schema 'xvm.nets/2'"),
    "a path without its parameter": ("domain.toml", "/{id}/pause", "/{guest}/pause", "path parameters differ"),
    "a parameter that nobody shares": ("domain.toml", '"dry_run", "wait"', '"dryrun", "wait"', "shared as 'dryrun'"),
    "a type that is none": ("vcpu.toml", 'type = "integer", where', 'type = "number", where', "type 'number'"),
    "a mistyped key": ("vcpu.toml", "positional = true", "postional = true", "'postional'"),
    "a letter given twice": ("domain.toml", 'letter = "n"', 'letter = "p"', "one letter"),
    "a required parameter too late": ("vcpu.toml", 'where = "body", required = true, positional = true, placeholder = "VCPU"',
                                      'where = "body", positional = true, placeholder = "VCPU"', "come first"),
    "a sentence with an unknown field": ("domain.toml", "'{name}' is {state}", "'{title}' is {state}", "{title}"),
    "a sentence about nothing with an unknown field": ("disk.toml", "'{name}' has no disk", "'{title}' has no disk", "'nothing'"),
    "rows that are nowhere": ("disk.toml", 'rows = "disks"', 'rows = "disk"', "rows are no field"),
    "a local parameter that is sent": ("config.toml", 'where = "local", required = true', 'where = "query", required = true',
                                       "no route"),
    "a slip in TOML itself": ("net.toml", "[[verb]]", "[[verb]", "net.toml"),
    "a table of no meaning": ("net.toml", "[[verb]]", "[[verbs]]", "knows nothing of ['verbs']"),
}


class Generator(unittest.TestCase):
    def test_takes_the_model(self):
        found = model.load(MODEL)
        self.assertGreater(len(found.commands), 40)
        self.assertEqual(next(verb.usage for verb in found.verbs if verb.id == "disk.resize"), "disk resize ID DEV [SIZE]")

    def test_refuses_each_slip(self):
        for slip, (name, there, instead, said) in SLIPS.items():
            with self.subTest(slip), tempfile.TemporaryDirectory() as folder:
                for path in MODEL.glob("*.toml"):
                    shutil.copy(path, folder)
                path = Path(folder, name)
                text = path.read_text()
                self.assertIn(there, text)
                path.write_text(text.replace(there, instead, 1))
                with self.assertRaises(model.ModelError) as refusal:
                    model.load(folder)
                self.assertIn(said, str(refusal.exception))


if __name__ == "__main__":
    unittest.main()
