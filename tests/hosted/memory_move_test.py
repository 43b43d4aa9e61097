#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""xvm memory move: memory from guest to guest, with the real xvm and xvmd on a make-believe machine whose guests
balloon: what moves, what is refused, and what is left when a guest or xvmd does not live to see the end.
Usage: memory_move_test.py XVM XVMD"""
import json
import os
import signal
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

from memory_guests import MIB, PROGRAMS, Guests

MOODS = {"a": "", "b": "", "slow": "balloon=slow", "ignores": "balloon=ignores", "dies": "balloon=dies"}


class Moves(Guests):
    def setUp(self):
        super().setUp()
        for name, mood in MOODS.items():
            self.config(name, mood=mood)

    def memory(self, daemon):
        """{name: MiB}"""
        shown = self.told(daemon, "list")["domains"]
        return {one["name"]: one["memory_bytes"] // MIB for one in shown if one["domid"] != 0}

    def test_what_one_gives_another_has(self):
        with self.daemon() as daemon:
            self.start(daemon, "a", "b")
            before = daemon.ledger()
            self.assertEqual(self.did(daemon, "memory", "move", "a", "b", "64MiB"), "64 MiB went from 'a' to 'b'\n")
            self.assertEqual(self.memory(daemon), {"a": 64, "b": 192})
            answer = self.told(daemon, "memory", "move", "b", "a", "65540KiB")
            self.assertEqual(answer["moved_bytes"], 65540 << 10)
            self.assertEqual(answer["from_memory_bytes"] + answer["to_memory_bytes"], 256 * MIB)
            self.did(daemon, "memory", "move", "a", "b", "4KiB")
            self.assertEqual({**before, "machine": None}, {**daemon.ledger(), "machine": None})
            self.did(daemon, "memory", "move", "a", "free", "32MiB")
            self.did(daemon, "memory", "move", "free", "b", "32MiB")
            self.assertEqual(self.memory(daemon), {"a": 96, "b": 160})

    def test_what_is_asked_wrongly_is_refused_and_nothing_moves(self):
        self.config("small", 128, 128, 128)
        with self.daemon() as daemon:
            self.start(daemon, "a", "b", "small")
            self.did(daemon, "pause", "small")
            before = self.memory(daemon)
            for words, code, said in [
                    (("a", "b", "65MiB"), 5, "keeps at least 64MiB: it cannot give 65MiB; take at most 64MiB"),
                    (("a", "b", "1GiB"), 5, "cannot give 1GiB"),
                    (("b", "small", "4MiB"), 4, "is paused: it could not answer"),
                    (("small", "b", "4MiB"), 4, "is paused"),
                    (("free", "b", "129MiB"), 5, "may have at most 256MiB: it cannot take 129MiB"),
                    (("a", "a", "4MiB"), 2, "cannot give memory to itself"),
                    (("a", "nobody", "4MiB"), 3, "no such domain"),
                    (("Domain-0", "a", "4MiB"), 2, "control domain"),
                    (("0", "a", "4MiB"), 2, "control domain"),
                    (("a", "Domain-0", "4MiB"), 2, "control domain"),
                    (("free", "free", "4MiB"), 2, "name a guest"),
                    (("a", "b", "6KiB"), 2, "moves by 4KiB"),
                    (("a", "b", "0MiB"), 2, "give a multiple of that above zero"),
                    (("a", "b", "4MB"), 2, "4MB"),
                    (("a", "b", "-4MiB"), 2, ""),
                    (("a", "b", "9999999TiB"), 2, ""),
                    (("a", "b", "8388607TiB"), 5, "cannot give")]:
                with self.subTest(words):
                    self.refused(self.xvm(daemon, "memory", "move", *words), code, said)
                    self.assertEqual(self.memory(daemon), before)

    def test_who_does_not_give_has_it_back(self):
        with self.daemon() as daemon:
            self.start(daemon, "slow", "ignores", "b")
            targets = self.did(daemon, "memory", "show")
            self.refused(self.xvm(daemon, "memory", "move", "ignores", "b", "32MiB", "--timeout", "200ms"), 6,
                         "domain 'ignores': gave 0MiB of 32MiB within 200 ms")
            self.refused(self.xvm(daemon, "memory", "move", "slow", "b", "64MiB", "--timeout", "300ms"), 6,
                         "domain 'slow': gave", "of 64MiB within 300 ms")
            self.assertEqual(self.did(daemon, "memory", "show"), targets)
            self.refused(self.xvm(daemon, "memory", "move", "b", "ignores", "32MiB", "--timeout", "200ms"), 6,
                         "domain 'ignores': took 0MiB of 32MiB within 200 ms")
            self.assertEqual(self.did(daemon, "memory", "show"), targets)

    def test_what_has_moved_can_stay_moved(self):
        with self.daemon() as daemon:
            self.start(daemon, "slow", "b")
            answer = self.told(daemon, "memory", "move", "slow", "b", "64MiB", "--timeout", "300ms", "--partial")
            moved = answer["moved_bytes"]
            self.assertTrue(0 < moved < 64 * MIB, moved)
            self.assertEqual(self.memory(daemon), {"slow": 128 - moved // MIB, "b": 128 + moved // MIB})
            time.sleep(0.2)  # and nobody goes on
            self.assertEqual(self.memory(daemon), {"slow": 128 - moved // MIB, "b": 128 + moved // MIB})

    def test_a_giver_that_dies_leaves_it_to_the_taker(self):
        with self.daemon() as daemon:
            self.start(daemon, "dies", "b")
            free = daemon.ledger()["memory_free_bytes"]
            ran = self.xvm(daemon, "memory", "move", "dies", "b", "32MiB", "--timeout", "500ms")
            # It crashed after 8 MiB, and is kept as it is: it gives no more.
            self.refused(ran, 6, "domain 'dies': gave 8MiB of 32MiB")
            self.assertEqual(self.memory(daemon)["b"], 128)
            self.did(daemon, "destroy", "dies")
            self.assertEqual(daemon.ledger()["memory_free_bytes"] - free, 128 * MIB + (256 << 10))

    def test_cancelled(self):
        with self.daemon() as daemon:
            self.start(daemon, "slow", "b")
            shown = self.did(daemon, "memory", "show")
            for end in signal.SIGINT, signal.SIGKILL:
                moving = subprocess.Popen([PROGRAMS.xvm, "memory", "move", "slow", "b", "64MiB", "--socket", daemon.socket],
                                          stderr=subprocess.PIPE, text=True)
                time.sleep(0.4)
                moving.send_signal(end)
                moving.wait(timeout=30)
                error = moving.stderr.read()
                moving.stderr.close()
                if end == signal.SIGINT:
                    self.assertIn("cancelled", error)
                for _ in range(100):
                    if self.did(daemon, "memory", "show") == shown:
                        break
                    time.sleep(0.1)
                self.assertEqual(self.did(daemon, "memory", "show"), shown)

    def test_xvmd_fails_after_each_step(self):
        for step in "reserve-memory", "ask-memory", "pass-memory":
            with self.subTest(step), self.daemon("--fail-at", step) as daemon:
                self.start(daemon, "a", "b")
                shown = self.did(daemon, "memory", "show")
                self.refused(self.xvm(daemon, "memory", "move", "a", "b", "32MiB"), 1, "failed on purpose")
                self.assertEqual(self.did(daemon, "memory", "show"), shown)
                for name in "a", "b":
                    self.did(daemon, "destroy", name)

    def test_moves_that_cross(self):
        with self.daemon() as daemon:
            self.start(daemon, "a", "b", "slow")
            ends = [("a", "b"), ("b", "a"), ("slow", "a"), ("b", "slow"), ("a", "slow"), ("slow", "b")] * 3
            ran = []
            threads = [threading.Thread(target=lambda e=e: ran.append(self.xvm(daemon, "memory", "move", *e, "4MiB")))
                       for e in ends]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for one in ran:
                self.assertIn(one.returncode, (0, 5), one.stderr)
            self.assertEqual(sum(self.memory(daemon).values()), 3 * 128)

    def fill(self, daemon):
        """Guests that leave less free than the next one needs, and can give up enough for it."""
        self.config("big", 2560, 2560, 1024)
        self.config("other", 256, 256, 128)
        self.config("new", 512, 512, 512)
        self.start(daemon, "big", "other")

    def test_a_guest_starts_from_memory_of_others_and_they_get_it_back(self):
        with self.daemon() as daemon:
            self.fill(daemon)
            before = self.memory(daemon)
            self.refused(self.xvm(daemon, "create", "new.toml"), 5, "domain 'new'", "needs 512MiB of memory")
            self.did(daemon, "create", "new.toml", "--reclaim")
            now = self.memory(daemon)
            self.assertEqual(now["new"], 512)
            self.assertLess(now["big"], 2560)
            self.assertGreaterEqual(now["other"], 128)
            self.assertLess(daemon.ledger()["memory_free_bytes"], 20 * MIB)
            self.did(daemon, "destroy", "new")
            self.until(lambda: self.memory(daemon) == before, "lenders have it back")

    def until(self, condition, what):
        deadline = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.05)

    def test_what_is_kept_for_the_host_is_not_to_be_had_by_growing_either(self):
        with self.daemon("--host-reserve", "512MiB") as daemon:
            self.config("big", 2048, 3000, 64)
            self.start(daemon, "big")
            free = self.told(daemon, "memory", "show")["available_bytes"] // MIB
            self.refused(self.xvm(daemon, "memory", "set", "big", f"{2048 + free + 8}MiB"), 5,
                         f"domain 'big': would need {free + 8}MiB more, {free}MiB are free")
            self.did(daemon, "memory", "set", "big", f"{2048 + free - 8}MiB", "--wait")

    def test_another_gives_instead_of_one_that_stalls(self):
        with self.daemon() as daemon:
            self.config("deaf", 1280, 1280, 512, mood="balloon=ignores")
            self.config("big", 1280, 1280, 512)
            self.config("new", 640, 640, 640)
            self.start(daemon, "deaf", "big")
            before = self.memory(daemon)
            self.did(daemon, "create", "new.toml", "--reclaim", "--timeout", "10s")
            now = self.memory(daemon)
            self.assertEqual((now["new"], now["deaf"]), (640, 1280))
            self.assertLess(now["big"], 1280)
            self.did(daemon, "destroy", "new")
            self.until(lambda: self.memory(daemon) == before, "who gave has it back")

    def test_a_configuration_may_say_so(self):
        with self.daemon() as daemon:
            self.fill(daemon)
            self.config("new", 512, 512, 512, more="memory_reclaim = true\n")
            self.did(daemon, "create", "new.toml")
            self.assertEqual(self.memory(daemon)["new"], 512)

    def test_more_than_there_is_cannot_be_had(self):
        with self.daemon() as daemon:
            self.fill(daemon)
            before = self.memory(daemon)
            self.config("new", 2048, 2048, 64)
            self.refused(self.xvm(daemon, "create", "new.toml", "--reclaim"), 5, "domain 'new': needs 2049MiB",
                         "running guests can give up 1664MiB")
            self.assertEqual(self.memory(daemon), before)

    def test_a_create_that_fails_or_is_given_up_leaves_everybody_what_he_had(self):
        for options, words in [(("--fail-at", step), ()) for step in ("reserve-memory", "ask-memory", "pass-memory", "note-loan",
                                                                      "drop-reservation")] + [((), ("--timeout", "100ms"))]:
            with self.subTest(options), self.daemon(*options) as daemon:
                self.config("big", 2560, 2560, 1024, "balloon=slow" if words else "")
                self.config("new", 512, 512, 512)
                self.start(daemon, "big")
                shown = self.did(daemon, "memory", "show")
                ran = self.xvm(daemon, "create", "new.toml", "--reclaim", *words)
                self.assertIn(ran.returncode, (1, 6), ran.stderr)
                self.until(lambda: self.did(daemon, "memory", "show") == shown, "all as before")
                self.did(daemon, "destroy", "big")

    def test_what_lenders_are_owed_survives_xvmd(self):
        with self.daemon() as daemon:
            self.fill(daemon)
            self.did(daemon, "create", "new.toml", "--reclaim")
            books = os.path.join(self.dir, "run", "guests")
            lent = [loan["bytes"] for name in os.listdir(books)
                    for loan in json.loads(Path(books, name).read_text())["lent"]]
            self.assertEqual(sum(lent) // MIB > 200, True, lent)
            self.assertEqual(os.listdir(os.path.join(self.dir, "run", "reservations")), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
