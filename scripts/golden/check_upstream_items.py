"""The three items that upstream tests itself with, and its answers: 1763, 1024, 1023, 1024 and 12666 x 9704 pixels.

The items are made here from the numbers that matter (id, time, CRS, shapes, transforms), or taken from the folder that
STACCHIP_UPSTREAM_ITEMS names (the three JSON files of upstream's tests/data). The masks are GeoTIFFs of the right size,
written by GDAL, found under the path of their address by `--mount`.
"""

import json
import os
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pyarrow.parquet as pq
import rasterio

import harness

SENTINEL_2 = "S2A_T20HNJ_20240311T140636_L2A"
LANDSAT = "LC09_L2SR_086107_20240311_20240312_02_T2_SR"
NAIP = "m_4207009_ne_19_060_20211024.tif"


def main():
    binary = harness.binary_from_arguments()
    report = harness.Report("upstream's own test items give upstream's answers")
    with harness.scratch() as folder:
        folder = Path(folder)
        sentinel_2(report, binary, folder)
        landsat(report, binary, folder)
        naip(report, binary, folder)
    report.close()


def sentinel_2(report, binary, folder):
    classes = np.full((5490, 5490), 5, dtype="uint8")
    classes[:100, :100] = 0
    classes[:128, 128:192] = 1
    transform = [20, 0, 499980, 0, -20, 6400000]
    item = make_item(
        SENTINEL_2,
        "2024-03-11T14:11:54.463000Z",
        "sentinel-2-c1-l2a",
        {"proj:epsg": 32720},
        {
            "red": asset("s3://bucket/s2/B04.tif", [10980, 10980], [10, 0, 499980, 0, -10, 6400000]),
            "scl": asset("s3://bucket/s2/SCL.tif", [5490, 5490], transform),
            "aot": asset("s3://bucket/s2/AOT.tif", [1830, 1830], [60, 0, 499980, 0, -60, 6400000]),
        },
    )
    write(place(folder, item, "scl"), classes, 32720, transform, nodata=0)
    table = index(report, binary, folder, item, "sentinel-2")
    if table is None:
        return
    report.equal(table.num_rows, 1763, "Sentinel-2: rows")
    report.equal(table.column("chipid")[0].as_py(), f"{SENTINEL_2}-1-0", "Sentinel-2: first id")
    report.equal(table.column("cloud_cover_percentage")[0].as_py(), 0.5, "Sentinel-2: first cloud")


def landsat(report, binary, folder):
    transform = [30, 0, 1517085, 0, -30, -1811685]
    item = make_item(
        LANDSAT,
        "2024-03-11T23:34:56.177554Z",
        "landsat-c2l2-sr",
        {"proj:epsg": 3031, "proj:shape": [8271, 8331], "proj:transform": transform, "platform": "LANDSAT_9"},
        {
            "red": {"href": "s3://bucket/landsat/SR_B4.TIF", "type": "image/vnd.stac.geotiff; cloud-optimized=true"},
            "qa_pixel": {"href": "s3://bucket/landsat/QA_PIXEL.TIF", "type": "image/vnd.stac.geotiff; cloud-optimized=true"},
        },
    )
    quality = np.zeros((8271, 8331), dtype="uint16")
    path = place(folder, item, "qa_pixel")
    write(path, quality, 3031, transform)
    table = index(report, binary, folder, item, "landsat")
    if table is not None:
        report.equal(table.num_rows, 1024, "Landsat: rows")
        report.equal(table.column("chipid")[0].as_py(), f"{LANDSAT}-0-0", "Landsat: first id")
    quality[:200, :200] = 1
    write(path, quality, 3031, transform)
    table = index(report, binary, folder, item, "landsat with fill")
    if table is not None:
        report.equal(table.num_rows, 1023, "Landsat with fill: rows")
        report.equal(table.column("chipid")[0].as_py(), f"{LANDSAT}-1-0", "Landsat with fill: first id")
    table = index(report, binary, folder, item, "landsat with fill, 0.95", "--max-nodata", "0.95")
    if table is not None:
        report.equal(table.num_rows, 1024, "Landsat with fill, limit 0.95: rows")
    table = index(
        report, binary, folder, item, "landsat, shape by hand", "--stats", "none", "--shape", "230,420", "--chip-size", "100"
    )
    if table is not None:
        report.equal(table.num_rows, 8, "Landsat, shape by hand: rows")


def naip(report, binary, folder):
    transform = [0.6, 0, 341338.2, 0, -0.6, 4749053.4, 0, 0, 1]
    item = make_item(
        NAIP,
        "2021-10-24T12:33:05.496897Z",
        None,
        {"proj:epsg": 26919, "proj:shape": [12666, 9704], "proj:transform": transform},
        {"asset": {"href": "s3://bucket/naip/image.tif"}},
    )
    table = index(report, binary, folder, item, "naip", "--stats", "none")
    if table is None:
        return
    report.equal(table.num_rows, (12666 // 256) * (9704 // 256), "NAIP: rows")
    report.equal(table.column("chipid")[0].as_py(), f"{NAIP}-0-0", "NAIP: first id")
    report.equal(table.column("date")[0].as_py().isoformat(), "2021-10-24", "NAIP: first date")


def make_item(name, moment, collection, properties, assets):
    """The item of that id: upstream's file where there is one, else one with the same numbers."""
    named = os.environ.get("STACCHIP_UPSTREAM_ITEMS")
    for path in sorted(Path(named).glob("*.json")) if named else []:
        item = json.loads(path.read_text())
        if item["id"] == name:
            return item
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": ["https://stac-extensions.github.io/projection/v1.1.0/schema.json"],
        "id": name,
        "collection": collection,
        "geometry": None,
        "properties": {"datetime": moment, **properties},
        "links": [],
        "assets": assets,
    }


def place(folder, item, key):
    """Where `--mount folder` looks for an asset: the path of its address under the folder."""
    return folder / urlparse(item["assets"][key]["href"]).path.lstrip("/")


def asset(href, shape, transform):
    return {"href": href, "type": "image/tiff; application=geotiff; profile=cloud-optimized", "proj:shape": shape, "proj:transform": transform}


def write(path, values, epsg, transform, nodata=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {
        "driver": "GTiff", "dtype": values.dtype, "count": 1, "height": values.shape[0], "width": values.shape[1],
        "crs": f"EPSG:{epsg}", "transform": rasterio.Affine(*transform), "nodata": nodata,
        "tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "deflate",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as target:
        target.write(values, 1)


def index(report, binary, folder, item, what, *arguments):
    """The table of an item whose pixels lie under `folder`; only the mask is there, so no headers are kept."""
    path = folder / "item.json"
    path.write_text(json.dumps(item))
    out = folder / "index.parquet"
    run = binary("index", path, "-o", out, "--overwrite", "--mount", folder, "--no-headers", *arguments)
    if not report.check(run.status == 0, what, f"status {run.status}: {run.err}"):
        return None
    return pq.read_table(out)


if __name__ == "__main__":
    main()
