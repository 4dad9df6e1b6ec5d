"""Cubes under `--parity` are those that the Python prechip writes, array by array, under its keys; statistics are numpy's.

The Python functions run as released: `get_chip` and `stack_chips` of its prechip, `get_stats_keys` of its stats. In place of
buckets they get what is on disk, and the Chipper is told which assets to read (as released it fails on thumbnails).
"""

import contextlib
import io
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from stacchip.processors import prechip, stats

import harness
import peer

BANDS = {
    "sentinel-2": prechip.S2_BANDS,
    "landsat": prechip.LS_BANDS,
    "naip": ["image"],
    "linz": ["asset"],
    "sentinel-1": prechip.S1_BANDS,
    "modis": prechip.MODIS_BANDS,
}
# What upstream calls them; a made-up LINZ scene is of a collection of its own, which our key names.
UPSTREAM = {
    "sentinel-2": "sentinel-2-l2a",
    "landsat": "landsat-c2l2-sr",
    "naip": "naip",
    "linz": "linz",
    "sentinel-1": "sentinel-1-rtc",
    "modis": "modis",
}
NAMES = ["pixels", "lon_norm", "lat_norm", "week_norm", "hour_norm"]
CUBE = 6


def main():
    binary = harness.binary_from_arguments()
    report = harness.Report("cubes equal those of the Python prechip, statistics those of numpy")
    draws(report)
    with harness.scratch() as folder:
        for platform in harness.PLATFORMS:
            compare_platform(report, binary, Path(folder) / platform, platform)
    report.close()


def draws(report):
    """That the list of rows below is what the Python prechip draws."""
    source = Path(prechip.__file__).read_text()
    report.check("np.random.seed(42)" in source, "the Python prechip draws by the seed 42")
    report.equal(prechip.CUBESIZE, 128, "the Python prechip's chips in a cube")


def compare_platform(report, binary, folder, platform):
    path = harness.sample(binary, folder / "scene", platform, size=1100, seed=5)
    index = folder / "index.parquet"
    binary.must("index", path, "-o", index, "--max-nodata", "1")
    table = pq.read_table(index)
    scene = peer.Scene(path)
    assets = [key for key in BANDS[platform] if key in scene.item.assets] or harness.data_assets(scene.item.to_dict())
    arguments = ["prechip", index, "--cube-size", CUBE, "--assets", ",".join(assets)]
    own_name = table.column("platform")[0].as_py()

    binary.must(*arguments, "-o", folder / "parity", "--parity", "--max-nodata", "1")
    theirs = python_cubes(scene, assets, table, UPSTREAM[platform], own_name)
    ours = {file.relative_to(folder / "parity").as_posix(): file for file in (folder / "parity").rglob("*.npz")}
    report.equal(sorted(ours), sorted(theirs), f"{platform}: keys of cubes")
    for key in sorted(set(ours) & set(theirs)):
        compare_cube(report, np.load(ours[key]), np.load(io.BytesIO(theirs[key])), f"{platform} {key}")

    binary.must(*arguments, "-o", folder / "cubes")
    files = sorted((folder / "cubes").rglob("*.npz"), key=lambda file: int(file.stem.split("_")[1]))
    cubes = [dict(np.load(file)) for file in files]
    report.equal([len(cube["pixels"]) for cube in cubes], sizes(table.num_rows), f"{platform}: every chip once")
    names(report, cubes, theirs, table, platform)
    own = [np.load(file)["pixels"] for file in sorted_cubes(binary, arguments, folder)]
    whole = np.concatenate([cube["pixels"] for cube in cubes])
    masks = [cube.get("mask", np.full(cube["pixels"].shape, 255, "uint8")) for cube in cubes]
    report.check(np.array_equal(np.concatenate(own).astype("float32"), whole), f"{platform}: own type holds the same numbers")
    statistics(report, binary, folder / "cubes", files, whole, np.concatenate(masks) > 0, platform)


def sorted_cubes(binary, arguments, folder):
    run = binary(*arguments, "-o", folder / "own", "--dtype", "own")
    return sorted((folder / "own").rglob("*.npz"), key=lambda file: int(file.stem.split("_")[1])) if run.status == 0 else []


def sizes(count):
    return [min(CUBE, count - at) for at in range(0, count, CUBE)]


def compare_cube(report, ours, theirs, what):
    report.equal(list(ours), NAMES, f"{what}: names and their order")
    for name in NAMES:
        a, b = ours[name], theirs[name]
        report.equal((a.dtype, a.shape), (b.dtype, b.shape), f"{what} {name}: type and shape")
        if name == "pixels":
            report.check(np.array_equal(a, b), f"{what}: pixels")
        else:
            report.check(np.allclose(a, b, rtol=0, atol=2e-6), f"{what} {name}", f"off by {np.abs(a - b).max()}")


def names(report, cubes, theirs, table, platform):
    """Without --parity each name holds what it says: the longitude, the latitude, the hour."""
    footprints = [cube["lon_norm"] for cube in cubes]
    bounds = outlines(table)
    lon, lat = (np.radians(bounds[:, axis] + (bounds[:, axis + 2] - bounds[:, axis]) / 2) for axis in (0, 1))
    report.check(np.allclose(np.concatenate(footprints), np.stack([np.sin(lon), np.cos(lon)], 1), atol=2e-6), f"{platform}: lon_norm is of longitudes")
    latitudes = np.concatenate([cube["lat_norm"] for cube in cubes])
    report.check(np.allclose(latitudes, np.stack([np.sin(lat), np.cos(lat)], 1), atol=2e-6), f"{platform}: lat_norm is of latitudes")
    hours = np.array([moment.as_py().hour for moment in table.column("datetime")]) * 2 * np.pi / 24
    column = np.concatenate([cube["hour_norm"] for cube in cubes])
    report.check(np.allclose(column, np.stack([np.sin(hours), np.cos(hours)], 1), atol=2e-6), f"{platform}: hour_norm is of hours")
    report.check(bool(theirs), f"{platform}: there is something to compare")


def outlines(table):
    import shapely

    return np.array([shapely.from_wkb(wkb.as_py()).bounds for wkb in table.column("geometry")])


def python_cubes(scene, assets, table, platform, key):
    """What the Python prechip stores: bytes by key."""
    grid = scene.grid(assets)
    stored = {}

    class Client:
        def upload_fileobj(self, Fileobj, Bucket, Key):
            stored[Key] = Fileobj.read()

    class Told:
        def __new__(cls, indexer):
            chipper = scene.chipper(grid, assets)
            chip = chipper.chip
            # NAIP and LINZ are taken from the one asset they have, whatever it is called here.
            only = {"naip": "image", "linz": "asset"}.get(platform)
            if only:
                chipper.chip = lambda x, y: {only: chip(x, y)[assets[0]]}
            return chipper

    np.random.seed(42)
    drawn = np.random.randint(0, len(table), len(table))
    with replaced(prechip, "load_indexer_s3", lambda **_: None), replaced(prechip, "Chipper", Told), replaced(
        prechip.boto3, "client", lambda _: Client()
    ), contextlib.redirect_stdout(io.StringIO()):
        for cube in range(len(drawn) // CUBE):
            chips = [
                prechip.get_chip(
                    "bucket",
                    row,
                    platform,
                    table.column("item_id")[row].as_py(),
                    table.column("date")[row].as_py(),
                    table.column("chip_index_x")[row].as_py(),
                    table.column("chip_index_y")[row].as_py(),
                )
                for row in drawn[cube * CUBE : (cube + 1) * CUBE].tolist()
            ]
            prechip.stack_chips(chips, cube_id=cube, chip_bucket="bucket", platform=key)
    return stored


@contextlib.contextmanager
def replaced(owner, name, value):
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def statistics(report, binary, folder, files, whole, valid, platform):
    told = binary.must("stats", folder, "--json").json()
    for number, band in enumerate(told["bands"]):
        what = f"{platform} {band['name']}"
        values = whole[:, number][valid[:, number]].astype("float64")
        values = values[values != band["nodata"]] if band["nodata"] is not None else values
        values = values[~np.isnan(values)]
        report.equal(band["count"], values.size, f"{what}: count")
        for name, wanted in (("mean", values.mean()), ("std", values.std()), ("min", values.min()), ("max", values.max())):
            report.check(np.isclose(band[name], wanted, rtol=1e-9, atol=0), f"{what}: {name}", f"{band[name]} is {wanted}")
        for percent, value in band["percentiles"].items():
            wanted = np.percentile(values, float(percent))
            within = 1e-12 if band["exact"] else 1 / 1024
            report.check(np.isclose(value, wanted, rtol=within, atol=1e-12), f"{what}: percentile {percent}", f"{value} is {wanted}")
        if band["exact"]:
            counts, _ = np.histogram(values, len(band["histogram"]["counts"]))
            report.equal(band["histogram"]["counts"], counts.tolist(), f"{what}: histogram")
    if platform == "sentinel-1":
        return  # Upstream takes 0 for no data there, by an `if` that undoes the one before.
    count, total, squares = (sum(parts) for parts in zip(*(upstream_stats(file, platform) for file in files)))
    mean = total / count
    std = np.sqrt(squares / count - mean * mean)
    ours = np.array([[band["mean"], band["std"]] for band in told["bands"]]).T
    report.check(np.allclose(ours[0], mean, rtol=1e-9), f"{platform}: upstream's means")
    report.check(np.allclose(ours[1], std, rtol=1e-6), f"{platform}: upstream's deviations")


def upstream_stats(file, platform):
    class Object:
        def get(self):
            return {"Body": file.open("rb")}

    class Session:
        def Object(self, bucket, key):
            return Object()

    with replaced(stats.boto3, "resource", lambda _: Session()), contextlib.redirect_stdout(io.StringIO()):
        return [np.asarray(part) for part in stats.get_stats_keys(f"mode_v1_chipper_v2/{platform}/{file.name}")]


if __name__ == "__main__":
    main()
