"""Little TIFFs of every layout there is: by GDAL, and by hand where GDAL writes no such file. Answers paths by name."""

import itertools
import lzma
import struct
import zlib

import numpy
import rasterio
from rasterio.errors import RasterioError

WIDTH, HEIGHT = 45, 37
TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}
INTEGERS = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]


def all_files(folder):
    """Every file, by name; those whose pixels may be a little off have `lossy` in it."""
    random = numpy.random.default_rng(7)
    files = {}
    for name, pixels, options in [*lossless(random), *odd_bits(random), *lossy(random)]:
        path = folder / f"{name}.tif"
        try:
            with rasterio.open(path, "w", driver="GTiff", count=len(pixels), height=pixels.shape[1], width=pixels.shape[2],
                               dtype=pixels.dtype, **options) as raster:
                raster.write(pixels)
        except (RasterioError, ValueError):
            # This build of GDAL has not the scheme, or not for this type.
            path.unlink(missing_ok=True)
            continue
        files[name] = path
    for name, content in by_hand(random):
        files[name] = folder / f"{name}.tif"
        files[name].write_bytes(content)
    return files


def lossless(random):
    """Types, schemes, predictors, orders of bytes and of samples."""
    types = [*INTEGERS, "float32", "float64", "complex64", "complex128"]
    schemes = ["none", "lzw", "deflate", "zstd", "lzma", "packbits"]
    for dtype, scheme, predictor, order in itertools.product(types, schemes, (1, 2, 3), ("LITTLE", "BIG")):
        if predictor > 1 and (scheme not in ("lzw", "deflate", "zstd") or dtype.startswith("complex")):
            continue
        if predictor == 3 and not dtype.startswith("float"):
            continue
        for bands, interleave, tile in [(1, "band", None), (3, "pixel", (32, 16)), (4, "band", (16, 32)), (2, "pixel", None)]:
            options = dict(endianness=order, interleave=interleave)
            if scheme != "none":
                options |= dict(compress=scheme)
            if predictor > 1:
                options |= dict(predictor=predictor)
            options |= dict(tiled=True, blockxsize=tile[0], blockysize=tile[1]) if tile else dict(blockysize=7)
            name = f"{dtype}-{scheme}-{predictor}-{order}-{bands}-{interleave}-{'tiles' if tile else 'strips'}"
            yield name, noise(random, dtype, bands), options
    for dtype, scheme, order in itertools.product([*INTEGERS[:6], "float32", "float64"], ("lerc", "lerc_deflate", "lerc_zstd"), ("LITTLE", "BIG")):
        for bands, interleave in [(1, "pixel"), (3, "pixel"), (2, "band")]:
            pixels = (smooth(random, bands) // 2).astype(dtype)
            if dtype.startswith("float"):
                pixels[:, 5:9, 4:20] = numpy.nan
            yield f"{dtype}-{scheme}-{order}-{bands}-{interleave}", pixels, dict(compress=scheme, max_z_error=0, interleave=interleave, endianness=order)


def odd_bits(random):
    """Numbers of 1 to 31 bits, half floats, and pages of two colours."""
    for bits, interleave in itertools.product(range(1, 32), ("pixel", "band")):
        dtype = "uint8" if bits <= 8 else "uint16" if bits <= 16 else "uint32"
        pixels = random.integers(0, 1 << bits, (3, HEIGHT, WIDTH)).astype(dtype)
        order = "BIG" if bits % 2 else "LITTLE"
        yield f"bits-{bits}-{interleave}", pixels, dict(nbits=bits, interleave=interleave, compress="deflate", endianness=order)
    yield "bits-half", noise(random, "float32", 2), dict(nbits=16)
    page = (smooth(random, 1) > 120).astype("uint8")
    for scheme, rows, colour in itertools.product(("ccittrle", "ccittfax3", "ccittfax4"), (7, 16, HEIGHT), ("MINISBLACK", "MINISWHITE")):
        yield f"page-{scheme}-{rows}-{colour}", page, dict(nbits=1, compress=scheme, blockysize=rows, photometric=colour)


def lossy(random):
    for bands, interleave, tiled, quality in itertools.product((1, 2, 3, 4, 5), ("pixel", "band"), (False, True), (30, 90)):
        options = dict(compress="jpeg", jpeg_quality=quality, interleave=interleave)
        options |= dict(tiled=True, blockxsize=32, blockysize=16) if tiled else {}
        name = f"lossy-jpeg-{bands}-{interleave}-{tiled}-{quality}"
        yield name, smooth(random, bands), options
        if bands == 3 and interleave == "pixel":
            yield f"{name}-ycbcr", smooth(random, 3), options | dict(photometric="YCBCR")
    for bands in (3, 4):
        yield f"webp-{bands}", smooth(random, bands), dict(compress="webp", webp_lossless=True)
    yield "lossy-lerc", smooth(random, 1).astype("float32"), dict(compress="lerc", max_z_error=0.01)


def by_hand(random):
    """What GDAL does not write: samples of any width and kind, in both orders, in strips and tiles."""
    layouts = [(1, False, None, "<"), (3, False, (32, 16), ">"), (3, True, None, ">"), (2, True, (16, 32), "<"), (4, False, None, "<")]
    kinds = [(1, bits) for bits in [*range(1, 33), 64]] + [(2, bits) for bits in (1, 4, 7, 8, 9, 12, 16, 31, 32, 64)] + [(3, 16), (3, 32), (3, 64)]
    for (kind, bits), (samples, apart, tile, order) in itertools.product(kinds, layouts):
        for scheme in (1, 8, 34925):
            numbers = random.integers(0, 1 << bits, (HEIGHT, WIDTH, samples), dtype="uint64", endpoint=False) if bits < 64 else \
                random.integers(0, 1 << 63, (HEIGHT, WIDTH, samples), dtype="uint64")
            name = f"hand-{kind}-{bits}-{samples}-{'apart' if apart else 'together'}-{'tiles' if tile else 'strips'}-{scheme}"
            yield name, tiff(numbers, bits, kind, apart, tile, order, scheme)


def tiff(numbers, bits, kind, apart, tile, order, scheme):
    """A TIFF of `numbers`, `[row, column, sample]`, the bits of each sample as they are to be stored."""
    samples = numbers.shape[2]
    width, height = tile or (WIDTH, 7)
    planes = [numbers[:, :, [sample]] for sample in range(samples)] if apart else [numbers]
    blocks = []
    for plane, top, left in itertools.product(planes, range(0, HEIGHT, height), range(0, WIDTH, width)):
        block = plane[top:top + height, left:left + width]
        if tile:
            block = numpy.pad(block, ((0, height - block.shape[0]), (0, width - block.shape[1]), (0, 0)))
        rows = b"".join(packed(row.reshape(-1), bits, order) for row in block)
        blocks.append({1: bytes, 8: zlib.compress, 34925: lambda raw: lzma.compress(raw, format=lzma.FORMAT_XZ)}[scheme](rows))
    entries = {256: (3, [WIDTH]), 257: (3, [HEIGHT]), 258: (3, [bits] * samples), 259: (3, [scheme]), 262: (3, [2 if samples >= 3 else 1]),
               277: (3, [samples]), 284: (3, [2 if apart else 1]), 339: (3, [kind] * samples)}
    extra = samples - (3 if samples >= 3 else 1)
    entries |= {338: (3, [0] * extra)} if extra else {}
    entries |= {322: (3, [width]), 323: (3, [height])} if tile else {278: (3, [height])}
    content = bytearray((b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 0))
    places = []
    for block in blocks:
        places.append(len(content))
        content += block + b"\0" * (len(block) % 2)
    entries |= {324 if tile else 273: (4, places), 325 if tile else 279: (4, [len(block) for block in blocks])}
    table = struct.pack(order + "H", len(entries))
    for tag, (form, values) in sorted(entries.items()):
        raw = struct.pack(f"{order}{len(values)}{TYPES[form]}", *values)
        table += struct.pack(order + "HHI", tag, form, len(values))
        if len(raw) <= 4:
            table += raw.ljust(4, b"\0")
        else:
            table += struct.pack(order + "I", len(content))
            content += raw + b"\0" * (len(raw) % 2)
    struct.pack_into(order + "I", content, 4, len(content))
    return bytes(content + table + b"\0\0\0\0")


def packed(numbers, bits, order):
    if bits in (8, 16, 32, 64):
        return numbers.astype(f"{order}u{bits // 8}").tobytes()
    if bits == 24:
        threes = numbers.astype("<u4").view("u1").reshape(-1, 4)[:, :3]
        return (threes if order == "<" else threes[:, ::-1]).tobytes()
    places = numpy.arange(bits - 1, -1, -1, dtype="uint64")
    return numpy.packbits((numbers[:, None] >> places & 1).astype("uint8").reshape(-1)).tobytes()


def noise(random, dtype, bands):
    values = random.normal(size=(bands, HEIGHT, WIDTH)) * 90
    return values.astype(dtype) if dtype[0] != "u" else numpy.abs(values).astype(dtype)


def smooth(random, bands):
    row, column = numpy.mgrid[:HEIGHT, :WIDTH]
    waves = [numpy.sin(column / (7 + band)) * 40 + numpy.cos(row / (9 - band)) * 50 + 120 for band in range(bands)]
    return numpy.clip(numpy.stack(waves) + random.normal(size=(bands, HEIGHT, WIDTH)) * 3, 0, 255).astype("uint8")
