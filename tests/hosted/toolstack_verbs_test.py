#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every verb of the model, by the real xvm against the real xvmd on a make-believe machine: -o json is what its schema
says, the other formats say the same, and the route alone can do what the command does.
Usage: toolstack_verbs_test.py XVM XVMD XVM_PACK [XVM_IMPORT]"""
import csv
import http.client
import io
import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import xml.etree.ElementTree
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "toolstack" / "model"))

import emit_api  # noqa: E402
import model  # noqa: E402

XVM, XVMD, XVM_PACK, XVM_SERVICE = (os.path.abspath(path) for path in sys.argv[1:5])
XVM_IMPORT = os.path.abspath(sys.argv[5]) if len(sys.argv) > 5 else ""
MODEL = model.load(ROOT / "toolstack" / "model")
VERBS = {verb.id: verb for verb in MODEL.commands}
API = json.loads(emit_api.openapi(MODEL))
WITHIN_S = 60

GUEST = 'name = "web"\ntype = "pvh"\nmemory = "64MiB"\nmemory_max = "64MiB"\nvcpus = 2\nkernel = "vmlinux"\n'
TAKER = GUEST.replace("web", "one") + 'direct = true\ncommand_line = "devices=takes"\n'
XL_GUEST = 'name = "old"\ntype = "pvh"\nmemory = 64\nkernel = "/boot/vmlinuz"\n'

# One life of a guest: (id of the verb, its words after those of the verb). Every verb is there.
LIFE = [
    ("validate", "guest.toml"), ("completion", "bash"), ("import", "old.cfg"), ("version",), ("info",), ("dmesg",),
    ("create", "guest.toml", "--paused"), ("list",), ("show", "web"), ("unpause", "web"), ("pause", "web"),
    ("unpause", "web"), ("wait", "web", "running"), ("top", "--once", "--delay", "20ms"),
    ("vcpu.list", "web"), ("vcpu.set", "web", "1"), ("vcpu.pin", "web", "0", "0"),
    ("memory.show", "web"), ("memory.explain", "64MiB"), ("memory.set", "web", "48MiB", "--wait"),
    ("memory.move", "free", "web", "8MiB"),
    ("disk.list", "web"), ("disk.attach", "web", "xvdb", "disk.img", "--writable"), ("disk.stats", "web"), ("disk.trace", "web", "--duration", "20ms"),
    ("disk.resize", "web", "xvdb", "2MiB"), ("disk.detach", "web", "xvdb"),
    ("net.list", "web"), ("net.attach", "web", "--bridge", "br0"), ("net.detach", "web", "0"),
    ("device.list", "web"), ("create", "taker.toml"), ("create", "taker.toml", "--name", "two"),
    ("device.assign", "0000:00:10.0", "one"), ("device.move", "0000:00:10.0", "one", "two"), ("device.list",),
    ("device.release", "0000:00:10.0", "--host"), ("destroy", "one"), ("destroy", "two"),
    ("store.lint",), ("operation.list",), ("operation.cancel", "1"), ("events", "--after", "0", "--count", "1"),
    ("rename", "web", "shop"), ("reboot", "shop"), ("save", "shop", "shop.saved"), ("restore", "shop.saved"),
    ("shutdown", "shop"), ("config.add", "guest.toml"), ("config.list",), ("config.show", "web"), ("start", "web"),
    ("config.remove", "web"), ("destroy", "web"), ("pool.set", "0"), ("pool.show",), ("console", "web"),
    ("service.start",), ("service.show",), ("service.stop",),
]


def problems(schema, answer):
    """What of an answer is not as the schema says; keys that it does not know among it."""
    made = {"$ref": "#/components/schemas/" + schema.replace("/", "."), "components": API["components"]}
    found = [error.message for error in jsonschema.Draft202012Validator(made).iter_errors(answer)]
    return found + unknown_keys(schema, answer)


def unknown_keys(schema, answer):
    fields = {one.name: one for one in MODEL.schemas[schema].fields}
    found = [f"{schema} has no field '{key}'" for key in answer if key not in fields and key != "schema"]
    for name, one in fields.items():
        items = answer.get(name) or []
        for item in (items if one.type == "objects" else [items] if items and one.schema else []):
            found += unknown_keys(one.schema, item)
    return found


def xvm(socket_path, *words, cwd=None, **more):
    return subprocess.run([XVM, *words, "--socket", socket_path], cwd=cwd, capture_output=True, text=True, timeout=WITHIN_S,
                          env=dict(os.environ, XVM_IMPORT=XVM_IMPORT), **more)


class Daemon:
    """xvmd without Xen, whose guests do what they are asked; ends with the block."""

    def __init__(self, dir, *options):
        self.socket = os.path.join(dir, "xvmd.sock")
        self.log = os.path.join(dir, "xvmd.log")
        self.command = [XVMD, "--hosted", "--hosted-guests", "--socket", self.socket, "--block-socket", os.path.join(dir, "blkd.sock"),
                        "--run-dir", os.path.join(dir, "run"), "--state-dir", os.path.join(dir, "state"), *options]

    def __enter__(self):
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(self.command, stderr=log)
        deadline = time.monotonic() + WITHIN_S
        while xvm(self.socket, "list").returncode == 8:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("xvmd does not start: " + open(self.log).read())
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=WITHIN_S)

    def ask(self, method, target, body=None, kind="application/json"):
        """(status, text) by HTTP alone, as curl would."""
        connection = http.client.HTTPConnection("localhost", timeout=WITHIN_S)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.socket)
        with connection.sock:
            connection.request(method, target, body=body, headers={"Content-Type": kind} if body else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


class Fake:
    """A daemon that answers every request with one JSON object, after a while."""

    def __init__(self, path, answer, delay_s=0.0):
        self.answer, self.delay_s, self.asked = json.dumps(answer).encode(), delay_s, []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve_one, args=(client,), daemon=True).start()

    def serve_one(self, client):
        with client:
            self.asked.append(client.recv(65536).split(b" HTTP", 1)[0].decode())
            time.sleep(self.delay_s)
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(self.answer) + self.answer)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


DOMAIN = {"schema": "xvm.domain/1", "domid": 1, "uuid": "0e4b9a3c-0000-4000-8000-000000000001", "name": "web", "type": "pvh",
          "state": "running", "managed": True, "vcpus": 1, "memory_bytes": 1 << 26, "memory_max_bytes": 1 << 26,
          "cpu_time_ns": 3723400000000, "has_console": True, "console_tty": "/dev/null", "disks": []}


class Verbs(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="xvm-verbs.")
        self.addCleanup(shutil.rmtree, self.dir)
        files = {"vmlinux": b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 64, "disk.img": bytes(1 << 20),
                 "guest.toml": GUEST.encode(), "taker.toml": TAKER.encode(), "old.cfg": XL_GUEST.encode()}
        for name, content in files.items():
            Path(self.dir, name).write_bytes(content)

    def xvm(self, daemon, *words, **more):
        return xvm(daemon.socket, *words, cwd=self.dir, **more)

    def check_answer(self, verb, ran):
        self.assertEqual((ran.returncode, ran.stderr), (0, ""), ran.stdout)
        answer = json.loads(ran.stdout)
        self.assertEqual(answer["schema"], verb.result)
        self.assertEqual(problems(verb.result, answer), [])

    def test_every_verb_answers_by_its_schema(self):
        self.assertEqual({id for id, *_ in LIFE}, set(VERBS), "a verb without a place in LIFE is not tested")
        shown = {"console"}
        blkd = Fake(os.path.join(self.dir, "blkd.sock"), {"vbds": []})
        self.addCleanup(blkd.close)
        with Daemon(self.dir, "--service", "process", "--service-program", XVM_SERVICE) as daemon:
            for id, *words in LIFE:
                with self.subTest(id):
                    if id == "console":
                        continue  # test_console
                    asked = VERBS[id].words.split() + list(words)
                    deadline = time.monotonic() + WITHIN_S
                    while (ran := self.xvm(daemon, *asked, "-o", "json")).returncode and id == "save" \
                            and "is not up yet" in ran.stderr and time.monotonic() < deadline:
                        time.sleep(0.02)  # it was rebooted a moment ago
                    self.check_answer(VERBS[id], ran)
                    shown.add(id)
        print(f"{len(shown)} of {len(VERBS)} verbs answer by their schemas", flush=True)

    def test_console(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        path = os.path.join(self.dir, "fake.sock")
        fake = Fake(path, dict(DOMAIN, console_tty=os.ttyname(theirs)))
        self.addCleanup(fake.close)
        self.check_answer(VERBS["console"], xvm(path, "console", "web", "-o", "json"))
        os.write(ours, b"hello\n")
        os.close(theirs)
        joined = subprocess.Popen([XVM, "console", "web", "--socket", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.assertIn(b"hello", joined.stdout.read(5))
        joined.stdin.write(b"\x1d")
        joined.stdin.close()
        self.assertEqual(joined.wait(WITHIN_S), 0)
        joined.stdout.close()

    def test_requests_one_by_one(self):
        """xvm trace in every format, and as a picture, from a daemon that always has the same two requests."""
        rows = [{"dev": "xvda", "seq": seq, "op": "read", "sector": 8, "bytes": 4096, "status": 0, "clock": "precise",
                 "submitted_ns": seq * 1000, "handed_over_ns": seq * 1000 + 20, "taken_ns": seq * 1000 + 30,
                 "completed_ns": seq * 1000 + 430, "wake_ns": 20, "queue_ns": 10, "service_ns": 400, "whole_ns": 430}
                for seq in (1, 2)]
        rows.append({key: rows[0][key] for key in ("dev", "op", "sector", "bytes")} | {"seq": 3, "status": 5, "clock": "none"})
        answer = {"schema": "xvm.trace/1", "domid": 1, "name": "<web>", "next": "51712:3", "lost": 4, "requests": rows}
        path = os.path.join(self.dir, "fake.sock")
        fake = Fake(path, answer)
        self.addCleanup(fake.close)

        def trace(*words):
            ran = xvm(path, "trace", "web", "xvda", "--count", "3", *words, cwd=self.dir)
            self.assertEqual((ran.returncode, ran.stderr),
                             (0, "xvm: trace: 4 requests are missing: they came faster than they were read\n"))
            return ran.stdout
        self.assertEqual(json.loads(trace("-o", "json")), answer)
        self.assertEqual(problems("xvm.trace/1", answer), [])
        self.assertEqual([json.loads(line) for line in trace("-o", "jsonl").splitlines()],
                         [dict(row, schema="xvm.traced_request/1") for row in rows])
        by_csv = list(csv.DictReader(io.StringIO(trace("-o", "csv", "--columns", "seq,wake_ns,whole_ns"))))
        self.assertEqual([list(row.values()) for row in by_csv], [["1", "20", "430"], ["2", "20", "430"], ["3", "", ""]])
        table = [line.split() for line in trace().splitlines()]
        self.assertEqual(table[0][-4:], ["WAKE", "QUEUE", "SERVICE", "WHOLE"])
        self.assertEqual(table[1][-2:], ["430", "ns"])
        self.assertEqual(table[3][-1], "-")
        self.assertEqual(trace("--svg", "web.svg"), "")
        picture = xml.etree.ElementTree.parse(Path(self.dir, "web.svg")).getroot()
        self.assertEqual(picture.tag, "{http://www.w3.org/2000/svg}svg")
        self.assertIn("<web>", picture.findtext("{http://www.w3.org/2000/svg}title"))
        self.assertIn("dev=xvda", fake.asked[0])
        ran = xvm(path, "trace", "web", "--duration", "300ms", "-o", "json")  # the second question says how far it is
        self.assertEqual(ran.returncode, 0)
        self.assertIn("after=51712:3", fake.asked[-1])
        ran = xvm(path, "trace", "web", "--count", "1", "--svg", os.path.join(self.dir, "none", "web.svg"))
        self.assertEqual((ran.returncode, "cannot be written" in ran.stderr), (1, True), ran.stderr)

    def test_a_wrong_answer_is_found(self):
        self.assertEqual(problems("xvm.domain/1", DOMAIN), [])
        self.assertNotEqual(problems("xvm.domain/1", {key: DOMAIN[key] for key in DOMAIN if key != "uuid"}), [])
        self.assertNotEqual(problems("xvm.domain/1", dict(DOMAIN, vcpus="1")), [])
        self.assertNotEqual(problems("xvm.domain/1", dict(DOMAIN, colour="red")), [])
        self.assertNotEqual(problems("xvm.domain/1", dict(DOMAIN, disks=[{"dev": "xvda"}])), [])

    def test_formats_say_the_same(self):
        with Daemon(self.dir) as daemon:
            self.assertEqual(self.xvm(daemon, "create", "guest.toml").stdout, "domain 'web' is running, number 1\n")
            answer = json.loads(self.xvm(daemon, "list", "-o", "json").stdout)
            lines = [json.loads(line) for line in self.xvm(daemon, "ls", "-o", "jsonl").stdout.splitlines()]
            names = ["domid", "name", "state", "memory_bytes"]
            rows = list(csv.DictReader(io.StringIO(self.xvm(daemon, "ls", "-o", "csv", "--columns", ",".join(names)).stdout)))
            table = [line.split() for line in self.xvm(daemon, "list").stdout.splitlines()]
            facts = json.loads(self.xvm(daemon, "info", "-o", "jsonl").stdout)
            bare = self.xvm(daemon, "list", "--no-header", "--columns", "name").stdout
        for line in lines:
            line.pop("cpu_time_ns")
        for domain in answer["domains"]:
            domain.pop("cpu_time_ns")
        self.assertEqual(lines, answer["domains"])
        self.assertEqual([[row[name] for name in names] for row in rows],
                         [[str(domain[name]) for name in names] for domain in answer["domains"]])
        self.assertEqual([line[:2] for line in table], [["ID", "NAME"], ["0", "Domain-0"], ["1", "web"]])
        self.assertEqual(facts["schema"], "xvm.host/1")
        self.assertEqual(bare, "Domain-0\nweb\n")

    def test_what_makes_no_sense_is_refused(self):
        path = os.path.join(self.dir, "none.sock")
        for words, said in {
            ("list", "-o", "json", "--columns", "name"): "list: --columns and -o json exclude each other; use -o csv, or leave it out",
            ("list", "--columns", "nmae"): "list: no column 'nmae'; did you mean 'name'?",
            ("show",): "show: 'ID' is missing; usage: xvm show ID",
            ("show", "a", "b"): "show: takes 1 argument, not 'b' too; usage: xvm show ID",
            ("disk", "lst", "a"): "unknown verb 'disk lst'; did you mean 'disk list'?",
            ("wait", "web", "runing"): "wait: STATE cannot be 'runing'; did you mean 'running'?",
            ("wait", "web", "gone", "-t", "soon"): "wait: --timeout cannot be 'soon'; give a whole number and ms, s, m or h, such as 30s",
            ("vcpu", "set", "web", "two"): "vcpu set: COUNT cannot be 'two'; give a whole number",
            ("create", "g.toml", "--pausd"): "create: unknown option '--pausd'; did you mean '--paused'?",
            ("create", "g.toml", "-p", "--paused"): "create: --paused is given twice; usage: xvm create FILE",
        }.items():
            ran = xvm(path, *words)
            self.assertEqual((ran.returncode, ran.stderr), (2, f"xvm: {said}\n"))
        ran = xvm(path, "list", "-o", "jsonl")
        self.assertEqual((ran.returncode, problems("xvm.error/1", json.loads(ran.stdout)), ran.stdout.count("\n")), (8, [], 1))

    def test_a_configuration_from_a_pipe(self):
        path = os.path.join(self.dir, "none.sock")
        ran = xvm(path, "validate", "-", "-o", "json", cwd=self.dir, input=GUEST)
        self.assertEqual((ran.returncode, json.loads(ran.stdout)["name"]), (0, "web"), ran.stderr)
        ran = xvm(path, "validate", "-", cwd=self.dir, input=GUEST + "vcpu = 1\n")
        self.assertEqual((ran.returncode, ran.stderr),
                         (2, f"xvm: {self.dir}/stdin:7:1: unknown key 'vcpu'; did you mean 'vcpus'?\n"))
        self.assertEqual(xvm(path, "validate", "-", input="#" * (2 << 20)).returncode, 2)

    def test_help_of_every_verb(self):
        whole = subprocess.run([XVM, "--help"], capture_output=True, text=True).stdout
        for verb in VERBS.values():
            helped = subprocess.run([XVM, "help", *verb.words.split()], capture_output=True, text=True)
            self.assertTrue(helped.stdout.startswith(f"Usage: xvm {verb.usage}\n"), helped.stdout)
            for one in verb.options + MODEL.options:
                self.assertIn(f"--{one.option}", helped.stdout)
            self.assertIn(verb.summary, whole)
            self.assertLessEqual(max(map(len, helped.stdout.splitlines())), 100)

    def test_the_route_does_what_the_command_does(self):
        with Daemon(self.dir) as daemon:
            source = os.path.join(self.dir, "guest.toml")
            status, made = daemon.ask("POST", f"/v1/domains?source={source}&paused=1", GUEST, "application/toml")
            self.assertEqual((status, problems("xvm.domain/1", json.loads(made))), (201, []))
            by_route = json.loads(daemon.ask("GET", "/v1/domains/web")[1])
            by_command = json.loads(self.xvm(daemon, "show", "web", "-o", "json").stdout)
            self.assertEqual(by_route, by_command)
            status, refused = daemon.ask("POST", "/v1/domains/web/rename", json.dumps({"nmae": "shop"}))
            self.assertEqual((status, problems("xvm.error/1", json.loads(refused))), (400, []))
            self.assertEqual(daemon.ask("DELETE", "/v1/domains/web")[0], 200)
            metrics = next(verb for verb in MODEL.verbs if verb.id == "metrics")
            status, text = daemon.ask(metrics.method, metrics.path)
            self.assertEqual((status, "# TYPE xvm" in text), (200, True), text)

    def test_dry_run_and_no_wait(self):
        with Daemon(self.dir) as daemon:
            plan = json.loads(self.xvm(daemon, "create", "guest.toml", "--dry-run", "-o", "json").stdout)
            self.assertEqual((plan["schema"], problems("xvm.plan/1", plan)), ("xvm.plan/1", []))
            self.assertNotIn("web", self.xvm(daemon, "list").stdout)
            begun = json.loads(self.xvm(daemon, "create", "guest.toml", "--no-wait", "-o", "json").stdout)
            self.assertEqual((begun["schema"], problems("xvm.operation/1", begun)), ("xvm.operation/1", []))
            self.assertEqual(self.xvm(daemon, "wait", "web", "running", "--timeout", "30s").returncode, 0)
            self.assertEqual(self.xvm(daemon, "wait", "web", "gone", "--timeout", "50ms").returncode, 6)

    def test_interrupted_it_has_xvmd_cancel(self):
        """A guest that is paused does not do what it is asked, so the command waits."""
        with Daemon(self.dir) as daemon:
            self.xvm(daemon, "create", "guest.toml", "--paused")
            for name, said in (("SIGINT", "cancelled"), ("SIGTERM", "cancelled")):
                waits = subprocess.Popen([XVM, "shutdown", "web", "--socket", daemon.socket], stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True)
                self.wait_for(daemon, lambda one: one["state"] == "running" and one["client_pid"] == waits.pid)
                waits.send_signal(getattr(signal, name))
                out, err = waits.communicate(timeout=WITHIN_S)
                self.assertEqual((waits.returncode, out), (1, ""), err)
                self.assertTrue(err.startswith(f"xvm: shutdown 'web': {said}"), err)
                self.wait_for(daemon, lambda one: one["state"] == "cancelled" and one["client_pid"] == waits.pid)
            self.assertIn("paused", self.xvm(daemon, "list").stdout)

    def test_a_client_that_is_killed_is_cancelled(self):
        with Daemon(self.dir) as daemon:
            self.xvm(daemon, "create", "guest.toml", "--paused")
            waits = subprocess.Popen([XVM, "shutdown", "web", "--socket", daemon.socket])
            self.wait_for(daemon, lambda one: one["state"] == "running" and one["client_pid"] == waits.pid)
            waits.kill()
            waits.wait()
            self.wait_for(daemon, lambda one: one["state"] == "cancelled" and one["client_pid"] == waits.pid)

    def wait_for(self, daemon, wanted):
        """Until an operation is as wanted."""
        deadline = time.monotonic() + WITHIN_S
        while not any(wanted(one) for one in json.loads(daemon.ask("GET", "/v1/operations")[1])["operations"]):
            self.assertLess(time.monotonic(), deadline, daemon.ask("GET", "/v1/operations")[1])
            time.sleep(0.01)

    def test_interrupted_it_hangs_up_on_an_xvmd_that_knows_nothing_of_it(self):
        path = os.path.join(self.dir, "fake.sock")
        fake = Fake(path, {"schema": "xvm.operations/1", "operations": []}, delay_s=1.0)
        self.addCleanup(fake.close)
        ran = subprocess.Popen([XVM, "pause", "web", "--socket", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not fake.asked:
            time.sleep(0.01)
        ran.send_signal(signal.SIGINT)
        out, err = ran.communicate(timeout=WITHIN_S)
        self.assertEqual((ran.returncode, out), (1, ""))
        self.assertEqual(err, "xvm: pause: interrupted; xvmd undoes what was done; 'xvm operation list' shows when that is over\n")
        self.assertEqual(fake.asked, ["POST /v1/domains/web/pause", "GET /v1/operations"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
