"""The Python stacchip's own prechip reads the tree of tables that `stacchip index --layout upstream` and
`stacchip merge --layout upstream` write."""

import datetime
import os

import pyarrow.dataset

import harness
from stacchip.processors import prechip

PLATFORM = {"sentinel-2": "sentinel-2-l2a", "naip": "naip", "landsat": "landsat-c2l2-sr"}


class Pool:
    """Theirs starts processes, which would not see what is replaced here."""

    def __init__(self, _size):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def starmap(self, function, arguments):
        return [function(*one) for one in arguments]


def main():
    binary = harness.binary_from_arguments()
    report = harness.Report("upstream's prechip reads our tree")
    with harness.scratch() as folder:
        tree = f"{folder}/tree"
        for name in PLATFORM:
            item = harness.sample(binary, f"{folder}/{name}", name, seed=5)
            arguments = ["--layout", "upstream", "--chip-size", "32", "--max-nodata", "1", "--no-headers"]
            binary.must("index", item, "-o", tree, *arguments)
        files = pyarrow.dataset.dataset(f"{tree}/index", format="parquet").files
        report.equal(len(files), len(PLATFORM), "tables in the tree")
        binary.must("merge", tree, "-o", f"{folder}/merged.parquet")
        binary.must("merge", f"{folder}/merged.parquet", "-o", f"{folder}/again", "--layout", "upstream")
        for root in (tree, f"{folder}/again"):
            for platform in PLATFORM.values():
                prechips(report, f"{root}/index", platform)
    report.close()


def prechips(report, index, platform):
    table = pyarrow.dataset.dataset(index, format="parquet").to_table()
    columns = ["platform", "item_id", "date", "chip_index_x", "chip_index_y"]
    rows = zip(*(table.column(name).to_pylist() for name in columns))
    # Its limit of nodata, 0.05, becomes the whole number 0, which it takes for "none".
    there = {row for row in rows if row[0] == platform}
    seen, cubes = [], []

    def get_chip(bucket, _row, *chip):
        seen.append(chip)
        return {"pixels": None}

    def stack_chips(chips, cube_id, chip_bucket, platform):
        cubes.append((cube_id, len(chips), platform))

    prechip.Pool, prechip.get_chip, prechip.stack_chips = Pool, get_chip, stack_chips
    os.environ.update(
        AWS_BATCH_JOB_ARRAY_INDEX="0",
        STACCHIP_DATA_BUCKET="data",
        STACCHIP_INDEXPATH=index,
        STACCHIP_CHIP_BUCKET="chips",
        STACCHIP_PLATFORM=platform,
        STACCHIP_CUBES_PER_JOB="1",
    )
    prechip.process()
    if len(there) < prechip.CUBESIZE:
        report.equal(cubes, [], f"{platform}: too few chips for a cube")
        return
    report.equal(cubes, [(0, prechip.CUBESIZE, platform)], f"{platform}: a cube is stacked")
    report.check(set(seen) <= there, f"{platform}: its chips are rows of ours", str(set(seen) - there)[:200])
    report.check(all(isinstance(chip[2], datetime.date) for chip in seen), f"{platform}: dates are dates")


main()
