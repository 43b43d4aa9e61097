#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""[S-1] [S-3] [S-4] [S-10] [S-12] [S-13] [S-15] [S-16] [S-17] [S-21] The management service as a process: the real xvm,
xvmd and xvm-service on a make-believe machine, and services that are not as they should be.
Usage: management_test.py XVM XVMD XVM_SERVICE BAD_SERVICE"""
import glob
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mistakes"))
import hosted

PROGRAMS = hosted.Programs(xvm=sys.argv[1], xvmd=sys.argv[2])
SERVICE, BAD = (os.path.abspath(path) for path in sys.argv[3:5])
WITHIN_S = 60
GUEST = 'name = "web"\ntype = "pv"\nmemory = "64MiB"\nmemory_max = "96MiB"\nvcpus = 2\nkernel = "vmlinux"\n'


def text_of(path):
    with open(path) as file:
        return file.read()


def wait_until(condition, what):
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("not in time: " + what)
        time.sleep(0.02)


class Daemon(hosted.Daemon):
    """xvmd with a management service."""

    def __init__(self, dir, *options, service=SERVICE, mode="process"):
        super().__init__(PROGRAMS, dir, "--hosted-guests", "--service", mode, "--service-program", service, *options)

    def show(self):
        return self.json(*"service show".split())

    def await_state(self, *states):
        wait_until(lambda: self.show()["state"] in states, "the service is " + " or ".join(states))

    def children(self):
        pids = []
        for file in glob.glob(f"/proc/{self.process.pid}/task/*/children"):
            try:
                pids += text_of(file).split()
            except OSError:
                pass  # a thread that has ended
        return pids

    def holdings(self):
        """What a service would leave behind: its channel's memory, and event descriptors."""
        maps = text_of(f"/proc/{self.process.pid}/maps").count("xvm-channel")
        fds = []
        for fd in glob.glob(f"/proc/{self.process.pid}/fd/*"):
            try:
                fds.append(os.readlink(fd))
            except OSError:
                pass
        return maps, sum("eventfd" in one or "pidfd" in one or "xvm-channel" in one for one in fds)


class Management(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="xvm-management.")
        self.addCleanup(shutil.rmtree, self.dir)
        with open(os.path.join(self.dir, "vmlinux"), "wb") as file:
            file.write(b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 64)
        with open(os.path.join(self.dir, "web.toml"), "w") as file:
            file.write(GUEST)

    def done(self, ran):
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran

    def refused(self, ran, exit_code, *words):
        self.assertEqual(ran.returncode, exit_code, ran.stderr)
        for word in words:
            self.assertIn(word, ran.stderr.split("\n", 1)[0])

    def off_is_clean(self, daemon, before):
        daemon.await_state("off")
        self.assertEqual(daemon.children(), [])
        self.assertEqual(daemon.holdings(), before)

    def bad(self, mood):
        link = os.path.join(self.dir, "bad-service-" + mood)
        os.symlink(BAD, link)
        return link

    def test_it_is_started_with_xvmd_rests_and_is_stopped_and_started_again_when_it_is_needed(self):
        with Daemon(self.dir, "--service-idle", "1s") as daemon:
            wait_until(lambda: daemon.show()["starts"] == 1, "started at power-on")  # [S-12]
            daemon.await_state("off")  # [S-16]: for a request that never came
            clean = daemon.holdings()
            self.assertEqual((daemon.children(), clean[0]), ([], 0))  # [S-1] [S-13]
            self.done(daemon.xvm("list"))
            self.done(daemon.xvm("info"))
            self.assertEqual(daemon.show()["state"], "off")  # what needs no decision starts nothing
            self.done(daemon.xvm("create", "web.toml"))
            shown = daemon.show()
            self.assertEqual((shown["starts"], shown["answered"], shown["refused"]), (2, 1, 0))
            self.assertIn("system calls", shown["confined"])
            self.off_is_clean(daemon, clean)
            self.assertEqual(json.loads(daemon.xvm("show", "web", "-o", "json").stdout)["state"], "running")

    def test_every_decision_is_as_without_it(self):
        said = {}
        for mode in "off", "process":
            with Daemon(self.dir, mode=mode) as daemon:
                ran = [daemon.xvm(*line.split()) for line in (
                    "create web.toml", "pause web", "unpause web", "rename web shop", "rename shop a/b", "create nowhere.toml",
                    "config add web.toml", "config list", "config show wbe", "start web", "start web", "reboot shop",
                    "shutdown shop", "destroy web", "config remove web", "config remove web", "list")]
                said[mode] = [(one.returncode, one.stdout.replace("state/service/configs.db:web", "PLACE").replace(
                    "state/configs/web.toml", "PLACE"), one.stderr) for one in ran]
        self.maxDiff = None
        self.assertEqual(said["off"], said["process"])
        self.assertEqual([one[0] for one in said["off"]].count(0), 12, said["off"])

    def test_configurations_outlive_it_and_a_damaged_database_is_kept_aside(self):
        database = os.path.join(self.dir, "state/service/configs.db")
        with Daemon(self.dir) as daemon:
            self.done(daemon.xvm("config", "add", "web.toml"))
            os.kill(daemon.show()["pid"], signal.SIGKILL)
            daemon.await_state("off")  # or the request may be handed to the one that is gone
            self.assertIn("web", self.done(daemon.xvm("config", "list")).stdout)  # [S-10]
        with open(database, "r+b") as file:
            file.write(b"spoilt" * 100)
        with Daemon(self.dir) as daemon:
            self.assertNotIn("web", self.done(daemon.xvm("config", "list")).stdout)
            self.assertEqual(daemon.show()["damaged"], database + ".damaged")
            self.assertTrue(os.path.exists(database + ".damaged"))
            self.done(daemon.xvm("config", "add", "web.toml"))

    def test_many_requests_at_once_start_it_once_and_all_are_served(self):
        with Daemon(self.dir, "--service-idle", "1h") as daemon:
            wait_until(lambda: daemon.show()["state"] == "running", "it is up")
            self.done(daemon.xvm(*"service stop".split()))
            daemon.await_state("off")
            ran = []
            def ask(number):
                ran.append(daemon.xvm("config", "add", "web.toml", "--name", f"web-{number}"))
            threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual({one.returncode for one in ran}, {0}, [one.stderr for one in ran])
            shown = daemon.show()
            self.assertEqual((shown["starts"], shown["answered"]), (2, 40))  # [S-15] [S-17]
            self.assertEqual(len(json.loads(daemon.xvm("config", "list", "-o", "json").stdout)["configs"]), 40)

    def test_killed_it_is_started_anew(self):
        with Daemon(self.dir) as daemon:
            self.done(daemon.xvm("create", "web.toml"))
            os.kill(daemon.show()["pid"], signal.SIGKILL)
            wait_until(lambda: daemon.show()["state"] == "off", "its end is seen")
            self.assertIn("killed by signal 9", daemon.show()["failure"])
            self.done(daemon.xvm("pause", "web"))

    def test_it_is_stopped_by_hand_only_when_it_has_nothing_to_do(self):
        with Daemon(self.dir, service=self.bad("hang")) as daemon:
            daemon.await_state("running")
            asking = threading.Thread(target=daemon.xvm, args=("create", "web.toml"))
            asking.start()
            wait_until(lambda: daemon.show()["under_way"] == 1, "it has the request")
            self.refused(daemon.xvm(*"service stop".split()), 4, "requests under way")
            asking.join()
        with Daemon(self.dir, mode="off") as daemon:
            self.assertEqual(daemon.show()["mode"], "off")
            self.refused(daemon.xvm(*"service start".split()), 2, "decides for itself")

    def test_a_service_that_fails_costs_its_requesters_a_clear_error_and_leaves_nothing(self):
        moods = {  # how it is bad: exit code, what the user is told
            "exit": (8, "could not be started"),
            "mute": (6, "not ready in time"),
            "index": (1, "nonsense"),
            "die-ready": (8, "ended while it had the request"),
            "die-taking": (8, "ended while it had the request"),
            "hang": (6, "did not answer in time"),
            "nonsense": (1, "nonsense"),
            "unasked": (1, "nonsense"),
            "deep": (1, "nonsense"),
            "too-much": (1, "nonsense"),
            "order": (7, "order of the management service"),
            "order-other": (7, "order of the management service"),
        }
        for mood, (exit_code, words) in moods.items():
            with self.subTest(mood=mood), Daemon(self.dir, "--service-idle", "300ms", "--service-patience",
                                                 "2s" if mood in ("mute", "hang") else "60s", service=self.bad(mood)) as daemon:
                daemon.await_state("off")
                before = daemon.holdings()
                ran = daemon.xvm("create", "web.toml")
                if mood == "die-ready" and ran.returncode == 8 and "could not be started" in ran.stderr:
                    pass  # its death was seen before its word
                else:
                    self.refused(ran, exit_code, words)
                self.off_is_clean(daemon, before)
                self.assertNotIn("web", daemon.xvm("list").stdout)

    def test_a_plan_that_xvmd_proposes_is_carried_out_if_the_service_says_so_and_no_other(self):
        """[S-3]"""
        with Daemon(self.dir, "--service-idle", "300ms") as daemon:
            self.done(daemon.xvm("create", "web.toml"))
            daemon.await_state("off")
            starts = daemon.show()["starts"]
            self.done(daemon.xvm("vcpu", "pin", "web", "0", "0"))
            self.assertEqual(daemon.show()["starts"], starts + 1)
        with Daemon(self.dir, "--service-idle", "300ms", service=self.bad("order-more")) as daemon:
            self.done(daemon.xvm("create", "web.toml", "--name", "shop"))
            before = daemon.xvm("vcpu", "list", "shop").stdout
            self.refused(daemon.xvm("vcpu", "pin", "shop", "0", "0"), 7, "order of the management service")
            self.assertEqual(daemon.xvm("vcpu", "list", "shop").stdout, before)

    def test_one_that_answers_twice_or_dies_after_its_answer_changes_nothing_that_is_done(self):
        for mood in "twice", "die-answered":
            with self.subTest(mood=mood), Daemon(self.dir, "--service-idle", "300ms", service=self.bad(mood)) as daemon:
                daemon.await_state("off")
                before = daemon.holdings()
                daemon.xvm("config", "list")
                self.assertEqual(daemon.show()["answered"], 1)
                self.off_is_clean(daemon, before)

    def test_one_that_does_not_stop_is_ended_by_force(self):
        with Daemon(self.dir, "--service-idle", "300ms", service=self.bad("deaf")) as daemon:
            wait_until(lambda: daemon.show().get("failure") == "was ended by force", "force")
            daemon.await_state("off")
            self.assertEqual(daemon.children(), [])

    def test_with_xvmd_it_ends(self):
        with Daemon(self.dir) as daemon:
            daemon.await_state("running")
            pid = daemon.show()["pid"]
            daemon.process.kill()
            daemon.process.wait()
            wait_until(lambda: not os.path.exists(f"/proc/{pid}") or
                       text_of(f"/proc/{pid}/stat").split(") ")[1][0] == "Z", "the service has ended")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
