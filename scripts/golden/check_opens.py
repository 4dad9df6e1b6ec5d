"""What we write opens elsewhere: the index in geopandas, pyarrow, DuckDB and Polars, the samples as valid COGs."""

import json

import duckdb
import geopandas
import polars
import pyarrow.parquet as pq
import rasterio
from rio_cogeo.cogeo import cog_validate

import harness

# Column and type as pyarrow prints it, in the order of the file; the page docs/src/index-format.md says the same.
COLUMNS = {
    "chipid": "string",
    "date": "date32[day]",
    "chip_index_x": "uint16",
    "chip_index_y": "uint16",
    "cloud_cover_percentage": "float",
    "nodata_percentage": "float",
    "geometry": "binary",
    "item_id": "string",
    "item_href": "string",
    "collection": "string",
    "platform": "string",
    "spacecraft": "string",
    "datetime": "timestamp[us, tz=UTC]",
    "start_datetime": "timestamp[us, tz=UTC]",
    "end_datetime": "timestamp[us, tz=UTC]",
    "crs": "string",
    "chip_size": "uint32",
    "stride": "uint32",
    "window_col": "uint32",
    "window_row": "uint32",
    "window_width": "uint32",
    "window_height": "uint32",
    "cell": "uint64",
}


def main():
    binary = harness.binary_from_arguments()
    report = harness.Report("our files open elsewhere")
    with harness.scratch() as folder:
        for platform in harness.PLATFORMS:
            path = harness.sample(binary, f"{folder}/{platform}", platform, seed=5)
            samples_are_valid_cogs(report, path, platform)
            index = f"{folder}/{platform}.parquet"
            binary.must("index", path, "-o", index)
            opens(report, index, platform)
    report.close()


def samples_are_valid_cogs(report, path, platform):
    item = json.loads(path.read_text())
    for key in harness.data_assets(item):
        file = path.parent / item["assets"][key]["href"]
        valid, errors, warnings = cog_validate(str(file), strict=True, quiet=True)
        report.check(valid and not errors and not warnings, f"{platform} {key} is a COG", f"{errors} {warnings}")
        with rasterio.open(file) as source:
            size = [source.height, source.width]
            told = item["assets"][key].get("proj:shape", item["properties"].get("proj:shape"))
            report.equal(size, told, f"{platform} {key}: size")


def opens(report, index, platform):
    table = pq.read_table(index)
    schema = {field.name: plain(field.type) for field in table.schema}
    for name, kind in COLUMNS.items():
        report.equal(schema.get(name), kind, f"{platform} pyarrow: type of {name}")
    order = [field.name for field in table.schema if field.name in COLUMNS]
    report.equal(order, list(COLUMNS), f"{platform} pyarrow: order of columns")

    geo = json.loads(pq.ParquetFile(index).metadata.metadata[b"geo"])
    report.equal(geo["version"], "1.1.0", f"{platform} GeoParquet version")
    report.equal(geo["primary_column"], "geometry", f"{platform} primary column")
    report.equal(geo["columns"]["geometry"]["encoding"], "WKB", f"{platform} encoding")
    covering = geo["columns"]["geometry"].get("covering", {}).get("bbox", {})
    report.equal(covering.get("xmin"), ["bbox", "xmin"], f"{platform} covering")

    frame = geopandas.read_parquet(index)
    report.equal(len(frame), table.num_rows, f"{platform} geopandas: rows")
    report.check(frame.crs is not None and frame.crs.to_epsg() in (4326, None) and frame.crs.is_geographic, f"{platform} geopandas: CRS", str(frame.crs))
    report.check(frame.geometry.is_valid.all(), f"{platform} geopandas: valid geometries")
    west, south, east, north = frame.geometry.iloc[0].bounds
    box = (west + (east - west) * 0.4, south + (north - south) * 0.4, west + (east - west) * 0.6, south + (north - south) * 0.6)
    few = geopandas.read_parquet(index, bbox=box)
    report.check(0 < len(few) < len(frame), f"{platform} geopandas: bbox filter", f"{len(few)} of {len(frame)} rows")
    report.check(frame["chipid"].iloc[0] in set(few["chipid"]), f"{platform} geopandas: bbox filter keeps the chip asked for")

    clear = frame[frame["cloud_cover_percentage"] < 0.1]
    with duckdb.connect() as database:
        rows, = database.execute("select count(*) from read_parquet(?)", [index]).fetchone()
        report.equal(rows, table.num_rows, f"{platform} DuckDB: rows")
        rows, = database.execute(
            "select count(*) from read_parquet(?) where cloud_cover_percentage < 0.1::float", [index]
        ).fetchone()
        report.equal(rows, len(clear), f"{platform} DuckDB: filter")
        edge, = database.execute("select min(bbox.xmin) from read_parquet(?)", [index]).fetchone()
        report.check(abs(edge - frame.geometry.bounds["minx"].min()) < 1e-9, f"{platform} DuckDB: bbox column", str(edge))

    lazy = polars.scan_parquet(index).select("chipid", "nodata_percentage", "datetime").collect()
    report.equal(lazy.height, table.num_rows, f"{platform} Polars: rows")
    report.equal(lazy["chipid"].to_list(), frame["chipid"].to_list(), f"{platform} Polars: ids")


def plain(kind):
    """The type of the values: whether a text column is dictionary-encoded is the file's own business."""
    return str(getattr(kind, "value_type", kind)) if str(kind).startswith("dictionary") else str(kind).replace("large_", "")


if __name__ == "__main__":
    main()
