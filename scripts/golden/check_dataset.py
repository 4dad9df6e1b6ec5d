"""What `stacchip merge`, `split` and `query` write is read by pyarrow, geopandas, DuckDB and Polars, and says the same to each."""

import json
import pathlib
import subprocess
import sys

import duckdb
import geopandas
import polars
import pyarrow.dataset
import pyarrow.parquet as pq
import shapely

import harness

PLATFORMS = ["sentinel-2", "landsat", "naip"]


def main():
    binary = harness.binary_from_arguments()
    report = harness.Report("datasets open elsewhere")
    with harness.scratch() as folder:
        items = [harness.sample(binary, f"{folder}/{name}", name, seed=5) for name in PLATFORMS]
        lines = "\n".join(json.dumps(json.loads(item.read_text())) for item in items)
        index = f"{folder}/index"
        arguments = ["--chip-size", "32", "--max-nodata", "1", "--no-headers"]
        for item in items:
            binary.must("index", item, "-o", index, *arguments)
        report.check(lines.count("\n") == len(items) - 1, "items")
        binary.must("split", index, "--by", "cell:14", "--strata", "platform")
        merged, parts = f"{folder}/merged.parquet", f"{folder}/parts"
        binary.must("merge", index, "-o", merged)
        binary.must("merge", index, "-o", parts, "--part-rows", "100")
        rows = opens(report, merged, merged, "one file")
        report.equal(opens(report, parts, f"{parts}/*.parquet", "a folder"), rows, "rows of the folder")
        report.equal(opens(report, index, f"{index}/*.parquet", "a table an item"), rows, "rows of the tables")
        geo(report, merged)
        for path in [merged, parts, index]:
            conforms(report, path)
        conditions(report, binary, merged, folder)
    report.close()


def opens(report, path, pattern, what):
    table = pyarrow.dataset.dataset(path, format="parquet").to_table()
    frame = geopandas.read_parquet(path)
    report.equal(len(frame), table.num_rows, f"{what}: geopandas")
    report.check(frame.geometry.is_valid.all() and frame.crs == "OGC:CRS84", f"{what}: outlines are valid")
    count, splits = duckdb.sql(f"select count(*), count(distinct split) from '{pattern}'").fetchall()[0]
    report.equal((count, splits), (table.num_rows, 3), f"{what}: DuckDB")
    polar = polars.read_parquet(pattern)
    report.equal(polar.height, table.num_rows, f"{what}: Polars")
    report.equal(polar["cell"].sum() % 1000, sum(table["cell"].to_pylist()) % 2**64 % 1000, f"{what}: cells")
    return table.num_rows


def geo(report, path):
    """What GeoParquet 1.1 asks of the metadata, and whether it is true of the rows."""
    file = pq.ParquetFile(path)
    said = json.loads(file.metadata.metadata[b"geo"])
    column = said["columns"][said["primary_column"]]
    report.check(said["version"] == "1.1.0" and column["encoding"] == "WKB", "GeoParquet 1.1, WKB")
    table = file.read()
    outlines = shapely.from_wkb(table["geometry"].to_numpy())
    kinds = sorted({outline.geom_type for outline in outlines})
    report.equal(sorted(column["geometry_types"]), kinds, "kinds of geometry")
    box = shapely.total_bounds(outlines).tolist()
    report.equal(column["bbox"], box, "the box around all")
    covering = table["bbox"].combine_chunks()
    for i, edge in enumerate(["xmin", "ymin", "xmax", "ymax"]):
        report.equal(column["covering"]["bbox"][edge], ["bbox", edge], f"covering {edge}")
        same = (shapely.bounds(outlines)[:, i] == covering.field(edge).to_numpy()).all()
        report.check(same, f"the covering is the box around each outline: {edge}")


def conforms(report, path):
    """The abstract tests of GeoParquet 1.1, by a program nobody here wrote."""
    program = pathlib.Path(sys.executable).parent / "geoparquet-validator"
    done = subprocess.run([program, "check", path, "--class", "all"], capture_output=True, text=True)
    report.check(done.returncode == 0 and "FAIL" not in done.stdout, f"{path}: GeoParquet", done.stdout + done.stderr)


def conditions(report, binary, path, folder):
    box = json.loads(pq.ParquetFile(path).metadata.metadata[b"geo"])["columns"]["geometry"]["bbox"]
    for condition in [
        "cloud_cover_percentage < 0.2",
        "platform = 'naip' AND chip_index_x % 2 = 0",
        "split IN ('val', 'test') OR nodata_percentage > 0.01",
        "month(datetime) BETWEEN 3 AND 9 AND item_id LIKE '%a%'",
        f"bbox.xmin > {box[0] / 2 + box[2] / 2} AND NOT (platform = 'landsat-c2l2-sr')",
        "date >= DATE '2020-01-01' AND datetime < TIMESTAMP '2100-01-01 00:00:00'",
    ]:
        out = f"{folder}/found.parquet"
        told = binary.must("query", path, "--where", condition, "-o", out, "--overwrite", "--json").json()
        wanted = duckdb.sql(f"select chipid from '{path}' where {condition} order by 1").fetchall()
        found = duckdb.sql(f"select chipid from '{out}' order by 1").fetchall()
        report.check(told["rows"] == len(wanted) and found == wanted, condition, f"{len(found)}, DuckDB {len(wanted)}")


main()
