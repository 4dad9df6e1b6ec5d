#!/usr/bin/env python3
"""Reads what the encoders wrote with numpy, GDAL (rasterio) and rio-cogeo.

    cargo run -p stacchip-adapters --no-default-features --features encoders \
        --example encode_matrix -- FOLDER
    python3 scripts/golden/check_encoders.py FOLDER

Needs numpy, rasterio and rio-cogeo. Ends with `N passed, N failed`.
"""

import pathlib
import sys
import warnings
import zipfile

import numpy
import rasterio
from rio_cogeo.cogeo import cog_validate

warnings.filterwarnings("ignore", category=rasterio.errors.NotGeoreferencedWarning)

TYPES = [
    "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
    "float16", "float32", "float64", "complex64", "complex128",
]
PLACE = (10.0, 0.0, 499980.0, 0.0, -10.0, 4800000.0)


def pattern(dtype, shape):
    dtype = numpy.dtype(dtype)
    count = int(numpy.prod(shape)) * dtype.itemsize
    data = (numpy.arange(count, dtype=numpy.uint64) * 7 + 3) % 120
    return numpy.frombuffer(data.astype(numpy.uint8).tobytes(), dtype).reshape(shape)


def same(got, wanted):
    assert got.dtype == wanted.dtype, f"type {got.dtype}, wanted {wanted.dtype}"
    assert got.shape == wanted.shape, f"shape {got.shape}, wanted {wanted.shape}"
    assert numpy.ascontiguousarray(got).tobytes() == wanted.tobytes(), "pixels differ"


def npy(folder):
    for dtype in TYPES:
        yield f"{dtype}.npy", lambda d=dtype: same(
            numpy.load(folder / f"{d}.npy", allow_pickle=False), pattern(d, (2, 37, 53))
        )
    one = pattern("int16", (1, 37, 53))
    yield "stack.npy", lambda: same(numpy.load(folder / "stack.npy"), numpy.concatenate([one, one]))


def npz(folder):
    def whole(name):
        with numpy.load(folder / name, allow_pickle=False) as arrays:
            assert list(arrays) == TYPES, list(arrays)
            for dtype in TYPES:
                same(arrays[dtype], pattern(dtype, (2, 37, 53)))
        with zipfile.ZipFile(folder / name) as archive:
            assert archive.testzip() is None
            kinds = {i.compress_type for i in archive.infolist()}
            wanted = zipfile.ZIP_STORED if name == "stored.npz" else zipfile.ZIP_DEFLATED
            assert kinds == {wanted}, kinds

    def masked():
        with numpy.load(folder / "masked.npz") as arrays:
            assert list(arrays) == ["blue", "blue_mask"], list(arrays)
            mask = numpy.where(numpy.arange(37 * 53) % 3 == 0, 0, 255).astype("uint8")
            same(arrays["blue_mask"], mask.reshape(37, 53))

    yield "stored.npz", lambda: whole("stored.npz")
    yield "deflated.npz", lambda: whole("deflated.npz")
    yield "masked.npz", masked


def png(folder):
    for dtype in ("uint8", "uint16"):
        for bands in range(1, 5):
            def check(dtype=dtype, bands=bands):
                with rasterio.open(folder / f"{dtype}-{bands}.png") as image:
                    same(image.read(), pattern(dtype, (bands, 37, 53)))
            yield f"{dtype}-{bands}.png", check


def tif(folder):
    def check(name, wanted):
        # A GDAL without float16 reads it as float32; the numbers are the same.
        valid, errors, warned = cog_validate(folder / name, strict=True, quiet=True)
        assert valid, f"not a valid COG: {errors} {warned}"
        with rasterio.open(folder / name) as image:
            got = image.read()
            if wanted.dtype == numpy.float16 and got.dtype == numpy.float32:
                wanted = wanted.astype("float32")
            same(got, wanted)
            assert tuple(image.transform)[:6] == PLACE, image.transform
            assert image.crs == rasterio.crs.CRS.from_epsg(32620), image.crs
            return image.nodata, image.descriptions, image.dataset_mask()

    for dtype in TYPES:
        yield f"{dtype}.tif", lambda d=dtype: check(f"{d}.tif", pattern(d, (2, 37, 53)))
        yield f"{dtype}-large.tif", lambda d=dtype: check(
            f"{d}-large.tif", pattern(d, (1, 300, 700))
        )
    one = pattern("int16", (1, 37, 53))

    def stack():
        nodata, names, _ = check("stack.tif", numpy.concatenate([one, one]))
        assert nodata == -9999 and names == ("blue", "red"), (nodata, names)

    def masked():
        nodata, _, mask = check("masked.tif", one)
        wanted = numpy.where(numpy.arange(37 * 53) % 3 == 0, 0, 255).reshape(37, 53)
        assert nodata is None and (mask == wanted).all(), "the mask differs"

    yield "stack.tif", stack
    yield "masked.tif", masked


def main():
    folder = pathlib.Path(sys.argv[1])
    passed = failed = 0
    for checks in (npy, npz, png, tif):
        for name, check in checks(folder):
            try:
                check()
                passed += 1
            except Exception as error:  # every failure is one line, and the next is tried
                failed += 1
                print(f"FAILED {name}: {error or type(error).__name__}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
