"""A run over many items that is killed at any moment, and run again, gives what an undisturbed run gives, row for row.

    check_killed_runs.py BINARY [KILLS]
"""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import harness
import pyarrow.parquet as pq

ITEMS = 500


def main():
    kills = int(sys.argv.pop(2)) if len(sys.argv) > 2 else 50
    binary = harness.binary_from_arguments()
    report = harness.Report("killed runs")
    chance = random.Random(5)
    with harness.scratch() as folder:
        folder = Path(folder)
        items = folder / "items.ndjson"
        items.write_text("".join(json.dumps(item(i)) + "\n" for i in range(ITEMS)))

        def call(out):
            return ["index", items, "-o", out, "--stats", "none", "--no-headers"]

        began = time.monotonic()
        binary.must(*call(folder / "whole"))
        seconds = time.monotonic() - began
        wanted = tables(folder / "whole")
        report.equal(len(wanted), ITEMS, "an undisturbed run has a table of each item")
        found = []
        for kill in range(kills):
            out = folder / "killed"
            process = subprocess.Popen([binary.path, *map(str, call(out))], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0, seconds))
            process.send_signal(signal.SIGKILL)
            process.wait()
            found.append(len(list(out.glob("*.parquet"))))
            whole = [pq.read_table(path).equals(wanted[path.name]) for path in out.glob("*.parquet")]
            report.check(all(whole), f"kill {kill}: what stands is whole", f"{whole.count(False)} are not")
            binary.must(*call(out))
            again = tables(out)
            same = again.keys() == wanted.keys() and all(again[name].equals(wanted[name]) for name in wanted)
            report.check(same, f"kill {kill}: after {found[-1]} tables the run is taken up again, and every row is as if it had not been killed")
            left = [p.name for p in out.rglob("*") if p.is_file() and p.name.endswith(".part")]
            report.equal(left, [], f"kill {kill}: nothing half-written is left")
            shutil.rmtree(out)
        report.check(any(0 < n < ITEMS for n in found), "at least one run was caught in the middle", found)
    report.close()


def item(number):
    """An item that says all of its grid itself."""
    x, y = 400_000 + 10_240 * (number % 20), 5_000_000 + 10_240 * (number // 20)
    properties = {
        "datetime": f"2024-03-{number % 28 + 1:02}T10:00:00Z",
        "proj:epsg": 32632,
        "proj:shape": [1024, 1024],
        "proj:transform": [10, 0, x, 0, -10, y],
    }
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": f"item-{number:04}",
        "collection": "sentinel-2-l2a",
        "geometry": None,
        "links": [],
        "assets": {},
        "properties": properties,
    }


def tables(folder):
    """The tables of a dataset by their names."""
    return {path.name: pq.read_table(path) for path in folder.glob("*.parquet")}


if __name__ == "__main__":
    main()
