#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""xvmd as a service: its units, its sockets handed over, its two roles, its audit, its metrics, its events, on a
make-believe machine.
Usage: service_test.py XVMD SOURCE_ROOT"""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

XVMD, ROOT = (os.path.abspath(path) for path in sys.argv[1:3])
STARTED_WITHIN_S = 30
UNITS = [os.path.join(ROOT, "daemons", path) for path in (
    "xvmd/xvmd.service", "xvmd/xvmd.socket", "xvmd/xvmd-ro.socket", "xvm-blkd/xvm-blkd.service")]
# In tenths, as systemd-analyze counts: what each unit was when it was last looked at, and no more.
EXPOSURE_MAX = {"xvmd.service": 27, "xvm-blkd.service": 16}
GUEST = 'name = "web"\ntype = "pvh"\nmemory = "8MiB"\nkernel = "/nowhere/vmlinux"\n'


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("xvm", timeout=STARTED_WITHIN_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(self.path)
        except OSError:
            self.close()
            raise


def ask(path, method, target, body=None, kind="application/toml"):
    """(status, body) of one request."""
    connection = Connection(path)
    connection.request(method, target, body, {"Content-Type": kind} if body else {})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


class Activated:
    """xvmd behind systemd-socket-activate, which listens and starts it with the first connection."""

    def __init__(self, directory, *options):
        self.main, self.reading = (os.path.join(directory, name) for name in ("xvmd.sock", "xvmd-ro.sock"))
        self.audit = os.path.join(directory, "audit.jsonl")
        self.command = ["systemd-socket-activate", "-l", self.main, "-l", self.reading, "--fdname=xvmd:xvmd-ro",
                        XVMD, "--hosted", "--socket", "/nowhere/not-used", "--run-dir", directory + "/run",
                        "--state-dir", directory + "/state", "--block-socket", directory + "/blkd.sock",
                        "--audit", self.audit, *options]
        self.log = os.path.join(directory, "xvmd.log")

    def __enter__(self):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(self.command, stderr=log)
        deadline = time.monotonic() + STARTED_WITHIN_S
        while not os.path.exists(self.reading):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("nobody listens: " + open(self.log).read())
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=60)

    def records(self):
        with open(self.audit) as lines:
            return [json.loads(line) for line in lines]


class With_directory(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="xvm-service-")
        self.addCleanup(shutil.rmtree, self.directory)


class The_units(With_directory):
    def setUp(self):
        super().setUp()
        if shutil.which("systemd-analyze") is None:
            self.skipTest("systemd-analyze is not installed")
        for unit in UNITS:
            with open(unit) as source, open(os.path.join(self.directory, os.path.basename(unit)), "w") as out:
                # What is installed elsewhere is not looked for here.
                out.write(re.sub(r"(?m)^(ExecStart=).*$", r"\1/bin/true", source.read()))

    def unit(self, name):
        return os.path.join(self.directory, name)

    def analyze(self, *words):
        return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, cwd=self.directory)

    def test_are_understood_by_systemd(self):
        done = self.analyze("--man=no", "verify", *[self.unit(os.path.basename(unit)) for unit in UNITS])
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_a_mistake_in_one_is_found(self):
        with open(self.unit("xvmd.service"), "a") as out:
            out.write("[Service]\nProtectSytem=strict\n")
        done = self.analyze("--man=no", "verify", self.unit("xvmd.service"))
        self.assertIn("ProtectSytem", done.stdout + done.stderr)

    def test_take_away_what_they_say(self):
        for name, most in EXPOSURE_MAX.items():
            done = self.analyze("security", "--offline=true", f"--threshold={most}", self.unit(name))
            self.assertEqual(done.returncode, 0, done.stdout[-400:])

    def test_name_what_xvmd_knows(self):
        names = set()
        for name in ("xvmd.socket", "xvmd-ro.socket"):
            with open(self.unit(name)) as unit:
                names.add(re.search(r"(?m)^FileDescriptorName=(.*)$", unit.read())[1])
        self.assertEqual(names, {"xvmd", "xvmd-ro"})


class The_service(With_directory):
    def setUp(self):
        super().setUp()
        if shutil.which("systemd-socket-activate") is None:
            self.skipTest("systemd-socket-activate is not installed")

    def test_starts_with_its_first_client_on_the_sockets_it_is_given(self):
        with Activated(self.directory) as service:
            self.assertEqual(json.loads(ask(service.main, "GET", "/v1/domains")[1])["schema"], "xvm.domains/1")
            self.assertEqual(ask(service.reading, "GET", "/v1/domains")[0], 200)
        # The manager's sockets are not the daemon's to remove.
        self.assertTrue(stat.S_ISSOCK(os.stat(service.main).st_mode))

    def test_a_reader_may_look_and_nothing_else(self):
        with Activated(self.directory) as service:
            for method, target in (("POST", "/v1/domains?source=/x.toml"), ("DELETE", "/v1/domains/web"),
                                   ("PUT", "/v1/pool"), ("BREW", "/v1/domains")):
                status, text = ask(service.reading, method, target, GUEST)
                self.assertEqual((status, json.loads(text)["schema"]), (403, "xvm.error/1"), method)
            # Of none of them did a handler hear, so of none is there a line.
            self.assertFalse(os.path.exists(service.audit) and service.records())

    def test_writes_down_who_changed_what_and_how_it_ended(self):
        with Activated(self.directory) as service:
            self.assertEqual(ask(service.main, "DELETE", "/v1/domains/nobody")[0], 404)
            self.assertEqual(ask(service.main, "POST", "/v1/domains?source=/x.toml", GUEST)[0], 404)
            destroy, create = service.records()
        self.assertEqual((destroy["verb"], destroy["object"], destroy["outcome"]), ("destroy", "nobody", "not_found"))
        self.assertEqual((destroy["uid"], destroy["pid"]), (os.getuid(), os.getpid()))
        self.assertEqual((create["verb"], create["object"], create["outcome"]), ("create", "web", "not_found"))
        self.assertIn("/nowhere/vmlinux", create["cause"])
        self.assertNotIn(GUEST, json.dumps(create))

    def test_writes_down_what_it_could_not_make_sense_of(self):
        with Activated(self.directory) as service:
            self.assertEqual(ask(service.main, "PUT", "/v1/pool?size=many")[0], 400)
            self.assertEqual(ask(service.main, "POST", "/v1/domains/web/pause?softly=1")[0], 400)
            self.assertEqual(ask(service.main, "GET", "/v1/domains?softly=1")[0], 400)
            pool, pause = service.records()  # who only looks is not written down
        self.assertEqual((pool["verb"], pool["outcome"]), ("pool set", "usage"))
        self.assertEqual((pause["verb"], pause["object"], pause["outcome"]), ("pause", "web", "usage"))
        self.assertIn("softly", pause["cause"])

    def test_counts_for_prometheus(self):
        with Activated(self.directory) as service:
            ask(service.main, "DELETE", "/v1/domains/nobody")
            status, text = ask(service.reading, "GET", "/metrics")
        self.assertEqual(status, 200)
        self.assertIn('xvm_operations_total{outcome="not_found",verb="destroy"} 1\n', text)
        self.assertIn('xvm_http_requests_total{method="DELETE",status="404"} 1\n', text)
        self.assertIn('xvm_domains{state="running"} 1\n', text)
        self.assertIn("xvm_block_backend_up 0\n", text)
        if shutil.which("promtool"):
            done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_tells_events_from_where_a_client_left_off(self):
        with Activated(self.directory) as service:
            reader = Connection(service.reading)
            reader.request("GET", "/v1/events")
            stream = reader.getresponse()
            self.assertEqual(stream.getheader("Transfer-Encoding"), "chunked")
            ask(service.main, "POST", "/v1/domains?source=/x.toml", GUEST)
            begun = json.loads(stream.readline())
            failed = json.loads(stream.readline())
            reader.close()
            self.assertEqual((begun["kind"], failed["kind"]), ("operation-begun", "operation-failed"))
            self.assertEqual(failed["seq"], begun["seq"] + 1)
            again = Connection(service.main)
            again.request("GET", f"/v1/events?after={begun['seq']}")
            self.assertEqual(json.loads(again.getresponse().readline()), failed)
            again.close()

    def test_holds_the_store_against_the_schema(self):
        with Activated(self.directory) as service:
            status, text = ask(service.reading, "GET", "/v1/store/lint")
        report = json.loads(text)
        self.assertEqual((status, report["schema"]), (200, "xvm.lint/1"))
        self.assertGreater(report["nodes"], 0)

    def test_a_second_daemon_is_refused_on_the_same_socket(self):
        with Activated(self.directory) as service:
            ask(service.main, "GET", "/v1/version")
            second = subprocess.run([XVMD, "--hosted", "--socket", service.main], capture_output=True, text=True,
                                    timeout=STARTED_WITHIN_S)
            self.assertEqual(second.returncode, 4, second.stderr)
            self.assertIn("already running", second.stderr)


class Without_a_manager(With_directory):
    def test_both_sockets_are_its_own(self):
        main, reading = (os.path.join(self.directory, name) for name in ("a.sock", "b.sock"))
        process = subprocess.Popen([XVMD, "--hosted", "--socket", main, "--read-only-socket", reading, "--run-dir",
                                    self.directory + "/run"], stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + STARTED_WITHIN_S
            while time.monotonic() < deadline:
                try:
                    self.assertEqual(ask(reading, "GET", "/v1/version")[0], 200)
                    break
                except OSError:
                    time.sleep(0.02)
            self.assertEqual(ask(reading, "DELETE", "/v1/domains/web")[0], 403)
            self.assertEqual(ask(main, "DELETE", "/v1/domains/web")[0], 404)
        finally:
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=60), 0)
        self.assertFalse(os.path.exists(main) or os.path.exists(reading))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
