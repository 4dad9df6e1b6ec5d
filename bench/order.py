"""How many row groups a query touches, by the order of the rows and where row groups end: no Parquet is written, only numbers are sorted.

    python bench/order.py [places] [country] [scattered]

Ten million rows each; 400 boxes of 1 % of the extent with thirty days each. What docs/decisions/0037 says was counted so. Needs numpy.
"""

import sys

import numpy as np

POSITION = np.array([[0, 1, 3, 2], [0, 3, 1, 2], [2, 3, 1, 0], [2, 1, 3, 0]])
TURN = np.array([1, 0, 0, 3])
EDGE = 0.023
SIDE = 41


def leaves(lon, lat):
    """S2 leaves, as stacchip_index::GroundCell has them."""
    lon, lat = np.radians(lon), np.radians(lat)
    x, y, z = np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)
    ax, ay, az = abs(x), abs(y), abs(z)
    face = np.where((ax > ay) & (ax > az), np.where(x > 0, 0, 3), np.where(ay > az, np.where(y > 0, 1, 4), np.where(z > 0, 2, 5)))
    with np.errstate(all="ignore"):
        u = np.select([face == f for f in range(6)], [y / x, -x / y, -x / z, z / x, z / y, -y / z])
        v = np.select([face == f for f in range(6)], [z / x, z / y, -y / z, y / x, -x / y, -x / z])

    def along(u):
        s = np.where(u >= 0, 0.5 * np.sqrt(np.maximum(0, 1 + 3 * u)), 1 - 0.5 * np.sqrt(np.maximum(0, 1 - 3 * u)))
        return np.clip(np.floor(s * 2**30), 0, 2**30 - 1).astype(np.int64)

    i, j = along(u), along(v)
    turned, found = (face & 1).astype(np.int64), np.zeros(len(lon), np.uint64)
    for bit in range(29, -1, -1):
        step = POSITION[turned, ((i >> bit & 1) << 1) | (j >> bit & 1)]
        found = (found << np.uint64(2)) | step.astype(np.uint64)
        turned = turned ^ TURN[step]
    return (face.astype(np.uint64) << np.uint64(61)) | (found << np.uint64(1)) | np.uint64(1)


def tiles(west, north):
    """Chips of tiles, row-major."""
    x, y = np.tile(np.arange(SIDE), SIDE), np.repeat(np.arange(SIDE), SIDE)
    return (west[:, None] + x * EDGE).ravel(), (north[:, None] - (y + 1.0) * EDGE).ravel()


def places():
    """What bench/dataset.py makes: a hundred places at sixty dates, and its query first."""
    rng = np.random.default_rng(1)
    grid = np.stack([rng.uniform(-20, 60, 100), rng.uniform(0, 60, 100)], 1)
    west, south = tiles(grid[:, 0], grid[:, 1])
    return np.repeat(west, 60), np.repeat(south, 60), np.tile(np.arange(60) * 12.0, len(west)), (-20, 0, 60, 60)


def country():
    """Tiles side by side, every fifteen days of five years."""
    px, py = np.meshgrid(np.arange(8) * SIDE * EDGE, 46 + np.arange(6) * SIDE * EDGE)
    west, south = tiles(px.ravel(), py.ravel())
    return np.repeat(west, 120), np.repeat(south, 120), np.tile(np.arange(120) * 15.0, len(west)), (0, 45.06, 7.55, 50.72)


def scattered():
    """6000 items anywhere, at any date of eight years."""
    rng = np.random.default_rng(5)
    west, south = tiles(rng.uniform(-170, 170, 6000), rng.uniform(-55, 70, 6000))
    return west, south, np.repeat(rng.integers(0, 2920, 6000).astype(float), SIDE**2), (-170, -56, 171, 70)


def ends(key, least, most):
    """Where row groups end, as a merge ends them."""
    step, found = key[1:] ^ key[:-1], [0]
    while len(key) - found[-1] > most:
        first = found[-1] + least
        here = step[first - 1 : found[-1] + most]
        found.append(first + int(np.argmax(here)))
    return np.array(found)


def evaluate(data):
    west, south, days, extent = data()
    leaf = leaves(west + EDGE / 2, south + EDGE / 2)
    width, height = (extent[2] - extent[0]) / 10, (extent[3] - extent[1]) / 10
    rng = np.random.default_rng(9)
    boxes = np.stack([rng.uniform(extent[0], extent[2] - width, 400), rng.uniform(extent[1], extent[3] - height, 400)], 1)
    months = rng.uniform(days.min(), days.max() - 30, 400)
    if data is places:
        boxes[0], months[0] = (10, 20), 485
    for name, period in [("all", 1e9), ("year", 365.25), ("half", 182.6), ("quarter", 91.3), ("month", 30.44)]:
        key = (np.floor(days / period).astype(np.uint64) << np.uint64(51)) | (leaf >> np.uint64(13))
        order = np.argsort(key, kind="stable")
        key, w, s, t = key[order], west[order], south[order], days[order]
        for cut, starts in [("65536", np.arange(0, len(key), 65536)), ("50-100 thousand", ends(key, 50_000, 100_000))]:
            x0, x1 = np.minimum.reduceat(w, starts), np.maximum.reduceat(w, starts) + EDGE
            y0, y1 = np.minimum.reduceat(s, starts), np.maximum.reduceat(s, starts) + EDGE
            t0, t1 = np.minimum.reduceat(t, starts), np.maximum.reduceat(t, starts)
            both, box = [], []
            for (x, y), month in zip(boxes, months):
                there = (x0 <= x + width) & (x1 >= x) & (y0 <= y + height) & (y1 >= y)
                both.append((there & (t0 <= month + 30) & (t1 >= month)).sum())
                box.append(there.sum())
            share = 100 / len(starts)
            print(
                f"{data.__name__:9} {name:8} {cut:16} {len(starts):4} row groups, the first touches {both[0]:3};"
                f" mean {np.mean(both) * share:5.2f} %, worst {max(both) * share:5.2f} %, whatever the time {np.mean(box) * share:5.2f} %",
                flush=True,
            )


for scene in [places, country, scattered]:
    if len(sys.argv) < 2 or scene.__name__ in sys.argv[1:]:
        evaluate(scene)
