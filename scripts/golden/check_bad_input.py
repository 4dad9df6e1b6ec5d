"""Bad input ends with one clear line and the promised exit status, and leaves nothing half-written behind."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import harness


def main():
    binary = harness.binary_from_arguments()
    report = harness.Report("bad input")
    with harness.scratch() as folder:
        folder = Path(folder)
        path = harness.sample(binary, folder / "scene", "sentinel-2", size=1024, seed=1)
        checks = Checks(report, binary, folder, path)
        checks.items()
        checks.rasters()
        checks.calls()
        checks.outputs()
        checks.several()
        checks.killed()
    report.close()


class Checks:
    def __init__(self, report, binary, folder, path):
        self.report = report
        self.binary = binary
        self.folder = folder
        self.path = path
        self.item = json.loads(path.read_text())
        self.out = folder / "out"
        self.out.mkdir()

    def items(self):
        """Items that cannot be indexed."""
        self.refuses("no projection", self.without_projection(), ["--stats", "none", "--no-headers"], 1, "proj:")
        self.refuses("unknown CRS", self.with_crs(999999), ["--stats", "none", "--no-headers"], 1, "999999")
        self.refuses("a string for a shape", self.edited(lambda item: self.set_shape(item, "wide")), ["--stats", "none", "--no-headers"], 1, "proj:shape")
        self.refuses("a negative shape", self.edited(lambda item: self.set_shape(item, [-5, 4])), ["--stats", "none", "--no-headers"], 1, "")
        self.refuses("an absurd shape", self.edited(lambda item: self.set_shape(item, [2**31, 2**31])), ["--stats", "none", "--no-headers"], 1, "65536")
        self.refuses("no SCL asset on disk", self.edited(lambda item: item["assets"][self.key("scl")].update(href="./not-there.tif")), [], 1, "not-there.tif")
        self.refuses("not JSON", self.written("broken.json", "{\"type\": \"Feature\", "), [], 1, "broken.json")
        self.refuses("another kind of JSON", self.written("other.json", json.dumps({"type": "Catalog", "id": "a"})), [], 1, "other.json")
        self.refuses("an empty file", self.written("empty.json", ""), [], 1, "empty.json")
        self.refuses("an empty collection", self.written("none.json", json.dumps({"type": "FeatureCollection", "features": []})), [], 1, "none.json")
        self.refuses("no such item", self.folder / "nowhere.json", [], 1, "nowhere.json")

    def rasters(self):
        """Pixels that cannot be read."""
        scl = self.path.parent / self.item["assets"][self.key("scl")]["href"]
        whole = scl.read_bytes()
        for name, content in [("half", whole[: len(whole) // 2]), ("stub", whole[:100]), ("nothing", b""), ("text", b"no picture here\n" * 50)]:
            (scl.parent / f"{name}.tif").write_bytes(content)
            item = self.edited(lambda item, name=name: item["assets"][self.key("scl")].update(href=f"./{name}.tif"))
            self.refuses(f"a raster that is {name}", item, [], 1, f"{name}.tif")
            run = self.binary("chip", scl.parent / f"{name}.tif", "--window", "0,0,512,512", "-o", self.out / "chip.npy")
            self.ends(run, f"chip of a raster that is {name}", 1, f"{name}.tif")
            run = self.binary("info", scl.parent / f"{name}.tif")
            if name != "half":
                self.ends(run, f"info of a raster that is {name}", 1, f"{name}.tif")
        run = self.binary("chip", scl, "--window", "100000,0,256,256", "-o", self.out / "chip.npy")
        self.ends(run, "a window that leaves the raster", 1, "")
        run = self.binary("chip", self.path, "--x", "999", "--y", "0", "-o", self.out / "chip.npz")
        self.ends(run, "a chip that is not in the grid", 1, "999")
        run = self.binary("chip", self.path, "--x", "0", "--y", "0", "--assets", "no-such-band", "-o", self.out / "chip.npz")
        self.ends(run, "an asset that is not there", 1, "no-such-band")

    def calls(self):
        """Calls that make no sense: exit status 2."""
        for what, arguments in {
            "no verb": [],
            "an unknown verb": ["fly"],
            "index without output": ["index", self.path],
            "an unknown rule": ["index", self.path, "-o", self.out / "a.parquet", "--stats", "guess"],
            "a chip size of nothing": ["index", self.path, "-o", self.out / "a.parquet", "--chip-size", "0"],
            "a stride of nothing": ["index", self.path, "-o", self.out / "a.parquet", "--stride", "0"],
            "a limit that is no number": ["index", self.path, "-o", self.out / "a.parquet", "--max-nodata", "half"],
            "a shape of one number": ["index", self.path, "-o", self.out / "a.parquet", "--shape", "100"],
            "chip without selection": ["chip", self.path, "-o", self.out / "a.npz"],
            "a window of three numbers": ["chip", self.path, "--window", "1,2,3", "-o", self.out / "a.npz"],
            "an output of unknown kind": ["chip", self.path, "--x", "0", "--y", "0", "-o", self.out / "a.docx"],
            "an unknown platform": ["sample", self.out / "s", "--platform", "balloon"],
        }.items():
            self.ends(self.binary(*arguments), what, 2, None)

    def outputs(self):
        """Places that cannot be written, and those that are taken."""
        taken = self.out / "taken.parquet"
        taken.write_text("mine")
        run = self.binary("index", self.path, "-o", taken, "--stats", "none")
        self.ends(run, "an output that is there", 1, "--overwrite", may_leave={"taken.parquet"})
        self.report.equal(taken.read_text(), "mine", "an output that is there: untouched")
        run = self.binary("index", self.path, "-o", taken, "--stats", "none", "--overwrite")
        self.report.check(run.status == 0, "an output that is there, with --overwrite", run.last_line)
        self.report.check(taken.read_bytes()[:4] == b"PAR1", "an output that is there, with --overwrite: is an index now")
        chip = self.out / "taken.npz"
        chip.write_text("mine")
        run = self.binary("chip", self.path, "--x", "0", "--y", "0", "-o", chip)
        self.report.equal(run.status, 1, "a chip that is there")
        self.report.equal(chip.read_text(), "mine", "a chip that is there: untouched")
        self.empty_out()
        run = self.binary("index", self.path, "-o", self.path / "below-a-file.parquet", "--stats", "none")
        self.ends(run, "an output below a file", 1, "below-a-file.parquet")
        if os.geteuid() != 0:
            closed = self.folder / "closed"
            closed.mkdir()
            closed.chmod(0o500)
            run = self.binary("index", self.path, "-o", closed / "a.parquet", "--stats", "none")
            self.ends(run, "an output folder that cannot be written", 1, "a.parquet")
        else:
            # The administrator may write anywhere but here.
            run = self.binary("index", self.path, "-o", "/proc/a.parquet", "--stats", "none")
            self.ends(run, "an output folder that cannot be written", 1, "a.parquet")

    def several(self):
        """Many items of which one is bad: done in part."""
        good = self.edited(lambda item: None, name="good.json")
        bad = self.without_projection()
        dataset = self.out / "dataset"
        run = self.binary("index", good, bad, "-o", dataset, "--stats", "none", "--no-headers")
        self.report.equal(run.status, 3, "one bad item among two: status")
        self.report.check("no-projection" in run.err, "one bad item among two: it is named", run.err)
        self.report.check(any(dataset.rglob("*.parquet")), "one bad item among two: the other is indexed")
        self.report.check(not run.panicked, "one bad item among two: no panic")
        self.empty_out()

    def killed(self):
        """A run that is killed at any moment leaves nothing under the final name."""
        path = harness.sample(self.binary, self.folder / "large", "sentinel-2", size=4096, seed=2)
        out = self.out / "index.parquet"
        began = time.monotonic()
        self.binary.must("index", path, "-o", out)
        whole = time.monotonic() - began
        size = out.stat().st_size
        self.empty_out()
        unfinished = 0
        for part in range(1, 21):
            process = subprocess.Popen([self.binary.path, "index", str(path), "-o", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(whole * part / 20)
            process.send_signal(signal.SIGKILL)
            process.wait()
            if out.exists():
                self.report.equal(out.stat().st_size, size, f"killed after {part}/20: what is there is whole")
            else:
                unfinished += 1
            self.empty_out()
        self.report.check(unfinished > 0, "killed: at least one of 20 runs was caught before its end")

    # What the checks are made of.

    def refuses(self, what, item, arguments, status, word):
        """`stacchip index` of a bad item."""
        run = self.binary("index", item, "-o", self.out / "index.parquet", *arguments)
        self.ends(run, what, status, word)

    def ends(self, run, what, status, word, may_leave=frozenset()):
        """The exit status, one clear line (for `word` not None: with that word in it), and nothing left behind."""
        self.report.check(not run.panicked, f"{what}: no panic", run.err)
        self.report.check(run.status == status, f"{what}: status", f"{run.status} instead of {status}: {run.err}")
        if word is not None:
            lines = [line for line in run.err.splitlines() if line.startswith("error")]
            self.report.check(len(lines) == 1, f"{what}: one line that says what is wrong", repr(run.err))
            self.report.check(word in run.err, f"{what}: names {word!r}", repr(run.err))
        self.report.check(run.out == "", f"{what}: nothing on standard output", repr(run.out[:200]))
        left = {entry.name for entry in self.out.iterdir()} - may_leave
        self.report.check(not left, f"{what}: nothing left behind", ", ".join(sorted(left)))
        if not may_leave:
            self.empty_out()

    def empty_out(self):
        shutil.rmtree(self.out)
        self.out.mkdir()

    def key(self, name):
        return next(key for key in self.item["assets"] if key.lower() == name)

    def written(self, name, text):
        path = self.path.parent / name
        path.write_text(text)
        return path

    def edited(self, change, name="edited.json"):
        item = json.loads(self.path.read_text())
        change(item)
        return self.written(name, json.dumps(item))

    def without_projection(self):
        def strip(item):
            item["id"] = "no-projection"
            for place in [item["properties"], *item["assets"].values()]:
                for key in [key for key in place if key.startswith("proj:")]:
                    del place[key]

        return self.edited(strip, name="no-projection.json")

    def with_crs(self, code):
        def change(item):
            for place in [item["properties"], *item["assets"].values()]:
                for key in ("proj:wkt2", "proj:projjson"):
                    place.pop(key, None)
                if "proj:epsg" in place:
                    place["proj:epsg"] = code
                if "proj:code" in place:
                    place["proj:code"] = f"EPSG:{code}"

        return self.edited(change)

    @staticmethod
    def set_shape(item, shape):
        for place in [item["properties"], *item["assets"].values()]:
            if "proj:shape" in place:
                place["proj:shape"] = shape


if __name__ == "__main__":
    main()
