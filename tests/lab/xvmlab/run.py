# SPDX-License-Identifier: Apache-2.0
"""One scenario, from the payload to the results on disk."""

import contextlib
import json
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from . import paths, qemu, snapshot
from .cache import key_of, piece
from .errors import LabError, Timeout
from .payload import Item, Payload
from .progress import stage
from .results import Report, Tail, parse_line
from .scenario import Scenario

# Wall seconds for a second of dom0 time, at most: on a quiet machine the instruction clock needs three.
WALL_PER_SECOND = {"normal": 4, "icount": 12, "invtsc": 12, "scrub": 12}
COLLECT_S = 60


@dataclass(frozen=True)
class Options:
    build: Path
    clock: str
    boot: bool = False
    keep: bool = False
    verbose: bool = False
    timeout_s: float | None = None
    added: tuple[Item, ...] = ()
    results: Path | None = None


def prepare(options: Options, scenario: Scenario | None, files: qemu.RunFiles) -> list[str]:
    """Writes the run's disks; returns what the scenario needs and is not there."""
    payload = Payload(options.build, options.clock, scenario, list(options.added))
    payload.write(files.payload)
    subprocess.run(["cp", "--sparse=always", str(scratch_disk()), str(files.scratch)], check=True)
    return payload.missing


def scratch_disk() -> Path:
    """An empty ext4 file system, made once."""

    def build(out: Path) -> None:
        with open(out / "scratch.img", "wb") as handle:
            handle.truncate(qemu.SCRATCH_BYTES)
        command = ["mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-E", "lazy_itable_init=1", str(out / "scratch.img")]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise LabError(f"mkfs.ext4: {done.stderr.strip()}")

    return piece("scratch", key_of(qemu.SCRATCH_BYTES), build) / "scratch.img"


def new_place(name: str) -> Path:
    """A directory no other run has, also of the same second."""
    base = paths.results_root() / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    base.parent.mkdir(parents=True, exist_ok=True)
    for place in (base, *(base.with_name(f"{base.name}-{n}") for n in range(2, 1000))):
        with contextlib.suppress(FileExistsError):
            place.mkdir()
            return place
    raise LabError(f"{base}: taken")


def run(scenario: Scenario, options: Options) -> tuple[Report, Path]:
    """Runs `scenario`; returns what it reported and the directory with everything it left."""
    options = replace(options, boot=options.boot or scenario.iommu in qemu.BOOTED_IOMMUS)
    place = options.results or new_place(scenario.name)
    place.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(place / "out", ignore_errors=True)
    directory = Path(tempfile.mkdtemp(prefix="xvm-lab-"))
    files = qemu.RunFiles(directory)
    report = Report()
    try:
        state = None if options.boot else snapshot.saved(options.clock, scenario.iommu)
        report_missing(report, prepare(options, scenario, files))
        if report.skipped is None:
            how = "boots" if options.boot else "starts from the saved dom0"
            stage(f"{scenario.name}: {how}, {options.clock} clock")
            with qemu.Qemu(snapshot.machine(options.clock, scenario.iommu), files, incoming=state) as machine:
                if state:
                    machine.resume(snapshot.SAVE_LIMIT_S)
                follow(machine, files, report, scenario, options)
    except LabError as error:
        report.broken, report.broken_code = str(error), error.exit_code
    finally:
        collect(files, place, report)
        if options.keep:
            stage(f"kept {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)
    return report, place


def report_missing(report: Report, missing: list[str]) -> None:
    if missing:
        report.skipped = f"needs {', '.join(missing)}, which the build does not have"
        report.ended = True


def follow(machine: qemu.Qemu, files: qemu.RunFiles, report: Report, scenario: Scenario, options: Options) -> None:
    """Reads results as they come, until the end, the machine's death, or the wall's time limit."""
    boot_s = snapshot.BOOT_LIMIT_S if options.boot else 0
    limit_s = options.timeout_s or scenario.timeout_s * WALL_PER_SECOND[options.clock] + COLLECT_S + boot_s
    end = time.monotonic() + limit_s
    results, log = Tail(files.results), Tail(files.log)
    while not report.ended and report.broken is None:
        alive = machine.running()
        for line in map(parse_line, results.lines()):
            if line:
                report.add(line)
                if line["type"] == "check":
                    stage(f"{scenario.name}: {'ok  ' if line.get('ok') else 'FAIL'} {line['name']}")
        for line in log.lines():
            if options.verbose:
                print(f"    {line}", flush=True)
        if report.ended:
            return
        if not alive:
            report.broken = f"the machine ended by itself: Xen or dom0 died, see console.log ({machine.last_words()})"
        elif time.monotonic() > end:
            raise Timeout(f"{scenario.name}: not done after {limit_s:.0f} s")
        else:
            time.sleep(0.05)


def collect(files: qemu.RunFiles, place: Path, report: Report) -> None:
    """Brings the run's files to `place`: console.log, scenario.log, results.jsonl, result.json, out/."""
    for name in ("serial", "results", "log"):
        file = getattr(files, name)
        if file.exists():
            shutil.copy(file, place / file.name)
    if files.out.exists() and files.out.stat().st_size:
        # Not Python's tarfile: Debian 12's cannot yet refuse paths that lead elsewhere; tar always does.
        done = subprocess.run(["tar", "-C", str(place), "--no-same-owner", "-xf", str(files.out)],
                              capture_output=True, text=True)
        if done.returncode:
            stage(f"out.tar is incomplete: {done.stderr.strip()}")
            shutil.copy(files.out, place / "out.tar")
    (place / "result.json").write_text(json.dumps(summary(report), indent=2) + "\n")


def summary(report: Report) -> dict:
    return {"verdict": report.verdict(), "checks": report.checks, "figures": report.figures,
            "skipped": report.skipped, "broken": report.broken}
