# SPDX-License-Identifier: Apache-2.0
"""QEMU: the one command line of the lab, and a running instance of it.

A saved state only loads into a QEMU with the same command line, so everything that a run may vary
lies in files whose names are the only difference: the payload disk, the scratch disk, the ports'
output.
"""

import json
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from .errors import LabError

CLOCKS = ("normal", "icount", "invtsc", "scrub")
IOMMUS = ("", "vtd", "amd")
# Of a machine with it QEMU saves no state: each run boots.
BOOTED_IOMMUS = ("amd",)
MEMORY_MB = 3072
# The dom0 has read the disks' sizes when its state is saved, so they are the same in every run.
PAYLOAD_BYTES = 1 << 30
SCRATCH_BYTES = 8 << 30

_CLOCK_ARGS = {
    "normal": ["-accel", "tcg,thread=multi", "-smp", "2"],
    # 2 ns an instruction, idle time skipped: the same run gives the same times on any machine.
    "icount": ["-accel", "tcg,thread=single", "-icount", "shift=1,sleep=off", "-smp", "1",
               "-rtc", "clock=vm,base=2026-01-01", "-seed", "1"],
}
# The same with a counter that Xen believes to be invariant, which in emulation by instructions it is.
_CLOCK_ARGS["invtsc"] = _CLOCK_ARGS["icount"]
# The same with a Xen that clears what a living domain gives up.
_CLOCK_ARGS["scrub"] = _CLOCK_ARGS["icount"]
# smap=off: QEMU 7.2 checks an IRET in ring 3 as a kernel access, and a PV dom0 dies of it.
# rdtscp=off: an intercepted RDTSCP kills PVH guests. avx=off, and eager-fpu below: with them on, a program in a
# PV domain now and then (one run in thirty) finds a zero where a pointer was, and busybox dies in strlen.
_CPU = "max,smap=off,rdtscp=off,avx=off"
# QEMU's emulation does not offer invtsc by itself, nor with a state that may move to another machine.
_CLOCK_CPU = {"invtsc": _CPU + ",migratable=off,+invtsc,x-force-features=on"}
# bootscrub=0: else Xen's idle scrub touches all memory. dom0_vcpus_pin: an unpinned vCPU costs a factor of 100.
_XEN_ARGS = ("console=com1 com1=115200,8n1 dom0_mem=1024M,max:1024M dom0_max_vcpus=1 dom0_vcpus_pin bootscrub=0 "
             "spec-ctrl=eager-fpu noreboot=no conring_size=512k loglvl=all guest_loglvl=all")
_CLOCK_XEN = {"scrub": " scrub-domheap"}
# A machine whose devices can be given to guests, and one to give: QEMU's own teaching device, at an address of its
# own. Its DMA addresses are 28 bits wide unless it is told otherwise.
_EDU = ["-device", "edu,dma_mask=0xffffffffffffffff,addr=0x10"]
_Q35 = ["-machine", "q35,kernel-irqchip=split"]
_IOMMU_ARGS = {
    "": [],
    "vtd": [*_Q35, "-device", "intel-iommu,intremap=on", *_EDU],
    "amd": [*_Q35, "-device", "amd-iommu,intremap=on", *_EDU],
}
# The emulated AMD IOMMU keeps stale translations: only a quarantine with a page of its own isolates (docs/lab.md).
_IOMMU_XEN = {"": "", "vtd": " iommu=verbose", "amd": " iommu=verbose,quarantine=scratch-page"}
_DOM0_ARGS = "console=hvc0 earlyprintk=xen loglevel=4 nokaslr"


@dataclass(frozen=True)
class Machine:
    """What QEMU is started with, apart from the files of one run."""

    clock: str
    xen: Path
    kernel: Path
    initrd: Path
    iommu: str = ""

    def arguments(self) -> list[str]:
        return ["qemu-system-x86_64", *_CLOCK_ARGS[self.clock], "-cpu", _CLOCK_CPU.get(self.clock, _CPU), "-m", str(MEMORY_MB),
                *_IOMMU_ARGS[self.iommu],
                "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-kernel", str(self.xen), "-append", _XEN_ARGS + _CLOCK_XEN.get(self.clock, "") + _IOMMU_XEN[self.iommu],
                "-initrd", f"{self.kernel} {_DOM0_ARGS},{self.initrd}"]


@dataclass(frozen=True)
class RunFiles:
    """The files of one run, all in a directory of its own."""

    directory: Path
    names: dict[str, str] = field(default_factory=lambda: {
        "payload": "payload.img", "scratch": "scratch.img", "serial": "console.log", "results": "results.jsonl",
        "log": "scenario.log", "out": "out.tar", "monitor": "monitor.sock", "shell": "shell.sock"})

    def __getattr__(self, name: str) -> Path:
        try:
            return self.directory / self.names[name]
        except KeyError:
            raise AttributeError(name) from None

    def arguments(self) -> list[str]:
        out = ["-drive", f"if=none,id=payload,file={self.payload},format=raw,readonly=on",
               "-device", "virtio-blk-pci,drive=payload,serial=payload",
               "-drive", f"if=none,id=scratch,file={self.scratch},format=raw,cache=unsafe,discard=unmap",
               "-device", "virtio-blk-pci,drive=scratch,serial=scratch",
               "-chardev", f"file,id=serial,path={self.serial}", "-serial", "chardev:serial",
               "-device", "virtio-serial-pci,id=ports"]
        for port in ("results", "log", "out"):
            out += ["-chardev", f"file,id={port},path={getattr(self, port)}",
                    "-device", f"virtserialport,bus=ports.0,chardev={port},name=xvm.{port}"]
        return out + ["-chardev", f"socket,id=shell,path={self.shell},server=on,wait=off",
                      "-device", "virtconsole,bus=ports.0,chardev=shell,name=xvm.shell",
                      "-qmp", f"unix:{self.monitor},server=on,wait=off"]


def version() -> str:
    if not shutil.which("qemu-system-x86_64"):
        raise LabError("qemu-system-x86_64: not installed; apt-get install qemu-system-x86")
    done = subprocess.run(["qemu-system-x86_64", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]


class Qemu:
    """A running QEMU. Leaving the context ends it, whatever state it is in."""

    def __init__(self, machine: Machine, files: RunFiles, incoming: Path | None = None) -> None:
        command = machine.arguments() + files.arguments()
        if incoming:
            command += ["-incoming", f"exec:cat {incoming}"]
        self._files = files
        self._error = files.directory / "qemu.log"
        (files.directory / "qemu.cmd").write_text("\n".join(command) + "\n")
        with open(self._error, "w") as error:
            # Whatever ends this program, QEMU does not outlive it.
            self._process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command],
                                             stdin=subprocess.DEVNULL, stdout=error, stderr=error)
        self._buffer = b""
        try:
            self._monitor = self._connect(files.monitor)
            self._receive()
            self.command("qmp_capabilities")
        except BaseException:
            self.end()
            raise

    def __enter__(self) -> "Qemu":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def running(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        if self.running():
            self._process.kill()
        self._process.wait()

    def command(self, name: str, **arguments: object) -> object:
        """One QMP command and its answer; events in between are dropped."""
        request = {"execute": name} | ({"arguments": arguments} if arguments else {})
        try:
            self._monitor.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise LabError(f"QEMU ended: {self.last_words()}") from error
        while True:
            answer = self._receive()
            if "error" in answer:
                raise LabError(f"QEMU refused {name}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def save(self, place: Path, limit_s: float) -> None:
        """Stops the machine and writes its state to `place`."""
        self.command("stop")
        self.command("migrate-set-parameters", **{"max-bandwidth": 1 << 40})
        self.command("migrate", uri=f"exec:cat > {place}")
        self._wait("query-migrate", lambda a: a.get("status"), "completed", ("failed", "cancelled"), limit_s)

    def resume(self, limit_s: float) -> None:
        """Lets a machine that was started with a saved state run."""
        self._wait("query-status", lambda a: a["status"], "paused", ("internal-error", "guest-panicked"), limit_s)
        self.command("cont")

    def last_words(self) -> str:
        lines = self._error.read_text(errors="replace").strip().splitlines()
        return "; ".join(lines[-3:]) or "no message"

    def _wait(self, query: str, status, wanted: str, bad: tuple[str, ...], limit_s: float) -> None:
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            now = status(self.command(query))
            if now == wanted:
                return
            if now in bad:
                raise LabError(f"QEMU: {query} says {now}: {self.last_words()}")
            time.sleep(0.02)
        raise LabError(f"QEMU: {query} did not reach '{wanted}' within {limit_s:.0f} s")

    def _connect(self, path: Path) -> socket.socket:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if not self.running():
                break
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(path))
                connection.settimeout(60)
                return connection
            except OSError:
                connection.close()
                time.sleep(0.01)
        raise LabError(f"QEMU did not start: {self.last_words()}")

    def _receive(self) -> dict:
        while b"\n" not in self._buffer:
            try:
                data = self._monitor.recv(65536)
            except OSError as error:
                raise LabError(f"QEMU does not answer: {error}") from error
            if not data:
                raise LabError(f"QEMU ended: {self.last_words()}")
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        return json.loads(line)
