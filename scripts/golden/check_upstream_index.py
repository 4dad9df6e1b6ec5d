"""Every row of an index equals the one that the Python stacchip makes of the same scene.

Ids, indices and dates are equal, cloud and nodata are equal as float32, corners lie within 1e-9 degrees; the same rows
are dropped, whatever the limit.
"""

import numpy as np
import pyarrow.parquet as pq
import rasterio
import shapely

import harness
import peer

# platform: the peer's rule, our --stats (None: what `auto` chooses), and how GDAL makes the peer's mask.
RULES = {
    "sentinel-2": [("sentinel-2-scl", None, None), ("none", "none", None)],
    "landsat": [("landsat-qa", None, None), ("none", "none", None)],
    "naip": [("mask", None, "valid"), ("none", "none", None)],
    "linz": [("mask", None, "valid"), ("mask", "nodata:{first}:1=0", "band 1 is 0"), ("none", "none", None)],
    "sentinel-1": [("mask", None, "nodata"), ("none", "none", None)],
    "modis": [("modis-qc", None, None), ("modis-upstream", "rules", None), ("none", "none", None)],
}
LIMITS = [0.0, 0.1, 0.5, 0.95, 1.0]

# What upstream reads in MODIS quality, as a rules file: bit 0 alone for cloud.
MODIS_AS_UPSTREAM = """
[[rule]]
name = "modis-upstream"
asset = "sur_refl_qc_500m"
cloud = { fields = [{ first = 0, last = 1, values = [1] }] }
nodata = { fields = [{ first = 0, last = 1, values = [3] }] }
"""


def main():
    binary = harness.binary_from_arguments()
    report = harness.Report("rows equal those of the Python stacchip")
    with harness.scratch() as folder:
        for platform in harness.PLATFORMS:
            compare_platform(report, binary, f"{folder}/{platform}", platform)
    report.close()


def compare_platform(report, binary, folder, platform):
    path = harness.sample(binary, folder, platform, seed=7)
    scene = peer.Scene(path)
    keys = harness.data_assets(scene.item.to_dict())
    grid = scene.grid(keys)
    rules = f"{folder}/modis-upstream.toml"
    with open(rules, "w") as file:
        file.write(MODIS_AS_UPSTREAM)
    for kind, stats, how in RULES[platform]:
        mask = made_mask(scene.item.assets[keys[0]].href, how) if how else None
        arguments = []
        if stats == "rules":
            arguments = ["--rules", rules]
        elif stats:
            arguments = ["--stats", stats.format(first=keys[0])]
        for limit in LIMITS:
            what = f"{platform} {kind} by {arguments[0] if arguments else 'auto'} at most {limit} nodata"
            index = f"{folder}/index.parquet"
            run = binary("index", path, "-o", index, "--max-nodata", limit, "--overwrite", *arguments)
            if not report.check(run.status == 0, what, f"status {run.status}: {run.last_line}"):
                continue
            theirs = scene.table(kind, grid, mask=mask, chip_max_nodata=limit)
            compare_tables(report, pq.read_table(index), theirs, what)


def made_mask(path, how):
    """True where there is no data, at full resolution."""
    with rasterio.open(path) as source:
        if how == "band 1 is 0":
            return source.read(1) == 0
        if how == "nodata":
            values = source.read(1)
            return np.isnan(values) if np.isnan(source.nodata) else values == source.nodata
        return source.dataset_mask() == 0


def compare_tables(report, ours, theirs, what):
    if not report.equal(ours.num_rows, theirs.num_rows, f"{what}: rows"):
        return
    for name in ["chipid", "date", "chip_index_x", "chip_index_y"]:
        report.check(ours.column(name).to_pylist() == theirs.column(name).to_pylist(), f"{what}: {name}")
        # Ours may be dictionary-encoded text in the file; what a reader sees is the same type.
        if name.startswith("chip_index") or name == "date":
            report.equal(str(ours.schema.field(name).type), str(theirs.schema.field(name).type), f"{what}: type of {name}")
    for name in ["cloud_cover_percentage", "nodata_percentage"]:
        a = ours.column(name).to_numpy()
        b = theirs.column(name).to_numpy()
        report.equal(str(a.dtype), "float32", f"{what}: type of {name}")
        unequal = np.flatnonzero(a != b)
        report.check(unequal.size == 0, f"{what}: {name}", f"{unequal.size} rows differ, first {unequal[:1]}: {a[unequal[:1]]} for {b[unequal[:1]]}")
    if ours.num_rows == 0:
        return
    geometries = shapely.from_wkb(ours.column("geometry").to_numpy(zero_copy_only=False))
    worst = 0.0
    for geometry, ring in zip(geometries, peer.corners(theirs)):
        mine = shapely.get_coordinates(geometry)
        if mine.shape != ring.shape:
            report.check(False, f"{what}: corners", f"{mine.shape[0]} points for {ring.shape[0]}")
            return
        # The same ring may start elsewhere; each corner must have its twin.
        distance = np.abs(mine[:, None, :] - ring[None, :, :]).max(axis=2).min(axis=1).max()
        worst = max(worst, distance)
    report.check(worst <= 1e-9, f"{what}: corners", f"{worst} degrees apart")


if __name__ == "__main__":
    main()
