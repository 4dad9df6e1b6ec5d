#!/usr/bin/env python3
"""Times indexing a Sentinel-2 item as whole processes: ours and the Python stacchip's in turn, pair by pair.

    stacchip sample scene --size 10980
    .venv-golden/bin/python scripts/golden/time_index.py target/release/stacchip scene/item.json [PAIRS]

Prints wall time, processor time and peak memory of each, and the medians of their ratios.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

PEER = """
import sys
sys.path.insert(0, sys.argv[2])
from peer import Scene
import pyarrow.parquet as parquet
scene = Scene(sys.argv[1])
table = scene.table("sentinel-2-scl", scene.grid(["red"]))
from geoarrow.pyarrow import io
io.write_geoparquet_table(table, sys.argv[3])
"""


def run(command):
    """Wall seconds, processor seconds and peak MiB of a command as a whole process."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} failed with status {process.returncode}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    binary, item = sys.argv[1:3]
    pairs = int(sys.argv[3]) if len(sys.argv) > 3 else 7
    here = os.path.dirname(os.path.abspath(__file__))
    with tempfile.TemporaryDirectory() as folder:
        ours = [binary, "index", item, "-o", f"{folder}/ours.parquet", "--overwrite", "-q"]
        theirs = [sys.executable, "-c", PEER, item, here, f"{folder}/theirs.parquet"]
        run(ours), run(theirs)  # the page cache is warm for both
        measured = [(run(ours), run(theirs)) for _ in range(pairs)]
    for name, column in (("wall s", 0), ("cpu s", 1), ("peak MiB", 2)):
        a = [pair[0][column] for pair in measured]
        b = [pair[1][column] for pair in measured]
        ratio = statistics.median(x / y for x, y in zip(a, b))
        print(f"{name:9} ours {statistics.median(a):8.3f}   peer {statistics.median(b):8.3f}   ours/peer {ratio:.4f}")


if __name__ == "__main__":
    main()
