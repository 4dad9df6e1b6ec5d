#!/usr/bin/env python3
"""Scenes to measure on: what `stacchip sample` makes up, stored by GDAL the way the archives store it.

    scenes.py STACCHIP OUT

A made-up band compresses better than a measured one. So each gets noise, as strong as it takes for
its pixels to take the bits that those of the real products take: that sets the work of a decoder.
Bits are per pixel that has data, at full resolution.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import rasterio
from rasterio.io import MemoryFile

DEFLATE = dict(compress="DEFLATE", predictor="YES", level=6)
# scene: platform, pixels along a side, bits, how it is stored
SCENES = {
    "sentinel-2": ("sentinel-2", 10980, 10.4, dict(DEFLATE, blocksize=1024)),
    "landsat": ("landsat", 7900, 10.5, dict(DEFLATE, blocksize=256)),
    "naip": ("naip", 10240, 6.1, dict(DEFLATE, blocksize=512)),
    "naip-jpeg": ("naip", 10240, None, dict(compress="JPEG", quality=85, blocksize=512)),
    "linz-webp": ("linz", 6144, None, dict(compress="WEBP", quality=90, blocksize=512)),
    "linz-lzw": ("linz", 6144, 5.6, dict(compress="LZW", predictor="YES", blocksize=512)),
}
# the same band in other ways; for the tables by codec
VARIANTS = {
    "deflate-512": dict(DEFLATE, blocksize=512),
    "deflate-256": dict(DEFLATE, blocksize=256),
    "lzw-512": dict(compress="LZW", predictor="YES", blocksize=512),
    "zstd-512": dict(compress="ZSTD", predictor="YES", level=9, blocksize=512),
    "lerc-zstd-512": dict(compress="LERC_ZSTD", max_z_error=0, blocksize=512),
    "none-512": dict(compress="NONE", blocksize=512),
}
MASKS = {"scl", "qa_pixel"}


def main():
    stacchip, out = sys.argv[1], Path(sys.argv[2])
    os.environ["GDAL_CACHEMAX"] = "1000"
    for name, (platform, size, bits, layout) in SCENES.items():
        made = out / f"made-{platform}"
        if not (made / "item.json").exists():
            subprocess.run([stacchip, "sample", made, "--platform", platform, "--size", str(size), "-q"], check=True)
        if not (out / name / "item.json").exists():
            store(made, out / name, bits, layout)
    red = out / "sentinel-2" / "red.tif"
    for name, layout in VARIANTS.items():
        if not (out / name / "item.json").exists():
            (out / name).mkdir(exist_ok=True)
            with rasterio.open(red) as source:
                write(out / name / "red.tif", source.read(), source.profile, layout)
            item(out / "sentinel-2" / "item.json", out / name, {"red"})


def store(made, folder, bits, layout):
    """Stores the rasters of the scene in `made` anew, with noise."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = set()
    for path in sorted(made.glob("*.tif")):
        with rasterio.open(path) as source:
            pixels, profile = source.read(), source.profile
        if path.stem in MASKS:
            how = {**layout, "predictor": "NO", "overview_resampling": "NEAREST"}
        else:
            how = layout
            if layout["compress"] in ("JPEG", "WEBP"):
                pixels = pixels[:3]
            pixels = noisy(pixels, strength(pixels, bits, layout) if bits else 4)
        write(folder / path.name, pixels, profile, how)
        keys.add(path.stem)
    item(made / "item.json", folder, keys)


def strength(pixels, bits, layout):
    """The deviation of noise with which a part of `pixels` takes `bits` a number, found by halving."""
    middle = pixels.shape[1] // 2, pixels.shape[2] // 3 * 2
    part = pixels[:, middle[0] : middle[0] + 1024, middle[1] : middle[1] + 1024]
    low, high = 0.0, 40.0 if pixels.dtype == np.uint8 else 1000.0
    for _ in range(9):
        half = (low + high) / 2
        with MemoryFile() as file:
            count, height, width = part.shape
            with file.open(driver="GTiff", count=count, height=height, width=width, dtype=part.dtype, tiled=True,
                           blockxsize=layout["blocksize"], blockysize=layout["blocksize"], compress=layout["compress"],
                           predictor=2, interleave="pixel") as target:
                target.write(noisy(part, half))
            taken = len(file.getbuffer()) * 8 / np.count_nonzero(part)
        low, high = (half, high) if taken < bits else (low, half)
    return (low + high) / 2


def noisy(pixels, deviation):
    """`pixels` with noise; what has no data stays as it is."""
    random = np.random.default_rng(1)
    out = np.empty_like(pixels)
    for row in range(0, pixels.shape[1], 512):
        part = pixels[:, row : row + 512]
        noise = random.standard_normal(part.shape, dtype=np.float32) * deviation
        limit = np.iinfo(pixels.dtype).max
        out[:, row : row + 512] = np.where(part == 0, 0, np.clip(part + noise, 1, limit)).astype(pixels.dtype)
    return out


def write(path, pixels, profile, how):
    keep = {k: profile[k] for k in ("crs", "transform", "nodata") if profile.get(k) is not None}
    if how["compress"] in ("JPEG", "WEBP"):
        keep.pop("nodata", None)
    with rasterio.open(path, "w", driver="COG", count=len(pixels), height=pixels.shape[1], width=pixels.shape[2],
                       dtype=pixels.dtype, num_threads="ALL_CPUS", **keep, **how) as target:
        target.write(pixels)
    base = np.count_nonzero(pixels)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {path.stat().st_size * 6 / base:.1f} bits", flush=True)


def item(made, folder, keys):
    """The item at `made` for the rasters `keys` in `folder`, at their absolute paths."""
    text = json.loads(Path(made).read_text())
    text["assets"] = {k: a for k, a in text["assets"].items() if k in keys}
    for key, asset in text["assets"].items():
        for place in (asset, *asset.get("alternate", {}).values()):
            place["href"] = str((folder / f"{key}.tif").resolve())
    text["links"] = []
    (folder / "item.json").write_text(json.dumps(text))


if __name__ == "__main__":
    main()
