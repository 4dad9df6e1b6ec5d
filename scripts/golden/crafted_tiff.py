"""Writes little TIFFs with any GeoKeys and tags, which no library would write."""

import struct

SHORT, LONG, RATIONAL, DOUBLE, ASCII = 3, 4, 5, 12, 2
FORMATS = {SHORT: "H", LONG: "I", DOUBLE: "d"}
WIDTH, HEIGHT = 4, 3


def write(path, keys=None, minor=0, tags=(), place=True, order="<", bands=1):
    """A TIFF of 4 × 3 bytes a band. `keys`: GeoKeys by number (text, number with a point, or code); `minor`: the minor
    revision of the keys; `tags`: (tag, type, values) beside or instead of the usual ones; `place`: whether it has a
    pixel scale and a tie point."""
    entries = {
        256: (SHORT, [WIDTH]), 257: (SHORT, [HEIGHT]), 258: (SHORT, [8] * bands), 259: (SHORT, [1]), 262: (SHORT, [1]),
        273: (LONG, [0]), 277: (SHORT, [bands]), 278: (SHORT, [HEIGHT]), 279: (LONG, [WIDTH * HEIGHT * bands]),
    }
    if place:
        entries[33550] = (DOUBLE, [10.0, 10.0, 0.0])
        entries[33922] = (DOUBLE, [0.0, 0.0, 0.0, 100.0, 200.0, 0.0])
    entries.update(geo_tags(keys, minor) if keys is not None else {})
    entries.update({tag: (kind, values) for tag, kind, values in tags})
    start = 8 + 2 + 12 * len(entries) + 4
    long_ones = sum(len(padded(encoded(*entry, order)[0])) for entry in entries.values() if len(encoded(*entry, order)[0]) > 4)
    entries[273] = (LONG, [start + long_ones])
    table, values = b"", b""
    for tag in sorted(entries):
        raw, count = encoded(*entries[tag], order)
        if len(raw) <= 4:
            value = raw.ljust(4, b"\0")
        else:
            value = struct.pack(order + "I", start + len(values))
            values += padded(raw)
        table += struct.pack(order + "HHI", tag, entries[tag][0], count) + value
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    pixels = b"\x07" * (WIDTH * HEIGHT * bands)
    with open(path, "wb") as file:
        file.write(head + struct.pack(order + "H", len(entries)) + table + b"\0\0\0\0" + values + pixels)


def geo_tags(keys, minor):
    rows, doubles, text = [], [], b""
    for key in sorted(keys):
        value = keys[key]
        if isinstance(value, str):
            raw = value.encode() + b"|"
            rows += [key, 34737, len(raw), len(text)]
            text += raw
        elif isinstance(value, (float, list)):
            numbers = value if isinstance(value, list) else [value]
            rows += [key, 34736, len(numbers), len(doubles)]
            doubles += numbers
        else:
            rows += [key, 0, 1, value]
    tags = {34735: (SHORT, [1, 1, minor, len(keys), *rows])}
    if doubles:
        tags[34736] = (DOUBLE, doubles)
    if text:
        tags[34737] = (ASCII, text + b"\0")
    return tags


def encoded(kind, values, order):
    if kind == ASCII:
        raw = values if isinstance(values, bytes) else values.encode() + b"\0"
        return raw, len(raw)
    if kind == RATIONAL:
        return b"".join(struct.pack(order + "II", *pair) for pair in values), len(values)
    return struct.pack(order + FORMATS[kind] * len(values), *values), len(values)


def padded(raw):
    return raw + b"\0" * (len(raw) % 2)
