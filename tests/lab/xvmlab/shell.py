# SPDX-License-Identifier: Apache-2.0
"""A terminal on dom0, over a virtio console: Xen's serial console loses what is typed fast."""

import contextlib
import os
import selectors
import shutil
import socket
import sys
import tempfile
import termios
import time
import tty
from collections.abc import Iterator
from pathlib import Path

from . import qemu, run as lab_run, snapshot
from .errors import EXIT_OK, LabError
from .progress import stage

_ESCAPE = b"\x01"


def run(options: lab_run.Options) -> int:
    directory = Path(tempfile.mkdtemp(prefix="xvm-lab-"))
    files = qemu.RunFiles(directory)
    try:
        lab_run.prepare(options, None, files)
        state = None if options.boot else snapshot.saved(options.clock)
        with qemu.Qemu(snapshot.machine(options.clock), files, incoming=state) as machine:
            if state:
                machine.resume(snapshot.SAVE_LIMIT_S)
            else:
                stage("dom0 boots")
            stage(f"dom0's console: {files.serial}; leave with Ctrl-A x")
            with socket.socket(socket.AF_UNIX) as line:
                line.connect(str(files.shell))
                line.sendall(b"\n")
                converse(line, machine)
    finally:
        if not options.keep:
            shutil.rmtree(directory, ignore_errors=True)
    return EXIT_OK


@contextlib.contextmanager
def raw_terminal() -> Iterator[None]:
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setraw(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def converse(line: socket.socket, machine: qemu.Qemu) -> None:
    """Carries bytes both ways until Ctrl-A x, the end of the input, or of the machine."""
    escaped = False
    with selectors.DefaultSelector() as ready, raw_terminal():
        ready.register(sys.stdin, selectors.EVENT_READ)
        ready.register(line, selectors.EVENT_READ)
        while machine.running():
            for key, _ in ready.select(1):
                if key.fileobj is line:
                    data = line.recv(65536)
                    if not data:
                        return
                    os.write(sys.stdout.fileno(), data)
                    continue
                data = os.read(sys.stdin.fileno(), 4096)
                if not data:
                    drain(line)
                    return
                for byte in (data[i:i + 1] for i in range(len(data))):
                    if escaped and byte == b"x":
                        return
                    escaped = byte == _ESCAPE and not escaped
                    if not escaped:
                        line.sendall(byte)
    raise LabError(f"dom0 ended: {machine.last_words()}")


def drain(line: socket.socket, quiet_s: float = 5) -> None:
    """Input from a pipe: prints answers until none has come for a while."""
    line.settimeout(quiet_s)
    end = time.monotonic() + 600
    while time.monotonic() < end:
        try:
            data = line.recv(65536)
        except TimeoutError:
            return
        if not data:
            return
        os.write(sys.stdout.fileno(), data)
