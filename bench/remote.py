#!/usr/bin/env python3
"""Chips behind a network: stacchip, its peers, and the floor that only fetches the bytes, in one run.

    remote.py --worker PATH --data FOLDER [--suites latency,link,pool] [--rounds 8] [--write docs/benchmarks.md]

nginx serves the scenes of FOLDER (each a folder with an item and the rasters it names), HAProxy before it holds back
each request for --delay ms; both are of this machine. Every cold chip goes through a path of its own, so that nobody can
know it, and the log of nginx says what was asked for it; connections live on from chip to chip. Contenders are processes that
stay alive, and take turns.

    latency   one chip at a time: nothing known, headers known from an index, headers seen in the same run
    link      a list of chips over a link of --mbit; wants root, for a network of its own (unshare -n, tc tbf)
    pool      a list of chips over an open link, against pools of two processes
"""
import argparse
import asyncio
import json
import os
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "peers"))
SCENES = {
    "sentinel-2": ["blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "swir16", "swir22"],
    "landsat": ["red", "green", "blue", "nir08", "swir16", "swir22"],
}
TUNED = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".tif", "GDAL_INGESTED_BYTES_AT_OPEN": "32768",
    "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES", "GDAL_HTTP_MULTIPLEX": "YES", "GDAL_HTTP_VERSION": "2", "VSI_CACHE": "TRUE",
    "VSI_CACHE_SIZE": "5000000",
}
OURS = "stacchip"
KNOWN = "stacchip, headers from the index"
FLOORS = ["floor: one round trip", "floor: two round trips"]

# ---------------------------------------------------------------- peers, each in a process of its own


class Peer:
    """Chips of items: chip n is of the n-th item, over and over."""

    def __init__(self, job):
        self.job, self.size = job, job["chip_size"]
        self.hrefs = []
        for path in job.get("items") or [job["item"]]:
            assets = json.loads(Path(path).read_text())["assets"]
            self.hrefs.append([assets[key]["href"] for key in job["assets"]])

    def of(self, n):
        return self.hrefs[n % len(self.hrefs)], self.job["xy"][n]

    def window(self, height, x, y):
        from math import ceil, floor

        pixel = self.job["shape"][0] / height
        return floor(x * self.size / pixel), floor(y * self.size / pixel), ceil(self.size / pixel)

    def run(self):
        latencies = []
        began = time.perf_counter()
        for _ in self.chips(len(self.job["xy"])):
            latencies.append(time.perf_counter() - began)
            began = time.perf_counter()
        return {"chips": len(latencies), "lat": latencies}

    def verify(self, n):
        import zlib

        import numpy as np

        sums = []
        for arrays in self.chips(n):
            value = 0
            for array in arrays:
                value = zlib.crc32(np.ascontiguousarray(array), value)
            sums.append(value)
        return sums


class Floor(Peer):
    """The exact ranges of the tiles of all assets, asked for at once and thrown away."""

    trips = 1

    def __init__(self, job):
        super().__init__(job)
        import tifffile

        self.tables = []
        for key in job["assets"]:
            with tifffile.TiffFile(job["local"][key]) as file:
                page = file.pages.first
                self.tables.append((page.imagelength, page.imagewidth, page.tilelength, page.tilewidth, page.dataoffsets, page.databytecounts))

    def chips(self, count):
        raise NotImplementedError("no pixels")

    def ranges(self, hrefs, x, y):
        for href, (height, width, high, wide, offsets, lengths) in zip(hrefs, self.tables):
            col, row, edge = self.window(height, x, y)
            for down in range(row // high, -(-(row + edge) // high)):
                for across in range(col // wide, -(-(col + edge) // wide)):
                    tile = down * -(-width // wide) + across
                    yield href, offsets[tile], lengths[tile]

    def run(self):
        return asyncio.run(self.all())

    async def all(self):
        import obstore
        from obstore.store import HTTPStore

        root = "/".join(self.hrefs[0][0].split("/")[:3])
        store = HTTPStore(root, client_options={"allow_http": True})
        wanted = [list(self.ranges(hrefs, *xy)) for hrefs, xy in map(self.of, range(len(self.job["xy"])))]

        async def one(href, start, length):
            path = href[len(root) + 1:]
            if self.trips == 2:
                await obstore.get_range_async(store, path, start=0, length=16384)
            return len(await obstore.get_range_async(store, path, start=start, length=length))

        latencies = []
        for ranges in wanted:
            began = time.perf_counter()
            await asyncio.gather(*(one(*r) for r in ranges))
            latencies.append(time.perf_counter() - began)
        return {"chips": len(wanted), "lat": latencies}


class Floor2(Floor):
    """The same behind a request for each header."""

    trips = 2


class RasterioThreads(Peer):
    """rasterio, a thread an asset, datasets kept open."""

    def __init__(self, job):
        super().__init__(job)
        import rasterio  # noqa: F401

        self.threads = ThreadPoolExecutor(len(job["assets"]))

    def chips(self, count):
        import rasterio
        from rasterio.windows import Window

        opened = {}

        def band(href, x, y):
            if href not in opened:
                opened[href] = rasterio.open(href)
            data = opened[href]
            col, row, edge = self.window(data.height, x, y)
            return data.read(window=Window(col, row, edge, edge), out_shape=(data.count, self.size, self.size))

        for n in range(count):
            hrefs, (x, y) = self.of(n)
            yield list(self.threads.map(lambda href: band(href, x, y), hrefs))
        for data in opened.values():
            data.close()


class AsyncTiff(Peer):
    """async-tiff over obstore: headers at once, then tiles at once."""

    def run(self):
        sums = []
        latencies = asyncio.run(self.all(len(self.job["xy"]), lambda chip: sums.append(sum(a.nbytes for a in chip))))
        return {"chips": len(latencies), "lat": latencies}

    def chips(self, count):
        chips = []
        asyncio.run(self.all(count, chips.append))
        return iter(chips)

    async def all(self, count, sink):
        from async_tiff import TIFF
        from obstore.store import HTTPStore

        root = "/".join(self.hrefs[0][0].split("/")[:3])
        store = HTTPStore(root, client_options={"allow_http": True})
        opened, latencies = {}, []

        async def band(href, x, y):
            from contenders import grown

            import numpy as np

            if href not in opened:
                tiff = await TIFF.open(href[len(root) + 1:], store=store)
                ifd = tiff.ifds[0]
                opened[href] = (tiff, ifd.image_height, ifd.tile_width, ifd.tile_height)
            tiff, height, wide, high = opened[href]
            col, row, edge = self.window(height, x, y)
            downs, acrosses = range(row // high, -(-(row + edge) // high)), range(col // wide, -(-(col + edge) // wide))
            tiles = await tiff.fetch_tiles([(across, down) for down in downs for across in acrosses], 0)
            decoded = [np.asarray(tile) for tile in await asyncio.gather(*(tile.decode() for tile in tiles))]
            lines = [np.concatenate(decoded[n : n + len(acrosses)], 1) for n in range(0, len(decoded), len(acrosses))]
            top, left = row - downs[0] * high, col - acrosses[0] * wide
            part = np.concatenate(lines)[top : top + edge, left : left + edge]
            return np.ascontiguousarray(grown(part.transpose(2, 0, 1), self.size))

        for n in range(count):
            hrefs, (x, y) = self.of(n)
            began = time.perf_counter()
            chip = await asyncio.gather(*(band(href, x, y) for href in hrefs))
            latencies.append(time.perf_counter() - began)
            sink(chip)
        return latencies


class Chipper(Peer):
    """The Python stacchip's Chipper."""

    def __init__(self, job):
        super().__init__(job)
        from pystac import Item
        from stacchip.chipper import Chipper as Upstream
        from stacchip.indexer import NoStatsChipIndexer

        items = [Item.from_dict(json.loads(Path(path).read_text())) for path in job.get("items") or [job["item"]]]
        self.chippers = [Upstream(NoStatsChipIndexer(item), assets=job["assets"]) for item in items]

    def one(self, n):
        chip = self.chippers[n % len(self.chippers)].chip(*self.job["xy"][n])
        return [chip[key] for key in self.job["assets"]]

    def chips(self, count):
        return map(self.one, range(count))


def of_pool(n):
    return sum(a.nbytes for a in POOLED.one(n))


class Pool:
    """Two processes, a chip each at a time."""

    def run(self):
        from multiprocessing import get_context

        global POOLED
        POOLED = self
        with get_context("fork").Pool(2) as pool:
            pool.map(abs, [0, 0])
            began = time.perf_counter()
            done = sum(1 for _ in pool.imap_unordered(of_pool, range(len(self.job["xy"]))))
            return {"chips": done, "took": time.perf_counter() - began}


class ChipperPool(Pool, Chipper):
    """stacchip-prechip's way."""


class RasterioPool(Pool, Peer):
    """rasterio in two processes, datasets kept open in each."""

    opened = {}

    def one(self, n):
        import rasterio
        from rasterio.windows import Window

        arrays, (hrefs, (x, y)) = [], self.of(n)
        for href in hrefs:
            data = self.opened.get(href) or self.opened.setdefault(href, rasterio.open(href))
            col, row, edge = self.window(data.height, x, y)
            arrays.append(data.read(window=Window(col, row, edge, edge), out_shape=(data.count, self.size, self.size)))
        return arrays


PEERS = {
    FLOORS[0]: (Floor, {}), FLOORS[1]: (Floor2, {}),
    "rasterio tuned, a thread an asset": (RasterioThreads, TUNED), "async-tiff": (AsyncTiff, {}),
    "stacchip (Python), tuned": (Chipper, TUNED), "stacchip (Python)": (Chipper, {}),
    "stacchip (Python), pool of two": (ChipperPool, {}), "stacchip (Python), tuned, pool of two": (ChipperPool, TUNED),
    "rasterio tuned, pool of two": (RasterioPool, TUNED),
}
POOLED = None


def serve(name):
    """A peer in a process of its own: lines of JSON in and out, as bench/worker speaks them."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    peer = None

    def cpu():
        both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(u.ru_utime + u.ru_stime for u in both)

    for line in sys.stdin:
        ask = json.loads(line)
        try:
            if ask["op"] == "setup":
                peer, answer = PEERS[name][0](ask["job"]), {"ok": True}
            elif ask["op"] == "run":
                before, began = cpu(), time.perf_counter()
                answer = peer.run()
                answer.update(wall=time.perf_counter() - began, cpu=cpu() - before)
            else:
                answer = {"crc": peer.verify(ask["n"])}
        except Exception as error:  # what a peer cannot do is a row of the table too
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


# ---------------------------------------------------------------- servers

NGINX = """
worker_processes 1; pid {tmp}/nginx.pid; error_log {tmp}/error.log; daemon off; user {user};
events {{ worker_connections 4096; }}
http {{
  log_format b '$uri $status $body_bytes_sent';
  access_log {tmp}/access.log b;
  sendfile on; tcp_nodelay on; keepalive_timeout 120; keepalive_requests 1000000;
  client_body_temp_path {tmp}/b; proxy_temp_path {tmp}/p; fastcgi_temp_path {tmp}/f; uwsgi_temp_path {tmp}/u; scgi_temp_path {tmp}/s;
  server {{ listen unix:{tmp}/nginx.sock; listen 127.0.0.1:{port}; root {data};
    location ~ ^/c[^/]+/(.*)$ {{ alias {data}/$1; }}
  }}
}}
"""
HAPROXY = """
global
  lua-load {tmp}/late.lua
  maxconn 4000
defaults
  mode http
  timeout connect 5s
  timeout client 120s
  timeout server 120s
frontend late
  bind 127.0.0.1:{port}
  {delay}
  default_backend site
backend site
  http-reuse always
  server nginx unix@{tmp}/nginx.sock
"""
LATE = 'core.register_action("late", {"http-req"}, function(txn, ms) core.msleep(tonumber(ms)) end, 1)'


class Site:
    """A folder behind nginx, and behind a proxy that is late."""

    def __init__(self, data, delay):
        import getpass

        self.tmp = tempfile.mkdtemp()
        os.chmod(self.tmp, 0o755)
        port, self.port = 19080, 19081
        Path(self.tmp, "nginx.conf").write_text(NGINX.format(tmp=self.tmp, data=data, port=port, user=getpass.getuser()))
        Path(self.tmp, "late.lua").write_text(LATE)
        late = f"http-request lua.late {delay}" if delay else ""
        Path(self.tmp, "haproxy.cfg").write_text(HAPROXY.format(tmp=self.tmp, port=self.port, delay=late))
        path = os.environ["PATH"] + ":/usr/sbin"
        self.servers = [
            subprocess.Popen([shutil.which("nginx", path=path), "-p", self.tmp, "-c", f"{self.tmp}/nginx.conf"], stderr=subprocess.DEVNULL),
            subprocess.Popen([shutil.which("haproxy", path=path), "-db", "-f", f"{self.tmp}/haproxy.cfg"], stderr=subprocess.DEVNULL),
        ]
        time.sleep(1)

    def counts(self):
        """{prefix: [requests, bytes]}"""
        time.sleep(0.3)
        found = {}
        for line in Path(self.tmp, "access.log").read_text().splitlines():
            uri, _, size = line.split(" ")
            of = found.setdefault(uri.split("/")[1], [0, 0])
            of[0], of[1] = of[0] + 1, of[1] + int(size)
        return found

    def item(self, folder, prefix):
        """The item of `folder` as it stands behind `prefix`: the path of a file."""
        source = next(folder.glob("*item.json"))
        item = json.loads(source.read_text())
        item["id"] = f"{item['id']}-{prefix}"
        for asset in item["assets"].values():
            local = Path(asset["href"])
            local = local if local.is_absolute() else folder / local
            asset["href"] = f"http://127.0.0.1:{self.port}/{prefix}/{local.resolve().relative_to(folder.parent.resolve())}"
            asset.pop("alternate", None)
        path = Path(self.tmp, f"{prefix}.json")
        path.write_text(json.dumps(item))
        return str(path)

    def close(self):
        for server in self.servers:
            server.terminate()
            server.wait()
        shutil.rmtree(self.tmp, ignore_errors=True)


class Contender:
    def __init__(self, name, worker, log, *more):
        self.name = name
        env, command = {}, [worker, "remote", "--threads", "2", *more]
        if name in PEERS:
            env, command = PEERS[name][1], [sys.executable, __file__, "--contender", name]
        elif name == KNOWN:
            command.append("--known")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, **env})

    def ask(self, **request):
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
            return json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError) as error:
            return {"error": f"died: {error}"}

    def end(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # it has died, and that was told
        self.process.wait()


# ---------------------------------------------------------------- suites


class Bench:
    def __init__(self, args):
        self.args, self.tables = args, []
        self.log = open("/dev/null" if args.quiet else args.log, "a")
        said = subprocess.run([args.worker, "--help"], stdout=subprocess.PIPE, text=True).stdout
        # A worker that knows no list of items behind a network reads one chip after the other, of one of them.
        self.lists = "--known" in said
        self.ours = [KNOWN, OURS] if self.lists else [OURS]
        self.wanted = lambda name: not args.only or name in args.only
        self.how = "together, over 30 scenes" if self.lists else "one after the other, over one scene"

    def folder(self, scene):
        names = {"sentinel-2": ["sentinel-2", "sentinel2"]}.get(scene, [scene])
        return next(p for p in (self.args.data / n for n in names) if p.exists())

    def job(self, scene, xy, **more):
        folder = self.folder(scene)
        item = json.loads(next(folder.glob("*item.json")).read_text())
        places = [item["properties"], *item["assets"].values()]
        shape = max((p["proj:shape"] for p in places if "proj:shape" in p), key=lambda s: s[0])
        local = {}
        for key in SCENES[scene]:
            path = Path(item["assets"][key]["href"])
            local[key] = str(path if path.is_absolute() else folder / path)
        return {"assets": SCENES[scene], "chip_size": 256, "shape": shape, "xy": xy(shape), "local": local, **more}

    def suite_latency(self):
        for scene in self.args.scenes:
            self.latency(scene)

    def latency(self, scene):
        """Cold chips: each from a path that nobody has seen. Warm ones: others of the same path, on other tiles."""
        site = Site(self.folder(scene).parent, self.args.delay)
        names = [*FLOORS, *self.ours, "rasterio tuned, a thread an asset", "async-tiff"]
        names += [] if self.args.fast else ["stacchip (Python), tuned", "stacchip (Python)"]
        contenders = [Contender(name, self.args.worker, self.log) for name in names]
        block, rounds, warm = (8 if scene == "sentinel-2" else 4), self.args.rounds, 6
        places = self.job(scene, lambda shape: spread(shape, rounds + 1 + warm, block))["xy"]
        found = {name: {"cold": [], "cpu": [], "asked": [], "warm": []} for name in names}
        wrong, sums = {}, {}
        try:
            for turn in range(rounds + 1):  # the first warms up the processes
                order = list(enumerate(contenders))
                for j, c in order if turn % 2 else order[::-1]:
                    if c.name in wrong or (turn > 2 and c.name.startswith("stacchip (Python)")):
                        continue
                    prefix = f"c{j}k{turn}"
                    job = self.job(scene, lambda _: [places[turn]], item=site.item(self.folder(scene), prefix), latencies=True)
                    answer = c.ask(op="setup", job=job)
                    before = site.counts().get(prefix, [0, 0]) if c.name == KNOWN else [0, 0]
                    answer = answer if "error" in answer else c.ask(op="run")
                    if "error" in answer:
                        wrong[c.name] = answer["error"]
                    elif turn:
                        found[c.name]["cold"] += answer["lat"]
                        found[c.name]["cpu"].append(answer["cpu"])
                        found[c.name]["asked"].append((prefix, before))
            for j, c in enumerate(contenders):
                if c.name in wrong or c.name in (*FLOORS, KNOWN):
                    continue
                job = self.job(scene, lambda _: places[-warm:], item=site.item(self.folder(scene), f"c{j}w"), latencies=True)
                c.ask(op="setup", job=job)
                answer = c.ask(op="run")
                found[c.name]["warm"] = answer.get("lat", [])[1:]
            for j, c in enumerate(contenders):
                if c.name not in wrong and c.name not in FLOORS:
                    job = self.job(scene, lambda _: places[:3], item=site.item(self.folder(scene), f"c{j}v"), latencies=True)
                    c.ask(op="setup", job=job)
                    sums[c.name] = c.ask(op="verify", n=3).get("crc")
            counts = site.counts()
        finally:
            for c in contenders:
                c.end()
            site.close()
        one, two = (statistics.median(found[f]["cold"]) for f in FLOORS)
        rows = []
        for name in names:
            seen = found[name]
            if not seen["cold"]:
                rows.append([name, wrong.get(name, "–"), "", "", "", "", "", ""])
                continue
            cold, asked = statistics.median(seen["cold"]), [(counts.get(p, [0, 0]), b) for p, b in seen["asked"]]
            requests = statistics.mean(n[0] - b[0] for n, b in asked)
            megabytes = statistics.mean(n[1] - b[1] for n, b in asked) / 1e6
            warm = f"{statistics.median(seen['warm']) * 1e3:.0f}" if seen["warm"] else ""
            note = "" if sums.get(name, sums.get(OURS)) == sums.get(OURS) else " (other pixels)"
            rows.append([name + note, f"{cold * 1e3:.1f}", f"{cold / one:.2f}", f"{cold / two:.2f}", f"{requests:.1f}", f"{megabytes:.2f}",
                         f"{statistics.median(seen['cpu']) * 1e3:.0f}", warm])
        head = ["cold ms", "÷ one trip", "÷ two trips", "requests", "MB", "CPU ms", "warm ms"]
        self.table(f"One chip of {len(SCENES[scene])} assets, {scene}, {self.args.delay} ms added to each request", head, rows)

    def suite_link(self):
        """A list over a link of so many bits."""
        mbit = self.args.mbit
        site = Site(self.folder("sentinel-2").parent, self.args.delay)
        rows = []
        try:
            for name in filter(self.wanted, self.ours):
                c = Contender(name, self.args.worker, self.log, "--memory", "512")
                prefixes = [f"c{name.count(' ')}s{n}" for n in range(30 if self.lists else 1)]
                items = [site.item(self.folder("sentinel-2"), p) for p in prefixes]
                job = self.job("sentinel-2", lambda shape: anywhere(shape, self.args.chips), item=items[0], items=items, latencies=not self.lists)
                answer = c.ask(op="setup", job=job)
                before = sum(site.counts().get(p, [0, 0])[1] for p in prefixes)
                answer = answer if "error" in answer else c.ask(op="run")
                c.end()
                if "error" in answer:
                    rows.append([name, answer["error"], "", "", ""])
                    continue
                after = sum(site.counts().get(p, [0, 0])[1] for p in prefixes)
                rate = (after - before) * 8 / answer["wall"] / 1e6
                rows.append([name, f"{answer['chips'] / answer['wall']:.2f}", f"{(after - before) / 1e6:.0f}", f"{rate:.0f}", f"{rate / mbit:.0%}"])
        finally:
            site.close()
        self.table(f"{self.args.chips} random chips of 10 assets, {self.how}, a link of {mbit} Mbit/s, {self.args.delay} ms added",
                   ["chips/s", "MB", "Mbit/s", "of the link"], rows)

    def suite_pool(self):
        """A list over an open link."""
        site = Site(self.folder("sentinel-2").parent, self.args.delay)
        speeds, rows = {}, []
        try:
            lists = {**dict.fromkeys(self.ours, 1.0), "rasterio tuned, pool of two": 1.0, "stacchip (Python), tuned, pool of two": 0.15, "stacchip (Python), pool of two": 0.08}
            for j, (name, part) in enumerate(lists.items()):
                if not self.wanted(name):
                    continue
                c = Contender(name, self.args.worker, self.log)
                items = [site.item(self.folder("sentinel-2"), f"c{j}p{n}") for n in range(30)]
                count = max(8, int(self.args.chips * part))
                job = self.job("sentinel-2", lambda shape: anywhere(shape, self.args.chips)[:count], item=items[0], items=items, latencies=name in self.ours and not self.lists)
                answer = c.ask(op="setup", job=job)
                answer = answer if "error" in answer else c.ask(op="run")
                c.end()
                if "error" in answer:
                    rows.append([name, answer["error"], "", ""])
                    continue
                speeds[name] = answer["chips"] / answer.get("took", answer["wall"])
                rows.append([name, f"{answer['chips']}", f"{speeds[name]:.2f}", f"{next(iter(speeds.values())) / speeds[name]:.1f}"])
        finally:
            site.close()
        self.table(f"Random chips of 10 assets, {self.args.delay} ms added, open link; those of stacchip {self.how}", ["chips", "chips/s", "stacchip is faster by"], rows)

    def table(self, title, head, rows):
        lines = [f"### {title}", "", "| | " + " | ".join(head) + " |", "|---|" + "---:|" * len(head)]
        lines += ["| " + " | ".join(row) + " |" for row in rows]
        self.tables.append("\n".join(lines))
        print("\n" + self.tables[-1], flush=True)


def spread(shape, count, block):
    """Chips in tiles of their own, of every asset: `block` chips lie along the widest tile."""
    down, across = (n // 256 // block for n in shape[:2])
    cells = [(x, y) for y in range(down) for x in range(across // 2, across)]
    draw = random.Random(7)
    draw.shuffle(cells)
    cells = [cells[n % len(cells)] for n in range(count)]
    return [[x * block + draw.randrange(block), y * block + draw.randrange(block)] for x, y in cells]


def anywhere(shape, count):
    draw = random.Random(42)
    down, across = (n // 256 for n in shape[:2])
    return [[draw.randrange(across), draw.randrange(down)] for _ in range(count)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    parser.add_argument("--worker")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--suites", default="latency,pool,link")
    parser.add_argument("--scenes", default=list(SCENES), type=lambda text: text.split(","))
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--chips", type=int, default=200)
    parser.add_argument("--delay", type=int, default=30, help="ms")
    parser.add_argument("--mbit", type=int, default=200)
    parser.add_argument("--fast", action="store_true", help="without the slowest peers")
    parser.add_argument("--only", type=lambda text: text.split(";"), help="contenders, the others are left out of lists; `;` between them")
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--log", default="remote.log")
    parser.add_argument("--shaped", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--write", type=Path, help="a page whose part between the marks is replaced by the tables")
    args = parser.parse_args()
    if args.contender:
        return serve(args.contender)
    suites = args.suites.split(",")
    if "link" in suites and not args.shaped and len(suites) == 1:
        # In a network of its own, whose one interface is shaped.
        shape = f"ip link set lo up && tc qdisc add dev lo root tbf rate {args.mbit}mbit burst 256kb limit 4mb && exec \"$@\""
        return subprocess.call(["unshare", "-n", "sh", "-c", shape, "sh", sys.executable, __file__, *sys.argv[1:], "--shaped"])
    args.data = args.data.resolve()
    args.worker = str(Path(args.worker).resolve())
    bench = Bench(args)
    for suite in suites:
        if suite == "link" and not args.shaped:
            command = [sys.executable, __file__, "--suites", "link", "--worker", args.worker, "--data", str(args.data), "--chips", str(args.chips)]
            command += ["--only", ";".join(args.only)] if args.only else []
            text = subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout
            print(text)
            bench.tables.append(text.strip())
        else:
            getattr(bench, f"suite_{suite}")()
    if args.write:
        page = args.write.read_text()
        mark = "<!-- {} of what bench/remote.py writes -->"
        between = re.compile(re.escape(mark.format("begin")) + ".*?" + re.escape(mark.format("end")), re.DOTALL)
        text = "\n\n".join(bench.tables)
        made = f"{mark.format('begin')}\n\nMeasured on {time.strftime('%F')}.\n\n{text}\n\n{mark.format('end')}"
        args.write.write_text(between.sub(lambda _: made, page))


if __name__ == "__main__":
    sys.exit(main())
