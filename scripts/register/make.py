"""Writes crates/stacchip-cog/src/geo/register/*.tsv from the database of PROJ (proj.db; what is committed is of 9.7.1).

usage: make.py PROJ_DB

The tables hold what GeoKeys may refer to by the code of an EPSG register entry inside a definition by hand: geodetic
systems, ellipsoids, meridians, units, vertical datums, and the numbered conversions 10000 to 19999; and of every
projected system its geographic system, conversion and unit, which keys may contradict. Numbers are as the
register has them, but for sexagesimal degrees, which become degrees, and ellipsoids, which are in metres and inverse
flattening (0 for a sphere). Sources and terms: NOTICE.
"""

import sqlite3
import sys
from pathlib import Path

OUT = Path(__file__).resolve().parents[2] / "crates" / "stacchip-cog" / "src" / "geo" / "register"
# Methods that are no map projections, and those that PROJ does not know.
NO_PROJECTION = (1130, 9602, 9659, 9816, 9817, 9824, 9836, 9837, 9838, 9843, 9844)
SEXAGESIMAL = 9110
DEGREE = 9102
USUAL = (DEGREE, 9001, 9201)


def main():
    database = sqlite3.connect(sys.argv[1])
    units = {code: factor for code, factor in database.execute("select code, conv_factor from unit_of_measure where auth_name = 'EPSG'")}

    def angle(value, unit):
        if unit != SEXAGESIMAL:
            return value, unit
        sign = -1 if value < 0 else 1
        whole, _, rest = f"{abs(value):.10f}".partition(".")
        minutes, seconds = int(rest[:2]), float(f"{rest[2:4]}.{rest[4:]}")
        return sign * (int(whole) + minutes / 60 + seconds / 3600), DEGREE

    write("geodetic", database.execute(
        """select c.code, c.name, substr(c.type, 12), d.code, replace(d.name, ' ensemble', ''), d.ellipsoid_code, d.prime_meridian_code
           from geodetic_crs c join geodetic_datum d on d.auth_name = c.datum_auth_name and d.code = c.datum_code
           where c.auth_name = 'EPSG' and c.code < 32767 and c.type like 'geographic%' order by c.code"""))

    def ellipsoids():
        for code, name, axis, flattening, minor, unit in database.execute(
            "select code, name, semi_major_axis, inv_flattening, semi_minor_axis, uom_code from ellipsoid where auth_name = 'EPSG' order by code"
        ):
            if not flattening:
                flattening = 0.0 if minor is None or minor == axis else axis / (axis - minor)
            yield code, name, axis * units[unit], flattening
    write("ellipsoid", ellipsoids())

    def meridians():
        for code, name, longitude, unit in database.execute("select code, name, longitude, uom_code from prime_meridian where auth_name = 'EPSG' order by code"):
            yield code, name, *angle(longitude, unit)
    write("meridian", meridians())
    write("unit", database.execute(
        "select code, name, type, conv_factor from unit_of_measure where auth_name = 'EPSG' and type in ('angle', 'length') and conv_factor > 0 order by code"))
    write("projected", database.execute(
        """select p.code, p.geodetic_crs_code, p.conversion_code, a.uom_code from projected_crs p
           join axis a on a.coordinate_system_auth_name = p.coordinate_system_auth_name
               and a.coordinate_system_code = p.coordinate_system_code and a.coordinate_system_order = 1
           where p.auth_name = 'EPSG' and p.code < 32767 order by p.code"""))
    write("vertical_datum", database.execute("select code, name from vertical_datum where auth_name = 'EPSG' and code < 32767 order by code"))

    def conversions():
        columns = ", ".join(f"param{i}_code, param{i}_value, param{i}_uom_code" for i in range(1, 8))
        for code, name, method, *rest in database.execute(
            f"select code, name, method_code, {columns} from conversion_table where auth_name = 'EPSG' and code between 10000 and 19999 and method_code not in {NO_PROJECTION} order by code"
        ):
            parts = []
            for i in range(0, len(rest), 3):
                parameter, value, unit = rest[i:i + 3]
                if parameter is None:
                    continue
                value, unit = angle(value, unit)
                # The usual unit of a kind goes without saying.
                parts.append(f"{parameter}={value:.15g}" + ("" if unit in USUAL else f":{unit}"))
            yield code, name, method, " ".join(parts)
    write("conversion", conversions())


def write(name, rows):
    text = "".join("\t".join(str(cell) for cell in row) + "\n" for row in rows)
    (OUT / f"{name}.tsv").write_text(text)


if __name__ == "__main__":
    main()
