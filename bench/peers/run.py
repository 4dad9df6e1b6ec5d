#!/usr/bin/env python3
"""Measures stacchip and its peers in turn, checks that they give the same pixels, prints tables.

    run.py --worker PATH --stacchip PATH --data FOLDER [--suites chips,index,…] [--rounds 5] [--write docs/benchmarks.md]

Every contender is a process that stays alive, so imports cost nothing. They take turns, A B C … C B A …;
a ratio is that of two runs of one round, and what is printed is the median over the rounds: the peer's
time over stacchip's. Above 1 stacchip is faster. With --keep FILE what was measured is kept there, so that scenes and peers
can be measured one by one: the tables hold all of it.
"""
import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
BANDS = {
    "sentinel-2": ["blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "swir16", "swir22"],
    "landsat": ["red", "green", "blue", "nir08", "swir16", "swir22"],
    "naip": ["image"], "naip-jpeg": ["image"], "linz-webp": ["visual"], "linz-lzw": ["visual"],
}
VARIANTS = ["deflate-512", "deflate-256", "lzw-512", "zstd-512", "lerc-zstd-512", "none-512"]
READERS = ["rasterio", "rasterio, two threads", "tifffile + imagecodecs", "async-tiff", "async-tiff, eight at once",
           "stacchip (Python)", "stacchip (Python), pool of two", "rasterio, opened for each chip", "rio-tiler", "odc-stac", "stackstac",
           "async-geotiff", "Rasteret"]
# These want a numpy that the Python stacchip does not: an environment of their own, where there is one.
APART = {"async-geotiff", "Rasteret"}
OURS, OURS_TWO, FLOOR = "stacchip", "stacchip, two threads", "floor: libdeflate, each tile once"


class Contender:
    def __init__(self, name, command, log):
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)

    def ask(self, **request):
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
            return json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError) as error:
            return {"error": f"died: {error}"}

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Bench:
    def __init__(self, args):
        self.args, self.tables = args, {}
        if args.keep and args.keep.exists():
            self.tables = json.loads(args.keep.read_text())
        self.log = open(args.data / "contenders.log", "a")

    def ours(self, suite, *more, name=OURS):
        return Contender(name, [self.args.worker, suite, *more], self.log)

    def peer(self, name):
        python = self.args.python_apart if name in APART else sys.executable
        return Contender(name, [python, HERE / "contenders.py", name], self.log)

    def of(self, names):
        """Those of `names` that are measured now."""
        known = [n for n in names if n not in APART or self.args.python_apart]
        return [n for n in known if not self.args.only or n in self.args.only]

    def job(self, scene, assets, xy=(), **more):
        item = (self.args.data / scene / "item.json").resolve()
        return {"item": str(item), "assets": assets, "chip_size": 256, "shape": shape(item), "xy": list(xy), **more}

    def measure(self, contenders, job, verify):
        """{name: {round: answer}}, and {name: what is wrong with its pixels}."""
        wrong, sums = {}, {}
        for c in contenders:
            answer = c.ask(op="setup", job=job)
            if "error" not in answer and verify and not c.name.startswith("floor"):
                answer = c.ask(op="verify", n=12)
                sums[c.name] = answer.get("crc")
            if "error" in answer:
                wrong[c.name] = answer["error"]
        reference = sums.get("rasterio")
        for name, crc in sums.items():
            if crc != reference and name not in wrong:
                wrong[name] = "other pixels"
        live = [c for c in contenders if c.name not in wrong or wrong[c.name] == "other pixels"]
        found = {c.name: {} for c in contenders}
        for turn in range(self.args.rounds + 1):  # the first warms up
            for c in live if turn % 2 else live[::-1]:
                answer = c.ask(op="run")
                if "error" in answer:
                    wrong[c.name] = answer["error"]
                elif turn:
                    found[c.name][turn] = answer
        for c in contenders:
            c.end()
        return found, wrong

    def chips(self, scenes, title, readers):
        for scene in filter(self.args.scenes.__contains__, scenes):
            assets = BANDS.get(scene, ["red"])
            job = self.job(scene, assets)
            job["xy"] = some_chips(job["shape"], self.args.chips)
            contenders = [self.ours("chips"), self.ours("chips", "--threads", "2", name=OURS_TWO)]
            # Whose pixels all others' have to be.
            contenders += map(self.peer, dict.fromkeys(["rasterio", *self.of(readers)]))
            if "deflate" in scene or scene in ("sentinel-2", "landsat", "naip"):
                contenders.append(self.ours("bound", name=FLOOR))
            found, wrong = self.measure(contenders, job, verify=True)
            speed = statistics.median(len(job["xy"]) / r["wall"] for r in found[OURS].values())
            self.note(title, scene, f"{scene} ({speed:.0f} chips/s)", found, wrong)

    def suite_chips(self):
        self.chips(BANDS, "Random chips, all bands, one thread of stacchip = 1: wall time, processor time", READERS)

    def suite_variants(self):
        self.chips(VARIANTS, "Random chips of one band, by codec and tile", ["rasterio", "tifffile + imagecodecs", "async-tiff", "async-geotiff"])

    def suite_order(self):
        for scene in filter(self.args.scenes.__contains__, ("sentinel-2", "landsat")):
            job = self.job(scene, BANDS[scene])
            down, across = (n // 256 for n in job["shape"])
            job["xy"] = [[x, y] for y in range(down) for x in range(across)]
            contenders = [self.ours("seq"), self.ours("seq", "--threads", "2", name=OURS_TWO), self.ours("bound", name=FLOOR)]
            contenders += map(self.peer, self.of(["rasterio", "rasterio, two threads"]))
            self.note("A whole scene in index order", scene, scene, *self.measure(contenders, job, verify=False))

    def suite_index(self):
        with tempfile.TemporaryDirectory() as folder:
            for scene, kind in filter(lambda pair: pair[0] in self.args.scenes, (("sentinel-2", "sentinel2"), ("landsat", "landsat"))):
                job = self.job(scene, [], kind=kind, out=f"{folder}/index.parquet")
                contenders = [self.ours("index"), self.ours("index", "--threads", "2", name=OURS_TWO)]
                contenders += map(self.peer, self.of(["GDAL, the mask band only", "stacchip (Python), index"]))
                self.note("Indexing a scene, in process", scene, scene, *self.measure(contenders, job, verify=False))

    def suite_process(self):
        """An index of a scene by programs that start for it."""
        with tempfile.TemporaryDirectory() as folder:
            for scene, kind in filter(lambda pair: pair[0] in self.args.scenes, (("sentinel-2", "sentinel2"), ("landsat", "landsat"))):
                job = self.job(scene, [], kind=kind, out=f"{folder}/theirs.parquet")
                ours = [self.args.stacchip, "index", job["item"], "-o", f"{folder}/ours.parquet", "--overwrite", "-q"]
                once = [sys.executable, HERE / "contenders.py", "stacchip (Python), index", json.dumps(job)]
                commands = {OURS: [*ours, "--no-headers"], "stacchip, headers kept as well": ours, "stacchip (Python)": once}
                found = {name: {} for name in commands}
                for turn in range(self.args.rounds + 1):
                    for name in list(commands)[:: 1 if turn % 2 else -1]:
                        answer = whole(commands[name], self.log)
                        if turn:
                            found[name][turn] = answer
                self.note("Indexing a scene, as a whole process", scene, scene, found, {})

    def suite_cubes(self):
        """Cubes of a scene, and what their bands are like; `--cubes` says how many of them."""
        if "sentinel-2" not in self.args.scenes:
            return
        command = [sys.executable, HERE / "cubes.py", self.args.stacchip, self.job("sentinel-2", [])["item"], *map(str, self.args.cubes)]
        text = subprocess.run(command, stdout=subprocess.PIPE, stderr=self.log, text=True, check=True).stdout
        for line in text.splitlines():
            said = json.loads(line)
            rows = {f"stacchip (Python), pool of two: {said['work']}": {"ratio": f"{said['wall']:.2f}, {said['cpu']:.2f}", "seconds": said["seconds"]}}
            self.put("Cubes, and their statistics, as whole processes on two threads", {"ratio": "wall time, processor time", "seconds": "seconds of both"}, rows)

    def suite_encode(self):
        title = "Files of chips in memory: wall time, processor time; bytes"
        for ours, peers in (("png", ["PNG: GDAL", "PNG: Pillow"]), ("npz", ["npz: numpy"]), ("npz-deflated", ["npz, deflated: numpy"]),
                            ("tiff", ["GeoTIFF: rasterio"])):
            for scene in filter(self.args.scenes.__contains__, ("sentinel-2", "naip")):
                job = self.job(scene, BANDS[scene])
                job["xy"] = some_chips(job["shape"], 16)
                found, wrong = self.measure([self.ours("encode", "--encoder", ours), *map(self.peer, peers)], job, verify=False)
                bytes_of = {n: statistics.median(a["encoded"] for a in r.values()) for n, r in found.items() if r}
                for peer in peers:
                    size = f"; {bytes_of[peer] / bytes_of[OURS]:.2f}" if peer in bytes_of else ""
                    self.put(title, {scene: scene}, {peer: {scene: cell(found[peer], found[OURS], wrong.get(peer)) + size}})

    def note(self, title, column, head, found, wrong):
        """A column of a table: each contender's ratios."""
        cells = {name: {column: cell(rounds, found[OURS], wrong.get(name))} for name, rounds in found.items() if name != OURS}
        self.put(title, {column: head}, cells)

    def put(self, title, heads, rows):
        """Cells of a table, in place of those that were there."""
        say(title, rows)
        table = self.tables.setdefault(title, {"heads": {}, "rows": {}})
        table["heads"].update(heads)
        for name, cells in rows.items():
            table["rows"].setdefault(name, {}).update(cells)
        if self.args.keep:
            self.args.keep.write_text(json.dumps(self.tables, indent=1))

    def text(self):
        return "\n\n".join(written(title, **table) for title, table in self.tables.items())


def written(title, heads, rows):
    lines = [f"### {title}", "", "| | " + " | ".join(heads.values()) + " |", "|---|" + "---|" * len(heads)]
    lines += [f"| {name} | " + " | ".join(cells.get(c, "") for c in heads) + " |" for name, cells in rows.items()]
    return "\n".join(lines)


def whole(command, log):
    """A command as a process: its times, and the most memory that it held."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return {"wall": time.perf_counter() - began, "cpu": usage.ru_utime + usage.ru_stime, "maxrss_mb": usage.ru_maxrss / 1024}


def shape(item):
    said = json.loads(item.read_text())
    places = [said["properties"], *said["assets"].values()]
    return max((p["proj:shape"] for p in places if "proj:shape" in p), key=lambda s: s[0])


def some_chips(shape, count):
    """Chips at random, the same in every run."""
    draw = random.Random(42)
    down, across = (n // 256 for n in shape)
    return [[draw.randrange(across), draw.randrange(down)] for _ in range(count)]


def cell(rounds, ours, wrong):
    """The ratios of the two times, or why there are none."""
    if not rounds:
        return wrong or "–"
    both = [tuple(answer[k] / ours[turn][k] for k in ("wall", "cpu")) for turn, answer in rounds.items() if turn in ours]
    wall, cpu = (statistics.median(pair[n] for pair in both) for n in (0, 1))
    return f"{wall:.2f}, {cpu:.2f}" + (f" ({wrong})" if wrong else "")


def say(*what):
    print(time.strftime("%H:%M:%S"), *what, file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worker", required=True)
    parser.add_argument("--stacchip", required=True, help="the program")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--python-apart", help="the interpreter of peers that want another numpy; without it they are left out")
    parser.add_argument("--suites", default="chips,variants,order,index,process,cubes,encode")
    parser.add_argument("--scenes", type=lambda text: text.split(","), default=[*BANDS, *VARIANTS])
    parser.add_argument("--only", type=lambda text: text.split(";"), help="peers, the others are left out")
    parser.add_argument("--cubes", type=lambda text: [int(n) for n in text.split(",")], default=[1, 4, 500],
                        help="cubes made alone and several, cubes of which there are statistics")
    parser.add_argument("--keep", type=Path, help="a file that keeps what was measured; tables hold what it held before as well")
    parser.add_argument("--chips", type=int, default=200, help="random chips of a list")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, help="a page whose part between the marks is replaced by the tables")
    args = parser.parse_args()
    bench = Bench(args)
    for suite in args.suites.split(","):
        getattr(bench, f"suite_{suite}")()
    text = bench.text()
    print(text)
    if args.write:
        page = args.write.read_text()
        mark = "<!-- {} of what bench/peers.sh writes -->"
        between = re.compile(re.escape(mark.format("begin")) + ".*?" + re.escape(mark.format("end")), re.DOTALL)
        made = f"{mark.format('begin')}\n\nMeasured on {time.strftime('%F')}.\n\n{text}\n\n{mark.format('end')}"
        args.write.write_text(between.sub(lambda _: made, page))


if __name__ == "__main__":
    main()
