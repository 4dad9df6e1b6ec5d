"""stacchip against DuckDB: merging an index of many items into one sorted table, and asking it.

    python bench/dataset.py make FOLDER [--items 6000] [--rows 10000000] [--seed 1]
    python bench/dataset.py merge FOLDER --stacchip PATH [--memory 512MiB]
    python bench/dataset.py query FOLDER --stacchip PATH
    python bench/dataset.py leaks FOLDER --stacchip PATH --rows 1000000

`make` writes made-up tables of the columns that `stacchip index` writes, one an item: items of a few hundred
places on the globe, each seen at many dates. It needs numpy, pyarrow and DuckDB.
"""

import argparse
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

EPOCH = np.datetime64("2018-01-01T10:30:00", "us")
EDGES = ["xmin", "ymin", "xmax", "ymax"]


def squares(west, south, edge):
    """Outlines as WKB, their boxes beside."""
    count = len(west)
    east, north = west + edge, south + edge
    ring = np.empty((count, 5, 2))
    for corner, (x, y) in enumerate([(east, north), (east, south), (west, south), (west, north), (east, north)]):
        ring[:, corner, 0], ring[:, corner, 1] = x, y
    head = np.frombuffer(b"\x01\x03\x00\x00\x00\x01\x00\x00\x00\x05\x00\x00\x00", np.uint8)
    wkb = np.empty((count, 93), np.uint8)
    wkb[:, :13] = head
    wkb[:, 13:] = ring.reshape(count, 10).astype("<f8").view(np.uint8).reshape(count, 80)
    offsets = np.arange(count + 1, dtype=np.int32) * 93
    geometry = pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(wkb)])
    fields = [pa.field(name, pa.float64(), nullable=False) for name in EDGES]
    bbox = pa.StructArray.from_arrays([pa.array(v) for v in (west, south, east, north)], fields=fields)
    return geometry, bbox


def item(number, place, date, side, rng):
    count = side * side
    x = np.tile(np.arange(side, dtype=np.uint16), side)
    y = np.repeat(np.arange(side, dtype=np.uint16), side)
    edge = 0.023
    geometry, bbox = squares(place[0] + x * edge, place[1] - (y + 1.0) * edge, edge)
    name = f"S2A_T{number:06d}_{date}"
    same = lambda value, kind=pa.string(): pa.repeat(pa.scalar(value, kind), count)
    moment = EPOCH + np.timedelta64(int(date) * 86_400_000_000, "us")
    columns = {
        "chipid": pa.array([f"{name}-{i}-{j}" for j in range(side) for i in range(side)]),
        "date": same(moment.astype("datetime64[D]").astype(object), pa.date32()),
        "chip_index_x": pa.array(x),
        "chip_index_y": pa.array(y),
        "cloud_cover_percentage": pa.array(rng.beta(0.4, 0.6, count).astype(np.float32)),
        "nodata_percentage": pa.array((rng.random(count) * 0.5 * (rng.random(count) < 0.1)).astype(np.float32)),
        "geometry": geometry,
        "item_id": same(name),
        "item_href": same(f"https://example.org/collections/sentinel-2-l2a/items/{name}.json"),
        "collection": same("sentinel-2-l2a"),
        "platform": same("sentinel-2-l2a"),
        "spacecraft": same("sentinel-2a"),
        "datetime": same(moment.astype(object), pa.timestamp("us", "UTC")),
        "start_datetime": pa.nulls(count, pa.timestamp("us", "UTC")),
        "end_datetime": pa.nulls(count, pa.timestamp("us", "UTC")),
        "crs": same(f"EPSG:{32601 + number % 60}"),
        "chip_size": same(256, pa.uint32()),
        "stride": same(256, pa.uint32()),
        "window_col": pa.array(x.astype(np.uint32) * 256),
        "window_row": pa.array(y.astype(np.uint32) * 256),
        "window_width": same(256, pa.uint32()),
        "window_height": same(256, pa.uint32()),
        # What a merge sorts by is computed from the outline; here it only has to be there.
        "cell": pa.array(np.full(count, number, np.uint64)),
        "bbox": bbox,
    }
    nulls = {"item_href", "collection", "platform", "spacecraft", "start_datetime", "end_datetime"}
    fields = [pa.field(n, a.type, nullable=n in nulls) for n, a in columns.items()]
    return name, pa.table(list(columns.values()), schema=pa.schema(fields))


def make(args):
    out = args.folder / "index"
    out.mkdir(parents=True)
    rng = np.random.default_rng(args.seed)
    side = round((args.rows / args.items) ** 0.5)
    places = max(1, args.items // 60)
    grid = np.stack([rng.uniform(-20, 60, places), rng.uniform(0, 60, places)], 1)
    for number in range(args.items):
        name, table = item(number % places, grid[number % places], number // places * 12, side, rng)
        geo = {
            "version": "1.1.0",
            "primary_column": "geometry",
            "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Polygon"]}},
        }
        table = table.replace_schema_metadata({"geo": json.dumps(geo), "stacchip:schema_version": "1.1"})
        pq.write_table(table, out / f"{name}.parquet", compression="zstd", row_group_size=65_536)
    print(f"{args.items} tables of {side * side} rows")


def timed(command, **more):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(["/usr/bin/time", "-f", "%M", *map(str, command)], capture_output=True, text=True, **more)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode:
        sys.exit(f"{command}: {done.stderr}")
    return {"wall_s": round(wall, 2), "cpu_s": round(cpu, 2), "peak_mib": int(done.stderr.split()[-1]) // 1024}, done.stdout


DUCK_MERGE = """
import duckdb, sys
db = duckdb.connect()
db.execute("SET threads = {threads}")
db.execute("SET preserve_insertion_order = true")
# The spatial extension is not always at hand: a Hilbert curve over centres of boxes in plain SQL would be unfair,
# so the order is that of squares of 5' and then of the centre, which prunes as well.
db.execute('''COPY (SELECT * FROM read_parquet('{index}/*.parquet')
    ORDER BY floor((bbox.ymin + 90) * 2), floor((bbox.xmin + 180) * 2), bbox.ymin, bbox.xmin)
    TO '{out}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 65536)''')
"""

DUCK_BY_CELL = """
import duckdb
db = duckdb.connect()
db.execute("SET threads = {threads}")
db.execute('''COPY (SELECT * FROM read_parquet('{ours}') ORDER BY cell, bbox.ymin, bbox.xmin)
    TO '{out}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 65536)''')
"""


def merge(args):
    threads = args.threads or os.cpu_count()
    ours = args.folder / "ours.parquet"
    theirs = args.folder / "duckdb.parquet"
    index = args.folder / "index"
    told, _ = timed(
        [args.stacchip, "merge", index, "-o", ours, "--overwrite", "--memory", args.memory, "--threads", threads]
    )
    print("stacchip", json.dumps(told), f"{ours.stat().st_size / 1e6:.0f} MB", flush=True)
    program = DUCK_MERGE.format(threads=threads, index=index, out=theirs)
    told, _ = timed([sys.executable, "-c", program])
    print("DuckDB  ", json.dumps(told), f"{theirs.stat().st_size / 1e6:.0f} MB", flush=True)
    rows = [pq.ParquetFile(path).metadata.num_rows for path in (ours, theirs)]
    assert rows[0] == rows[1], rows


BOX = (10.0, 20.0, 18.0, 26.0)  # 1 % of 80 by 60 degrees
MONTH = ("2019-05-01", "2019-06-01")


def query(args):
    ours = args.folder / "ours.parquet"
    w, s, e, n = BOX
    command = [args.stacchip, "query", ours, "--bbox", ",".join(map(str, BOX)), "--datetime", f"{MONTH[0]}/2019-05-31"]
    command += ["--where", "cloud_cover_percentage < 0.2", "-o", args.folder / "found.parquet", "--overwrite", "--json"]
    for _ in range(3):
        told, out = timed(command)
        print("stacchip", json.dumps(told), json.loads(out))
    for name in ("ours", "duckdb"):
        program = f"""
import duckdb
db = duckdb.connect()
db.execute('''COPY (SELECT * FROM read_parquet('{args.folder / f"{name}.parquet"}')
    WHERE bbox.xmin <= {e} AND bbox.xmax >= {w} AND bbox.ymin <= {n} AND bbox.ymax >= {s}
    AND datetime >= TIMESTAMPTZ '{MONTH[0]}' AND datetime < TIMESTAMPTZ '{MONTH[1]}' AND cloud_cover_percentage < 0.2)
    TO '{args.folder / "found-duckdb.parquet"}' (FORMAT parquet, COMPRESSION zstd)''')
"""
        for _ in range(3):
            told, _ = timed([sys.executable, "-c", program])
            print(f"DuckDB on {name}", json.dumps(told))
    counts = [pq.ParquetFile(args.folder / f).metadata.num_rows for f in ("found.parquet", "found-duckdb.parquet")]
    print("rows", counts)


def leaks(args):
    """A million places, split by cell; then one chip moved by a tenth of itself into another split."""
    folder = args.folder / "leaks"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rng = np.random.default_rng(3)
    side = 500
    for number in range(max(1, args.rows // side**2)):
        name, table = item(number, (number * 12.0 - 170.0, 40.0), 0, side, rng)
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
    told, out = timed([args.stacchip, "split", folder, "--json"])
    print("split", json.dumps(told), json.loads(out))
    told, out = timed([args.stacchip, "split", folder, "--check", "--json"])
    print("check", json.dumps(told), json.loads(out))
    path = sorted(folder.glob("*.parquet"))[0]
    table = pq.read_table(path)
    row = table.slice(777, 1)
    box = row["bbox"][0].as_py()
    geometry, bbox = squares(np.array([box["xmin"] + 0.002]), np.array([box["ymin"] + 0.002]), 0.023)
    other = "test" if row["split"][0].as_py() == "train" else "train"
    planted = {"geometry": geometry, "bbox": bbox, "split": pa.array([other])}
    for column, value in planted.items():
        at = row.schema.get_field_index(column)
        row = row.set_column(at, row.schema.field(at), value.cast(row.schema.field(at).type))
    pq.write_table(row, folder / "planted.parquet")
    start = time.perf_counter()
    done = subprocess.run([args.stacchip, "split", folder, "--check", "--json"], capture_output=True, text=True)
    told = json.loads(done.stdout)
    print("planted", done.returncode, round(time.perf_counter() - start, 2), "s", told["leaks"], told["examples"][:2])
    assert done.returncode == 1 and told["leaks"] >= 2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "merge", "query", "leaks"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--items", type=int, default=6000)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--memory", default="512MiB")
    parser.add_argument("--stacchip", default="stacchip")
    args = parser.parse_args()
    {"make": make, "merge": merge, "query": query, "leaks": leaks}[args.what](args)


main()
