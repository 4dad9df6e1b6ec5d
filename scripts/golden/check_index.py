"""The index file by itself, read by pyarrow, geopandas and DuckDB: columns, metadata, pruning, geometry.

Call: check_index.py INDEX.parquet, on what the example `write_index` of stacchip-adapters has written.
Needs pyarrow, geopandas and duckdb (scripts/golden/requirements-readers.txt).
"""

import json
import sys

import duckdb
import geopandas
import pyarrow.parquet as pq

COLUMNS = 360
LINES = 200
ROWS = COLUMNS * LINES


def main(path):
    checks = []

    def check(held, what):
        checks.append(bool(held))
        print(("ok    " if held else "FAILS ") + what)

    file = pq.ParquetFile(path)
    metadata = file.metadata
    check(metadata.num_rows == ROWS, f"{ROWS} rows")
    check(metadata.num_row_groups == 2, "row groups of at most 65536 rows")
    pairs = metadata.metadata
    check(pairs[b"stacchip:schema_version"] == b"1.1", "the version of the schema")
    check(pairs[b"stacchip:creator"].startswith(b"stacchip "), "the maker")
    geo = json.loads(pairs[b"geo"])
    column = geo["columns"]["geometry"]
    check(geo["version"] == "1.1.0" and geo["primary_column"] == "geometry", "GeoParquet 1.1")
    check(column["encoding"] == "WKB" and "crs" not in column, "WKB in the default system")
    check(column["geometry_types"] == ["MultiPolygon", "Polygon"], "kinds of geometry, sorted")
    check(column["bbox"] == [-180.0, -50.0, 180.0, 50.0], "the box around all")
    check(column["covering"]["bbox"]["xmin"] == ["bbox", "xmin"], "the covering")
    names = [metadata.schema.column(i).path for i in range(metadata.num_columns)]
    group = metadata.row_group(1)
    south = group.column(names.index("bbox.ymin")).statistics
    check(south.has_min_max and south.min > 30, "statistics of the covering, to prune with")
    check(all(group.column(i).compression == "ZSTD" for i in range(group.num_columns)), "zstd")
    encodings = group.column(names.index("item_id")).encodings
    check("RLE_DICTIONARY" in encodings, "repeated texts in a dictionary")

    frame = geopandas.read_parquet(path)
    check(len(frame) == ROWS and frame.crs == "OGC:CRS84", "geopandas reads all, in OGC:CRS84")
    check(frame.geometry.is_valid.all(), "every outline is valid")
    covering = pq.read_table(path, columns=["bbox"])["bbox"].combine_chunks()
    edges = [covering.field(name).to_numpy() for name in ("xmin", "ymin", "xmax", "ymax")]
    bounds = frame.geometry.bounds.to_numpy()
    check(all((bounds[:, i] == edges[i]).all() for i in range(4)), "the covering is the box around each outline")
    across = frame[frame.chip_index_x == COLUMNS - 1]
    check((across.geom_type == "MultiPolygon").all() and len(across) == LINES, "chips across the antimeridian")
    some = geopandas.read_parquet(path, bbox=(10.1, 20.1, 11.2, 20.2))
    # The chips across the antimeridian are covered by a band around the world, and stay candidates.
    check(0 < len(some) < 20 and "scene-189-140" in set(some.chipid), "geopandas prunes by box")
    check(str(frame.datetime.iloc[0]) == "2024-05-01 10:20:30.123456+00:00", "the moment")
    check(str(frame.date.iloc[0])[:10] == "2024-05-01", "the day")

    connection = duckdb.connect()
    found = connection.sql(
        f"select count(*), max(chip_index_x), min(bbox.xmin), any_value(typeof(date)) from read_parquet('{path}')"
    ).fetchall()
    check(found == [(ROWS, COLUMNS - 1, -180.0, "DATE")], "DuckDB reads columns and the covering")
    one = connection.sql(f"select chip_index_y from read_parquet('{path}') where chipid = 'scene-7-9'").fetchall()
    check(one == [(9,)], "DuckDB finds a chip by its id")

    with open(path.removesuffix(".parquet") + ".items.ndjson", encoding="utf-8") as lines:
        items = [json.loads(line) for line in lines]
    check([i["item"]["id"] for i in items] == ["scene"], "the items beside it")
    failed = checks.count(False)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
