#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the Debian packages from a build:

    daemons/package/build_deb.py --build DIR --out DIR

OUT/xvm.deb       programs, units, man pages, completion: what meson installs
OUT/xvm-dkms.deb  the kernel modules as DKMS source

The build is one configured with --prefix=/usr; what it installs is built first if it is not. The same build
gives the same packages, to the byte (SOURCE_DATE_EPOCH, else the time of the last commit)."""

import argparse
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DEBIAN = HERE / "debian"
MAINTAINER = "The xvm project <xvm@localhost.localdomain>"
# Kernel modules, and the headers that they include by path from the tree's root.
MODULES = ("frontends/linux", "backends/timer/linux")
MODULES_HEADERS = ("libvmshare/abi", "libvmshare/timer")
SCRIPTS = ("postinst", "prerm", "postrm")


class Broken(Exception):
    pass


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode:
        raise Broken(f"{command[0]}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def introspect(build, what):
    return json.loads(run("meson", "introspect", f"--{what}", build))


def install(build, tree):
    """What meson installs, below `tree`."""
    run("ninja", "-C", build, "--quiet", "build.ninja")  # what there is may have changed since it was configured
    options = {option["name"]: option["value"] for option in introspect(build, "buildoptions")}
    if options["prefix"] != "/usr":
        raise Broken(f"{build}: is configured for {options['prefix']}; meson configure {build} -Dprefix=/usr")
    targets = [os.path.relpath(file, build) for target in introspect(build, "targets")
               if target.get("installed") for file in target["filename"]]
    run("ninja", "-C", build, "--quiet", *targets)
    run("meson", "install", "-C", build, "--no-rebuild", "--destdir", tree)


def is_elf(file):
    with open(file, "rb") as handle:
        return handle.read(4) == b"\x7fELF"


def programs(tree):
    return [file for file in sorted(tree.rglob("*")) if file.is_file() and not file.is_symlink() and is_elf(file)]


def compress(file):
    file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))
    file.unlink()


def library_depends(tree, version):
    """The packages with the libraries that the programs were linked with, and their least versions."""
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory)
        (source / "debian").mkdir()
        (source / "debian/control").write_text("Source: xvm\n\nPackage: xvm\nArchitecture: any\n")
        words = [f"-e{program}" for program in programs(tree)]
        text = run("dpkg-shlibdeps", "-O", *words, cwd=source)
    found = re.search(r"^shlibs:Depends=(.+)$", text, re.MULTILINE)
    if not found:
        raise Broken("dpkg-shlibdeps: names no library")
    return found[1]


def document(tree, package, version):
    """copyright and changelog, as the policy wants them."""
    place = tree / "usr/share/doc" / package
    place.mkdir(parents=True)
    shutil.copyfile(DEBIAN / "copyright", place / "copyright")
    stamp = run("date", "-R", "-u", "-d", f"@{os.environ['SOURCE_DATE_EPOCH']}").strip()
    (place / "changelog").write_text(f"xvm ({version}) unstable; urgency=medium\n\n  * See CHANGELOG.gz.\n\n"
                                     f" -- {MAINTAINER}  {stamp}\n")
    compress(place / "changelog")
    if package == "xvm":
        shutil.copyfile(ROOT / "CHANGELOG.md", place / "CHANGELOG")
        compress(place / "CHANGELOG")
        overrides = tree / "usr/share/lintian/overrides"
        overrides.mkdir(parents=True)
        shutil.copyfile(DEBIAN / "lintian-overrides", overrides / package)


def settle_modes(tree):
    """Directories 0755, files 0644 or 0755: whatever the umask of whoever builds is."""
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o111 else 0o644)


def pack(tree, control, scripts, values, out):
    """Adds DEBIAN/ to the tree and makes the package."""
    files = sorted(file for file in tree.rglob("*") if file.is_file() and not file.is_symlink())
    settle_modes(tree)
    meta = tree / "DEBIAN"
    meta.mkdir()
    values = values | {"size": str(sum(-(-file.stat().st_size // 1024) for file in files) or 1)}

    def filled(file):
        return re.sub(r"@(\w+)@", lambda match: values[match[1]], file.read_text())

    (meta / "control").write_text(filled(control))
    (meta / "md5sums").write_text("".join(
        f"{hashlib.md5(file.read_bytes()).hexdigest()}  {file.relative_to(tree)}\n" for file in files))
    settings = [f"/{file.relative_to(tree)}\n" for file in files if file.relative_to(tree).parts[0] == "etc"]
    if settings:
        (meta / "conffiles").write_text("".join(settings))
    for name, source in scripts.items():
        (meta / name).write_text(filled(source))
        (meta / name).chmod(0o755)
    run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", tree, out)


def build_xvm(build, directory, version, out):
    tree = directory / "xvm"
    install(build, tree)
    for program in programs(tree):
        run("strip", "--strip-unneeded", "--remove-section=.comment", program)
    zsh = tree / "usr/share/zsh"
    if (zsh / "site-functions").is_dir():
        # Debian keeps that one for the administrator.
        (zsh / "site-functions").rename(zsh / "vendor-completions")
    for page in sorted((tree / "usr/share/man").rglob("*.[0-9]")):
        compress(page)
    document(tree, "xvm", version)
    units = sorted(file.name for file in (tree / "usr/lib/systemd/system").iterdir())
    # Sockets first: what they start is not to start before them.
    units.sort(key=lambda name: not name.endswith(".socket"))
    values = {"version": version, "maintainer": MAINTAINER, "units": " ".join(units),
              "services": " ".join(name for name in units if name.endswith(".service")),
              "architecture": run("dpkg", "--print-architecture").strip(),
              "depends": library_depends(tree, version)}
    pack(tree, DEBIAN / "control.in", {name: DEBIAN / name for name in SCRIPTS}, values, out / "xvm.deb")


def modules(folder):
    """The names of the modules that a folder builds."""
    text = (ROOT / folder / "Kbuild").read_text()
    return [word.removesuffix(".o") for line in re.findall(r"^obj-m\s*[:+]?=\s*(.+)$", text, re.MULTILINE)
            for word in line.split()]


def write_dkms_source(place, version):
    """The modules' sources as DKMS wants them: below usr/src, with dkms.conf."""
    for part in MODULES + MODULES_HEADERS:
        (place / part).mkdir(parents=True)
        for file in sorted((ROOT / part).iterdir()):
            if file.name == "Kbuild" or file.suffix in (".c", ".h"):
                shutil.copyfile(file, place / part / file.name)
    make = "make -C ${kernel_source_dir} M=${dkms_tree}/${PACKAGE_NAME}/${PACKAGE_VERSION}/build/"
    lines = ["MAKE[0]=\"" + " && ".join(f"{make}{folder} modules" for folder in MODULES) + '"',
             "CLEAN=\"" + " && ".join(f"{make}{folder} clean" for folder in MODULES) + '"']
    named = [(name, folder) for folder in MODULES for name in modules(folder)]
    for number, (name, folder) in enumerate(named):
        lines += [f'BUILT_MODULE_NAME[{number}]="{name}"', f'BUILT_MODULE_LOCATION[{number}]="{folder}"',
                  f'DEST_MODULE_LOCATION[{number}]="/updates/dkms"']
    text = (HERE / "dkms.conf.in").read_text().replace("@version@", version).replace("@modules@", "\n".join(lines))
    (place / "dkms.conf").write_text(text)


def build_dkms(directory, version, out):
    tree = directory / "xvm-dkms"
    write_dkms_source(tree / f"usr/src/xvm-{version}", version)
    document(tree, "xvm-dkms", version)
    scripts = {"postinst": DEBIAN / "postinst-dkms", "prerm": DEBIAN / "prerm-dkms"}
    pack(tree, DEBIAN / "control-dkms.in", scripts, {"version": version, "maintainer": MAINTAINER},
         out / "xvm-dkms.deb")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path(os.environ.get("XVM_BUILD", ROOT / "build")))
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if "SOURCE_DATE_EPOCH" not in os.environ:
        stamp = subprocess.run(["git", "-C", ROOT, "log", "-1", "--format=%ct"], capture_output=True, text=True).stdout
        os.environ["SOURCE_DATE_EPOCH"] = stamp.strip() or "0"
    try:
        version = introspect(build, "projectinfo")["version"]
        with tempfile.TemporaryDirectory(prefix="xvm-deb-") as directory:
            build_xvm(build, Path(directory), version, arguments.out.resolve())
            build_dkms(Path(directory), version, arguments.out.resolve())
    except (Broken, OSError) as why:
        print(f"build_deb: {why}", file=sys.stderr)
        return 1
    for name in ("xvm.deb", "xvm-dkms.deb"):
        print(arguments.out / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
