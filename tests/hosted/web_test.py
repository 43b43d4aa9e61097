#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""[S-1] [S-7] [S-14] [S-15] The web page in a real Chromium, by keyboard: the management service starts from OFF for it, a
guest is made, watched and destroyed; what shows no token is refused and starts nothing.
Usage: web_test.py XVM XVMD XVM_SERVICE [SCREENSHOTS]"""
import http.client
import json
import os
import re
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mistakes"))
import hosted

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    webdriver = None

PROGRAMS = hosted.Programs(xvm=sys.argv[1], xvmd=sys.argv[2])
SERVICE = os.path.abspath(sys.argv[3])
SHOTS = os.path.abspath(sys.argv[4]) if len(sys.argv) > 4 else None
WITHIN_S = 120
GUEST = 'name = "shop"\ntype = "pvh"\nmemory = "64MiB"\nkernel = "vmlinux"\n'


def wait_until(condition, what):
    deadline = time.monotonic() + WITHIN_S
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError("not in time: " + what)
        time.sleep(0.05)
    return found


class Web(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="xvm-web.")
        self.addCleanup(shutil.rmtree, self.dir)
        with open(os.path.join(self.dir, "vmlinux"), "wb") as file:
            file.write(b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 64)
        self.daemon = hosted.Daemon(PROGRAMS, self.dir, "--hosted-guests", "--service", "process", "--service-program",
                                    SERVICE, "--service-idle", "3s", "--service-patience", "60s", "--web", "0")
        self.daemon.__enter__()
        self.addCleanup(self.daemon.__exit__)
        with open(self.daemon.log) as log:
            self.port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", log.read())[1])
        with open(os.path.join(self.dir, "run", "web.token")) as file:
            self.token = file.read().strip()
        self.await_service("off")

    def service(self):
        return self.daemon.json("service", "show")

    def await_service(self, state):
        wait_until(lambda: self.service()["state"] == state, "the service is " + state)

    def ask(self, target, method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WITHIN_S)
        connection.request(method, target, headers={name.capitalize(): value for name, value in headers.items()})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def test_what_shows_no_token_is_refused_and_starts_nothing(self):
        starts = self.service()["starts"]
        good = "Bearer " + self.token
        self.assertEqual(self.ask("/")[0], 200)
        for refused in ({}, {"authorization": "Bearer "}, {"authorization": "Bearer " + "0" * len(self.token)},
                        {"authorization": self.token}, {"authorization": good, "host": "evil.example"},
                        {"authorization": good, "host": f"evil.example:{self.port}"},
                        {"authorization": good, "origin": "http://evil.example"},
                        {"authorization": good, "origin": "null"}):
            for method, target in ("GET", "/page"), ("GET", "/v1/domains"), ("GET", "//"), ("POST", "/v1/service/start"):
                self.assertEqual(self.ask(target, method, **refused)[0], 403, (refused, target))
        self.assertEqual(self.ask("/v1/domains", authorization=good)[0], 200)
        self.assertEqual(self.ask("/v1/domains", authorization=good, origin=f"http://127.0.0.1:{self.port}")[0], 200)
        self.assertEqual(self.ask("/v1/domains", authorization=good, host=f"localhost:{self.port}")[0], 200)
        self.assertEqual((self.service()["state"], self.service()["starts"]), ("off", starts))

    def test_the_token_is_its_owners(self):
        self.assertEqual(os.stat(os.path.join(self.dir, "run", "web.token")).st_mode & 0o777, 0o600)
        self.assertGreaterEqual(len(self.token), 64)

    def test_the_first_byte_of_a_request_for_the_page_starts_the_service(self):
        starts = self.service()["starts"]
        status, text = self.ask("/page", authorization="Bearer " + self.token)
        self.assertEqual(status, 200)
        self.assertEqual(set(json.loads(text)), {"style", "body", "script"})
        self.assertEqual(self.service()["starts"], starts + 1)

    # --- Chromium --------------------------------------------------------------------------------------

    def browser(self):
        driver = shutil.which("chromedriver")
        if webdriver is None or driver is None:
            self.skipTest("no Chromium: tests/install web")
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1200,1000",
                     "--user-data-dir=" + os.path.join(self.dir, "chromium")):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        browser = webdriver.Chrome(service=Service(driver), options=options)
        self.addCleanup(browser.quit)
        browser.set_page_load_timeout(WITHIN_S)
        return browser

    def shot(self, browser, name):
        if SHOTS:
            os.makedirs(SHOTS, exist_ok=True)
            browser.save_screenshot(os.path.join(SHOTS, name + ".png"))

    def row(self, browser, name):
        """The texts of a guest's row, or nothing; in one look, as the page makes rows anew."""
        return browser.execute_script(
            "const row = document.querySelector(`#guests tr[data-name='${arguments[0]}']`);"
            "return row && [...row.cells].map((cell) => cell.textContent);", name)

    def press(self, browser, verb, name):
        """By keyboard: to the button, and Enter."""
        browser.execute_script("document.querySelector(`button[aria-label='${arguments[0]}']`).focus()", f"{verb} {name}")
        self.assertEqual(browser.switch_to.active_element.get_attribute("aria-label"), f"{verb} {name}")
        browser.switch_to.active_element.send_keys(Keys.ENTER)

    def test_a_guest_is_created_watched_and_destroyed_by_keyboard_while_the_service_starts_from_off(self):
        browser = self.browser()
        self.await_service("off")
        starts = self.service()["starts"]
        browser.get(f"http://127.0.0.1:{self.port}/")
        wait_until(lambda: "token" in browser.find_element(By.ID, "waking").text, "no token, no page")
        self.assertEqual(self.service()["starts"], starts)
        browser.get("about:blank")
        browser.get(f"http://127.0.0.1:{self.port}/#{self.token}")
        wait_until(lambda: browser.find_elements(By.ID, "toml"), "the page is there")
        self.assertEqual(self.service()["starts"], starts + 1)
        self.assertNotIn(self.token, browser.current_url)
        wait_until(lambda: browser.find_element(By.ID, "service").text == "off", "the page says that it is off again")
        self.shot(browser, "web-off")

        toml = browser.find_element(By.ID, "toml")
        toml.send_keys(GUEST)
        source = browser.find_element(By.ID, "source")
        source.clear()
        source.send_keys(os.path.join(self.dir, "web.toml"), Keys.ENTER)
        row = wait_until(lambda: self.row(browser, "shop"), "the guest's row")
        self.assertEqual(self.service()["starts"], starts + 2)
        shown = self.daemon.json("show", "shop")
        wait_until(lambda: self.row(browser, "shop")[3] == "running", "it runs")
        self.assertEqual(row[1:3] + row[4:6], [str(shown["domid"]), shown["type"], str(shown["vcpus"]),
                                               f"{shown['memory_bytes'] >> 20} MiB"])
        wait_until(lambda: "domain-started" in browser.find_element(By.ID, "events").text, "its event")
        browser.execute_script("document.getElementById('source').value = '/srv/web.toml'")
        self.shot(browser, "web-guest")

        self.press(browser, "Pause", "shop")
        wait_until(lambda: self.row(browser, "shop")[3] == "paused", "it is paused")
        self.assertEqual(self.daemon.json("show", "shop")["state"], "paused")
        self.daemon.xvm("unpause", "shop")
        wait_until(lambda: self.row(browser, "shop")[3] == "running", "what xvm did is seen")
        self.press(browser, "Destroy", "shop")
        wait_until(lambda: self.row(browser, "shop") is None, "its row goes")
        self.assertNotEqual(self.daemon.xvm("show", "shop").returncode, 0)
        wrong = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE" and "403" not in entry["message"]]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
