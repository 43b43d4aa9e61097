#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stored configurations, dry runs, and files of xl's, with the real programs on a make-believe machine.
Usage: toolstack_config_test.py XVM XVMD XVM_PACK XVM_IMPORT"""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mistakes"))
import hosted

PROGRAMS = hosted.Programs(**dict(zip(("xvm", "xvmd", "xvm_pack", "xvm_import"), sys.argv[1:5])))
GUEST = 'name = "web"\ntype = "pvh"\nmemory = "64MiB"\nkernel = "vmlinux" # beside it\n'
# In the shape of Xen's own examples.
XL_PV = """
# Guest name
name = "example.pvlinux"
# 128-bit UUID for the domain as a hexadecimal number.
#uuid = "XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX"
kernel = "/boot/vmlinuz"
#ramdisk = "/boot/initrd.gz"
extra = "root=/dev/xvda1"
memory = 128
#maxmem = 512
vcpus = 2
vif = [ '' ]
disk = [ '/dev/vg/guest-volume,raw,xvda,rw' ]
"""
XL_HVM = XL_PV + 'type = "hvm"\nsdl = 1\n'


class Config(unittest.TestCase):
    def setUp(self):
        self.world = hosted.World(PROGRAMS).__enter__()
        self.addCleanup(self.world.__exit__)
        self.put("guest.toml", GUEST)

    def put(self, name, text):
        with open(os.path.join(self.world.dir, name), "w") as file:
            file.write(text)

    def get(self, name):
        with open(os.path.join(self.world.dir, name)) as file:
            return file.read()

    def xvm(self, words, code=0):
        done = self.world.shell("xvm " + words)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def json(self, words):
        return json.loads(self.xvm(words + " -o json").stdout)

    def test_a_stored_configuration_starts_a_guest_from_anywhere(self):
        self.xvm("config add guest.toml")
        self.xvm("config add guest.toml --name other")
        self.assertEqual([one["name"] for one in self.json("config list")["configs"]], ["other", "web"])
        shown = self.json("config show web")
        self.assertEqual((shown["schema"], shown["type"], shown["memory_bytes"]), ("xvm.config/1", "pvh", 64 << 20))
        self.assertEqual(shown["toml"], GUEST.replace("vmlinux", self.world.dir + "/vmlinux"))
        os.rename(os.path.join(self.world.dir, "guest.toml"), os.path.join(self.world.dir, "gone.toml"))
        self.assertEqual(self.json("start web")["name"], "web")
        # Two of one file: the guest has the name under which its configuration is stored.
        self.assertEqual(self.json("start other")["name"], "other")
        self.xvm("config remove web")
        self.xvm("start web", 3)
        self.assertEqual([one["name"] for one in self.json("config list")["configs"]], ["other"])

    def test_stored_configurations_outlive_xvmd(self):
        self.xvm("config add guest.toml")
        self.world.daemon.__exit__()
        self.world.daemon.__enter__()
        self.assertEqual([one["name"] for one in self.json("config list")["configs"]], ["web"])

    def test_what_is_wrong_is_refused_before_it_is_stored(self):
        self.put("guest.toml", GUEST + "vcpsu = 2\n")
        self.assertIn(":5:1: unknown key 'vcpsu'", self.xvm("config add guest.toml --name web", 2).stderr)
        self.put("guest.toml", GUEST)
        self.assertIn("'a/b'", self.xvm("config add guest.toml --name a/b", 2).stderr)
        self.assertEqual(self.json("config list")["configs"], [])

    def test_a_damaged_one_is_listed_and_can_be_removed(self):
        self.xvm("config add guest.toml")
        self.put("state/configs/web.toml", "name = \"we")
        self.assertEqual([(one["name"], one["type"]) for one in self.json("config list")["configs"]],
                         [("web", "damaged")])
        self.xvm("config remove web")
        self.assertEqual(self.json("config list")["configs"], [])

    def test_a_write_that_was_cut_off_leaves_the_old_one(self):
        self.xvm("config add guest.toml")
        self.put("state/configs/web.toml.new", "name = ")
        self.assertEqual(self.json("start web --paused")["state"], "paused")
        self.assertEqual(len(self.json("config list")["configs"]), 1)

    def test_a_dry_run_checks_and_changes_nothing(self):
        before = self.world.daemon.ledger()
        plan = self.json("create guest.toml --dry-run")
        self.assertEqual((plan["schema"], plan["verb"], plan["name"]), ("xvm.plan/1", "create", "web"))
        self.assertIn("build", [step["name"] for step in plan["steps"]])
        table = self.xvm("create guest.toml --dry-run").stdout
        self.assertIn("create-domain", table)
        self.assertEqual(before, self.world.daemon.ledger())
        self.assertEqual(len(self.json("list")["domains"]), 1)

    def test_a_dry_run_refuses_what_a_run_would(self):
        before = self.world.daemon.ledger()
        for config, code in ((GUEST.replace("64MiB", "900GiB"), 5), (GUEST.replace("vmlinux", "vmlinxu"), 3),
                             (GUEST.replace("vmlinux", "text"), 2), (GUEST + "pin = 99\n", 2)):
            self.put("guest.toml", config)
            self.assertEqual(self.xvm("create guest.toml --dry-run", code).stderr,
                             self.xvm("create guest.toml", code).stderr)
        self.assertEqual(before, self.world.daemon.ledger())

    def test_a_file_of_xl_is_imported_and_valid(self):
        self.put("xl.cfg", XL_PV)
        self.xvm("import xl.cfg --to xl.toml")
        self.assertIn('"/dev/vg/guest-volume"', self.get("xl.toml"))
        self.assertIn("pv guest 'example.pvlinux'", self.xvm("validate xl.toml").stdout)
        self.assertEqual(self.xvm("import xl.cfg").stdout, self.get("xl.toml"))
        self.assertIn("is there already", self.xvm("import xl.cfg --to xl.toml", 4).stderr)
        answer = self.json("import xl.cfg")
        self.assertEqual((answer["schema"], answer["notes"]), ("xvm.import/1", []))

    def test_what_an_import_leaves_out_is_told(self):
        self.put("xl.cfg", XL_PV + "cpu_weight = 512\n")
        self.assertIn("'cpu_weight' is left out", self.xvm("import xl.cfg").stderr)
        self.assertIn("'cpu_weight' is left out", self.xvm("import xl.cfg --strict", 2).stderr)
        self.put("xl.cfg", XL_HVM)
        refused = self.xvm("import xl.cfg --to hvm.toml", 2)
        self.assertIn("xvm starts PV and PVH guests only", refused.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.world.dir, "hvm.toml")))


if __name__ == "__main__":
    program = unittest.main(argv=sys.argv[:1], exit=False)
    sys.exit(not program.result.wasSuccessful())
