"""python -m tfstub ...

install DIR               write a filesystem mirror and DIR/terraform.tfrc
check ROOT [ROOT...]      fmt, init, validate, test of each root, in a scratch copy
exec [--cwd D] terraform ...
                          run terraform against providers served by this one process
serve NAME VERSION        (what the mirror's executables call)
list                      providers, versions and types known here
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import schema

HERE = Path(__file__).resolve().parent.parent


def target() -> str:
    arch = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}_{arch}"


def install(directory: Path, python: str, only: dict[str, str] | None = None) -> Path:
    directory = directory.resolve()
    mirror = directory / "mirror"
    shutil.rmtree(mirror, ignore_errors=True)
    for name, versions in schema.available().items():
        for version in versions:
            if version != (only or {}).get(name, version):
                continue
            folder = mirror / "registry.terraform.io/hashicorp" / name / version / target()
            folder.mkdir(parents=True)
            exe = folder / f"terraform-provider-{name}_v{version}"
            exe.write_text(f'#!/bin/sh\nPYTHONPATH="{HERE}" exec "{python}" -m tfstub serve {name} {version}\n')
            exe.chmod(exe.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    tfrc = directory / "terraform.tfrc"
    tfrc.write_text(
        "# Providers come from this folder only: no registry, no network.\n"
        "disable_checkpoint = true\n"
        f'provider_installation {{\n  filesystem_mirror {{\n    path    = "{mirror}"\n'
        '    include = ["registry.terraform.io/hashicorp/*"]\n  }\n}\n'
    )
    return tfrc


def pins(root: Path) -> list[str]:
    """The versions `terraform init` chose, so that a shared process serves the same ones."""
    text = (root / ".terraform.lock.hcl").read_text()
    return [f"{n}={v}" for n, v in re.findall(r'provider "[^"]*/hashicorp/(\w+)" \{\s*version\s*=\s*"([^"]+)"', text)]


def check(roots: list[Path], args) -> int:
    failed = passed = 0
    only = dict(p.split("=", 1) for p in args.pin)
    with tempfile.TemporaryDirectory(prefix="tfstub-check-") as temp:
        env = dict(
            os.environ,
            TF_CLI_CONFIG_FILE=str(install(Path(temp), sys.executable, only)),
            TF_IN_AUTOMATION="1",
            CHECKPOINT_DISABLE="1",
            GOGC="400",  # Terraform collects garbage a quarter as often
            TF_INPUT="0",
            PYTHONPATH=os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")])),
        )

        def run(title, argv, cwd):
            nonlocal failed, passed
            start = time.monotonic()
            piped = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
            done = subprocess.run(argv, cwd=cwd, env=env, text=True, check=False, **piped)
            ok = done.returncode == 0 and "Success! 0 passed" not in done.stdout  # a test run of nothing is no success
            passed, failed = passed + ok, failed + (not ok)
            print(f"{'ok  ' if ok else 'FAIL'} {title} ({time.monotonic() - start:.1f} s)")
            if not ok or args.verbose:
                print(done.stdout)
            return ok

        for root in roots:
            base = Path(args.repo or root).resolve()
            rel = root.resolve().relative_to(base)
            run(f"fmt {root}", ["terraform", "fmt", "-check", "-diff", "-recursive", str(root.resolve())], None)
            copy = Path(temp, "copy", base.name)
            shutil.rmtree(copy, ignore_errors=True)
            # the lock file in the repository holds the real providers' hashes: leave it there
            shutil.copytree(
                base,
                copy,
                symlinks=True,
                ignore=shutil.ignore_patterns(
                    ".terraform", ".terraform.lock.hcl", ".git", "*.tfstate*", ".venv", "node_modules", "__pycache__"
                ),
            )
            for pattern in args.empty:
                for file in copy.glob(pattern):
                    file.write_bytes(b"")
            work = copy / rel
            (work / "zz_tfstub_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
            if not run(f"init {root}", ["terraform", "init", "-no-color"], work):
                continue
            if run(f"validate {root}", ["terraform", "validate", "-no-color"], work) and (
                list(work.glob("*.tftest.hcl")) or list(work.glob("tests/*.tftest.hcl"))
            ):
                argv = ["terraform", "test", "-no-color"]
                if not args.separate:
                    argv = [sys.executable, "-m", "tfstub", "exec", *(f"--pin={p}" for p in pins(work)), "--", *argv]
                run(f"test {root}", argv, work)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def execute(argv: list[str], cwd: str | None, pins: dict[str, str]) -> int:
    from .server import reattach

    here = cwd or os.getcwd()
    for a in argv:  # relative paths in the configuration are relative to where terraform works
        if a.startswith("-chdir="):
            os.chdir(Path(here, a[len("-chdir=") :]))
    versions = {n: pins.get(n, v[-1]) for n, v in schema.available().items()}
    with tempfile.TemporaryDirectory(prefix="tfstub-") as temp:
        servers, reattached = reattach(versions)
        rc = Path(temp, "terraform.tfrc")
        rc.write_text(
            "disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n"
            f'    path = "{temp}"\n  }}\n}}\n'
        )
        env = dict(
            os.environ, TF_REATTACH_PROVIDERS=json.dumps(reattached), CHECKPOINT_DISABLE="1", TF_CLI_CONFIG_FILE=str(rc)
        )
        code = subprocess.call(argv, cwd=here, env=env)
        for s in servers:
            s.stop(0)
    return code


def main() -> int:
    ap = argparse.ArgumentParser(
        prog="tfstub", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sub = ap.add_subparsers(dest="cmd", required=True)
    p = sub.add_parser("install")
    p.add_argument("directory", type=Path)
    p.add_argument("--python", default=sys.executable)
    p = sub.add_parser("check")
    p.add_argument("roots", type=Path, nargs="+")
    p.add_argument(
        "--pin", action="append", default=[], metavar="NAME=VERSION", help="offer only this version of a provider"
    )
    p.add_argument("--repo", help="copy this folder instead of the root alone (when ../ is read)")
    p.add_argument(
        "--empty",
        action="append",
        default=[],
        metavar="GLOB",
        help="empty these files of the copy: Terraform hashes what it archives about a dozen times",
    )
    p.add_argument(
        "--separate", action="store_true", help="a process per provider in tests too, as in production (slower)"
    )
    p.add_argument("-v", "--verbose", action="store_true")
    p = sub.add_parser("exec")
    p.add_argument("--cwd")
    p.add_argument("--pin", action="append", default=[], metavar="NAME=VERSION")
    p.add_argument("argv", nargs=argparse.REMAINDER)
    p = sub.add_parser("serve")
    p.add_argument("name")
    p.add_argument("version")
    sub.add_parser("list")
    args = ap.parse_args()
    if args.cmd == "serve":
        from .server import serve

        return serve(args.name, args.version)
    if args.cmd == "install":
        print(f"export TF_CLI_CONFIG_FILE={install(args.directory, args.python)}")
        return 0
    if args.cmd == "check":
        return check(args.roots, args)
    if args.cmd == "exec":
        argv = args.argv[1:] if args.argv[:1] == ["--"] else args.argv
        return execute(argv, args.cwd, dict(p.split("=", 1) for p in args.pin))
    for name, versions in schema.available().items():
        for version in versions:
            s, _ = schema.load(name, version)
            print(f"{s.source} {version}: {len(s.resources)} resources, {len(s.data)} data sources")
    return 0


if __name__ == "__main__":
    sys.exit(main())
