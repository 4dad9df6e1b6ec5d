#!/usr/bin/env python3
"""How fast tiles become pixels: ours against GDAL, async-tiff and libdeflate alone, in one thread.

    python3 bench/decode.py [--rounds 7] [--only deflate] [--python python3.12]

Sets up what it needs under bench/ (a virtual environment with rasterio, rasters of 4096 x 4096 pixels), builds the
contenders, checks that they give the same pixels, runs them in turn, and prints a table in Markdown. --prepare stops before
anything is measured. The page cache is warm, datasets stay open, times are processor times of the one thread.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SIDE = 4096
# What the first column is named after, and the windows of a pass.
FULL = ["deflate-p2-1024", "deflate-p2-512", "deflate-p2-256", "deflate-p1-512", "deflate-p3-512", "deflate-rgb-512",
        "deflate-classes-512", "lzw-p2-512", "lzw-p1-512", "zstd-p2-512", "zstd-p1-512", "jpeg-512", "webp-512",
        "webp-lossless-512", "lerc-f32-512", "lerc-u8-512"]
RANDOM = ["deflate-p2-1024", "deflate-p2-512", "deflate-p2-256"]
LOSSY = ("jpeg", "webp-512")
PIXELS_OF_A_PASS = 1 << 22
EDGE = 256


class Contender:
    """A program that takes commands, one at a time."""

    def __init__(self, name, command, program, cases):
        self.name, self.command, self.cases = name, command, cases
        self.process = Path(program[0]).exists() and subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.process.stdin.write("\t".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        kind, value = self.process.stdout.readline().rstrip("\n").split("\t")
        if kind == "error":
            raise RuntimeError(f"{self.name}: {words}: {value}")
        return value

    def seconds(self, raster, windows):
        return float(self.ask(self.command, raster, windows, 1))

    def check(self, raster, windows):
        return self.ask("check", raster, windows)


def prepare(python, as_built):
    venv = HERE / "venv"
    if not (venv / "bin" / "rio").exists():
        subprocess.run([python, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin" / "pip", "install", "--quiet", "rasterio==1.5.*"], check=True)
    if not as_built:
        subprocess.run([venv / "bin" / "python", HERE / "rasters.py", HERE / "data"], check=True)
    build = ["cargo", "build", "--locked", "--release", "--quiet", "--manifest-path"]
    target = Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target"))
    programs = {}
    for name, manifest, features in [("ours", "Cargo.toml", ["-p", "bench-decode"]),
                                     ("pure", "Cargo.toml", ["-p", "bench-decode", "--no-default-features"]),
                                     ("async-tiff", "async-tiff/Cargo.toml", [])]:
        place = target / f"decode-{name}"
        if not as_built:
            subprocess.run([*build, HERE / manifest, *features], check=True, env={**os.environ, "CARGO_TARGET_DIR": str(place)})
        programs[name] = place / "release" / ("bench-async-tiff" if name == "async-tiff" else "bench-decode")
    return venv, programs


def window_lists(folder):
    """Files of windows by (kind, edge of a tile): each tile once, or random windows, as many pixels in a pass."""
    folder.mkdir(exist_ok=True)
    lists = {}
    for tile in (256, 512, 1024):
        dice = random.Random(tile)
        tiles = [(c, r, tile, tile) for r in range(0, SIDE, tile) for c in range(0, SIDE, tile)]
        dice.shuffle(tiles)
        anywhere = [(dice.randrange(SIDE - EDGE + 1), dice.randrange(SIDE - EDGE + 1), EDGE, EDGE) for _ in range(64)]
        for kind, windows in (("full", tiles[: PIXELS_OF_A_PASS // tile**2]), ("random", anywhere)):
            path = folder / f"{kind}-{tile}.txt"
            path.write_text("".join("%d %d %d %d\n" % w for w in windows))
            lists[kind, tile] = path
    return lists


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--only", default="", help="cases whose name holds this")
    options.add_argument("--python", default="python3", help="3.12 or later")
    options.add_argument("--prepare", action="store_true")
    options.add_argument("--as-built", action="store_true", help="build nothing; leave out what is not there")
    options = options.parse_args()
    venv, programs = prepare(options.python, options.as_built)
    if options.prepare:
        return
    lists = window_lists(HERE / "data" / "windows")
    deflate = [n for n in FULL if n.startswith("deflate")]
    contenders = [
        Contender("ours", "ours", [programs["ours"]], FULL),
        Contender("ours, pure", "ours", [programs["pure"]], FULL),
        Contender("GDAL", "gdal", [venv / "bin" / "python", HERE / "gdal.py"], FULL),
        Contender("async-tiff", "async-tiff", [programs["async-tiff"]], [n for n in FULL if n.split("-")[0] in ("deflate", "lzw", "zstd", "jpeg")]),
        Contender("libdeflate", "floor", [programs["ours"]], deflate),
    ]
    contenders = [c for c in contenders if c.process]
    names = [c.name for c in contenders[1:]]
    print("| windows | raster | MB/s | " + " | ".join(f"{n} / ours" for n in names) + " |")
    print("|---|---|" + "---:|" * (len(names) + 1))
    for kind, cases in (("full", FULL), ("random", RANDOM)):
        for case in cases:
            if options.only not in case:
                continue
            raster, windows = HERE / "data" / f"{case}.tif", lists[kind, int(case.rsplit("-", 1)[1])]
            # async-tiff gives tiles, not windows.
            running = [c for c in contenders if case in c.cases and (kind == "full" or c.name != "async-tiff")]
            sums = {c.name: c.check(raster, windows) for c in running if c.command != "floor"}
            agree = len({s for n, s in sums.items() if n != "async-tiff"}) == 1
            if not agree and not case.startswith(LOSSY):
                sys.exit(f"{case}: different pixels: {sums}")
            if sums.get("async-tiff", sums["ours"]) != sums["ours"] and not case.startswith(LOSSY):
                print(f"{case}: async-tiff gives other pixels", file=sys.stderr)
            rounds = []
            for number in range(options.rounds + 1):
                turn = running if number % 2 == 0 else running[::-1]
                times = {c.name: c.seconds(raster, windows) for c in turn}
                if number:
                    rounds.append(times)
            count = sum(int(w) * int(h) for _, _, w, h in (line.split() for line in windows.open()))
            size = {"f32": 4, "p3": 4, "rgb": 3, "u8": 3, "classes": 1}.get(case.split("-")[1], 3 if case.startswith(LOSSY + ("webp",)) else 2)
            row = [f"{count * size / 1e6 / statistics.median(t['ours'] for t in rounds):.0f}"]
            for name in names:
                row.append(f"{statistics.median(t[name] / t['ours'] for t in rounds):.2f}" if name in rounds[0] else "")
            print(f"| {kind} | {case} | " + " | ".join(row) + " |", flush=True)


main()
