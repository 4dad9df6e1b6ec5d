#!/usr/bin/env python3
"""Asks GDAL (through rasterio), rio-cogeo, pystac and pyproj about scenes of `stacchip sample`.

    stacchip sample FOLDER --platform sentinel-2
    python scripts/golden/check_sample.py FOLDER...

Needs rasterio, rio-cogeo, pystac, pyproj and shapely. Exits with 1 where a scene contradicts itself.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pyproj
import pystac
import rasterio
from rasterio.crs import CRS
from rio_cogeo.cogeo import cog_validate


def check(folder):
    problems = []

    def expect(what, got, wanted):
        if got != wanted:
            problems.append(f"{what}: {got!r}, wanted {wanted!r}")

    # As it stands: pystac would bring it to a later version of the extensions.
    item = pystac.Item.from_dict(json.loads((folder / "item.json").read_text()), migrate=False)
    p = item.properties
    crs = CRS.from_epsg(p["proj:epsg"]) if p.get("proj:epsg") else CRS.from_wkt(p["proj:wkt2"])
    bounds = None
    read = {}
    for key, asset in item.assets.items():
        path = folder / asset.href.removeprefix("./")
        if not path.exists():
            problems.append(f"{key}: no file {asset.href}")
            continue
        if not path.suffix == ".tif":
            continue
        alternate = asset.extra_fields.get("alternate")
        if alternate:
            expect(f"{key} alternate", alternate["s3"]["href"], asset.href)
        ok, errors, notes = cog_validate(path, strict=True, quiet=True)
        if not ok or errors or notes:
            problems.append(f"{key}: rio-cogeo: {errors} {notes}")
        with rasterio.open(path) as src:
            shape = asset.extra_fields.get("proj:shape", p.get("proj:shape"))
            transform = asset.extra_fields.get("proj:transform", p.get("proj:transform"))
            expect(f"{key} shape", list(src.shape), shape)
            if not np.allclose(list(src.transform)[:6], transform, rtol=1e-14, atol=0):
                problems.append(f"{key} transform: {src.transform}")
            if pyproj.CRS(src.crs.to_wkt()).to_dict() != pyproj.CRS(crs.to_wkt()).to_dict():
                problems.append(f"{key} crs: {src.crs}")
            band = asset.extra_fields.get("raster:bands", [{}])[0]
            expect(f"{key} nodata", src.nodata, band.get("nodata"))
            if "data_type" in band:
                expect(f"{key} type", src.dtypes[0], band["data_type"])
            bounds = src.bounds
            read[key] = src.read(masked=False)
            if key == "visual":
                mask = src.dataset_mask() != 0
                expect("mask agrees with zeros", bool((mask == (read[key] != 0).all(axis=0)).all()), True)
                expect("zeros are in all bands", bool((mask == (read[key] != 0).any(axis=0)).all()), True)
    # The outline on the ground, point by point, against PROJ.
    to = pyproj.Transformer.from_crs(pyproj.CRS(crs.to_wkt()), "EPSG:4326", always_xy=True)
    w, s, e, n = to.transform_bounds(bounds.left, bounds.bottom, bounds.right, bounds.top, densify_pts=201)
    if not np.allclose(item.bbox, [w, s, e, n], atol=2e-5, rtol=0):
        problems.append(f"bbox: {item.bbox}, wanted {[w, s, e, n]}")
    ring = item.geometry["coordinates"][0]
    corners = [
        to.transform(x, y) for x in (bounds.left, bounds.right) for y in (bounds.bottom, bounds.top)
    ]
    for corner in corners:
        if min(max(abs(corner[0] - x), abs(corner[1] - y)) for x, y in ring) > 1e-9:
            problems.append(f"geometry lacks the corner {corner}")
    # What the quality band says of the pixels.
    if "scl" in read:
        scl = read["scl"][0]
        for key in ("rededge1", "nir08", "swir16"):
            expect(f"{key} empty where scl is 0", bool(((read[key][0] == 0) == (scl == 0)).all()), True)
        for key in ("blue", "nir"):
            quarter = read[key][0].reshape(scl.shape[0], 2, scl.shape[1], 2)
            inside = (quarter == 0).any(axis=(1, 3)) != (scl == 0)
            # Along the edge of the swath a 20 m pixel has 10 m pixels of both sides.
            if inside.sum() > 2 * sum(scl.shape):
                problems.append(f"{key} and scl disagree in {inside.sum()} pixels")
        seen = (scl > 0).sum()
        cloud = np.isin(scl, (1, 8, 9, 10)).sum() * 100 / seen
        if abs(cloud - p["eo:cloud_cover"]) > 1e-5:
            problems.append(f"eo:cloud_cover {p['eo:cloud_cover']}, scl has {cloud}")
        empty = (scl == 0).mean() * 100
        if abs(empty - p["s2:nodata_pixel_percentage"]) > 1e-5:
            problems.append(f"nodata {p['s2:nodata_pixel_percentage']}, scl has {empty}")
        bright = read["blue"][0][::2, ::2]
        if not bright[scl == 9].mean() > 2 * bright[np.isin(scl, (4, 5, 6))].mean():
            problems.append("clouds are not brighter than land")
    if "qa_pixel" in read:
        qa = read["qa_pixel"][0]
        for key in ("blue", "swir22"):
            expect(f"{key} empty where fill", bool(((read[key][0] == 0) == (qa & 1 == 1)).all()), True)
        cloud = ((qa & 0b1100) > 0).sum() * 100 / (qa & 1 == 0).sum()
        if abs(cloud - p["eo:cloud_cover"]) > 1e-5:
            problems.append(f"eo:cloud_cover {p['eo:cloud_cover']}, qa_pixel has {cloud}")
    if "sur_refl_qc_500m" in read:
        qc = read["sur_refl_qc_500m"][0] & 3
        for key in ("sur_refl_b01", "sur_refl_b07"):
            expect(f"{key} fill where not produced", bool(((read[key][0] == -28672) == (qc >= 2)).all()), True)
    if "vv" in read:
        vv, vh = read["vv"][0], read["vh"][0]
        expect("vv and vh empty alike", bool(((vv == -32768) == (vh == -32768)).all()), True)
        expect("power is positive", bool((vv[vv != -32768] > 0).all()), True)
    sizes = {k: (folder / a.href.removeprefix("./")).stat().st_size for k, a in item.assets.items()}
    print(f"{folder.name}: {item.id}, {len(read)} rasters, {sum(sizes.values()) / 1e6:.1f} MB",
          f"cloud {p.get('eo:cloud_cover')}")
    return problems


def main():
    good = bad = 0
    for folder in map(Path, sys.argv[1:]):
        problems = check(folder)
        for problem in problems:
            print(f"{folder}: {problem}")
        good, bad = good + (not problems), bad + bool(problems)
    print(f"{good} passed, {bad} failed")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
