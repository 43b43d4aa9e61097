#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""xvm-pack as its user sees it: the programs run, on real files, and a reader of 20 lines that shares
no code with them. Usage: pack_tool_test.py XVM_PACK [XVM_PACK_STATIC]"""
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

TOOL = os.path.abspath(sys.argv[1])
STATIC = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None
DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "protocols", "pack.md")
counted = {"runs of xvm-pack": 0, "images compared": 0}


def images_by_name_and_size(path):
    """docs/protocols/pack.md, "A reader in ten lines": nothing is used but names and sizes."""
    with open(path, "rb") as disk:
        index = disk.read(65536)
        offset = 65536
        for slot in range(256, 65536, 256):
            name = index[slot:slot + 96].rstrip(b"\0").decode()
            if not name:
                return
            size = int.from_bytes(index[slot + 96:slot + 104], "little")
            disk.seek(offset)
            yield name, disk.read(size)
            offset += (size + 4095) // 4096 * 4096


class Pack_tool(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="xvm-pack-hosted.")
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    def read(self, *names):
        with open(self.path(*names), "rb") as file:
            return file.read()

    def run_tool(self, *words, tool=TOOL, expect=0, **more):
        counted["runs of xvm-pack"] += 1
        environment = {k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"}
        environment.update(more.pop("env", {}))
        done = subprocess.run([tool, *words], cwd=self.dir, capture_output=True, env=environment, timeout=120, **more)
        self.assertEqual(done.returncode, expect, done.stderr.decode())
        if expect == 0:
            self.assertEqual(done.stderr, b"")
        return done

    def refused(self, expect, *words, **more):
        """The first line of standard error; nothing may be left in the directory."""
        before = sorted(os.listdir(self.dir))
        done = self.run_tool(*words, expect=expect, **more)
        self.assertEqual(sorted(os.listdir(self.dir)), before)
        line, rest = done.stderr.decode().split("\n", 1)
        self.assertTrue(line.startswith("xvm-pack: "), line)
        self.assertEqual(rest, "")
        return line.removeprefix("xvm-pack: ")

    def some_images(self):
        chance = random.Random(5)
        sizes = {"kernel": 1234567, "ramdisk": 4096, "empty": 0, "odd": 1, "rootfs": 300001}
        contents = {name: chance.randbytes(size) for name, size in sizes.items()}
        return contents, [f"{name}={self.write(name + '.in', content)}" for name, content in contents.items()]

    def compare(self, path, contents):
        found = list(images_by_name_and_size(path))
        self.assertEqual([name for name, _ in found], list(contents))
        for name, content in found:
            self.assertEqual(content, contents[name])
            counted["images compared"] += 1

    def test_P_2_P_4_P_7_a_foreign_reader_needs_names_and_sizes_alone(self):
        contents, words = self.some_images()
        self.run_tool("build", "full.pack", *words)
        self.run_tool("build", "plain.pack", "--plain", *words)
        self.compare(self.path("full.pack"), contents)
        self.compare(self.path("plain.pack"), contents)
        # All that is neither name nor size set to zero, in the full pack: still every image comes out.
        with open(self.path("full.pack"), "r+b") as disk:
            for slot in range(1, 256):
                disk.seek(256 * slot + 104)
                disk.write(bytes(152))
            disk.seek(8)
            disk.write(bytes(248))
        self.compare(self.path("full.pack"), contents)
        # xvm-pack itself reads a plain pack too.
        os.mkdir(self.path("out"))
        self.run_tool("extract", "plain.pack", "-C", "out")
        for name, content in contents.items():
            self.assertEqual(self.read("out", name), content)

    def test_P_4_offsets_are_the_rule_and_nothing_else(self):
        _, words = self.some_images()
        self.run_tool("build", "boot.pack", *words)
        listed = json.loads(self.run_tool("ls", "-o", "json", "boot.pack").stdout)
        offset = 65536
        for image in listed["images"]:
            self.assertEqual(image["offset"], offset)
            offset += -(-image["size_bytes"] // 4096) * 4096
        self.assertEqual(listed["disk_bytes"], offset)
        self.assertEqual(os.path.getsize(self.path("boot.pack")), offset)

    def test_P_3_every_verb_gives_the_bytes_that_were_packed(self):
        contents, words = self.some_images()
        self.run_tool("build", "boot.pack", *words)
        os.mkdir(self.path("out"))
        self.run_tool("extract", "boot.pack", "-C", "out")
        listed = json.loads(self.run_tool("ls", "-o", "json", "boot.pack").stdout)["images"]
        for (name, content), image in zip(contents.items(), listed):
            self.assertEqual(self.read("out", name), content)
            self.assertEqual(self.run_tool("cat", "boot.pack", name).stdout, content)
            self.assertEqual(image["sha256"], hashlib.sha256(content).hexdigest())
        self.run_tool("verify", "boot.pack")

    def test_P_3_P_4_sparse_image_beyond_4_GiB_streams_with_bounded_memory(self):
        with open(self.path("big.in"), "wb") as big:
            big.write(b"first")
            big.seek((4 << 30) + 77)
            big.write(b"last")
            big.truncate((4 << 30) + 200000)
        script = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
                  "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        for words in [["build", "big.pack", "big=big.in"], ["extract", "big.pack"]]:
            used = subprocess.run([sys.executable, "-c", script, TOOL, *words], cwd=self.dir, check=True,
                                  capture_output=True, timeout=300)
            counted["runs of xvm-pack"] += 1
            self.assertLess(int(used.stdout), 48 << 10, "KiB of memory")
        for name in ["big.pack", "big"]:
            self.assertLess(os.stat(self.path(name)).st_blocks * 512, 1 << 20)
        with open(self.path("big"), "rb") as big:
            self.assertEqual(big.seek(0, 2), (4 << 30) + 200000)
            big.seek((4 << 30) + 75)
            self.assertEqual(big.read(8), b"\0\0last\0\0")

    def test_P_6_the_same_input_gives_the_same_bytes(self):
        _, words = self.some_images()
        self.run_tool("build", "one.pack", *words)
        for word in words:
            os.utime(word.split("=", 1)[1], (1, 1))
        self.run_tool("build", "two.pack", *words, env={"TZ": "Asia/Tokyo", "LC_ALL": "C"}, umask=0o077)
        self.assertEqual(self.read("one.pack"), self.read("two.pack"))
        self.run_tool("build", "dated.pack", *words, env={"SOURCE_DATE_EPOCH": "1700000000"})
        dated = json.loads(self.run_tool("ls", "dated.pack", "-o", "json").stdout)
        self.assertEqual(dated["build_time_s"], 1700000000)
        self.assertIn("SOURCE_DATE_EPOCH", self.refused(2, "build", "x.pack", env={"SOURCE_DATE_EPOCH": "today"}))

    def test_P_9_nothing_is_truncated(self):
        self.write("a", b"a")
        self.assertIn("256 images, at most 255 fit", self.refused(2, "build", "x.pack", *[f"i{n}=a" for n in range(256)]))
        self.assertIn("has 96 characters", self.refused(2, "build", "x.pack", "n" * 96 + "=a"))
        self.assertIn("has the name of image 1", self.refused(2, "build", "x.pack", "a=a", "a=a"))
        self.assertIn("holds '/'", self.refused(2, "build", "x.pack", "../a=a"))
        self.assertIn("means a directory", self.refused(2, "build", "x.pack", "..=a"))
        self.run_tool("build", "full.pack", *[f"i{n}=a" for n in range(255)])
        self.assertEqual(len(json.loads(self.run_tool("ls", "full.pack", "-o", "json").stdout)["images"]), 255)

    def test_P_10_P_11_bad_input_is_one_line_and_its_exit_code(self):
        _, words = self.some_images()
        self.run_tool("build", "boot.pack", *words)
        whole = self.read("boot.pack")
        self.write("cut.pack", whole[:65536 + 1000])
        self.write("stub.pack", whole[:1000])
        self.write("bent.pack", whole[:300] + b"\x01" + whole[301:])
        self.write("noise", b"noise")
        table = [
            (3, ["ls", "none.pack"], "none.pack: cannot open: No such file or directory"),
            (3, ["cat", "boot.pack", "kernle"], "boot.pack: has no image 'kernle'; did you mean 'kernel'?"),
            (3, ["extract", "boot.pack", "-C", "none"], "none: cannot open: No such file or directory; create it first"),
            (3, ["build", "x.pack", "a=none"], "none: cannot open: No such file or directory"),
            (3, ["build", "no/x.pack", "a=noise"], "no/: cannot open: No such file or directory"),
            (2, ["build", "."], ".: is a directory; name the pack to write, as in ./boot.pack"),
            (2, ["build", "a=noise"], "build: the pack to write comes first, before 'a=noise'; usage: "),
            (2, ["build", "x.pack", "noise"], "build: 'noise' is no NAME=FILE; "),
            (2, ["biuld"], "unknown verb 'biuld'; did you mean 'build'?"),
            (2, ["ls", "boot.pack", "--lnog"], "ls: unknown option '--lnog'; did you mean '--long'?"),
            (2, ["ls"], "ls: needs one pack; usage: xvm-pack ls PACK"),
            (1, ["ls", "noise"], "noise: is no pack: it does not start with XVMPACK1; "),
            (1, ["ls", "stub.pack"], "stub.pack: ends inside its index: 1000 of 65536 bytes are there; "),
            (1, ["ls", "cut.pack"], "cut.pack: image 1 'kernel' is the first incomplete one: 1000 of 1234567 bytes "),
            (1, ["extract", "bent.pack"], "bent.pack: image 1 'kernel' has a name that is not NUL padded; "),
        ]
        for code, command, line in table:
            with self.subTest(command=command):
                self.assertTrue(self.refused(code, *command).startswith(line), command)
        answer = json.loads(self.run_tool("ls", "none.pack", "-o", "json", expect=3).stdout)
        self.assertEqual((answer["schema"], answer["exit_code"]), ("xvm.error/1", 3))

    def test_P_10_verify_names_every_corrupt_image_and_the_padding(self):
        _, words = self.some_images()
        self.run_tool("build", "boot.pack", *words)
        listed = json.loads(self.run_tool("ls", "boot.pack", "-o", "json").stdout)["images"]
        with open(self.path("boot.pack"), "r+b") as disk:
            for at in [listed[0]["offset"] + 9, listed[4]["offset"] + 300000, listed[3]["offset"] + 1]:
                disk.seek(at)
                disk.write(b"\xa5")
        done = self.run_tool("verify", "boot.pack", "-o", "json", expect=1)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["schema"], "xvm-pack.verify/1")
        self.assertFalse(answer["ok"])
        self.assertEqual([image["verdict"] for image in answer["images"]], ["corrupt", "ok", "ok", "ok", "corrupt"])
        errors = done.stderr.decode()
        self.assertIn(f"'kernel' is corrupt: the SHA-256 of its 1234567 bytes at offset {listed[0]['offset']}", errors)
        self.assertIn("'rootfs' is corrupt", errors)
        self.assertIn(f"padding after image 'odd' is not zero at byte {listed[3]['offset'] + 1}", errors)

    def test_P_10_an_interrupted_build_leaves_nothing_and_dies_of_the_signal(self):
        with open(self.path("endless.in"), "wb") as endless:
            endless.truncate(1 << 40)
        self.write("boot.pack", b"the pack that was there")
        for number in [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]:
            running = subprocess.Popen([TOOL, "build", "boot.pack", "endless=endless.in"], cwd=self.dir,
                                       stderr=subprocess.PIPE)
            self.addCleanup(running.wait)
            self.addCleanup(running.kill)
            counted["runs of xvm-pack"] += 1
            while len(os.listdir(self.dir)) == 2:  # until its hidden file is there
                time.sleep(0.01)
            running.send_signal(number)
            _, errors = running.communicate(timeout=60)
            self.assertEqual(running.returncode, -number)
            self.assertIn(b"interrupted", errors)
            self.assertEqual(sorted(os.listdir(self.dir)), ["boot.pack", "endless.in"])
        self.assertEqual(self.read("boot.pack"), b"the pack that was there")

    def test_P_7_the_readers_in_the_documentation_work_as_printed(self):
        contents, words = self.some_images()
        self.run_tool("build", "boot.pack", "greeting=" + self.write("hello", b"hello"), *words)
        with open(DOCUMENT) as document:
            text = document.read().replace("/dev/xvda", "boot.pack")
        blocks = dict(re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S))
        subprocess.run([sys.executable, "-c", blocks["python"]], cwd=self.dir, check=True)
        self.assertEqual(self.read("greeting"), b"hello")
        for name, content in contents.items():
            done = subprocess.run(["sh", "-c", blocks["sh"] + f"image {name}"], cwd=self.dir, capture_output=True)
            self.assertEqual((done.returncode, done.stdout), (0, content))
            counted["images compared"] += 1
        self.assertEqual(subprocess.run(["sh", "-c", blocks["sh"] + "image none"], cwd=self.dir).returncode, 1)

    def test_a_list_file_stands_for_arguments(self):
        contents, words = self.some_images()
        self.write("boot.list", ("# images\n" + "\n".join(words) + "\n").encode())
        self.run_tool("build", "listed.pack", "--list", "boot.list")
        self.run_tool("build", "given.pack", *words)
        self.assertEqual(self.read("listed.pack"), self.read("given.pack"))
        self.write("bad.list", b"kernel=kernel.in\n\nramdisk=ramdisk.in,kind=ramdsik\n")
        self.assertEqual(self.refused(2, "build", "x.pack", "-l", "bad.list"),
                         "bad.list:3: unknown kind 'ramdsik'; did you mean 'ramdisk'?")

    @unittest.skipUnless(STATIC and os.geteuid() == 0, "needs xvm-pack-static, and root for chroot")
    def test_P_7_P_8_the_static_program_extracts_from_RAM_in_an_empty_root(self):
        contents, words = self.some_images()
        self.run_tool("build", "boot.pack", *words)
        root = tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        self.addCleanup(shutil.rmtree, root)
        shutil.copy(STATIC, os.path.join(root, "xvm-pack"))
        shutil.copy(self.path("boot.pack"), root)
        os.mkdir(os.path.join(root, "out"))

        def enter():
            os.chroot(root)
            os.chdir("/")

        done = subprocess.run(["/xvm-pack", "extract", "boot.pack", "-C", "out"], preexec_fn=enter, capture_output=True)
        counted["runs of xvm-pack"] += 1
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        for name, content in contents.items():
            self.assertEqual(self.read(root, "out", name), content)


if __name__ == "__main__":
    result = unittest.main(argv=sys.argv[:1], exit=False).result
    print(", ".join(f"{what}: {count}" for what, count in counted.items()) + f", skipped: {len(result.skipped)}")
    sys.exit(0 if result.wasSuccessful() else 1)
