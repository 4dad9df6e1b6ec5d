"""What every golden check shares: running the binary, counting what held, and ending with one plain line."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PLATFORMS = ["sentinel-2", "landsat", "naip", "linz", "sentinel-1", "modis"]


class Report:
    """Counts what held and what did not; says each failure at once, and sums up at the end."""

    def __init__(self, title):
        self.title = title
        self.passed = 0
        self.failed = 0
        print(f"--- {title}", flush=True)

    def check(self, holds, what, detail=""):
        """One thing that must hold. `what` says which, `detail` what was seen instead."""
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {what}" + (f": {detail}" if detail else ""), flush=True)
        return bool(holds)

    def equal(self, ours, theirs, what):
        return self.check(ours == theirs, what, f"ours {ours!r}, expected {theirs!r}")

    def say(self, line):
        print(line, flush=True)

    def close(self):
        """Ends the process: 0 only if something was checked and all of it held."""
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(0 if self.failed == 0 and self.passed > 0 else 1)


class Run:
    """What one call of the binary did."""

    def __init__(self, arguments, done):
        self.call = " ".join(str(argument) for argument in arguments)
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    @property
    def last_line(self):
        lines = [line for line in self.err.splitlines() if line.strip()]
        return lines[-1] if lines else ""

    @property
    def panicked(self):
        return self.status in (101, 134, -6) or "panicked at" in self.err

    def json(self):
        return json.loads(self.out)


class Binary:
    """The command line tool under test."""

    def __init__(self, path):
        self.path = str(Path(path).resolve())

    def __call__(self, *arguments, env=None, cwd=None, timeout=600):
        environment = {**os.environ, "RUST_BACKTRACE": "0", **(env or {})}
        done = subprocess.run(
            [self.path, *map(str, arguments)],
            capture_output=True,
            text=True,
            env=environment,
            cwd=cwd,
            timeout=timeout,
        )
        return Run(["stacchip", *arguments], done)

    def must(self, *arguments, **settings):
        """A call that everything after it rests on: stops the whole check when it fails."""
        run = self(*arguments, **settings)
        if run.status != 0:
            print(f"FAILED {run.call}: status {run.status}\n{run.err}", flush=True)
            print("0 passed, 1 failed", flush=True)
            sys.exit(1)
        return run


def binary_from_arguments():
    if len(sys.argv) != 2:
        print(f"usage: {Path(sys.argv[0]).name} BINARY", file=sys.stderr)
        sys.exit(2)
    return Binary(sys.argv[1])


def workspace():
    return Path(__file__).resolve().parents[2]


def corpus():
    """The folder of test files, or None; its absence is an error where it is required."""
    named = os.environ.get("STACCHIP_CORPUS")
    folder = Path(named) if named else workspace().parent / "shared" / "corpus"
    if (folder / "manifest.csv").exists():
        return folder
    if os.environ.get("STACCHIP_REQUIRE_CORPUS") or os.environ.get("CI"):
        print(f"FAILED no corpus at {folder}: set STACCHIP_CORPUS\n0 passed, 1 failed")
        sys.exit(1)
    return None


def scratch():
    """A folder for one run, gone at its end."""
    return tempfile.TemporaryDirectory(prefix="stacchip-golden-")


def sample(binary, folder, platform, size=None, seed=None):
    """A synthetic scene; the path of its item."""
    arguments = ["sample", folder, "--platform", platform]
    if size is not None:
        arguments += ["--size", size]
    if seed is not None:
        arguments += ["--seed", seed]
    binary.must(*arguments)
    return Path(folder) / "item.json"


def data_assets(item):
    """The keys of a STAC item (a dict) that a chip holds by default, by the contract of the command line."""
    keys = []
    for key, asset in item["assets"].items():
        media = asset.get("type")
        if media is not None:
            tiff = media.split(";")[0].strip().lower() in ("image/tiff", "image/x.geotiff", "image/vnd.stac.geotiff")
        else:
            tiff = asset["href"].split("?")[0].lower().endswith((".tif", ".tiff"))
        if tiff and not set(asset.get("roles") or []) & {"thumbnail", "overview", "metadata"}:
            keys.append(key)
    return keys
