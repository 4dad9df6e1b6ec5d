"""The Python stacchip 0.1.38 as released, told the grid it should use.

The release picks the largest transform and knows neither `proj:code` nor projection fields of assets, so a scene whose
bands differ in resolution gets footprints of the wrong scale. Its rules, ids, filters and chips are the reference
nonetheless: here the grid comes from outside, read from the raster of the finest asset by GDAL itself.
"""

import contextlib
import io
from pathlib import Path

import numpy as np
import pystac
import rasterio
from stacchip import indexer as released
from stacchip.chipper import Chipper

__all__ = ["Chipper", "Scene", "corners"]


def told(base):
    """A subclass of a released indexer that takes CRS and grid as they are handed to it."""

    class Told(base):
        def __init__(self, item, grid, **settings):
            self._grid = grid
            super().__init__(item, **settings)

        @property
        def crs(self):
            return self._grid["crs"]

        @property
        def shape(self):
            return self._grid["shape"]

        @property
        def transform(self):
            return self._grid["transform"]

    Told.__name__ = f"Told{base.__name__}"
    return Told


class ModisAsTheGuideSays(released.ModisIndexer):
    """Cloud is the value 2 of the two lowest bits and not produced the value 3, as table 10 of the MOD09 guide has it.

    The release takes value 1 for cloud; see the page on MODIS in docs/decisions.
    """

    def get_stats(self, x, y):
        size = self.chip_size
        low = self.quality[y * size : (y + 1) * size, x * size : (x + 1) * size] & 3
        return (low == 2).sum() / low.size, (low == 3).sum() / low.size


class LandsatFromItsHref(released.LandsatIndexer):
    """The release reads `alternate.s3`; a local scene has only its href."""

    def __init__(self, item, *arguments, **settings):
        asset = item.assets["qa_pixel"]
        asset.extra_fields.setdefault("alternate", {"s3": {"href": asset.get_absolute_href()}})
        asset.extra_fields["alternate"]["s3"]["href"] = asset.get_absolute_href()
        super().__init__(item, *arguments, **settings)


class Scene:
    """A STAC item on disk with all the peer needs to index and chip it."""

    def __init__(self, path):
        self.item = pystac.Item.from_file(str(Path(path).resolve()))
        self.item.make_asset_hrefs_absolute()
        # The release fails on an item that has a range instead of a moment; ours takes its start.
        if self.item.datetime is None:
            self.item.datetime = self.item.common_metadata.start_datetime
        if "https://stac-extensions.github.io/projection" not in " ".join(self.item.stac_extensions):
            self.item.stac_extensions.append("https://stac-extensions.github.io/projection/v1.1.0/schema.json")

    def grid(self, keys):
        """CRS, shape and transform of the finest of these assets, as GDAL reads them."""
        best = None
        for key in keys:
            with rasterio.open(self.item.assets[key].href) as source:
                if best is None or source.transform.a < best["transform"][0]:
                    best = {"crs": source.crs, "shape": [source.height, source.width], "transform": list(source.transform)[:6]}
        return best

    def table(self, kind, grid, mask=None, **settings):
        """The index as the peer makes it; `kind` names the rule."""
        bases = {
            "none": released.NoStatsChipIndexer,
            "landsat-qa": LandsatFromItsHref,
            "sentinel-2-scl": released.Sentinel2Indexer,
            "modis-upstream": released.ModisIndexer,
            "modis-qc": ModisAsTheGuideSays,
            "mask": released.NoDataMaskChipIndexer,
        }
        if mask is not None:
            settings["nodata_mask"] = mask
        with contextlib.redirect_stdout(io.StringIO()):
            return told(bases[kind])(self.item.clone(), grid, **settings).create_index()

    def chipper(self, grid, keys, **settings):
        return Chipper(told(released.NoStatsChipIndexer)(self.item, grid, **settings), assets=keys)


def corners(table):
    """The rings of the peer's table, each an array (point, lon/lat)."""
    rings = []
    for geometry in table.column("geometry").to_pylist():
        rings.append(np.array([[point["x"], point["y"]] for point in geometry[0]]))
    return rings
