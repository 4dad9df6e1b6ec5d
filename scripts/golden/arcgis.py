"""Little TIFFs with what ArcGIS writes beside them: its `GeodataXform` in `.aux.xml`, and its metadata in `.xml`."""

from xml.sax.saxutils import escape

import crafted_tiff

SYSTEM = ('PROJCS["NAD_1983_UTM_Zone_14N",GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",'
          'SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
          'PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],'
          'PARAMETER["Central_Meridian",-99.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]')
SPACES = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:typens="http://www.esri.com/schemas/ArcGIS/9.2"'
ZONE = {1024: 1, 3072: 32631}
TABLE = """!table
!version 300
Definition Table
  File "a.tif"
  Type "RASTER"
  (100,200) (0,0) Label "a",
  (108,200) (4,0) Label "b",
  (100,194) (0,3) Label "c"
  CoordSys Earth Projection 8, 104, "m", 15, 0, 0.9996, 500000, 0
"""
WORLD = "3\n0\n0\n-4\n2.5\n0\n"
NOTED = "<SRS>EPSG:32633</SRS>"
MAP = "<GeoTransform>1, 2, 0, 3, 0, -4</GeoTransform>"
# The points of these take the map of the file, or of the table, away.
WITHOUT_MAP = {"ArcGIS: points before the file's map", "ArcGIS: points without a system", "ArcGIS: points before a table's"}
LIST = '<GCPList Projection="EPSG:4326"><GCP Id="1" Pixel="1" Line="2" X="3" Y="4"/></GCPList>'


def array(name, numbers):
    return f'<{name} xsi:type="typens:ArrayOfDouble">' + "".join(f"<Double>{number}</Double>" for number in numbers) + f"</{name}>"


def form(kind, inside, system=SYSTEM):
    told = f'<SpatialReference xsi:type="typens:ProjectedCoordinateSystem"><WKT>{escape(system)}</WKT></SpatialReference>' if system else ""
    return f'<GeodataXform xsi:type="typens:{kind}" {SPACES}>{told}{inside}</GeodataXform>'


def notes(form, more=""):
    return f'<PAMDataset><Metadata domain="xml:ESRI" format="xml">{form}</Metadata>{more}</PAMDataset>'


def metadata(code):
    return ("<?xml version='1.0'?><metadata><Esri/><refSysInfo><RefSystem><refSysID>"
            f'<identCode code="{code}" Sync="TRUE"/></refSysID></RefSystem></refSysInfo></metadata>')


def resolution(unit):
    return {"tags": [(282, crafted_tiff.RATIONAL, [(4, 1)]), (283, crafted_tiff.RATIONAL, [(5, 2)]), (296, crafted_tiff.SHORT, [unit])]}


def files(folder):
    """The files, by what is to be seen with them."""
    polynomial = "<PolynomialOrder>1</PolynomialOrder>" + array("CoeffX", [100, 2, 0.5]) + array("CoeffY", [200, 0.25, -2])
    points = array("SourceGCPs", [0, 1.2, 1, 1.2, 1, 0, 0, 0]) + array("TargetGCPs", [100, 200, 140, 200, 140, 180, 100, 180])
    identity, bent, page = form("IdentityXform", ""), form("PolynomialXform", polynomial), form("PolynomialXform", points)
    nowhere, inches = {"place": False}, {"place": False, **resolution(2)}
    cases = {
        "a system": ({".tif.aux.xml": notes(identity)}, nowhere),
        "a system, of ArcGIS 9": ({".tif.aux.xml": identity}, nowhere),
        "a system, marked": ({".tif.aux.xml": "\ufeff" + identity}, nowhere),
        "a system before the file's": ({".tif.aux.xml": notes(identity)}, {"keys": ZONE}),
        "a system before GDAL's": ({".tif.aux.xml": notes(identity, NOTED)}, nowhere),
        "a system that is none": ({".tif.aux.xml": notes(form("IdentityXform", "", "EPSG:32633"))}, {"keys": ZONE}),
        "a system before a table's": ({".tif.aux.xml": notes(identity), ".tab": TABLE}, nowhere),
        "a map": ({".tif.aux.xml": notes(bent)}, nowhere),
        "a map before the file's": ({".tif.aux.xml": notes(bent)}, {"keys": ZONE}),
        "a map before a table's": ({".tif.aux.xml": notes(bent), ".tab": TABLE}, nowhere),
        "a map before a world file's": ({".tif.aux.xml": notes(bent), ".tfw": WORLD}, nowhere),
        "a map after GDAL's": ({".tif.aux.xml": notes(bent, MAP)}, nowhere),
        "a map before GDAL's points": ({".tif.aux.xml": notes(bent, LIST)}, nowhere),
        "a map without a system": ({".tif.aux.xml": notes(form("PolynomialXform", polynomial, None))}, {"keys": ZONE}),
        "a map of second order": ({".tif.aux.xml": notes(form("PolynomialXform", polynomial.replace(">1<", ">2<")))}, nowhere),
        "points": ({".tif.aux.xml": notes(page)}, inches),
        "points, of ArcGIS 9": ({".tif.aux.xml": page}, inches),
        "points before the file's map": ({".tif.aux.xml": notes(page)}, {"keys": ZONE, **resolution(2)}),
        "points without a system": ({".tif.aux.xml": notes(form("PolynomialXform", points, None))}, {"keys": ZONE, **resolution(2)}),
        "points beside GDAL's map": ({".tif.aux.xml": notes(page, MAP)}, inches),
        "points before GDAL's": ({".tif.aux.xml": notes(page, NOTED + LIST)}, inches),
        "points before a table's": ({".tif.aux.xml": notes(page), ".tab": TABLE}, inches),
        "points before a map": ({".tif.aux.xml": notes(form("PolynomialXform", points + polynomial))}, inches),
        "points of unknown pixels": ({".tif.aux.xml": notes(page)}, nowhere),
        "points of unknown pixels, GDAL's system": ({".tif.aux.xml": notes(page, NOTED)}, {"keys": ZONE}),
        "points of unknown pixels, GDAL's points": ({".tif.aux.xml": notes(page, LIST)}, nowhere),
        "points of unknown pixels, GDAL's map": ({".tif.aux.xml": notes(page, MAP)}, nowhere),
        "points in centimetres": ({".tif.aux.xml": notes(page)}, {"place": False, **resolution(3)}),
        "points that are not pairs": ({".tif.aux.xml": notes(page.replace("<Double>1.2</Double>", "", 1))}, inches),
        "a code": ({".xml": metadata(25833)}, nowhere),
        "a code before the file's": ({".xml": metadata(25833)}, {"keys": ZONE}),
        "a code and a world file": ({".xml": metadata(25833), ".tfw": WORLD}, nowhere),
        "a code of ESRI's": ({".xml": metadata(102003)}, nowhere),
        "a code of nothing": ({".xml": metadata(0)}, {"keys": ZONE}),
        "a code after a table's system": ({".xml": metadata(25833), ".tab": TABLE}, nowhere),
        "a code after GDAL's system": ({".xml": metadata(25833), ".tif.aux.xml": f"<PAMDataset>{NOTED}</PAMDataset>"}, nowhere),
    }
    written = {}
    for i, (name, (beside, how)) in enumerate(cases.items()):
        path = written[f"ArcGIS: {name}"] = folder / f"arcgis{i}.tif"
        crafted_tiff.write(path, **how)
        for ending, text in beside.items():
            path.with_name(f"arcgis{i}{ending}").write_text(text)
    return written
