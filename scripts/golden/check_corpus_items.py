"""Every STAC item of the corpus is indexed without touching a pixel, or refused with one line that says what is missing.

An item that carries CRS, shape and transform must be indexed, and its chips must lie inside its own bounding box within
a pixel, unless the contradiction is reported. None may panic.
"""

import json
import math

import geopandas
import numpy as np
import shapely

import harness


def main():
    binary = harness.binary_from_arguments()
    report = harness.Report("items of the corpus")
    folder = harness.corpus()
    if folder is None:
        print("skipped: no corpus here (set STACCHIP_CORPUS)\n0 passed, 0 failed")
        return
    counts = {"indexed": 0, "of which with a contradiction reported": 0, "refused with a reason": 0}
    with harness.scratch() as scratch:
        for path in sorted((folder / "stac" / "items").glob("*.json")):
            one_item(report, binary, path, scratch, counts)
    for what, count in counts.items():
        report.say(f"{count:5} {what}")
    report.close()


def one_item(report, binary, path, scratch, counts):
    item = json.loads(path.read_text())
    out = f"{scratch}/{path.stem}.parquet"
    run = binary("index", path, "-o", out, "--stats", "none", "--no-headers", timeout=120)
    name = path.stem
    if not report.check(not run.panicked and run.status in (0, 1), f"{name} ends in order", f"status {run.status}: {run.last_line}"):
        return
    if run.status == 1:
        lines = [line for line in run.err.splitlines() if line.startswith("error")]
        report.check(len(lines) == 1, f"{name} is refused with one line", run.err)
        report.check(not harness.Path(out).exists(), f"{name}: nothing is left of a refused item")
        missing = lacks(item)
        report.check(bool(missing), f"{name} is refused though it has CRS, shape and transform", run.last_line)
        counts["refused with a reason"] += 1
        return
    counts["indexed"] += 1
    told = any(line.startswith("warning:") and "bbox" in line for line in run.err.splitlines())
    counts["of which with a contradiction reported"] += told
    frame = geopandas.read_parquet(out)
    if len(frame) == 0:
        return
    box = item.get("bbox")
    if not box or told:
        return
    west, south, east, north = box if len(box) == 4 else (box[0], box[1], box[3], box[4])
    if west > east:
        east += 360
    points = shapely.get_coordinates(frame.geometry)
    # Chips are cut at 180 degrees, where a box may go on: each point is taken on the turn nearest the box.
    turns = np.round(((west + east) / 2 - points[:, 0]) / 360)
    longitudes = points[:, 0] + 360 * turns
    pixel = pixel_in_degrees(item, (south + north) / 2)
    inside = (
        (longitudes >= west - pixel).all()
        and (longitudes <= east + pixel).all()
        and points[:, 1].min() >= south - pixel
        and points[:, 1].max() <= north + pixel
    )
    report.check(
        inside,
        f"{name} lies inside its box within a pixel ({pixel:.2g} degrees), or says that it does not",
        f"chips {frame.total_bounds.tolist()}, box {[west, south, east, north]}",
    )


def lacks(item):
    """What an item does not carry of what a grid needs, as a list; on the item or on any one asset."""
    places = [item.get("properties", {}), *item.get("assets", {}).values()]
    has_crs = any(place.get(key) for place in places for key in ("proj:epsg", "proj:code", "proj:wkt2", "proj:projjson"))
    grid = any(place.get("proj:shape") and place.get("proj:transform") for place in places)
    shape = any(place.get("proj:shape") for place in places)
    transform = any(place.get("proj:transform") for place in places)
    missing = []
    if not has_crs:
        missing.append("CRS")
    if not shape:
        missing.append("shape")
    if not transform:
        missing.append("transform")
    if any(str(place.get("proj:code")).startswith("IAU") for place in places):
        missing.append("a place on the Earth")
    if not missing and not grid:
        missing.append("shape and transform of one and the same place")
    return missing


def pixel_in_degrees(item, latitude):
    """A pixel's width at that latitude, in degrees of longitude; generous for a geographic grid."""
    places = [item.get("properties", {}), *item.get("assets", {}).values()]
    sizes = [abs(place["proj:transform"][0]) or abs(place["proj:transform"][1]) for place in places if place.get("proj:transform")]
    size = max(sizes, default=0)
    if size < 0.2:
        return max(size, 1e-7)
    return size / (111_320 * max(math.cos(math.radians(min(abs(latitude), 89))), 0.01))


if __name__ == "__main__":
    main()
