#!/usr/bin/env python3
"""A peer in a process of its own: reads requests as lines of JSON, answers likewise.

    contenders.py NAME [JOB]

The requests are those that bench/worker answers too: `setup` with a job, `run`, `verify`. With a job it does that once, as a
whole process.
"""
import asyncio
import io
import json
import os
import resource
import sys
import time
import zlib
from math import ceil, floor

import numpy as np


class Chips:
    """Chips of some assets of an item: arrays [band, row, column] in the order of the assets."""

    def __init__(self, job):
        with open(job["item"]) as file:
            self.item = json.load(file)
        self.job, self.size = job, job["chip_size"]
        self.paths = [self.item["assets"][key]["href"] for key in job["assets"]]

    def window(self, height, x, y):
        """First column, first row and edge of a chip in a raster with `height` rows."""
        pixel = self.job["shape"][0] / height
        return floor(x * self.size / pixel), floor(y * self.size / pixel), ceil(self.size / pixel)

    def run(self):
        chips = taken = 0
        for arrays in self.chips(self.job["xy"]):
            chips += 1
            taken += sum(a.nbytes for a in arrays)
        return {"chips": chips, "bytes": taken}

    def verify(self, n):
        sums = []
        for arrays in self.chips(self.job["xy"][:n]):
            value = 0
            for array in arrays:
                value = zlib.crc32(np.ascontiguousarray(array), value)
            sums.append(value)
        return sums


def item_of(text):
    """An item as the Python stacchip takes it: its release knows `proj:epsg`, which pystac turns into `proj:code`."""
    from pystac import Item

    item = Item.from_dict(text)
    code = item.properties.get("proj:code")
    if code:
        item.properties.setdefault("proj:epsg", int(code.split(":")[1]))
    return item


def grown(array, size):
    """`array` at the chip's size: each pixel as often as it takes."""
    times = size // array.shape[-1]
    return array if times == 1 else array.repeat(times, -2).repeat(times, -1)


class Rasterio(Chips):
    """rasterio, its datasets open for the whole list, GDAL's cache of blocks on."""

    def sets(self):
        import rasterio

        return [rasterio.open(path) for path in self.paths]

    def chip(self, sets, x, y):
        from rasterio.windows import Window

        arrays = []
        for data in sets:
            col, row, edge = self.window(data.height, x, y)
            arrays.append(data.read(window=Window(col, row, edge, edge), out_shape=(data.count, self.size, self.size)))
        return arrays

    def chips(self, xy):
        sets = self.sets()
        for x, y in xy:
            yield self.chip(sets, x, y)
        for data in sets:
            data.close()


class RasterioReopened(Rasterio):
    """The same, opened anew for each chip."""

    def chips(self, xy):
        for x, y in xy:
            sets = self.sets()
            yield self.chip(sets, x, y)
            for data in sets:
                data.close()


class RasterioTwo(Rasterio):
    """The same in two threads, each with datasets of its own."""

    def chips(self, xy):
        import threading
        from concurrent.futures import ThreadPoolExecutor

        own = threading.local()

        def one(place):
            if not hasattr(own, "sets"):
                own.sets = self.sets()
            return self.chip(own.sets, *place)

        with ThreadPoolExecutor(2) as threads:
            yield from threads.map(one, xy)


class Chipper(Chips):
    """The Python stacchip's Chipper, a chip after another."""

    def __init__(self, job):
        super().__init__(job)
        from stacchip.chipper import Chipper as Upstream
        from stacchip.indexer import NoStatsChipIndexer

        self.chipper = Upstream(NoStatsChipIndexer(item_of(self.item)), assets=job["assets"])

    def one(self, xy):
        chip = self.chipper.chip(*xy)
        return [chip[key] for key in self.job["assets"]]

    def chips(self, xy):
        return map(self.one, xy)


class ChipperPool(Chipper):
    """The same in a pool of two processes."""

    def chips(self, xy):
        from multiprocessing import get_context

        global POOLED
        POOLED = self
        with get_context("fork").Pool(2) as pool:
            yield from pool.imap(pooled, xy, chunksize=8)


POOLED = None


def pooled(xy):
    return POOLED.one(xy)


class Tifffile(Chips):
    """tifffile and imagecodecs: each tile decoded for the chip that needs it."""

    def chips(self, xy):
        import tifffile

        files = [tifffile.TiffFile(path) for path in self.paths]
        for x, y in xy:
            yield [self.band(file, x, y) for file in files]
        for file in files:
            file.close()

    def band(self, file, x, y):
        page = file.pages.first
        col, row, edge = self.window(page.imagelength, x, y)
        out = np.full((edge, edge, page.samplesperpixel), page.nodata, page.dtype)
        wide, high = page.tilewidth, page.tilelength
        across = ceil(page.imagewidth / wide)
        for top in range(row // high * high, row + edge, high):
            for left in range(col // wide * wide, col + edge, wide):
                number = top // high * across + left // wide
                file.filehandle.seek(page.dataoffsets[number])
                stored = file.filehandle.read(page.databytecounts[number])
                tile = page.decode(stored, number, jpegtables=page.jpegtables)[0]
                if tile is not None:
                    rows = slice(max(row, top), min(row + edge, top + high))
                    cols = slice(max(col, left), min(col + edge, left + wide))
                    out[rows.start - row : rows.stop - row, cols.start - col : cols.stop - col] = tile[
                        0, rows.start - top : rows.stop - top, cols.start - left : cols.stop - left
                    ]
        return grown(out.transpose(2, 0, 1), self.size)


class AsyncTiff(Chips):
    """async-tiff over obstore: all tiles of a chip at once, `at_once` chips at a time."""

    at_once = 1

    def chips(self, xy):
        return iter(asyncio.run(self.all(xy)))

    async def all(self, xy):
        from async_tiff import TIFF
        from obstore.store import LocalStore

        store = LocalStore("/")
        tiffs = await asyncio.gather(*(TIFF.open(path.lstrip("/"), store=store) for path in self.paths))
        # reading an attribute of theirs copies it
        self.known = [(t, t.ifds[0].image_height, t.ifds[0].tile_width, t.ifds[0].tile_height) for t in tiffs]
        gate = asyncio.Semaphore(self.at_once)
        return await asyncio.gather(*(self.chip(gate, x, y) for x, y in xy))

    async def chip(self, gate, x, y):
        async with gate:
            return await asyncio.gather(*(self.band(known, x, y) for known in self.known))

    async def band(self, known, x, y):
        tiff, height, wide, high = known
        col, row, edge = self.window(height, x, y)
        downs, acrosses = range(row // high, -(-(row + edge) // high)), range(col // wide, -(-(col + edge) // wide))
        tiles = await tiff.fetch_tiles([(across, down) for down in downs for across in acrosses], 0)
        decoded = [np.asarray(tile) for tile in await asyncio.gather(*(tile.decode() for tile in tiles))]
        lines = [np.concatenate(decoded[n : n + len(acrosses)], 1) for n in range(0, len(decoded), len(acrosses))]
        top, left = row - downs[0] * high, col - acrosses[0] * wide
        part = np.concatenate(lines)[top : top + edge, left : left + edge]
        return np.ascontiguousarray(grown(part.transpose(2, 0, 1), self.size))


class AsyncTiffEight(AsyncTiff):
    """The same, eight chips at a time."""

    at_once = 8


class RioTiler(Chips):
    """rio-tiler's reader of items, in the item's own reference system."""

    def place(self):
        """The item's reference system, and left edge, upper edge, width and (negative) height of its finest pixels."""
        said = self.item["properties"]
        finest = max((a for a in self.item["assets"].values() if "proj:shape" in a), key=lambda a: a["proj:shape"][0], default=said)
        wide, _, left, _, high, top = (said if "proj:transform" in said else finest)["proj:transform"][:6]
        return said.get("proj:code") or f"EPSG:{said['proj:epsg']}", left, top, wide, high

    def box(self, x, y):
        """The chip's edges: left, lower, right, upper."""
        _, left, top, wide, high = self.place()
        size = self.size
        return left + x * size * wide, top + (y + 1) * size * high, left + (x + 1) * size * wide, top + y * size * high

    def chips(self, xy):
        from pystac import Item
        from rasterio.crs import CRS
        from rio_tiler.io import STACReader

        item, crs, size = Item.from_dict(self.item), CRS.from_string(self.place()[0]), self.size
        for x, y in xy:
            with STACReader(None, item=item) as reader:
                yield [reader.part(self.box(x, y), bounds_crs=crs, dst_crs=crs, assets=self.job["assets"], width=size, height=size).array.data]


class OdcStac(RioTiler):
    """odc-stac, a chip's own grid a load, without dask."""

    def chips(self, xy):
        import odc.stac
        from affine import Affine
        from odc.geo.geobox import GeoBox
        from pystac import Item

        crs, left, top, wide, high = self.place()
        item, size = Item.from_dict(self.item), self.size
        for asset in item.assets.values():
            asset.media_type = asset.media_type or "image/tiff; application=geotiff"
        for x, y in xy:
            grid = GeoBox((size, size), Affine(wide, 0, left + x * size * wide, 0, high, top + y * size * high), crs)
            read = odc.stac.load([item], bands=self.job["assets"], geobox=grid, resampling="nearest", dtype="uint16", nodata=0)
            yield [read[key].values for key in self.job["assets"]]


class Stackstac(RioTiler):
    """stackstac: one stack of the scene, a chip of it computed at a time."""

    def chips(self, xy):
        import stackstac
        from rasterio.enums import Resampling

        crs, left, top, wide, high = self.place()
        down, across = self.job["shape"]
        whole = (left, top + down * high, left + across * wide, top)
        stack = stackstac.stack([self.item], assets=self.job["assets"], epsg=int(crs.split(":")[1]), bounds=whole, resolution=wide,
                                snap_bounds=False, dtype="uint16", fill_value=np.uint16(0), rescale=False, chunksize=self.size,
                                resampling=Resampling.nearest, xy_coords=False)
        size = self.size
        for x, y in xy:
            yield [stack.isel(time=0, x=slice(x * size, (x + 1) * size), y=slice(y * size, (y + 1) * size)).values]


class AsyncGeotiff(AsyncTiff):
    """async-geotiff: the bands of a chip at once, a chip after another."""

    async def all(self, xy):
        from async_geotiff import GeoTIFF
        from obstore.store import LocalStore

        store = LocalStore("/")
        self.known = await asyncio.gather(*(GeoTIFF.open(path.lstrip("/"), store=store) for path in self.paths))
        return [await asyncio.gather(*(self.band(known, x, y) for known in self.known)) for x, y in xy]

    async def band(self, known, x, y):
        from async_geotiff import Window

        col, row, edge = self.window(known.height, x, y)
        read = await known.read(window=Window(col_off=col, row_off=row, width=edge, height=edge))
        return np.ascontiguousarray(grown(np.asarray(read.data), self.size))


class Rasteret(RioTiler):
    """Rasteret: headers kept in a collection that is made once, a window a chip."""

    collection = None

    def made(self):
        import tempfile
        from datetime import datetime

        import pyarrow as pa
        import rasteret
        import shapely
        from shapely.geometry import shape

        outline = shape(self.item["geometry"])
        when = datetime.fromisoformat(self.item["properties"]["datetime"].replace("Z", "+00:00"))
        table = pa.table({
            "id": [self.item["id"]], "datetime": pa.array([when], pa.timestamp("us", "UTC")), "geometry": [shapely.to_wkb(outline)],
            "bbox": [dict(zip(("xmin", "ymin", "xmax", "ymax"), outline.bounds))],
            "proj:epsg": pa.array([int(self.place()[0].split(":")[1])], pa.int32()),
            "assets": [{key: {"href": path} for key, path in zip(self.job["assets"], self.paths)}],
        })
        self.folder = tempfile.TemporaryDirectory()
        return rasteret.build_from_table(table, name="bench", workspace_dir=self.folder.name, enrich_cog=True, band_codes=self.job["assets"], force=True)

    def chips(self, xy):
        self.collection = self.collection or self.made()
        pixel = self.place()[3]
        for x, y in xy:
            read = self.collection.read_window(record_ids=[self.item["id"]], bounds=self.box(x, y), res=(pixel, pixel), bands=self.job["assets"])
            yield [np.ascontiguousarray(read)]


class Mask:
    """GDAL reads the mask band, and no more: less than any index can do."""

    def __init__(self, job):
        import rasterio  # noqa: F401

        self.job = job

    def run(self):
        import rasterio

        with open(self.job["item"]) as file:
            assets = json.load(file)["assets"]
        key = "scl" if "scl" in assets else "qa_pixel"
        with rasterio.open(assets[key]["href"]) as data:
            return {"chips": 1, "bytes": data.read(1).nbytes}


class Indexer:
    """The Python stacchip's indexer and its table on disk."""

    def __init__(self, job):
        import geoarrow.pyarrow.io  # noqa: F401
        import stacchip.indexer  # noqa: F401

        self.job = job

    def run(self):
        from contextlib import redirect_stdout

        from geoarrow.pyarrow import io as tables
        from stacchip import indexer

        kind = {"sentinel2": indexer.Sentinel2Indexer, "landsat": indexer.LandsatIndexer}[self.job["kind"]]
        with open(self.job["item"]) as file, redirect_stdout(io.StringIO()):
            made = kind(item_of(json.load(file)))
            tables.write_geoparquet_table(made.create_index(), self.job["out"])
        return {"chips": made.size}


class Encoded(Rasterio):
    """Chips in memory to files in memory."""

    def __init__(self, job):
        super().__init__(job)
        self.made = [self.shaped(np.concatenate(chip)) for chip in self.chips(job["xy"])]

    def shaped(self, array):
        return array

    def run(self):
        files = [self.file(array) for array in self.made]
        return {"chips": len(files), "bytes": sum(a.nbytes for a in self.made), "encoded": sum(map(len, files))}


class Picture(Encoded):
    """Three bands as bytes."""

    def shaped(self, array):
        if array.dtype != np.uint8:
            array = np.minimum(array.astype(np.uint32) * 255 // 3000, 255).astype(np.uint8)
        return np.ascontiguousarray(array[:3])


class PngGdal(Picture):
    """PNG by GDAL, as rio-tiler and titiler make it."""

    def file(self, array):
        from rio_tiler.utils import render

        return render(array, img_format="PNG")


class PngPillow(Picture):
    """PNG by Pillow."""

    def file(self, array):
        from PIL import Image

        out = io.BytesIO()
        Image.fromarray(array.transpose(1, 2, 0)).save(out, "PNG")
        return out.getvalue()


class Npz(Encoded):
    """numpy.savez."""

    def file(self, array):
        out = io.BytesIO()
        np.savez(out, pixels=array)
        return out.getvalue()


class NpzDeflated(Encoded):
    """numpy.savez_compressed."""

    def file(self, array):
        out = io.BytesIO()
        np.savez_compressed(out, pixels=array)
        return out.getvalue()


class Gtiff(Encoded):
    """GeoTIFF by rasterio, deflated with a predictor."""

    def file(self, array):
        from rasterio import Affine
        from rasterio.io import MemoryFile

        with MemoryFile() as out:
            with out.open(driver="GTiff", count=len(array), height=array.shape[1], width=array.shape[2], dtype=array.dtype,
                          crs="EPSG:32720", transform=Affine(10, 0, 5e5, 0, -10, 6.4e6), compress="deflate", predictor=2) as target:
                target.write(array)
            return out.read()


PEERS = {
    "rasterio": Rasterio, "rasterio, two threads": RasterioTwo, "stacchip (Python)": Chipper, "stacchip (Python), pool of two": ChipperPool,
    "tifffile + imagecodecs": Tifffile, "async-tiff": AsyncTiff, "async-tiff, eight at once": AsyncTiffEight, "rio-tiler": RioTiler,
    "odc-stac": OdcStac, "stackstac": Stackstac, "async-geotiff": AsyncGeotiff, "Rasteret": Rasteret, "rasterio, opened for each chip": RasterioReopened,
    "GDAL, the mask band only": Mask, "stacchip (Python), index": Indexer,
    "PNG: GDAL": PngGdal, "PNG: Pillow": PngPillow, "npz: numpy": Npz, "npz, deflated: numpy": NpzDeflated, "GeoTIFF: rasterio": Gtiff,
}


def processor_seconds():
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in both)


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    if sys.argv[2:]:
        return PEERS[sys.argv[1]](json.loads(sys.argv[2])).run()
    peer = None
    for line in sys.stdin:
        ask = json.loads(line)
        try:
            if ask["op"] == "setup":
                peer, answer = PEERS[sys.argv[1]](ask["job"]), {"ok": True}
            elif ask["op"] == "run":
                cpu, wall = processor_seconds(), time.perf_counter()
                answer = peer.run()
                answer.update(wall=time.perf_counter() - wall, cpu=processor_seconds() - cpu,
                              maxrss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
            else:
                answer = {"crc": peer.verify(ask["n"])}
        except Exception as error:  # what a peer cannot do is a row of the table too
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
