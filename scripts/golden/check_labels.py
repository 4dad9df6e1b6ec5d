"""What `chip --labels` burns is what GDAL's rasterize burns, and what `label` says is what shapely says; of layers in every format and another system."""

import json

import duckdb
import geopandas
import numpy as np
import rasterio
import rasterio.features
import rasterio.warp
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, mapping, shape

import harness


def main():
    binary = harness.binary_from_arguments()
    report = harness.Report("labels as GDAL burns them")
    rng = np.random.default_rng(11)
    with harness.scratch() as folder:
        item = harness.sample(binary, f"{folder}/scene", "sentinel-2", size=600, seed=5)
        index = f"{folder}/i.parquet"
        binary.must("index", item, "-o", index, "--chip-size", "128", "--max-nodata", "1")
        with rasterio.open(next(item.parent.glob("*ed.tif"))) as raster:
            bounds, crs = raster.bounds, raster.crs
        things = features(rng, bounds)
        layers = written(things, crs, folder)
        for name, (path, there) in layers.items():
            burnt(report, binary, index, path, there, crs, folder, name)
        said(report, binary, index, layers["fgb"][0], layers["geojson"][1], folder)
    report.close()


def features(rng, bounds):
    """Polygons with holes, in pieces, tiny ones, lines and points, in metres."""
    width, height = bounds.right - bounds.left, bounds.top - bounds.bottom
    things = []
    for number in range(60):
        centre = np.array([rng.uniform(bounds.left, bounds.right), rng.uniform(bounds.bottom, bounds.top)])
        size = rng.choice([8.0, 60.0, 400.0, 1500.0])
        kind = number % 6
        if kind == 4:
            thing = LineString(centre + rng.uniform(-size, size, (4, 2)))
        elif kind == 5:
            thing = Point(centre)
        else:
            thing = star(rng, centre, size)
            if kind == 1:
                thing = thing.difference(star(rng, centre, size / 3))
            if kind == 2:
                thing = MultiPolygon([star(rng, centre - [size * 3, 0], size), star(rng, centre + [size * 3, 0], size)])
        if not thing.is_empty:
            things.append((thing, number % 7 + 1, f"class {number % 3}"))
    assert width > 0 and height > 0
    return things


def star(rng, centre, size):
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    radii = rng.uniform(size / 3, size, 9)
    return Polygon(centre + np.stack([np.cos(angles) * radii, np.sin(angles) * radii], 1)).buffer(0)


def written(things, crs, folder):
    """The same features in each format; and their geometry as it is in the system of the file."""
    frame = geopandas.GeoDataFrame(
        {"value": [v for _, v, _ in things], "class": [c for _, _, c in things]}, geometry=[t for t, _, _ in things], crs=crs
    )
    globe = [shape(rasterio.warp.transform_geom(crs, "OGC:CRS84", mapping(t))) for t in frame.geometry]
    there = frame.set_geometry(geopandas.GeoSeries(globe, crs="OGC:CRS84"))
    layers = {}
    lines = [
        {"type": "Feature", "properties": {"value": int(v), "class": c}, "geometry": mapping(t)}
        for t, v, c in zip(there.geometry, there["value"], there["class"])
    ]
    path = f"{folder}/l.geojson"
    with open(path, "w") as out:
        json.dump({"type": "FeatureCollection", "features": lines}, out)
    layers["geojson"] = (path, there)
    frame.to_parquet(f"{folder}/l.parquet")
    layers["parquet"] = (f"{folder}/l.parquet", frame)
    try:
        frame.to_file(f"{folder}/l.gpkg", layer="things", driver="GPKG")
        frame.to_file(f"{folder}/l.fgb", driver="FlatGeobuf", SPATIAL_INDEX="YES")
    except ImportError as error:
        raise SystemExit(f"FAILED geopandas cannot write layers: {error}\n0 passed, 1 failed")
    layers["gpkg"] = (f"{folder}/l.gpkg", frame)
    # The index sorts features: later ones lie over earlier ones in the order of the file.
    layers["fgb"] = (f"{folder}/l.fgb", geopandas.read_file(f"{folder}/l.fgb"))
    return layers


def burnt(report, binary, index, path, frame, crs, folder, name):
    for touched in [[], ["--all-touched"]]:
        what = f"{name}{' all touched' if touched else ''}"
        out = f"{folder}/{name}{len(touched)}"
        binary.must("chip", index, "--all", "--assets", "red", "--labels", path, "--label-value", "value", *touched, "-o", f"{out}/", "--format", "tif")
        shapes = [shape(rasterio.warp.transform_geom(frame.crs, crs, mapping(t))) if frame.crs != crs else t for t in frame.geometry]
        differs = total = 0
        for row in duckdb.sql(f"select chipid from '{index}'").fetchall():
            with rasterio.open(f"{out}/{row[0]}.label.tif") as label, rasterio.open(f"{out}/{row[0]}.tif") as chip:
                ours = label.read(1)
                report.check(label.transform == chip.transform and label.crs == chip.crs, f"{what}: {row[0]} lies where its chip lies")
                pairs = list(zip(shapes, frame["value"]))
                if touched:
                    theirs = touching(pairs, label)
                else:
                    theirs = rasterio.features.rasterize(pairs, out_shape=ours.shape, transform=label.transform, dtype="uint8")
            total += int((theirs > 0).sum())
            differs += int((ours != theirs).sum())
        report.check(differs == 0 and total > 1000, what, f"{differs} pixels differ of {total} burnt")


def touching(pairs, label):
    """By the definition: the inside of a pixel shares a point with the feature, for lines and points the pixel with its upper and left edge."""
    found = np.zeros(label.shape, np.uint8)
    inverse = ~label.transform
    for thing, value in pairs:
        thing = shapely.transform(thing, lambda p: np.stack(inverse * p.T, 1))
        x0, y0, x1, y1 = thing.bounds
        for row in range(max(0, int(np.floor(y0))), min(label.height, int(np.floor(y1)) + 1)):
            columns = np.arange(max(0, int(np.floor(x0))), min(label.width, int(np.floor(x1)) + 1))
            if len(columns):
                boxes = shapely.box(columns, row, columns + 1, row + 1)
                found[row, columns[shapely.intersects(boxes, thing)]] = value
    return found


def said(report, binary, index, path, frame, folder):
    out = f"{folder}/labelled.parquet"
    told = binary.must("label", index, path, "--attribute", "value", "--all", "-o", out, "--json").json()
    chips = geopandas.read_parquet(out)
    report.equal(told["chips"], len(chips), "all chips are there")
    for chip in chips.itertuples():
        near = frame[frame.intersects(chip.geometry)]
        report.equal(chip.label_count, len(near), f"{chip.chipid}: features that touch it")
        polygons = shapely.union_all([g for g in near.geometry if g.geom_type.endswith("Polygon")])
        share = polygons.intersection(chip.geometry).area / chip.geometry.area
        # 256 points across: an edge is told to half a point.
        report.check(abs(chip.label_fraction - share) < 0.004, f"{chip.chipid}: share", f"{chip.label_fraction}, shapely {share}")
    kept = binary.must("label", index, path, "--least", "0.2", "-o", f"{folder}/kept.parquet", "--json").json()
    report.equal(kept["rows"], int((chips.label_fraction >= 0.2).sum()), "chips that are covered by a fifth")


main()
