"""Items that the package `stac-geoparquet` wrote are indexed as their JSON is, and what is kept of them says the same.

Each item of the corpus is written into a table of its own, where the package can, and those of a collection into one together.
"""

import datetime
import functools
import json
import logging

import pyarrow as pa
import pyarrow.parquet as pq
from stac_geoparquet.arrow import parse_stac_items_to_arrow, stac_table_to_items, to_parquet

import harness

MOMENTS = {"datetime", "start_datetime", "end_datetime", "created", "updated", "expires", "published", "unpublished"}
MEMBERS = {"type", "stac_version", "stac_extensions", "id", "collection", "geometry", "bbox", "properties", "links", "assets"}
SETTINGS = ["--stats", "none", "--no-headers"]


def main():
    logging.disable(logging.WARNING)
    binary = harness.binary_from_arguments()
    report = harness.Report("items as stac-geoparquet")
    folder = harness.corpus()
    if folder is None:
        print("skipped: no corpus here (set STACCHIP_CORPUS)\n0 passed, 0 failed")
        return
    with harness.scratch() as scratch:
        scratch = harness.Path(scratch)
        items, together, refused = written(folder, scratch)
        report.say(f"{len(items):5} items written by the package, {refused} refused by it, {len(together)} tables of several")
        one_by_one(report, binary, items, scratch)
        all_at_once(report, binary, together, scratch)
    report.close()


def written(folder, scratch):
    """Tables of one item and of several, with the items in them."""
    items, collections, seen, refused = [], {}, set(), 0
    for name in ["json", "table"]:
        (scratch / name).mkdir()
    for path in sorted((folder / "stac" / "items").glob("*.json")):
        item = json.loads(path.read_text())
        # Another of that id would be refused, as a table or not.
        if item.get("id") in seen:
            continue
        # What collides with a member of an item the package leaves out, with a warning.
        item.get("properties", {}).pop("collection", None)
        try:
            to_parquet(parse_stac_items_to_arrow([item]), scratch / "table" / f"{path.stem}.parquet")
        except Exception:
            refused += 1
            (scratch / "table" / f"{path.stem}.parquet").unlink(missing_ok=True)
            continue
        seen.add(item["id"])
        (scratch / "json" / f"{path.stem}.json").write_text(json.dumps(item))
        items.append(item)
        collections.setdefault(item.get("collection"), []).append(item)
    together = []
    for number, (_, members) in enumerate(sorted(collections.items(), key=str)):
        # One table has one type for a column: what does not go together is left out.
        while len(members) > 1:
            table = scratch / f"together-{number}.parquet"
            try:
                # A batch becomes a row group.
                to_parquet(parse_stac_items_to_arrow(members).read_all().to_reader(max_chunksize=3), table)
                together.append((table, members))
                break
            except Exception:
                members = members[:-1]
    return items, together, refused


def one_by_one(report, binary, items, scratch):
    ours = run(report, binary, scratch / "table", scratch / "tables.parquet")
    theirs = run(report, binary, scratch / "json", scratch / "texts.parquet")
    same_index(report, ours, theirs, "tables of one item")
    kept = {item["id"]: item for item in kept_beside(scratch / "tables.parquet")}
    for item in items:
        if item["id"] in kept:
            report.check(
                plain(kept[item["id"]]) == plain(as_told(item)),
                f"{item['id']} is kept as it was",
                difference(plain(kept[item["id"]]), plain(as_told(item))),
            )


def all_at_once(report, binary, together, scratch):
    for table, members in together:
        text = table.with_suffix(".ndjson")
        text.write_text("\n".join(json.dumps(item) for item in members))
        ours = run(report, binary, table, scratch / "ours.parquet")
        theirs = run(report, binary, text, scratch / "theirs.parquet")
        same_index(report, ours, theirs, f"{len(members)} items of {members[0].get('collection')}")
        if theirs[1]["index"] is not None:
            ours_by_theirs(report, binary, theirs[0], table, scratch)


def ours_by_theirs(report, binary, index, table, scratch):
    """What merge writes is read by the package as what it was made of."""
    kept = kept_beside(index)
    done = binary("merge", index, "-o", scratch / "merged.parquet", "--items", "geoparquet", "--overwrite")
    what = f"{len(kept)} items of {kept[0].get('collection')}"
    if any(item.keys() - MEMBERS for item in kept):
        report.check(done.status == 1 and "no member of an item" in done.err, f"{what}, of members that STAC does not know, are refused", done.last_line)
        return
    if not report.check(not done.panicked and done.status == 0, f"{what} are written as stac-geoparquet", done.last_line):
        return
    read = read_by_package(scratch / "merged.items.geoparquet")
    if read is None:
        report.check(read_by_package(table) is None, f"{what}: the package reads neither ours nor its own")
        return
    read = {item["id"]: plain(item) for item in read}
    for item in kept:
        told = plain(as_told(item))
        report.check(read[item["id"]] == told, f"{item['id']} is read by the package as it was", difference(read[item["id"]], told))


def run(report, binary, source, out):
    done = binary("index", source, "-o", out, "--overwrite", "--json", *SETTINGS, timeout=600)
    report.check(not done.panicked and done.status in (0, 1, 3), f"{source.name} ends in order", f"status {done.status}: {done.last_line}")
    told = json.loads(done.out) if done.out else {"failed": []}
    return out, told


def same_index(report, ours, theirs, what):
    (a, told), (b, also) = ours, theirs
    failed = [sorted(f["item"].rsplit("/")[-1].rsplit(".", 1)[0] for f in t["failed"]) for t in (told, also)]
    report.equal(failed[0], failed[1], f"{what}: the same items fail")
    there = [path.exists() and told["index"] is not None for path, told in (ours, theirs)]
    report.equal(there[0], there[1], f"{what}: both are there or none")
    if not all(there):
        return
    # Where they were read from is another place.
    tables = [pq.read_table(path).drop_columns(["item_href"]).sort_by("chipid") for path in (a, b)]
    # A definition as JSON is spelt by the order of its members and by numbers that are whole or not.
    systems = [[spelt(crs) for crs in table["crs"].to_pylist()] for table in tables]
    report.check(systems[0] == systems[1], f"{what}: the same systems")
    tables = [table.drop_columns(["crs"]) for table in tables]
    report.check(tables[0].equals(tables[1]), f"{what}: the same {len(tables[1])} rows", f"{len(tables[0])} rows")


@functools.cache
def spelt(crs):
    return json.dumps(json.loads(crs, parse_int=float), sort_keys=True) if crs.startswith("{") else crs


def kept_beside(index):
    beside = index.with_suffix(".items.ndjson")
    return [json.loads(line)["item"] for line in beside.read_text().splitlines()] if beside.exists() else []


def read_by_package(table):
    """The items; None where it breaks off, as it does over a geometry that is null."""
    try:
        return list(stac_table_to_items(pq.read_table(table)))
    except AttributeError:
        return None


def as_told(item):
    """A column that is no member of an item is a property, also where it was a member that no item has."""
    told = {key: value for key, value in item.items() if key in MEMBERS}
    more = {key: value for key, value in item.items() if key not in MEMBERS}
    told["properties"] = {**more, **item["properties"]}
    return told


def plain(value, key=None):
    """What a table can tell: without members that are null or empty objects, moments as moments."""
    if isinstance(value, dict):
        found = {k: plain(v, k) for k, v in value.items()}
        if key in ("geometry", "proj:geometry") and found.get("type"):
            found = {k: v for k, v in found.items() if k in ("type", "coordinates", "geometries")}
        return {k: v for k, v in found.items() if v is not None and v != {}}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if key in MOMENTS and isinstance(value, str):
        return pa.scalar(value).cast(pa.timestamp("us", tz="UTC")).as_py().astimezone(datetime.timezone.utc).isoformat()
    return value


def difference(ours, theirs, path=""):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            if ours.get(key) != theirs.get(key):
                return difference(ours.get(key), theirs.get(key), f"{path}.{key}")
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, (a, b) in enumerate(zip(ours, theirs)):
            if a != b:
                return difference(a, b, f"{path}[{number}]")
    return f"{path}: ours {str(ours)[:120]}, expected {str(theirs)[:120]}"


main()
