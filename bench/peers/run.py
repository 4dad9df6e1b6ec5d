#!/usr/bin/env python3
"""Measures stacchip and its peers in turn, checks that they give the same pixels, prints tables.

    run.py --worker PATH --data FOLDER [--suites chips,index,…] [--rounds 5] [--write docs/benchmarks.md]

Every contender is a process that stays alive, so imports cost nothing. They take turns, A B C … C B A …;
a ratio is that of two runs of one round, and what is printed is the median over the rounds: the peer's
time over stacchip's. Above 1 stacchip is faster.
"""
import argparse
import json
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
           "stacchip (Python)", "stacchip (Python), pool of two", "rio-tiler"]
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
        self.args, self.tables = args, []
        self.log = open(args.data / "contenders.log", "a")

    def ours(self, suite, *more, name=OURS):
        return Contender(name, [self.args.worker, suite, *more], self.log)

    def peer(self, name):
        return Contender(name, [sys.executable, HERE / "contenders.py", name], self.log)

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
        ratios, speeds = {}, {}
        for scene in scenes:
            assets = BANDS.get(scene, ["red"])
            job = self.job(scene, assets)
            job["xy"] = some_chips(job["shape"], self.args.chips)
            contenders = [self.ours("chips"), self.ours("chips", "--threads", "2", name=OURS_TWO), *map(self.peer, readers)]
            if "deflate" in scene or scene in ("sentinel-2", "landsat", "naip"):
                contenders.append(self.ours("bound", name=FLOOR))
            found, wrong = self.measure(contenders, job, verify=True)
            for name, rounds in found.items():
                ratios.setdefault(name, {})[scene] = cell(rounds, found[OURS], wrong.get(name))
            speeds[scene] = statistics.median(len(job["xy"]) / r["wall"] for r in found[OURS].values())
            say(scene, {n: r[scene] for n, r in ratios.items() if scene in r})
        head = [f"{s} ({speeds[s]:.0f} chips/s)" for s in scenes]
        self.table(title, head, ratios, scenes)

    def suite_chips(self):
        self.chips(list(BANDS), "Random chips, all bands, one thread of stacchip = 1: wall time, processor time", READERS)

    def suite_variants(self):
        self.chips(VARIANTS, "Random chips of one band, by codec and tile", ["rasterio", "tifffile + imagecodecs", "async-tiff"])

    def suite_order(self):
        ratios = {}
        for scene in ("sentinel-2", "landsat"):
            job = self.job(scene, BANDS[scene])
            down, across = (n // 256 for n in job["shape"])
            job["xy"] = [[x, y] for y in range(down) for x in range(across)]
            contenders = [self.ours("seq"), self.ours("seq", "--threads", "2", name=OURS_TWO), self.peer("rasterio"),
                          self.peer("rasterio, two threads"), self.ours("bound", name=FLOOR)]
            found, wrong = self.measure(contenders, job, verify=False)
            for name, rounds in found.items():
                ratios.setdefault(name, {})[scene] = cell(rounds, found[OURS], wrong.get(name))
            say(scene, {n: r[scene] for n, r in ratios.items()})
        self.table("A whole scene in index order", ["sentinel-2", "landsat"], ratios, ["sentinel-2", "landsat"])

    def suite_index(self):
        ratios = {}
        with tempfile.TemporaryDirectory() as folder:
            for scene, kind in (("sentinel-2", "sentinel2"), ("landsat", "landsat")):
                job = self.job(scene, [], kind=kind, out=f"{folder}/index.parquet")
                contenders = [self.ours("index"), self.ours("index", "--threads", "2", name=OURS_TWO),
                              self.peer("GDAL, the mask band only"), self.peer("stacchip (Python), index")]
                found, wrong = self.measure(contenders, job, verify=False)
                for name, rounds in found.items():
                    ratios.setdefault(name, {})[scene] = cell(rounds, found[OURS], wrong.get(name))
                say(scene, {n: r[scene] for n, r in ratios.items()})
        self.table("Indexing a scene, in process", ["sentinel-2", "landsat"], ratios, ["sentinel-2", "landsat"])

    def suite_encode(self):
        rows = {}
        for ours, peers in (("png", ["PNG: GDAL", "PNG: Pillow"]), ("npz", ["npz: numpy"]), ("npz-deflated", ["npz, deflated: numpy"]),
                            ("tiff", ["GeoTIFF: rasterio"])):
            for scene in ("sentinel-2", "naip"):
                job = self.job(scene, BANDS[scene])
                job["xy"] = some_chips(job["shape"], 16)
                found, wrong = self.measure([self.ours("encode", "--encoder", ours), *map(self.peer, peers)], job, verify=False)
                bytes_of = {n: statistics.median(a["encoded"] for a in r.values()) for n, r in found.items() if r}
                for peer in peers:
                    size = f"; {bytes_of[peer] / bytes_of[OURS]:.2f}" if peer in bytes_of else ""
                    rows.setdefault(peer, {})[scene] = cell(found[peer], found[OURS], wrong.get(peer)) + size
                say(ours, {p: rows[p][scene] for p in peers})
        self.table("Files of chips in memory: wall time, processor time; bytes", ["sentinel-2", "naip"], rows, ["sentinel-2", "naip"])

    def table(self, title, head, rows, columns):
        lines = [f"### {title}", "", "| | " + " | ".join(head) + " |", "|---|" + "---|" * len(head)]
        lines += [f"| {name} | " + " | ".join(cells.get(c, "") for c in columns) + " |" for name, cells in rows.items() if name != OURS]
        self.tables.append("\n".join(lines))


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
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--suites", default="chips,variants,order,index,encode")
    parser.add_argument("--chips", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, help="a page whose part between the marks is replaced by the tables")
    args = parser.parse_args()
    bench = Bench(args)
    for suite in args.suites.split(","):
        getattr(bench, f"suite_{suite}")()
    text = "\n\n".join(bench.tables)
    print(text)
    if args.write:
        page = args.write.read_text()
        mark = "<!-- {} of what bench/peers.sh writes -->"
        between = re.compile(re.escape(mark.format("begin")) + ".*?" + re.escape(mark.format("end")), re.DOTALL)
        made = f"{mark.format('begin')}\n\nMeasured on {time.strftime('%F')}.\n\n{text}\n\n{mark.format('end')}"
        args.write.write_text(between.sub(lambda _: made, page))


if __name__ == "__main__":
    main()
