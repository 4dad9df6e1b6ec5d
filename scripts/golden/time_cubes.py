"""Times prechip and stats against the Python package, in turn, over the same draw of a Sentinel-2 item: time_cubes.py BINARY ITEM [CUBES]

The Python functions run as released (`get_chip`, `stack_chips`, `get_stats_keys`) in pools of two, with the disk in place of
buckets and the Chipper told which assets to read. Imports of Python are not counted, the start of ours is.
"""

import contextlib
import io
import json
import subprocess
import sys
import tempfile
import time
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pystac
from stacchip.indexer import NoStatsChipIndexer
from stacchip.processors import prechip, stats

binary, item_path, count = sys.argv[1], sys.argv[2], int((sys.argv[3:] or ["2"])[0])
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


def cubes(index, folder):
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


def timed(what, run):
    start = time.time()
    with contextlib.redirect_stdout(io.StringIO()):
        run()
    print(f"{what}: {time.time() - start:.2f} s", flush=True)
    return time.time() - start


def ours(*arguments):
    return lambda: subprocess.run([binary, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


prechip.load_indexer_s3 = lambda **_: NoStatsChipIndexer(pystac.Item.from_dict(json.loads(text)))
prechip.Chipper = Told
stats.boto3.resource = lambda _: Disk()
with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    ours("index", item_path, "-o", folder / "i.parquet", "--max-nodata", 1, "--stats", "none", "-q")()
    theirs = folder / "sentinel-2-l2a"
    theirs.mkdir()
    parity = ["--parity", "--max-nodata", 1, "--index", 0, "--cubes-per-job", count, "-q"]
    a = timed("prechip, ours", ours("prechip", folder / "i.parquet", "-o", folder / "ours", *parity))
    b = timed("prechip, the Python package", lambda: cubes(folder / "i.parquet", theirs))
    print(f"ratio {b / a:.1f}")
    files = [str(file) for file in sorted(theirs.glob("*.npz"))]
    a = timed("stats, ours", ours("stats", theirs))
    b = timed("stats, the Python package", lambda: statistics(files))
    print(f"ratio {b / a:.1f}")
