"""Pixels of files made up in every layout there is, as `stacchip chip` gives them, against GDAL's."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
import rasterio
from rasterio.errors import RasterioError

import harness
import pixel_files


def main():
    binary = harness.binary_from_arguments()
    report = harness.Report("pixels are GDAL's")
    warnings.simplefilter("ignore")
    with harness.scratch() as folder:
        folder = Path(folder)
        files = pixel_files.all_files(folder)
        with ThreadPoolExecutor(4) as threads:
            runs = list(threads.map(lambda path: binary("chip", path, "-o", path.with_suffix(".npy")), files.values()))
        for (name, path), run in zip(files.items(), runs):
            compare(report, name, path, run)
    report.close()


def compare(report, name, path, run):
    try:
        with rasterio.open(path) as raster:
            theirs = raster.read()
    except RasterioError:
        # What GDAL refuses may be read, or refused in one line.
        report.check(run.status in (0, 1) and not run.panicked, name, run.last_line)
        return
    if not report.check(run.status == 0, name, run.last_line):
        return
    ours = numpy.load(path.with_suffix(".npy"))
    # Half floats stay as they are; GDAL may widen them.
    alike = ours.dtype == theirs.dtype or ours.dtype == "float16" and theirs.dtype == "float32"
    ours = ours.astype(theirs.dtype)
    same = numpy.array_equal(ours, theirs, equal_nan=ours.dtype.kind in "fc")
    if "lossy" in name and ours.shape == theirs.shape and not same:
        far = numpy.abs(ours.astype("float64") - theirs)
        # Where chroma is subsampled it is put together in another way by another libjpeg.
        same = far.max() <= 3 or "ycbcr" in name and far.mean() < 1
    report.check(alike and same, name, f"ours {ours.dtype} {ours.shape}, GDAL's {theirs.dtype} {theirs.shape}")


main()
