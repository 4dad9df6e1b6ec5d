#!/usr/bin/env python3
"""Asks GDAL (through rasterio) and rio-cogeo about files of the writer's matrix test.

    mkdir -p FOLDER
    STACCHIP_WRITE_MATRIX=FOLDER cargo test -p stacchip-codecs --features libzstd --test write_matrix
    python scripts/golden/check_writer.py FOLDER

Needs rasterio and rio-cogeo. Exits with 1 where a file is read otherwise than it was written.
"""

import json
import math
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning
from rio_cogeo.cogeo import cog_validate

warnings.simplefilter("ignore", NotGeoreferencedWarning)


def same(a, b):
    """Bit for bit, whatever NaN is written as."""
    if a.dtype.kind in "fc":
        return a.shape == b.shape and np.array_equal(a, b, equal_nan=True)
    return np.array_equal(a, b)


def halve(a, how, nodata, valid):
    """The next level of `a` ([row, column]) the slow way; nothing for a triangle."""
    h, w = a.shape
    if how == "Nearest":
        return a[::2, ::2]
    if how not in ("Average", "Mode"):
        return None
    out = np.empty(((h + 1) // 2, (w + 1) // 2), a.dtype)
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            at = (slice(2 * r, 2 * r + 2), slice(2 * c, 2 * c + 2))
            near = a[at][valid[at]].tolist()
            if not near:
                out[r, c] = nodata if nodata is not None else a[2 * r, 2 * c]
            elif how == "Mode":
                out[r, c] = max(near, key=near.count)
            else:
                out[r, c] = math.floor(sum(near) / len(near) + 0.5)
    return out


def check(folder, case):
    name = case["name"]
    path = folder / f"{name}.tif"
    said = {"float16": "float16", "int8": "int8"}.get(case["dtype"], case["dtype"])
    want = np.fromfile(folder / f"{name}.bin", dtype=said).reshape(case["shape"])
    problems = []

    def expect(what, got, wanted):
        if got != wanted:
            problems.append(f"{what}: {got!r}, wanted {wanted!r}")

    with rasterio.open(path) as src:
        got = src.read()
        if case["dtype"] == "float16":
            # This GDAL has no half floats: it reads them as singles.
            want = want.astype("float32")
        expect("dtype", got.dtype, want.dtype)
        if not same(got, want):
            problems.append(f"pixels differ: {np.count_nonzero(got != want)}")
        if case["epsg"]:
            expect("epsg", src.crs.to_epsg(), case["epsg"])
        if "transform" in case:
            off = max(abs(a - b) for a, b in zip(list(src.transform)[:6], case["transform"]))
            if off > 1e-9 * max(abs(v) for v in case["transform"]):
                problems.append(f"transform: {src.transform}")
        wanted = case.get("nodata")
        if wanted is None:
            expect("nodata", src.nodata, None)
        elif wanted == "NaN":
            expect("nodata is nan", math.isnan(src.nodata), True)
        else:
            number = float(wanted) if case["dtype"].startswith("float") else int(float(wanted)) if "." in wanted else int(wanted)
            expect("nodata", src.nodata, number)
        valid = np.ones(want.shape[1:], bool)
        if case["mask"]:
            mask = np.fromfile(folder / f"{name}.mask", dtype="uint8").reshape(want.shape[1:])
            valid = mask != 0
            if not np.array_equal(src.dataset_mask() != 0, valid):
                problems.append("mask differs")
            expect("mask flags", [f.name for f in src.mask_flag_enums[0]], ["per_dataset"])
        overviews = src.overviews(1)
        if name.startswith("overviews-"):
            how = name.split("-")[5]
            expect("overviews", overviews, [2, 4, 8])
            level, level_valid = want[0], valid
            nodata = src.nodata
            for index in range(len(overviews)):
                if level is None:
                    break
                if not case["mask"]:
                    level_valid = np.ones(level.shape, bool)
                seen = level_valid if nodata is None else level_valid & (level != nodata)
                level = halve(level, how, nodata, seen)
                if level is None:
                    break
                with rasterio.open(path, overview_level=index) as ovr:
                    if not same(ovr.read(1), level):
                        problems.append(f"overview {index} differs")
                    if case["mask"]:
                        h, w = level_valid.shape
                        if how == "Nearest":
                            level_valid = level_valid[::2, ::2]
                        else:
                            padded = np.pad(level_valid, ((0, h % 2), (0, w % 2)))
                            level_valid = padded.reshape(
                                (h + 1) // 2, 2, (w + 1) // 2, 2
                            ).any(axis=(1, 3))
                        if not np.array_equal(ovr.dataset_mask() != 0, level_valid):
                            problems.append(f"mask of overview {index} differs")
        if name == "labels":
            expect("descriptions", src.descriptions, ('red & "<hot>" äöü', "second"))
            expect("scales", src.scales, (0.0001, 1.0))
            expect("offsets", src.offsets, (-0.1, 0.0))
            expect("units", src.units, ("m", None))
            expect("band tag", src.tags(1).get("WAVELENGTH"), "0.66")
            expect("tag", src.tags().get("TITLE"), 'a <b> & "c"')
        if name == "palette":
            expect("colour 3", src.colormap(1)[3], (3, 252, 7, 255))
        if name == "rgba":
            expect("colours", src.colorinterp[3], ColorInterp.alpha)
        if name == "rgbn":
            expect("colours", src.colorinterp[0], ColorInterp.red)
            expect("colours", src.colorinterp[3], ColorInterp.undefined)
        if name.startswith("place-sinusoidal"):
            expect("sinusoidal", src.crs.to_dict().get("proj"), "sinu")
            expect("radius", src.crs.to_dict().get("R"), 6371007.181)
        if name.startswith("place-"):
            expect("area or point", src.tags().get("AREA_OR_POINT"), "Point" if name.endswith("true") else "Area")
        if case["cog"]:
            expect("layout", src.tags(ns="IMAGE_STRUCTURE").get("LAYOUT"), "COG")
    if case["cog"]:
        ok, errors, notes = cog_validate(path, strict=True, quiet=True)
        if not ok or errors or notes:
            problems.append(f"rio-cogeo: {errors} {notes}")
    return problems


def main():
    folder = Path(sys.argv[1])
    cases = [json.loads(line) for line in (folder / "manifest.ndjson").read_text().splitlines()]
    bad = 0
    kinds = Counter()
    for case in cases:
        try:
            problems = check(folder, case)
        except Exception as error:  # a file GDAL cannot open is a finding, too
            problems = [f"{type(error).__name__}: {error}"]
        kinds[case["name"].split("-")[0]] += 1
        if problems:
            bad += 1
            print(case["name"], "|", "; ".join(problems))
    print(f"{len(cases)} files, {bad} read otherwise than written; GDAL {rasterio.__gdal_version__}")
    print(f"{len(cases) - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
