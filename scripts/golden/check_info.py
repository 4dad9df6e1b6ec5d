"""`stacchip info --json` against GDAL: every file of the corpus, and little files of every kind of georeference."""

import json
import math
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
import rasterio
from rasterio.crs import CRS

import arcgis
import crafted_tiff
import harness

# Part of the path, fields, and why they differ.
EXCEPTIONS = [
    (("ycbcr_", "zackthecat", "crash-2020-10"), {"colorinterp", "mask_flags", "gcps"}, "GDAL renders YCbCr as RGBA"),
    (("geo_rpc_rpb",), {"metadata METADATATYPE"}, "which of GDAL's readers found the file beside it"),
    (("one_strip_nobytecount",), {"block"}, "libtiff cannot cut a strip whose length it does not know"),
    (("nodata_u64max",), {"nodata"}, "rasterio gives none where a double cannot hold it"),
    (("epsg_2193_override",), {"crs"}, "GDAL keeps the code, and rasterio minds what else it changed"),
    (("strip_larger_than_2GB_header",), {"block"}, "blocks of GDAL's own making, of 2 GB"),
]


def main():
    binary = harness.binary_from_arguments()
    report = harness.Report("info tells what GDAL tells")
    warnings.simplefilter("ignore")
    with harness.scratch() as folder:
        crafted(binary, report, Path(folder))
    folder = harness.corpus()
    if folder is None:
        report.say("SKIPPED: no corpus; set STACCHIP_CORPUS")
    else:
        corpus(binary, report, folder)
    report.close()


def corpus(binary, report, folder):
    truth = json.loads((folder / "truth.json").read_text())["files"]
    paths = [path for path, told in truth.items() if told["expect"] != "open-fails" and "transform" in told.get("meta", {})]
    with ThreadPoolExecutor(4) as threads:
        runs = list(threads.map(lambda path: binary("info", folder / path, "--json"), paths))
    used = set()
    for path, run in zip(paths, runs):
        if not report.check(run.status == 0, path, run.last_line):
            continue
        wrong = differences(run.json(), truth[path]["meta"])
        for i, (parts, fields, _) in enumerate(EXCEPTIONS):
            if any(part in path for part in parts):
                excused = {field for field in wrong if fields is None or field in fields}
                used |= {i} if excused else set()
                wrong = {field: detail for field, detail in wrong.items() if field not in excused}
        report.check(not wrong, path, str(wrong)[:1000])
    for i, (parts, _, why) in enumerate(EXCEPTIONS):
        if i not in used:
            report.say(f"no longer an exception: {parts}: {why}")


def differences(ours, meta):
    """What differs between our document and the truth's: field and both sides."""
    wrong = {}

    def compare(field, got, want):
        if got != want:
            wrong[field] = f"ours {got!r}, expected {want!r}"

    for field in ("width", "height", "count"):
        compare(field, ours[field], meta[field])
    for field in ("dtypes", "descriptions", "units", "colorinterp", "mask_flags"):
        compare(field, ours[field][: len(meta[field])], meta[field])
    for field in ("scales", "offsets"):
        compare(field, ours[field][: len(meta[field])], [float(number) for number in meta[field]])
    compare("levels", len(ours["levels"]) - 1, len(meta["overviews"]))
    compare("block", ours["block"], meta["block_shapes"][0])
    compare("nodata", number(ours["nodata"]), number(meta["nodata"][0]))
    transform = ours["transform"] or [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    compare("transform", transform, meta["transform"])
    control = [[point["row"], point["col"], point["x"], point["y"], point["z"]] for point in ours["gcps"]]
    compare("gcps", control, meta["gcps"]["points"] if "gcps" in meta else [])
    if meta["area_or_point"]:
        compare("area_or_point", ours["area_or_point"], meta["area_or_point"])
    for key, value in meta["tags"].items():
        if key != "AREA_OR_POINT":
            compare(f"metadata {key}", ours["metadata"].get(key), value)
    compare("rpc", bool(ours["rpc"]), "rpcs" in meta)
    for key, text in meta.get("rpcs", {}).items():
        told = [float(number) for number in text.split()]
        read = ours["rpc"].get(key) if ours["rpc"] else None
        read = read if isinstance(read, list) else [read]
        # GDAL keeps fifteen digits.
        if len(read) != len(told) or not all(math.isclose(a, b, rel_tol=1e-14) for a, b in zip(read, told)):
            wrong[f"rpc {key}"] = f"ours {read!r}, expected {told!r}"
    system = meta["crs"] or meta.get("gcps", {}).get("crs")
    if not same_crs(ours["crs"], system and system["wkt"], system and code_of(system)):
        wrong["crs"] = f"ours {ours['crs']!r}, expected {system!r}"
    return wrong


def code_of(system):
    if system["epsg"]:
        return f"EPSG:{system['epsg']}"
    return ":".join(system["authority"]) if system["authority"] else None


def same_crs(ours, wkt, code):
    if ours is None or wkt is None:
        return ours is None and wkt is None
    return ours == code if code else CRS.from_user_input(ours) == CRS.from_wkt(wkt)


def number(value):
    """A nodata value, comparable: NaN as text."""
    if value is None:
        return None
    value = float(value)
    return "nan" if math.isnan(value) else value


def crafted(binary, report, folder):
    names = {**geokeys(folder), **written(folder), **arcgis.files(folder)}
    with ThreadPoolExecutor(4) as threads:
        runs = list(threads.map(lambda path: binary("info", path, "--json"), names.values()))
    for (name, path), run in zip(names.items(), runs):
        if not report.check(run.status == 0, name, run.last_line):
            continue
        ours = run.json()
        with rasterio.open(path) as theirs:
            points, points_crs = theirs.gcps
            system = theirs.crs or points_crs
            authority = system.to_authority() if system else None
            wkt = system.to_wkt(version="WKT2_2019") if system else None
            authority = OTHER_CODES.get(name) or authority
            report.check(
                same_crs(ours["crs"], wkt, ":".join(authority) if authority else None),
                f"{name}: crs", f"ours {ours['crs']}, expected {authority} {wkt}",
            )
            transform = ours["transform"] or [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
            if name.startswith("MapInfo's"):
                # What is solved for is rounded.
                transform = [b if math.isclose(a, b, rel_tol=1e-12) else a for a, b in zip(transform, theirs.transform)]
            # GDAL has none; what rasterio shows is what went before it.
            known = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0] if name in arcgis.WITHOUT_MAP else list(theirs.transform)[:6]
            report.equal(transform, known, f"{name}: transform")
            report.equal(number(ours["nodata"]), number(theirs.nodata), f"{name}: nodata")
            known = [[point.col, point.row, point.x, point.y] for point in points]
            report.equal([[point[of] for of in ("col", "row", "x", "y")] for point in ours["gcps"]], known, f"{name}: control points")
            tags = {key: value for key, value in theirs.tags().items() if key != "AREA_OR_POINT"}
            metadata = {key: value for key, value in ours["metadata"].items() if key != "AREA_OR_POINT"}
            report.equal(metadata, tags, f"{name}: metadata")
            report.equal(ours["descriptions"], list(theirs.descriptions), f"{name}: descriptions")
            report.equal(ours["scales"], list(theirs.scales), f"{name}: scales")
            report.equal(ours["offsets"], list(theirs.offsets), f"{name}: offsets")
            report.equal(ours["units"], list(theirs.units), f"{name}: units")
            report.equal(ours["area_or_point"], theirs.tags().get("AREA_OR_POINT", "Area"), f"{name}: area or point")


def geokeys(folder):
    """Little files with GeoKeys of every kind, written by hand."""
    by_hand = {1024: 1, 2048: 4326, 3072: 32767, 3074: 32767, 3076: 9001}
    natural = {3080: 1.5, 3081: 2.5, 3082: 3.0, 3083: 4.0, 3092: 0.9}
    centre = {3088: 9.5, 3089: 10.5, 3090: 11.0, 3091: 12.0, 3093: 0.95, 3094: 13.0}
    false = {3078: 41.0, 3079: 42.0, 3084: 5.5, 3085: 6.5, 3086: 7.0, 3087: 8.0}
    utm = {3075: 1, 3080: 3.0, 3081: 0.0, 3082: 5e5, 3083: 0.0, 3092: 0.9996}
    cases = {
        "a zone by its code": {1024: 1, 3072: 32631},
        "a code without a model type": {3072: 32631},
        "degrees by their code": {1024: 2, 2048: 4326},
        "a code with heights": {1024: 2, 2048: 4959},
        "WGS 84 with heights": {1024: 2, 2048: 4979},
        "nothing": {1025: 1},
        "a model and nothing": {1024: 1},
        "no model but a datum": {1025: 1, 2048: 4326},
        "a name alone": {1024: 32767, 1026: "hello", 3076: 9002},
        "a datum by its code": {1024: 2, 2048: 32767, 2050: 6267, 2049: "my"},
        "an ellipsoid by its code": {1024: 2, 2048: 32767, 2050: 32767, 2056: 7022, 2049: "my"},
        "an ellipsoid by its axes": {1024: 2, 2048: 32767, 2057: 6378137.0, 2058: 6356752.3, 2049: "GCS Name = a|Datum = b|"},
        "a meridian": {1024: 2, 2048: 32767, 2050: 32767, 2056: 7022, 2051: 8903, 2049: "GCS Name = a|Datum = b|Ellipsoid = c|Primem = d|"},
        "a unit of angle": {1024: 2, 2048: 32767, 2049: "GCS Name = a|AUnits = foo|", 2054: 32767, 2055: 0.02, 2057: 6378137.0, 2059: 298.0},
        "ESRI's name of a datum": {1024: 2, 2048: 32767, 2050: 32767, 2056: 32767, 2057: 6378137.0, 2059: 298.257222101,
                                   2049: "GCS Name = GCS_North_American_1983|Datum = North_American_Datum_1983|Ellipsoid = GRS_1980|Primem = Greenwich|"},
        "shifts to WGS 84": {1024: 2, 2048: 32767, 2050: 32767, 2056: 7022, 2062: [1.0, 2.0, 3.0]},
        "a zone by hand": {**by_hand, **utm},
        "a zone by hand, no units": {**{key: value for key, value in by_hand.items() if key != 3076}, **utm},
        "a zone by hand in feet": {**by_hand, **utm, 3076: 9002},
        "a zone by hand in a unit of its own": {**by_hand, **utm, 3076: 32767, 3077: 2.5},
        "a zone by hand without a key that says so": {1024: 1, 2048: 4326, **utm},
        "a numbered projection": {1024: 1, 2048: 4326, 3072: 32767, 3074: 16031},
        "a numbered projection in feet": {1024: 1, 2048: 4267, 3072: 32767, 3074: 10405, 3076: 9003},
        "a cone in grads": {1024: 1, 2048: 4275, 2054: 9105, 3072: 32767, 3075: 9, 3080: 3.0, 3081: 50.0, 3092: 0.9996, 3082: 5e5, 3083: 0.0},
        "Imagine's citation": {1024: 1, 1026: "IMAGINE GeoTIFF Support\nCopyright 1991 - 2001\n@(#)$Revision: 1 $\nProjection Name = UTM\nUnits = meters",
                               2048: 4326, 3072: 32767, 3074: 16031, 3076: 9001},
        "ESRI's text": {3072: 32767, 3073: 'ESRI PE String = PROJCS["NAD_1983_Albers",GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",'
                        'SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Albers"],'
                        'PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["central_meridian",-96.0],PARAMETER["Standard_Parallel_1",29.5],'
                        'PARAMETER["Standard_Parallel_2",45.5],PARAMETER["latitude_of_origin",23.0],UNIT["Meter",1.0]]'},
        "polar, true at a parallel": {**by_hand, 3075: 15, 3081: -71.0, 3095: 0.0},
        "polar, scaled at the pole": {**by_hand, 3075: 15, 3081: 90.0, 3095: 0.0, 3092: 0.994, 3082: 2e6, 3083: 2e6},
        "polar with both": {**by_hand, 3075: 15, 3081: -71.0, 3095: 5.0, 3092: 0.994},
    }
    for method in [*range(1, 30), 9815]:
        for kind, parameters in (("natural", natural), ("centre", centre), ("false", false), ("all", {**false, **centre, **natural}), ("no", {})):
            # Mercator with a scale away from the equator GDAL refuses; ESRI's world in azimuths depends on PROJ's version.
            if (method, kind) not in ((7, "natural"), (12, "no")):
                cases[f"method {method}, {kind} origin"] = {**by_hand, 3075: method, **parameters}
    files = {}
    for i, (name, keys) in enumerate(cases.items()):
        files[name] = folder / f"keys{i}.tif"
        crafted_tiff.write(files[name], keys)
    heights = {
        "a zone with heights": {1024: 1, 3072: 26910, 4096: 5703},
        "degrees with heights": {1024: 2, 2048: 4326, 4096: 5703},
        "degrees with heights above the ellipsoid": {1024: 2, 2048: 4326, 4096: 5030},
        "heights by hand": {1024: 1, 3072: 32631, 4096: 32767, 4097: "my height", 4098: 5103, 4099: 9002},
        "heights in feet": {1024: 1, 3072: 6529, 4096: 6360},
        "a zone by hand with heights": {**by_hand, **utm, 4096: 5703},
    }
    for i, (name, keys) in enumerate(heights.items()):
        for minor in (0, 1):
            title = f"{name}, GeoTIFF 1.{minor}"
            files[title] = folder / f"heights{i}_{minor}.tif"
            crafted_tiff.write(files[title], keys, minor=minor)
    zone = {1024: 1, 3072: 32631}
    tags = {
        "resolution": [(282, crafted_tiff.RATIONAL, [(300, 1)]), (283, crafted_tiff.RATIONAL, [(1000, 3)]), (296, crafted_tiff.SHORT, [2])],
        "sample range": [(280, crafted_tiff.SHORT, [3]), (281, crafted_tiff.SHORT, [250])],
        "texts": [(270, crafted_tiff.ASCII, "a picture"), (305, crafted_tiff.ASCII, "me"), (306, crafted_tiff.ASCII, "2020:01:01 00:00:00")],
        "a matrix": [(33550, crafted_tiff.DOUBLE, []), (34264, crafted_tiff.DOUBLE, [2.0, 0.5, 0.0, 100.0, 0.5, -2.0, 0.0, 200.0] + [0.0] * 7 + [1.0])],
        "a scale upside down": [(33550, crafted_tiff.DOUBLE, [10.0, -10.0, 0.0])],
    }
    for name, more in tags.items():
        files[name] = folder / f"{name.replace(' ', '_')}.tif"
        crafted_tiff.write(files[name], zone, tags=more)
    files["big-endian"] = folder / "big.tif"
    crafted_tiff.write(files["big-endian"], zone, order=">")
    files["pixels are points"] = folder / "point.tif"
    crafted_tiff.write(files["pixels are points"], {**zone, 1025: 2})
    for i, text in enumerate(["nan", "-inf", "1e3", " 7 ", "0.5", "300", "-1", "abc", ""]):
        files[f"nodata {text!r}"] = folder / f"nodata{i}.tif"
        crafted_tiff.write(files[f"nodata {text!r}"], zone, tags=[(42113, crafted_tiff.ASCII, text)])
    return files


def written(folder):
    """Files that GDAL writes, of systems of the register with its code and without, and with files beside them."""
    files = {}
    plain = {"driver": "GTiff", "width": 5, "height": 4, "count": 1, "dtype": "uint8"}

    def write(name, description=None, **how):
        path = folder / f"{name.replace(' ', '_').replace(':', '_')}.tif"
        with rasterio.open(path, "w", **{**plain, **how}) as file:
            file.write(numpy.zeros((how.get("count", 1), 4, 5), "uint8"))
            if description:
                description(file)
        files[name] = path

    place = rasterio.transform.from_origin(500000.0, 4000000.0, 10.0, 20.0)
    for code in SYSTEMS:
        system = CRS.from_user_input(code)
        for version in ("1.0", "1.1"):
            write(f"{code} {version}", crs=system, transform=place, GEOTIFF_VERSION=version)
    write("north is down", crs=CRS.from_epsg(32631), transform=rasterio.Affine(10, 0, 0, 0, 10, 0))
    write("turned", crs=CRS.from_epsg(32631), transform=rasterio.Affine(10, 3, 5, -3, -10, 7))

    def labelled(file):
        file.descriptions = ("first", "second")
        file.scales, file.offsets, file.units = (0.5, 2.0), (1.0, -3.0), ("K", "m")
        file.update_tags(note="a < b & c")
        file.update_tags(1, of="one")

    write("labels", labelled, count=2, transform=place)
    points = [rasterio.control.GroundControlPoint(row, col, 10.0 + col, 50.0 - row, 3.0) for row, col in ((0, 0), (0, 5), (4, 0), (4, 5), (2, 3))]
    write("control points", gcps=points, crs=CRS.from_epsg(4326))
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False):
        write("a world file", transform=place, PROFILE="BASELINE", TFW="YES", crs=CRS.from_epsg(32631))
        write("notes beside it", labelled, count=2, transform=place, PROFILE="BASELINE", crs=CRS.from_epsg(3035), nodata=7)
    for name in ("notes over its own words", "notes alone"):
        own = {"transform": place, "crs": CRS.from_epsg(32631), "nodata": 3} if "own" in name else {}
        write(name, labelled if own else None, count=2, **own)
        Path(f"{files[name]}.aux.xml").write_text(NOTES)
    for ending in ("tfw", "tifw", "wld"):
        path = folder / f"world_{ending}.tif"
        crafted_tiff.write(path, place=False)
        path.with_suffix(f".{ending}").write_text("2.5\n0.5\n-0.5\n-2.5\n1000\n2000\n")
        files[f"a world file {ending}"] = path
    for i, (name, (points, system)) in enumerate(TABLES.items()):
        path = folder / f"table{i}.tif"
        crafted_tiff.write(path, place=False)
        labels = ",\n".join(f'  ({x},{y}) ({col},{row}) Label "Pt {n}"' for n, (x, y, col, row) in enumerate(points, 1))
        path.with_suffix(".tab").write_text(f'!table\n!version 300\n!charset WindowsLatin1\n\nDefinition Table\n  File "table{i}.tif"\n'
                                            f'  Type "RASTER"\n{labels}\n  {system}\n')
        files[f"MapInfo's {name}"] = path
    grid = (folder / "table0.tab").read_text()
    system = "".join(line for line in grid.splitlines(True) if "Label" not in line)
    world = "2.5\n0.5\n-0.5\n-2.5\n1000\n2000\n"
    zone = {"keys": {1024: 1, 3072: 32631}, "place": False}
    tied = {**zone, "tags": [(33922, crafted_tiff.DOUBLE, [0.0, 0.0, 0.0, 3.0, 50.0, 0.0, 4.0, 0.0, 0.0, 4.0, 51.0, 0.0])]}
    beside = {
        "a table before a world file": (grid, world, {"place": False}),
        "a table's system, a world file's map": (system, world, {"place": False}),
        "a table before the file's system": (grid, None, zone),
        "a table before the file's points": (grid, None, tied),
        "a world file before the file's points": (None, world, tied),
        "a table after the file's map": (grid, None, {**zone, "place": True}),
    }
    for i, (name, (table, numbers, how)) in enumerate(beside.items()):
        path = files[name] = folder / f"beside{i}.tif"
        crafted_tiff.write(path, **how)
        for ending, text in ((".tab", table), (".tfw", numbers)):
            if text:
                path.with_suffix(ending).write_text(text)
    return files


# Systems that GDAL does not find in the register, since their datums bear MapInfo's names; and one whose axes it turns.
OTHER_CODES = {
    "MapInfo's Dutch grid": ("EPSG", "28992"), "MapInfo's map of New Zealand": ("EPSG", "27200"), "MapInfo's map in degrees": ("EPSG", "4326"),
}
# Tables of MapInfo: points (x, y, column, row) and the clause of the reference system.
CORNERS = [(400000, 1200000, 0, 4000), (500000, 1200000, 4000, 4000), (500000, 1300000, 4000, 0), (400000, 1300000, 0, 0)]
TURNED = [(10, 50, 0, 0), (10.4, 50.1, 4, 0), (9.9, 49.6, 0, 4)]
TABLES = {
    "British grid": (CORNERS, 'CoordSys Earth Projection 8, 79, "m", -2, 49, 0.9996012717, 400000, -100000'),
    "degrees": (TURNED, "CoordSys Earth Projection 1, 104"),
    "degrees of another datum": (TURNED, "CoordSys Earth Projection 1, 74 Bounds (-180, -90) (180, 90)"),
    "zone of WGS 84": (CORNERS, 'CoordSys Earth Projection 8, 104, "m", 15, 0, 0.9996, 500000, 0'),
    "zone of Australia": (CORNERS, 'CoordSys Earth Projection 8, 116, "m", 147, 0, 0.9996, 500000, 10000000'),
    "web maps": (CORNERS, 'CoordSys Earth Projection 10, 157, "m", 0'),
    "cone in feet": (CORNERS, 'CoordSys Earth Projection 3, 74, "survey ft", -120.5, 43.6666666667, 46, 44.3333333333, 8202099.7375, 0'),
    "Albers": (CORNERS, 'CoordSys Earth Projection 9, 74, "m", -96, 23, 29.5, 45.5, 0, 0'),
    "azimuths": (CORNERS, 'CoordSys Earth Projection 29, 104, "m", 10, 52, 90'),
    "sinuses": (CORNERS, 'CoordSys Earth Projection 16, 104, "m", 20'),
    "Mercator": (CORNERS, 'CoordSys Earth Projection 10, 104, "m", 5'),
    "Mercator of a region": (CORNERS, 'CoordSys Earth Projection 26, 104, "m", 5, 41'),
    "Dutch grid": (CORNERS, 'CoordSys Earth Projection 31, 109, "m", 5.3876388888, 52.156160556, 0.9999079, 155000, 463000'),
    "polycones": (CORNERS, 'CoordSys Earth Projection 27, 92, "m", -54, 0, 5000000, 10000000'),
    "Cassini": (CORNERS, 'CoordSys Earth Projection 30, 28, "m", 35, 31.7, 170000, 126000'),
    "map of New Zealand": (CORNERS, 'CoordSys Earth Projection 18, 31, "m", 173, -41, 2510000, 6023150'),
    "Robinson": (CORNERS, 'CoordSys Earth Projection 12, 104, "m", 0'),
    "Miller": (CORNERS, 'CoordSys Earth Projection 11, 104, "km", 0'),
    "map in degrees": (TURNED, 'CoordSys Earth Projection 8, 104, "m", 15, 0, 0.9996, 500000, 0\n  Units "degree"'),
    "Mercator with bounds": (CORNERS, 'CoordSys Earth Projection 2010, 104, "7", 5 Bounds (0, 0) (1, 1)'),
    "equal areas": (CORNERS, 'CoordSys Earth Projection 2, 104, "m", 5, 30'),
    "equal areas, shifted": (CORNERS, 'CoordSys Earth Projection 2, 104, "m", 5, 30, 1000, 2000'),
    "plane without a place": (CORNERS, 'CoordSys NonEarth Units "m" Bounds (0, 0) (1, 1)'),
}


NOTES = """<PAMDataset><SRS dataAxisToSRSAxisMapping="2,1">EPSG:3035</SRS>
<GeoTransform> 1.0e+02,  2.0,  0.0,  5.0e+01,  0.0, -2.0</GeoTransform>
<Metadata><MDI key="note">b &lt; c</MDI><MDI key="AREA_OR_POINT">Point</MDI></Metadata>
<PAMRasterBand band="1"><Description>noted</Description><NoDataValue>7</NoDataValue><UnitType>K</UnitType>
<Offset>1.5</Offset><Scale>2</Scale><ColorInterp>Red</ColorInterp></PAMRasterBand></PAMDataset>
"""

# One or more of every method and kind of axes, units, meridians and heights.
SYSTEMS = [
    "EPSG:2154", "EPSG:2193", "EPSG:2225", "EPSG:2263", "EPSG:3031", "EPSG:3035", "EPSG:3347", "EPSG:3395", "EPSG:3413", "EPSG:3408", "EPSG:3573",
    "EPSG:3857", "EPSG:4087", "EPSG:4167", "EPSG:4267", "EPSG:4326", "EPSG:4807", "EPSG:5070", "EPSG:5041", "EPSG:6933", "EPSG:2056", "EPSG:23700",
    "EPSG:27200", "EPSG:27563", "EPSG:27700", "EPSG:28992", "EPSG:29873", "EPSG:2046", "EPSG:31287", "EPSG:31370", "EPSG:32661", "EPSG:5514",
    "EPSG:29702", "EPSG:3078", "EPSG:7405", "EPSG:4979", "ESRI:102001", "ESRI:54009", "ESRI:54030", "ESRI:54016", "ESRI:102003", "ESRI:54032",
    "+proj=laea +lat_0=12 +lon_0=34 +datum=WGS84", "+proj=sinu +R=6371007.181", "+proj=eqc +lat_ts=30 +R=3396190", "+proj=merc +lat_ts=41 +ellps=GRS80",
    "+proj=aeqd +lat_0=10 +lon_0=20 +ellps=bessel", "+proj=tmerc +lat_0=1 +lon_0=2 +k=0.99 +x_0=3 +y_0=4 +ellps=intl +towgs84=1,2,3,4,5,6,7",
    "+proj=lcc +lat_0=1 +lat_1=20 +lat_2=40 +lon_0=3 +datum=NAD27 +units=us-ft", "+proj=stere +lat_0=90 +lat_ts=70 +lon_0=-45 +datum=WGS84",
    "+proj=somerc +lat_0=46.95 +lon_0=7.44 +x_0=600000 +y_0=200000 +ellps=bessel", "+proj=geos +h=35785831 +lon_0=-75 +sweep=x +ellps=GRS80",
    "+proj=longlat +ellps=clrk66 +pm=paris", "+proj=cea +lat_ts=30 +datum=WGS84", "+proj=poly +lat_0=0 +lon_0=-54 +ellps=aust_SA",
    "+proj=moll +lon_0=0 +datum=WGS84", "+proj=omerc +lat_0=4 +lonc=102.25 +alpha=323.0257 +k=0.99984 +gamma=323.1301 +ellps=evrst30",
]


if __name__ == "__main__":
    main()
