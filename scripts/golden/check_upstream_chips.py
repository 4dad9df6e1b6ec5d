"""A hundred random chips of a scene of each platform, all assets, equal those of the Python Chipper byte for byte.

An asset whose pixels do not divide the chip (60 m bands in 256 pixels of 10 m) is stretched by the Chipper; ours stays on
the grid. Such an asset is held to the Chipper under `--parity`, and to the nearest pixel centre without it.
"""

import json

import numpy as np
import rasterio

import harness
import peer

CHIPS = 100


def main():
    binary = harness.binary_from_arguments()
    report = harness.Report("chips equal those of the Python Chipper")
    with harness.scratch() as folder:
        for platform in harness.PLATFORMS:
            compare_platform(report, binary, f"{folder}/{platform}", platform)
    report.close()


def compare_platform(report, binary, folder, platform):
    path = harness.sample(binary, folder, platform, seed=11)
    scene = peer.Scene(path)
    keys = harness.data_assets(scene.item.to_dict())
    grid = scene.grid(keys)
    chipper = scene.chipper(grid, keys)
    nearest = Nearest(scene, grid, keys, chipper.indexer.chip_size)
    if nearest.assets:
        report.say(f"{platform}: on the grid rather than stretched: {', '.join(nearest.assets)}")
    draw = np.random.default_rng(3)
    for _ in range(CHIPS):
        x = int(draw.integers(chipper.indexer.x_size))
        y = int(draw.integers(chipper.indexer.y_size))
        what = f"{platform} chip {x},{y}"
        out = f"{folder}/{x}-{y}.npz"
        run = binary("chip", path, "--x", x, "--y", y, "-o", out, "--overwrite")
        if report.check(run.status == 0, what, f"status {run.status}: {run.last_line}"):
            compare(report, np.load(out), chipper.chip(x, y) | nearest.chip(x, y), what)
        if nearest.assets:
            run = binary("chip", path, "--x", x, "--y", y, "-o", out, "--overwrite", "--parity")
            if report.check(run.status == 0, f"{what} --parity", f"status {run.status}: {run.last_line}"):
                compare(report, np.load(out), chipper.chip(x, y), f"{what} --parity")
    compare_all(report, binary, folder, platform, path, chipper, nearest)


class Nearest:
    """The assets whose pixels do not divide a chip, seen on the grid by the nearest pixel centre."""

    def __init__(self, scene, grid, keys, size):
        self.size = size
        self.assets = {}
        for key in keys:
            with rasterio.open(scene.item.assets[key].href) as source:
                factor = grid["shape"][0] // source.height
                if size % factor:
                    self.assets[key] = (source.read(), factor)

    def chip(self, x, y):
        chips = {}
        for key, (values, factor) in self.assets.items():
            rows = (np.arange(self.size) + y * self.size + 0.5) // factor
            columns = (np.arange(self.size) + x * self.size + 0.5) // factor
            chips[key] = values[:, rows.astype(int)[:, None], columns.astype(int)[None, :]]
        return chips


def compare_all(report, binary, folder, platform, path, chipper, nearest):
    """The same through an index: all its chips into a folder by one call, some of them looked at."""
    index = f"{folder}/index.parquet"
    binary.must("index", path, "-o", index, "--stats", "none")
    rows = chipper.indexer.size
    binary.must("chip", index, "--all", "-o", f"{folder}/all/{{chipid}}.npz")
    item = json.loads(path.read_text())["id"]
    for number in range(0, rows, max(1, rows // 7)):
        x, y = number % chipper.indexer.x_size, number // chipper.indexer.x_size
        what = f"{platform} row {number} of all"
        compare(report, np.load(f"{folder}/all/{item}-{x}-{y}.npz"), chipper.chip(x, y) | nearest.chip(x, y), what)
    row = rows - 1
    run = binary("chip", index, "--row", row, "-o", f"{folder}/row.npz", "--overwrite")
    if report.check(run.status == 0, f"{platform} --row {row}", run.last_line):
        x, y = row % chipper.indexer.x_size, row // chipper.indexer.x_size
        compare(report, np.load(f"{folder}/row.npz"), chipper.chip(x, y) | nearest.chip(x, y), f"{platform} --row {row}")


def compare(report, ours, theirs, what):
    report.equal(list(ours.files), list(theirs), f"{what}: assets")
    for key, array in theirs.items():
        if key not in ours.files:
            continue
        mine = ours[key]
        report.equal((mine.dtype, mine.shape), (array.dtype, array.shape), f"{what}: type and shape of {key}")
        report.check(mine.tobytes() == array.tobytes(), f"{what}: pixels of {key}")


if __name__ == "__main__":
    main()
