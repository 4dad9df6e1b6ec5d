"""Cubes and their statistics against the Python package, in turn, over the same draw of a Sentinel-2 item of full size.

    cubes.py STACCHIP ITEM ALONE SEVERAL STATISTICS

makes ALONE cubes, then SEVERAL, then statistics of so many cubes of 10 chips, and prints a line of JSON for each. The Python
functions run as released (`get_chip`, `stack_chips`, `get_stats_keys`) in pools of two, with the disk in place of buckets and the
Chipper told which assets to read. Imports of Python are not counted, the start of ours is. Ours runs before and after; cubes must
hold the same pixels.
"""
import contextlib
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pystac
from contenders import item_of
from stacchip.indexer import NoStatsChipIndexer
from stacchip.processors import prechip, stats

binary, item_path = sys.argv[1:3]
alone, several, many = map(int, sys.argv[3:6])
item = pystac.Item.from_file(item_path)
item.make_asset_hrefs_absolute()
text = json.dumps(item.to_dict())
Chipper = prechip.Chipper


class Told(Chipper):
    def __init__(self, indexer):
        super().__init__(indexer, assets=prechip.S2_BANDS)


class Disk:
    def __init__(self, folder=None, key=None):
        self.folder, self.key = folder, key

    def upload_fileobj(self, Fileobj, Bucket, Key):
        path = self.folder / Path(Key).name
        path.write_bytes(Fileobj.read())

    def Object(self, bucket, key):
        return Disk(key=key)

    def get(self):
        return {"Body": open(self.key, "rb")}


def cubes(index, folder, count):
    folder.mkdir(parents=True, exist_ok=True)
    table = pq.read_table(index)
    np.random.seed(42)
    drawn = np.random.randint(0, len(table), len(table))
    columns = ["item_id", "date", "chip_index_x", "chip_index_y"]
    prechip.boto3.client = lambda _: Disk(folder)
    for cube in range(count):
        rows = drawn[cube * 128 : (cube + 1) * 128].tolist()
        chips = [("", row, "sentinel-2-l2a", *(table[name][row].as_py() for name in columns)) for row in rows]
        with Pool(2) as pool:
            data = pool.starmap(prechip.get_chip, chips)
        prechip.stack_chips(data, cube_id=cube, chip_bucket="", platform="sentinel-2-l2a")


def statistics(files):
    with Pool(2) as pool:
        return pool.map(stats.get_stats_keys, files, chunksize=1)


def timed(run):
    """Wall seconds, and processor seconds of this process and its children."""

    def processor():
        both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(u.ru_utime + u.ru_stime for u in both)

    cpu, wall = processor(), time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        run()
    return time.perf_counter() - wall, processor() - cpu


def turns(work, ours, theirs):
    first, peer, last = timed(ours), timed(theirs), timed(ours)
    wall, cpu = ((a + b) / 2 for a, b in zip(first, last))
    seconds = f"{wall:.2f} and {peer[0]:.2f}"
    print(json.dumps({"work": work, "wall": peer[0] / wall, "cpu": peer[1] / cpu, "seconds": seconds}), flush=True)


def program(*arguments):
    subprocess.run([binary, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def equal(ours, theirs):
    files = sorted(theirs.glob("*.npz"))
    for path in files:
        with np.load(path) as a, np.load(next(ours.rglob(path.name))) as b:
            if not np.array_equal(a["pixels"], b["pixels"]):
                raise SystemExit(f"{path.name} holds other pixels")


prechip.load_indexer_s3 = lambda **_: NoStatsChipIndexer(item_of(json.loads(text)))
prechip.Chipper = Told
stats.boto3.resource = lambda _: Disk()
with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    index = folder / "index.parquet"
    program("index", item_path, "-o", index, "--max-nodata", 1, "--stats", "none", "-q")
    parity = ["--parity", "--max-nodata", 1, "--index", 0, "-q", "--overwrite"]
    for count in filter(None, (alone, several)):
        ours, theirs = folder / f"ours-{count}", folder / f"theirs-{count}"
        make = lambda: program("prechip", index, "-o", ours, *parity, "--cubes-per-job", count)  # noqa: B023, E731
        turns(f"prechip, {count} cube{'s' * (count > 1)} of 128 chips", make, lambda: cubes(index, theirs, count))  # noqa: B023
        equal(ours, theirs)
    if many:
        program("prechip", index, "-o", folder / "small", "--platform", "sentinel-2-l2a", "--max-nodata", 1, "--cube-size", 10, "--level", 1, "-q")
        made = sorted((folder / "small").rglob("*.npz"))
        if len(made) > many:
            made = made[:many]
        linked = folder / "linked" / "sentinel-2-l2a"
        linked.mkdir(parents=True)
        for n in range(many):
            os.link(made[n % len(made)], linked / f"cube_{n}.npz")
        files = [str(linked / f"cube_{n}.npz") for n in range(many)]
        turns(f"stats of {many} cubes of 10 chips", lambda: program("stats", linked), lambda: statistics(files))
