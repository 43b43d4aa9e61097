#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""save, restore, memory, vcpu and dmesg, with the real xvm and xvmd on a make-believe machine whose guests do
what they are asked.
Usage: toolstack_state_test.py XVM XVMD"""
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mistakes"))
import hosted

PROGRAMS = hosted.Programs(xvm=sys.argv[1], xvmd=sys.argv[2])
WITHIN_S = 30
MIB = 1 << 20
HEAD_BYTES = 65536
GUEST = 'name = "web"\ntype = "pv"\nmemory = "64MiB"\nmemory_max = "96MiB"\nvcpus = 2\nkernel = "vmlinux"\n'


class Daemon(hosted.Daemon):
    def __init__(self, dir, *options):
        super().__init__(PROGRAMS, dir, *options)

    def state(self, name="web"):
        return self.json("show", name)["state"]


def wait_until(condition, what):
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("not in time: " + what)
        time.sleep(0.02)


class State(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="xvm-state.")
        self.addCleanup(shutil.rmtree, self.dir)
        self.fresh()

    def fresh(self):
        """Nothing known of earlier machines, which ended with their daemons."""
        for name in "run", "state":
            shutil.rmtree(os.path.join(self.dir, name), ignore_errors=True)
        with open(os.path.join(self.dir, "vmlinux"), "wb") as file:
            file.write(b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 64)
        with open(os.path.join(self.dir, "web.toml"), "w") as file:
            file.write(GUEST)

    def path(self, name="web.saved"):
        return os.path.join(self.dir, name)

    def start(self, daemon):
        made = daemon.xvm("create", "web.toml")
        self.assertEqual(made.returncode, 0, made.stderr)

    def save(self, daemon, *options):
        """Once its kernel is up, which takes the make-believe one a moment, too."""
        def done():
            self.saved = daemon.xvm("save", "web", "web.saved", *options)
            return "not up yet" not in self.saved.stderr
        wait_until(done, "the guest offers to suspend")
        return self.saved

    def refused(self, ran, exit_code, *words):
        self.assertEqual(ran.returncode, exit_code, ran.stderr)
        for word in words:
            self.assertIn(word, ran.stderr.split("\n", 1)[0])

    def test_a_guest_is_saved_and_restored(self):
        with Daemon(self.dir, "--hosted-guests") as daemon:
            before = daemon.ledger()
            self.start(daemon)
            uuid = daemon.json("show", "web")["uuid"]
            saved = self.save(daemon)
            self.assertEqual((saved.returncode, saved.stdout), (0, "domain 'web' is saved\n"), saved.stderr)
            self.assertEqual(before, daemon.ledger())
            self.assertEqual(os.stat(self.path()).st_mode & 0o777, 0o600)
            restored = daemon.xvm("restore", "web.saved")
            self.assertEqual(restored.returncode, 0, restored.stderr)
            now = daemon.json("show", "web")
            self.assertEqual((now["uuid"], now["state"]), (uuid, "running"))
            self.refused(daemon.xvm("restore", "web.saved"), 4, "domain 'web'", "taken")
            other = daemon.json("restore", "web.saved", "--name", "other", "--paused")
            self.assertNotEqual(other["uuid"], uuid)
            self.assertEqual(other["state"], "paused")
            for name in "web", "other":
                self.assertEqual(daemon.xvm("destroy", name).returncode, 0)
            self.assertEqual(before, daemon.ledger())

    def test_a_guest_goes_on_after_it_was_saved(self):
        with Daemon(self.dir, "--hosted-guests") as daemon:
            self.start(daemon)
            self.assertEqual(self.save(daemon, "--running").returncode, 0, self.saved.stderr)
            self.assertEqual(daemon.state(), "running")
            self.refused(self.save(daemon, "--running"), 4, self.path(), "is there already")
            self.assertEqual(self.save(daemon, "--running", "--force").returncode, 0, self.saved.stderr)

    def test_every_step_of_a_save_may_fail(self):
        for step in "check-save", "suspend", "write-saved", "publish-saved":
            self.fresh()
            with self.subTest(step), Daemon(self.dir, "--hosted-guests", "--fail-at", step) as daemon:
                self.start(daemon)
                self.refused(self.save(daemon), 1, "step " + step)
                self.assertEqual(daemon.state(), "running")
                self.assertFalse([name for name in os.listdir(self.dir) if "saved" in name])

    def test_an_xvmd_that_is_killed_in_a_save_leaves_no_file_in_part(self):
        for step in "write-saved", "publish-saved":
            self.fresh()
            with self.subTest(step):
                daemon = Daemon(self.dir, "--hosted-guests", "--kill-at", step)
                with daemon:
                    self.start(daemon)
                    wait_until(lambda: self.save(daemon).returncode != 1, "xvmd dies")
                    self.assertEqual(daemon.process.wait(timeout=WITHIN_S), -signal.SIGKILL)
                # The make-believe machine died with it; the journal and the file did not.
                with Daemon(self.dir):
                    self.assertFalse([name for name in os.listdir(self.dir) if "saved" in name])

    def test_what_cannot_be_saved_is_refused(self):
        with Daemon(self.dir) as daemon:  # nobody suspends
            self.start(daemon)
            self.refused(daemon.xvm("save", "web", "none/web.saved"), 3, self.path("none"), "make the directory")
            self.refused(daemon.xvm("save", "web", "web.saved"), 1, "domain 'web'", "does not know how to suspend")
            self.refused(daemon.xvm("save", "nobody", "web.saved"), 3, "domain 'nobody'")
            self.assertEqual(daemon.xvm("pause", "web").returncode, 0)
            self.refused(daemon.xvm("save", "web", "web.saved"), 1, "domain 'web'", "is paused", "xvm unpause web")
            self.assertFalse([name for name in os.listdir(self.dir) if "saved" in name])

    def test_a_file_that_is_not_whole_makes_no_guest(self):
        with Daemon(self.dir, "--hosted-guests") as daemon:
            self.start(daemon)
            self.assertEqual(self.save(daemon).returncode, 0, self.saved.stderr)
            before = daemon.ledger()
            with open(self.path(), "rb") as file:
                whole = file.read()
            changed = [(0, "is no saved guest"), (0x50, "damaged"), (300, "damaged"), (HEAD_BYTES + 1000, "damaged"),
                       (len(whole) - 1, "damaged")]
            for at, words in changed:
                with self.subTest(changed=at):
                    with open(self.path("bad"), "wb") as file:
                        file.write(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
                    self.refused(daemon.xvm("restore", "bad"), 2, self.path("bad"), words)
            for size in 0, 7, 300, HEAD_BYTES, len(whole) - 1:
                with self.subTest(size=size):
                    with open(self.path("bad"), "wb") as file:
                        file.write(whole[:size])
                    self.refused(daemon.xvm("restore", "bad"), 2, self.path("bad"))
            self.refused(daemon.xvm("restore", "none"), 3, self.path("none"))
            self.assertEqual(before, daemon.ledger())

    def test_memory_is_asked_for_and_waited_for(self):
        with Daemon(self.dir, "--hosted-guests") as daemon:
            self.start(daemon)
            answer = daemon.json("memory", "set", "web", "80MiB", "--wait")
            self.assertEqual((answer["memory_bytes"], answer["target_bytes"]), (80 * MIB, 80 * MIB))
            self.assertEqual(daemon.json("mem", "web", "48MiB", "--wait")["memory_bytes"], 48 * MIB)
            shown = daemon.json("memory", "show", "web")["domains"]
            self.assertEqual([(one["name"], one["memory_bytes"], one["memory_max_bytes"]) for one in shown],
                             [("web", 48 * MIB, 96 * MIB)])
            self.assertEqual(len(daemon.json("memory", "show")["domains"]), 2)
            self.refused(daemon.xvm("memory", "set", "web", "97MiB"), 2, "may have at most 96MiB")
            self.refused(daemon.xvm("memory", "set", "web", "8MiB"), 2, "at least 32MiB")
            # It asks for as much again when it is restored.
            self.assertEqual(self.save(daemon).returncode, 0, self.saved.stderr)
            self.assertEqual(daemon.xvm("restore", "web.saved").returncode, 0)
            self.assertEqual(daemon.json("memory", "show", "web")["domains"][0]["target_bytes"], 48 * MIB)

    def test_memory_that_the_guest_keeps_is_left_to_it(self):
        with Daemon(self.dir) as daemon:  # its balloon driver does nothing
            self.start(daemon)
            ran = daemon.xvm("memory", "set", "web", "48MiB", "--wait", "--timeout", "200ms")
            self.assertEqual(ran.returncode, 6, ran.stderr)
            shown = daemon.json("memory", "show", "web")["domains"][0]
            self.assertEqual(shown["target_bytes"], 64 * MIB)
            self.assertEqual(daemon.xvm("memory", "set", "web", "48MiB").returncode, 0)
            self.assertEqual(daemon.json("memory", "show", "web")["domains"][0]["target_bytes"], 48 * MIB)

    def test_processors(self):
        with Daemon(self.dir, "--hosted-guests") as daemon:
            self.start(daemon)
            rows = lambda: daemon.json("vcpu", "list", "web")["vcpus"]
            self.assertEqual([row["affinity"] for row in rows()], ["all", "all"])
            self.assertEqual(daemon.xvm("vcpu", "pin", "web", "1", "0").returncode, 0)
            self.assertEqual([row["affinity"] for row in rows()], ["all", "0"])
            self.assertEqual(daemon.xvm("vcpu", "pin", "web", "all", "1", "--soft").returncode, 0)
            self.assertEqual([row["soft_affinity"] for row in rows()], ["1", "1"])
            self.assertEqual(daemon.xvm("vcpu", "pin", "web", "all", "all").returncode, 0)
            self.assertEqual([row["affinity"] for row in rows()], ["all", "all"])
            self.assertEqual(daemon.xvm("vcpu", "set", "web", "1").returncode, 0)
            wait_until(lambda: [row["state"] == "offline" for row in rows()] == [False, True], "one is offline")
            self.assertEqual(daemon.xvm("vcpu", "set", "web", "2").returncode, 0)
            wait_until(lambda: [row["state"] == "offline" for row in rows()] == [False, False], "both are online")
            for count in "0", "3":
                self.refused(daemon.xvm("vcpu", "set", "web", count), 2, "give it 1 to 2")
            self.refused(daemon.xvm("vcpu", "pin", "web", "2", "0"), 2, "no virtual processor 2")
            self.refused(daemon.xvm("vcpu", "pin", "web", "0", "77"), 2, "processor 77")
            self.refused(daemon.xvm("vcpu", "pin", "web", "0", "1-"), 2, "1-")

    def changed(self, daemon):
        """What was changed of the guest while it ran, as it is now."""
        vcpus = daemon.json("vcpu", "list", "web")["vcpus"]
        return ([(row["affinity"], row["soft_affinity"], row["state"] == "offline") for row in vcpus],
                daemon.json("memory", "show", "web")["domains"][0]["target_bytes"])

    def test_what_was_changed_holds_after_a_reboot_and_out_of_a_file(self):
        audit = self.path("audit.jsonl")
        with Daemon(self.dir, "--hosted-guests", "--audit", audit) as daemon:
            self.start(daemon)
            for words in (("vcpu", "pin", "web", "1", "0"), ("vcpu", "pin", "web", "0", "1", "--soft"),
                          ("vcpu", "set", "web", "1"), ("memory", "set", "web", "48MiB", "--wait")):
                self.assertEqual(daemon.xvm(*words).returncode, 0, words)
            as_changed = [("all", "1", False), ("0", "all", True)], 48 * MIB
            wait_until(lambda: self.changed(daemon) == as_changed, "all is changed")
            self.assertEqual(self.save(daemon).returncode, 0, self.saved.stderr)
            self.assertEqual(daemon.xvm("restore", "web.saved").returncode, 0)
            wait_until(lambda: self.changed(daemon) == as_changed, "it is so out of the file")
            domid = daemon.json("show", "web")["domid"]
            self.assertEqual(daemon.xvm("reboot", "web").returncode, 0)
            wait_until(lambda: daemon.xvm("show", "web").returncode == 0 and
                       daemon.json("show", "web")["domid"] != domid, "it is another domain")
            wait_until(lambda: self.changed(daemon) == as_changed, "it is so after a reboot")
            self.assertEqual(daemon.xvm("destroy", "web").returncode, 0)
            # Made anew it has what its configuration says.
            self.start(daemon)
            self.assertEqual(self.changed(daemon), ([("all", "all", False)] * 2, 64 * MIB))
        with open(audit) as lines:
            verbs = [json.loads(line)["verb"] for line in lines]
        # Also what nobody asked for by itself: that the guest is started again.
        self.assertEqual(verbs[-4:], ["restart", "reboot", "destroy", "create"])

    def test_the_pool_is_as_it_was_for_the_next_xvmd(self):
        said = "size", "type", "memory_bytes", "vcpus"
        with Daemon(self.dir) as daemon:
            self.assertEqual(daemon.json("pool", "show")["size"], 0)
            kept = daemon.json("pool", "set", "2", "--type", "pvh", "--memory", "64MiB", "--vcpus", "2")
            daemon.process.kill()
        with Daemon(self.dir) as daemon:
            now = daemon.json("pool", "show")
            self.assertEqual([now[key] for key in said], [kept[key] for key in said])
            wait_until(lambda: daemon.json("pool", "show")["ready"] == 2, "it is filled")
        with open(self.path("state/pool.json"), "w") as file:
            file.write('{"size": 2, "type"')
        with Daemon(self.dir) as daemon:
            self.assertEqual(daemon.json("pool", "show")["size"], 0)
            with open(daemon.log) as log:
                self.assertIn("pool.json: is damaged", log.read())

    def test_the_hypervisors_messages(self):
        with Daemon(self.dir) as daemon:
            self.assertIn("ledger", daemon.xvm("dmesg").stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
