# SPDX-License-Identifier: Apache-2.0
"""The lab's command line."""

import argparse
import contextlib
import json
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from . import cache, guest, paths, pieces, progress, run, scenario, shell, snapshot
from .errors import EXIT_LAB_BROKE, EXIT_OK, EXIT_SKIPPED, LabError, Usage
from .payload import Item
from .qemu import CLOCKS
from .report import print_report

BUILT = ("normal", "icount")  # by `lab build`: one scenario alone wants the third


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="lab", description="Real Xen, a Debian dom0 and Debian guests under QEMU emulation.",
        epilog="exit codes: 0 ok, 1 a check failed, 2 usage, 3 no such scenario, 6 time limit, 8 the lab broke, "
               "77 skipped")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=text, description=text)
        sub.add_argument("-q", "--quiet", action="store_true", help="no progress lines")
        return sub

    def run_options(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--build", type=Path, default=paths.default_build(),
                         help="meson build directory with our programs (default: $XVM_BUILD or ./build)")
        sub.add_argument("--boot", action="store_true", help="boot dom0 instead of starting from its saved state")
        sub.add_argument("--add", action="append", default=[], metavar="FILE:PATH", help="one more file for dom0")
        sub.add_argument("--keep", action="store_true", help="keep the run's directory, disks and all")

    sub = verb("run", "run scenarios")
    sub.add_argument("name", nargs="+", help="a scenario of tests/lab/scenarios, or a file's path")
    sub.add_argument("--clock", choices=CLOCKS, help="instead of what the scenario says")
    sub.add_argument("--timeout", type=float, metavar="S", help="wall seconds for a scenario")
    sub.add_argument("--results", type=Path, metavar="DIR",
                     help="where what it leaves goes (default: results/NAME-TIME)")
    sub.add_argument("-o", dest="output", choices=["text", "json"], default="text", help="what is printed")
    sub.add_argument("-v", "--verbose", action="store_true", help="print what the scenario prints, as it does")
    run_options(sub)

    sub = verb("shell", "a shell in dom0, with our programs; leave with Ctrl-A x")
    sub.add_argument("--clock", choices=CLOCKS, default="normal")
    run_options(sub)

    verb("list", "list the scenarios")
    sub = verb("build", "build the pieces that every run needs, and the saved dom0 of both clocks")
    sub.add_argument("--clock", choices=CLOCKS, action="append", help="the saved dom0 of this clock only")
    verb("clean", "remove all pieces from the cache")

    sub = verb("guest-initrd", "write a RAM disk for a guest")
    sub.add_argument("out", type=Path)
    sub.add_argument("--add", action="append", default=[], metavar="FILE:PATH", help="one more file")
    sub.add_argument("--init", type=Path, metavar="SCRIPT", help="run by /init when the modules are in")

    sub = verb("guest-rootfs", "write a root file system for a guest (OUT.squashfs or OUT.erofs)")
    sub.add_argument("out", type=Path)
    sub.add_argument("--add", action="append", default=[], metavar="FILE:PATH", help="one more file")
    sub.add_argument("--with", dest="packages", action="append", default=[], metavar="PACKAGE",
                     help="a Debian package whose programs go in")

    sub = verb("path", "print where a piece lies, building it if need be")
    sub.add_argument("piece", choices=["vmlinux", "vmlinuz", "xen", "headers", "modules", "initrd", "fio"])
    return top


def pair(text: str) -> Item:
    file, separator, path = text.partition(":")
    if not separator or not path.startswith("/"):
        raise Usage(f"--add {text}: must be FILE:/PATH")
    if not Path(file).exists():
        raise Usage(f"--add {text}: there is no {file}")
    return Item(Path(file), path)


def pairs(texts: list[str]) -> list[tuple[Path, str]]:
    return [(item.source, item.target) for item in map(pair, texts)]


def verb_run(args: argparse.Namespace) -> int:
    worst, reports = EXIT_OK, []
    for name in args.name:
        what = scenario.load(name)
        options = run.Options(args.build, args.clock or what.clock, args.boot, args.keep, args.verbose, args.timeout,
                              tuple(map(pair, args.add)), args.results)
        what = replace(what, clock=options.clock)
        report, place = run.run(what, options)
        reports.append({"scenario": what.name, "clock": what.clock, "results": str(place)} | run.summary(report))
        if args.output == "text":
            print_report(what, report, place)
        elif report.exit_code() not in (EXIT_OK, EXIT_SKIPPED):
            with contextlib.redirect_stdout(sys.stderr):
                print_report(what, report, place)
        worst = report.exit_code() if worst in (EXIT_OK, EXIT_SKIPPED) else worst
    if args.output == "json":
        print(json.dumps(reports, indent=2))
    return worst


def verb_list(_: argparse.Namespace) -> int:
    for what in scenario.load_all():
        print(f"{what.name:24} {what.clock:7} {'long' if what.long else '':5} {what.title}")
    return EXIT_OK


def base_initrd() -> Path:
    return guest.base_initrd(pieces.modules())


def verb_build(args: argparse.Namespace) -> int:
    pieces.kernel()
    pieces.dom0()
    # QEMU boots on one processor while the rest is built on another.
    with ThreadPoolExecutor(2) as pool:
        work = [pool.submit(snapshot.saved, clock) for clock in args.clock or BUILT]
        work += [pool.submit(build) for build in (base_initrd, run.scratch_disk)]
        for one in work:
            one.result()
    return EXIT_OK


def verb_path(args: argparse.Namespace) -> int:
    places = {"vmlinux": lambda: pieces.kernel() / "vmlinux", "vmlinuz": lambda: pieces.kernel() / "vmlinuz",
              "xen": pieces.xen, "headers": pieces.headers_root, "modules": pieces.modules, "initrd": base_initrd,
              "fio": lambda: guest.named_rootfs("fio")}
    place = places[args.piece]()
    if place is None:
        raise LabError("modules: frontends/linux has no Kbuild")
    print(place)
    return EXIT_OK


def verb_clean(_: argparse.Namespace) -> int:
    print(f"removed {cache.clean()} pieces")
    return EXIT_OK


def verb_guest_initrd(args: argparse.Namespace) -> int:
    if args.init and not args.init.is_file():
        raise Usage(f"--init {args.init}: there is no such file")
    args.out.write_bytes(guest.initrd(pieces.modules(), pairs(args.add), args.init))
    return EXIT_OK


def verb_guest_rootfs(args: argparse.Namespace) -> int:
    guest.rootfs(args.out, args.packages, pairs(args.add))
    return EXIT_OK


def verb_shell(args: argparse.Namespace) -> int:
    return shell.run(run.Options(args.build, args.clock, args.boot, args.keep, added=tuple(map(pair, args.add))))


VERBS = {"run": verb_run, "shell": verb_shell, "list": verb_list, "build": verb_build, "clean": verb_clean,
         "guest-initrd": verb_guest_initrd, "guest-rootfs": verb_guest_rootfs, "path": verb_path}


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main(arguments: list[str]) -> int:
    # As by Ctrl-C: the machine is ended and its directory removed.
    signal.signal(signal.SIGTERM, interrupt)
    args = parser().parse_args(arguments)
    if args.quiet:
        progress.be_quiet()
    try:
        return VERBS[args.verb](args)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"lab: {error}", file=sys.stderr)
        return EXIT_LAB_BROKE
    except KeyboardInterrupt:
        print("lab: interrupted", file=sys.stderr)
        return 130
