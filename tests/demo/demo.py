#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The main job on real Xen: one packed disk, two guests, our ring.

Builds a pack from Debian's stock kernel, an initial RAM disk with our front end, a squashfs root file
system and a data image; starts a PV and a PVH guest from that one file; compares what each guest
extracted with what went in; prints what crossed the ring. Ends with 0 only if nothing differs."""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DEMO = Path(__file__).resolve().parent
ROOT = DEMO.parent.parent
LAB = ROOT / "tests" / "lab" / "lab"
PROGRAMS = ["daemons/xvmd/xvmd", "daemons/xvm-blkd/xvm-blkd", "toolstack/cli/xvm", "toolstack/pack/xvm-pack",
            "toolstack/pack/xvm-pack-static", "toolstack/lint/xvm-store-lint"]
GUESTS = ["demo-pv", "demo-pvh"]


class Failed(Exception):
    """A step did not work; the text says which and why."""


class Work:
    """A long piece of work, under way from the start."""

    def __init__(self, *command):
        self.command = [str(word) for word in command]
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        stdin=subprocess.DEVNULL)

    def finish(self, title):
        """Waits for its end, with a line that says how long that took."""
        start = time.monotonic()
        print(f"{title:<60}", end="", flush=True)
        output, _ = self.process.communicate()
        print(f"{time.monotonic() - start:5.0f} s" if self.process.returncode == 0 else " failed", flush=True)
        if self.process.returncode:
            raise Failed(f"{' '.join(self.command[:3])} …: exit {self.process.returncode}\n{output[-3000:]}")


def lab(*words):
    done = subprocess.run([str(LAB), *map(str, words)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Failed(f"lab {words[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


def build_pack(build, directory):
    """Makes boot.pack in `directory` from the programs of the meson directory `build`; returns its path."""
    tool = build / "toolstack/pack/xvm-pack-static"
    lab("guest-initrd", directory / "initrd", "--add", f"{tool}:/bin/xvm-pack",
        "--add", f"{DEMO / 'initrd.sh'}:/demo-init")
    lab("guest-rootfs", directory / "rootfs.squashfs", "--add", f"{tool}:/bin/xvm-pack",
        "--add", f"{DEMO / 'init.sh'}:/sbin/init")
    headers = next(Path(lab("path", "headers")).glob("usr/src/linux-headers-*-common/include/linux"))
    subprocess.run(["tar", "-C", headers.parent, "--sort=name", "--owner=0", "--group=0", "--numeric-owner",
                    "--mtime=@0", "-cf", directory / "data", headers.name], check=True)
    pack = directory / "boot.pack"
    done = subprocess.run([build / "toolstack/pack/xvm-pack", "build", pack,
                           f"vmlinux={lab('path', 'vmlinux')},kind=kernel", f"initrd={directory / 'initrd'},kind=ramdisk",
                           f"rootfs={directory / 'rootfs.squashfs'},kind=rootfs", f"data={directory / 'data'}"],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Failed(f"xvm-pack build: {done.stderr.strip()}")
    return pack


def payload(pack):
    """What `lab run demo` needs besides our programs."""
    words = []
    for file in (pack, DEMO / "pv.toml", DEMO / "pvh.toml"):
        words += ["--add", f"{file}:/demo/{file.name}"]
    return words


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def table(rows):
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(f"{str(cell):>{width}}" if column else f"{cell:<{width}}"
                               for column, (cell, width) in enumerate(zip(row, widths))))


def compare(host_sum, host_bytes, report):
    """Prints the host's and the guests' figures; True if all is as it must be."""
    figures = {figure["name"]: figure["value"] for figure in report["figures"]}
    texts = {check["name"]: check.get("detail", "") for check in report["checks"]}
    same = True
    print(f"\n  {'host':<9} {host_sum}  {host_bytes} bytes, the file 'data' before it was packed")
    for guest in GUESTS:
        found = texts.get(f"{guest}: what it extracted", "").split()
        equal = found == [host_sum, str(host_bytes)]
        same = same and equal
        print(f"  {guest:<9} {found[0] if found else 'nothing':<64}  {'the same' if equal else 'DIFFERS'}")
    rows = [("guest", "create ms", "boot ms", "requests", "bytes", "sends to dom0", "sends to guest", "sends/request")]
    for guest in GUESTS:
        def of(what):
            return int(figures.get(f"{guest}: {what}", 0))
        sends = of("sends to dom0") + of("sends to guest")
        rows.append((guest, of("create"), of("boot"), of("requests"), of("bytes"), of("sends to dom0"), of("sends to guest"),
                     f"{sends / max(1, of('requests')):.3f}"))
    print()
    table(rows)
    print("\n  create: kernel and RAM disk checked, domain built, disk offered; boot: until the root file system is mounted\n"
          "  times are the instruction clock's (2 ns an instruction), both guests and dom0 on one processor,\n"
          "  of programs that are not optimised\n"
          "  sends: event-channel notifications, counted by the side that sends")
    return same


def main():
    parser = argparse.ArgumentParser(prog="demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path(os.environ.get("XVM_BUILD", ROOT / "build-demo")),
                        help="build directory (default: build-demo)")
    build = parser.parse_args().build
    start = time.monotonic()
    os.environ.setdefault("CCACHE_SLOPPINESS", "pch_defines,time_macros")  # for who has ccache; see libvmshare/pch
    try:
        if not (build / "build.ninja").exists():
            # Not optimised, as in ./check: on a new machine most of the time is the compiler's. tests/show measures.
            Work("meson", "setup", build, ROOT, "-Doptimization=0", "-Ddebug=false", "-Dwerror=false").finish("configure")
        # The lab mostly fetches, unpacks and boots one processor: beside the compiler it costs little time.
        machine = Work(LAB, "build", "--clock", "icount", "-q")
        Work("ninja", "-C", build, *PROGRAMS).finish("build the programs")
        machine.finish("lab: Xen, dom0 and guests from Debian packages")
        with tempfile.TemporaryDirectory(prefix="xvm-demo-", dir=build) as directory:
            print(f"{'pack kernel, RAM disk, root file system and data':<60}", end="", flush=True)
            began = time.monotonic()
            pack = build_pack(build, Path(directory))
            print(f"{time.monotonic() - began:5.0f} s")
            print(subprocess.run([build / "toolstack/pack/xvm-pack", "ls", pack], capture_output=True, text=True).stdout)
            print("real Xen under QEMU: a PV and a PVH guest from this one file", flush=True)
            done = subprocess.run([LAB, "run", "demo", "--build", build, "-o", "json", *payload(pack)],
                                  stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
            try:
                report = json.loads(done.stdout)[0]
            except (ValueError, IndexError):
                raise Failed(f"the lab gave no result (exit {done.returncode})") from None
            data = Path(directory) / "data"
            same = compare(sha256(data), data.stat().st_size, report)
        failed = [check for check in report["checks"] if not check["ok"]]
        for check in failed:
            print(f"  FAILED: {check['name']}: {check.get('detail', '')}")
        print(f"\n{'demo: all as it should be' if same and not failed else 'demo: FAILED'}, {time.monotonic() - start:.0f} s")
        return 0 if same and not failed and done.returncode == 0 else 1
    except Failed as why:
        print(f"demo: {why}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
