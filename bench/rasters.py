"""Rasters made up for timing decoders: what they hold is like what satellites see, and so are their compressed sizes.

A 10 m band of Sentinel-2 takes about ten bits a pixel as Element 84 stores it (deflate, predictor 2); `reflectance` is made
to come out there. Run as a program it writes all of CASES to a folder.
"""

import sys
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin

SIDE = 4096

# name: (pixels, creation options of GDAL)
CASES = {
    "deflate-p2-1024": ("reflectance", dict(compress="deflate", predictor=2, blockxsize=1024, blockysize=1024)),
    "deflate-p2-512": ("reflectance", dict(compress="deflate", predictor=2, blockxsize=512, blockysize=512)),
    "deflate-p2-256": ("reflectance", dict(compress="deflate", predictor=2, blockxsize=256, blockysize=256)),
    "deflate-p1-512": ("reflectance", dict(compress="deflate", predictor=1, blockxsize=512, blockysize=512)),
    "deflate-p3-512": ("elevation", dict(compress="deflate", predictor=3, blockxsize=512, blockysize=512)),
    "deflate-rgb-512": ("picture", dict(compress="deflate", predictor=2, blockxsize=512, blockysize=512, interleave="pixel")),
    "deflate-classes-512": ("classes", dict(compress="deflate", predictor=1, blockxsize=512, blockysize=512)),
    "lzw-p2-512": ("reflectance", dict(compress="lzw", predictor=2, blockxsize=512, blockysize=512)),
    "lzw-p1-512": ("reflectance", dict(compress="lzw", predictor=1, blockxsize=512, blockysize=512)),
    "zstd-p2-512": ("reflectance", dict(compress="zstd", predictor=2, blockxsize=512, blockysize=512)),
    "zstd-p1-512": ("reflectance", dict(compress="zstd", predictor=1, blockxsize=512, blockysize=512)),
    "jpeg-512": ("picture", dict(compress="jpeg", photometric="ycbcr", blockxsize=512, blockysize=512, interleave="pixel")),
    "webp-512": ("picture", dict(compress="webp", blockxsize=512, blockysize=512, interleave="pixel")),
    "webp-lossless-512": ("picture", dict(compress="webp", webp_lossless=True, blockxsize=512, blockysize=512, interleave="pixel")),
    "lerc-f32-512": ("elevation", dict(compress="lerc", max_z_error=0.01, blockxsize=512, blockysize=512)),
    "lerc-u8-512": ("picture", dict(compress="lerc", max_z_error=0, blockxsize=512, blockysize=512, interleave="pixel")),
}


def rough(seed, steepness):
    """A surface with the spectrum of land, mean 0 and deviation 1."""
    noise = np.random.default_rng(seed).standard_normal((SIDE, SIDE), dtype=np.float32)
    spectrum = np.fft.rfft2(noise)
    y, x = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :]
    frequency = np.hypot(y, x)
    frequency[0, 0] = 1
    surface = np.fft.irfft2(spectrum * frequency**-steepness, s=(SIDE, SIDE)).astype(np.float32)
    return (surface - surface.mean()) / surface.std()


def fields(seed):
    """Which of 256 kinds of ground a pixel is: pieces with crooked borders."""
    a, b = rough(seed, 1.8), rough(seed + 1, 1.8)
    return (np.floor(a * 24).astype(np.int64) * 73 + np.floor(b * 24).astype(np.int64) * 151) % 256


def reflectance():
    random = np.random.default_rng(7)
    kinds = random.normal(1400, 350, 256).astype(np.float32)
    noise = random.standard_normal((SIDE, SIDE), dtype=np.float32)
    # The optics spread a point over its neighbours.
    noise[:, 1:] = 0.86 * noise[:, 1:] + 0.5 * noise[:, :-1]
    values = kinds[fields(11)] + 260 * rough(3, 1.5) + 14 * noise
    return np.clip(values, 1, 20000).astype(np.uint16)[None]


def picture():
    random = np.random.default_rng(17)
    ground, light = fields(21), rough(5, 1.4)
    bands = []
    for _ in range(3):
        noise = random.standard_normal((SIDE, SIDE), dtype=np.float32)
        bands.append(random.normal(110, 25, 256).astype(np.float32)[ground] + 22 * light + 3 * noise)
    return np.clip(np.stack(bands), 0, 255).astype(np.uint8)


def elevation():
    return (900 + 240 * rough(31, 1.9)).astype(np.float32)[None]


def classes():
    return (fields(41) % 12).astype(np.uint8)[None]


def write(folder, names=CASES):
    """Writes those of the rasters that are not there; answers their paths by name."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    made = {}
    for name in names:
        kind, options = CASES[name]
        path = folder / f"{name}.tif"
        if not path.exists():
            if kind not in made:
                made[kind] = globals()[kind]()
            pixels = made[kind]
            profile = dict(driver="GTiff", width=SIDE, height=SIDE, count=len(pixels), dtype=pixels.dtype, tiled=True,
                           crs="EPSG:32633", transform=from_origin(600000, 5000000, 10, 10), **options)
            part = path.with_suffix(".part")
            with rasterio.open(part, "w", **profile) as raster:
                raster.write(pixels)
            part.rename(path)
            print(f"{name}: {8 * path.stat().st_size / pixels.size:.2f} bits a number", file=sys.stderr, flush=True)
    return {name: folder / f"{name}.tif" for name in names}


if __name__ == "__main__":
    write(sys.argv[1])
