//! Datasets in buckets: S3 as moto plays it, Azure as Azurite does.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::TcpStream,
    process::{Command, Output},
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::desk::{Desk, lines_of_items, npy, stderr, typed};

#[path = "../../../stacchip-adapters/tests/servers/program.rs"]
#[expect(
    dead_code,
    clippy::print_stdout,
    reason = "its other half is for the tests of the adapters; what is skipped is said"
)]
mod program;

use program::{Server, free_port, program};

/// A desk from which a bucket is reached.
struct Bucket {
    desk: Desk,
    server: Server,
    environment: Vec<(&'static str, String)>,
}

impl Bucket {
    /// `s3://box`.
    fn s3(desk: Desk) -> Option<Self> {
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let mut command = Command::new(program("moto_server")?);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let server = Server::start(port, folder, &mut command);
        put(port, "/box");
        let environment = vec![
            ("AWS_ENDPOINT_URL", server.root()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "anybody".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "anything".to_owned()),
        ];
        Some(Self {
            desk,
            server,
            environment,
        })
    }

    /// `az://box`.
    fn azure(desk: Desk) -> Option<Self> {
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let mut command = Command::new(program("azurite-blob")?);
        command
            .args([
                "--inMemoryPersistence",
                "--skipApiVersionCheck",
                "--disableTelemetry",
            ])
            .args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()]);
        let server = Server::start(port, folder, &mut command);
        put(
            port,
            &format!("/devstoreaccount1/box?restype=container&{MAY_DO_ALL}"),
        );
        let environment = vec![
            (
                "AZURE_STORAGE_ENDPOINT",
                format!("{}/devstoreaccount1", server.root()),
            ),
            ("AZURE_STORAGE_ACCOUNT_NAME", "devstoreaccount1".to_owned()),
            ("AZURE_STORAGE_ACCOUNT_KEY", KEY.to_owned()),
        ];
        Some(Self {
            desk,
            server,
            environment,
        })
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.desk.command(args);
        command.envs(self.environment.clone());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn json(&self, call: &str) -> Value {
        let args = [&typed(call)[..], &["--json"]].concat();
        let out = self.run(&args);
        assert!(out.status.success(), "{call}: {}", stderr(&out));
        serde_json::from_slice(&out.stdout).unwrap()
    }

    fn fails(&self, call: &str) -> String {
        let out = self.run(&typed(call));
        let said = stderr(&out);
        assert!(!out.status.success(), "{call}: {said}");
        assert!(!said.contains("panicked"), "{call}: {said}");
        said
    }

    /// The ids of all chips.
    fn ids(&self, index: &str) -> BTreeSet<String> {
        let found = self.json(&format!("query {index}"));
        let ids = found["chips"].as_array().unwrap().iter();
        ids.map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// How often the server was asked with this method for what has `part` in its address.
    fn asked(&self, method: &str, part: &str) -> usize {
        let log = self.server.text("output.log");
        // What is answered in part stands there in colour.
        let asked = format!("{method} /box");
        log.lines()
            .filter(|line| line.contains(&asked) && line.contains(part))
            .count()
    }
}

/// Sends an empty PUT.
fn put(port: u16, path: &str) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = format!(
        "PUT {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
}

const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
/// An account SAS, signed with [`KEY`].
const MAY_DO_ALL: &str = "sv=2018-11-09&ss=b&srt=sco&sp=rwdlac&se=2100-01-01T00%3A00%3A00Z&spr=https%2Chttp&sig=GC%2BChk%2Ffr2kGYxbx3ScPyFgz5bjf1gcFtmNtRsA6N6U%3D";

/// An index of items that need no rasters.
const INDEX: &str = "index items.ndjson --stats none --no-headers -o";

fn with_items(count: usize) -> Desk {
    let desk = Desk::empty();
    std::fs::write(desk.path("items.ndjson"), lines_of_items(count)).unwrap();
    desk
}

#[test]
fn a_chip_is_cut_of_a_dataset_in_a_bucket_as_of_one_here() {
    let Some(bucket) = Bucket::s3(Desk::new("sentinel-2")) else {
        return;
    };
    let index = "index scene/item.json --max-nodata 1 --chip-size 64 -o";
    bucket.json(&format!("{index} here"));
    for to in ["s3://box/d", "s3://box/one/x.parquet"] {
        let told = bucket.json(&format!("{index} {to}"));
        assert_eq!(told["rows"], 81, "{told}");
        assert_eq!(told["items"][0]["headers"], 11, "{told}");
    }
    bucket.json("chip here --row 40 --assets red -o here.npy");
    let expected = npy(&bucket.desk.path("here.npy"));
    for (number, from) in ["s3://box/d", "s3://box/d/", "s3://box/one/x.parquet"]
        .into_iter()
        .enumerate()
    {
        let before = bucket.asked("GET", "x.headers.pq");
        bucket.json(&format!(
            "chip {from} --row 40 --assets red -o {number}.npy"
        ));
        let cut = npy(&bucket.desk.path(&format!("{number}.npy")));
        assert!(cut == expected, "{from}");
        let said = bucket.json(&format!(
            "explain {from} --where chip_index_y=4 --assets red"
        ));
        assert_eq!(
            (&said["chips"], &said["headers"]["read"]),
            (&9.into(), &0.into()),
            "{said}"
        );
        if from.ends_with("x.parquet") {
            assert!(bucket.asked("GET", "x.headers.pq") > before);
        }
    }
    let told = bucket.json("info s3://box/d");
    assert_eq!(told["check"]["valid"], true, "{told}");
    assert_eq!(
        (&told["rows"], &told["items_kept"]),
        (&81.into(), &1.into())
    );
    assert_eq!(told["headers_kept"], true);

    // Indexed again it is not in it twice; with other settings it is refused.
    let again = bucket.json(&format!("{index} s3://box/d"));
    assert_eq!(
        (&again["rows"], &again["already_there"]),
        (&0.into(), &1.into())
    );
    let other = "index scene/item.json --max-nodata 1 --chip-size 128 -o s3://box/d";
    assert!(bucket.fails(other).contains("made with other settings"));
    assert!(
        bucket
            .fails(&format!("{index} s3://box/one/x.parquet"))
            .contains("--overwrite")
    );
}

#[test]
fn a_query_asks_for_the_columns_and_row_groups_it_needs() {
    let Some(bucket) = Bucket::s3(with_items(12)) else {
        return;
    };
    bucket.json(&format!("{INDEX} here"));
    bucket.json(&format!("{INDEX} s3://box/d"));
    assert_eq!(bucket.asked("PUT", "/box/d/items/"), 12);
    assert_eq!(bucket.asked("PUT", "/box/d/item-"), 12);
    assert_eq!(
        bucket.asked("HEAD", "/box/d/"),
        0,
        "the list says what stands there"
    );

    // A request for the list, one a footer, and one a row group that may answer.
    let (lists, reads) = (
        bucket.asked("GET", "list-type"),
        bucket.asked("GET", "/box/d/item-"),
    );
    let call = "--datetime 2024-03-01/2024-03-02";
    let found = bucket.json(&format!(
        "query s3://box/d {call} -o s3://box/found.parquet"
    ));
    assert_eq!(found["row_groups_read"], 2, "{found}");
    assert_eq!(bucket.asked("GET", "list-type") - lists, 1);
    let reads = bucket.asked("GET", "/box/d/item-") - reads;
    assert!((14..=18).contains(&reads), "{reads} requests");
    assert_eq!(
        found["rows"],
        bucket.json(&format!("query here {call}"))["rows"]
    );
    assert_eq!(bucket.ids("s3://box/d"), bucket.ids("here"));
    let again = format!("query s3://box/d {call} -o s3://box/found.parquet");
    assert!(bucket.fails(&again).contains("--overwrite"));
    bucket.json(&format!("{again} --overwrite"));

    // Over HTTP nothing is written, and nothing listed.
    let web = format!("{}/box/found.parquet", bucket.server.root());
    assert!(
        bucket
            .fails(&format!("split {web}"))
            .contains("nothing is written over HTTP")
    );
    assert!(
        bucket
            .fails(&format!("query here -o {web}"))
            .contains("nothing is written over HTTP")
    );
    let folder = format!("query {}/box/d/", bucket.server.root());
    assert!(bucket.fails(&folder).contains("cannot be listed over HTTP"));
    assert!(bucket.fails("query s3://box/nothing").contains("not found"));
    assert!(
        bucket
            .fails("query s3://box/nothing.parquet")
            .contains("not found")
    );
}

fn columns_and_merges(bucket: &Bucket, root: &str) {
    bucket.json(&format!("{INDEX} here"));
    bucket.json(&format!("{INDEX} {root}/d"));
    for index in ["here", &format!("{root}/d")] {
        bucket.json(&format!("split {index} --by cell:9 --seed 3"));
        bucket.json(&format!("series {index} --period month"));
        bucket.json(&format!("split {index} --check"));
    }
    assert!(
        bucket
            .fails(&format!("split {root}/d"))
            .contains("--overwrite")
    );
    let count = |index: &str, condition: &str| {
        let args = ["query", index, "--where", condition, "--json"];
        let out = bucket.run(&args);
        assert!(out.status.success(), "{args:?}: {}", stderr(&out));
        let found: Value = serde_json::from_slice(&out.stdout).unwrap();
        found["rows"].as_u64().unwrap()
    };
    for condition in ["split = 'train'", "series IS NOT NULL"] {
        let here = count("here", condition);
        assert!(here > 0, "{condition}");
        assert_eq!(count(&format!("{root}/d"), condition), here, "{condition}");
    }

    bucket.json("merge here -o merged");
    for to in ["m.parquet", "parts"] {
        let told = bucket.json(&format!("merge {root}/d -o {root}/{to} --part-rows 20"));
        assert_eq!(told["items"], 12, "{told}");
        let at = format!("{root}/{to}");
        assert_eq!(bucket.ids(&at), bucket.ids("merged"), "{to}");
        assert!(
            bucket
                .fails(&format!("merge here -o {at}"))
                .contains("--overwrite")
        );
        bucket.json(&format!("merge here -o {at} --overwrite"));
        assert_eq!(bucket.ids(&at), bucket.ids("merged"), "{to}");
        let told = bucket.json(&format!("info {at}"));
        assert_eq!(
            (&told["check"]["valid"], &told["items_kept"]),
            (&true.into(), &12.into())
        );
    }
    let tree = format!("merge {root}/d {root}/parts -o {root}/tree --layout upstream");
    let told = bucket.json(&tree);
    assert_eq!((&told["items"], &told["rows"]), (&12.into(), &192.into()));
    assert_eq!(bucket.ids(&format!("{root}/tree")), bucket.ids("merged"));
    assert!(bucket.fails(&tree).contains("--overwrite"));
    let onto = bucket.fails(&format!("merge here -o {root}/d --overwrite"));
    assert!(onto.contains("no merge wrote"), "{onto}");
    let own = bucket.fails(&format!("merge {root}/d -o {root}/d --overwrite"));
    assert!(own.contains("another place"), "{own}");
}

#[test]
fn columns_and_merges_in_a_bucket_of_s3() {
    let Some(bucket) = Bucket::s3(with_items(12)) else {
        return;
    };
    columns_and_merges(&bucket, "s3://box");
}

#[test]
fn columns_and_merges_in_a_container_of_azure() {
    let Some(bucket) = Bucket::azure(with_items(12)) else {
        return;
    };
    columns_and_merges(&bucket, "az://box");
}

#[test]
fn labels_come_from_a_bucket_and_go_there() {
    let Some(bucket) = Bucket::azure(with_items(3)) else {
        return;
    };
    bucket.json(&format!("{INDEX} az://box/d"));
    let ring = "[[[4,40],[12,40],[12,50],[4,50],[4,40]]]";
    let layer = format!(
        "{{\"type\":\"FeatureCollection\",\"features\":[{{\"type\":\"Feature\",\"properties\":{{\"n\":1}},\"geometry\":{{\"type\":\"Polygon\",\"coordinates\":{ring}}}}}]}}"
    );
    std::fs::write(bucket.desk.path("l.geojson"), layer).unwrap();
    let told = bucket.json("label az://box/d l.geojson -o az://box/l.parquet");
    assert!(told["rows"].as_u64().unwrap() > 0, "{told}");
    bucket.json("label az://box/d l.geojson");
    let found = bucket.json("query az://box/d --where label_count=1");
    assert_eq!(found["rows"], told["rows"]);
}

/// A run that is killed leaves nothing half-written, and the next goes on where it was.
#[test]
fn a_run_that_is_killed_goes_on_where_it_was() {
    const ITEMS: usize = 150;
    let Some(bucket) = Bucket::s3(with_items(ITEMS)) else {
        return;
    };
    let mut child = bucket
        .command(&typed(&format!("{INDEX} s3://box/d")))
        .spawn()
        .unwrap();
    let began = Instant::now();
    while bucket.asked("PUT", "/box/d/item-") < 20 {
        assert!(
            began.elapsed() < Duration::from_mins(2),
            "it does not begin"
        );
        sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let done = bucket.ids("s3://box/d");
    let told = bucket.json(&format!("{INDEX} s3://box/d"));
    let there = told["already_there"].as_u64().unwrap();
    assert!(there >= 20, "{told}");
    assert_eq!(
        there + told["items"].as_array().unwrap().len() as u64,
        ITEMS as u64
    );
    bucket.json(&format!("{INDEX} here"));
    let all = bucket.ids("s3://box/d");
    assert_eq!(all, bucket.ids("here"));
    assert!(done.len() < all.len() && done.is_subset(&all));
    assert_eq!(bucket.json("info s3://box/d")["items_kept"], ITEMS);
}

/// Of two who write columns into one table at once none loses the other's without a word.
#[test]
fn two_writers_of_columns_do_not_lose_each_others() {
    let Some(bucket) = Bucket::s3(with_items(40)) else {
        return;
    };
    let mut told = 0;
    for (round, index) in [
        "s3://box/0.parquet",
        "s3://box/1.parquet",
        "2.parquet",
        "3.parquet",
    ]
    .into_iter()
    .enumerate()
    {
        bucket.json(&format!("{INDEX} {index}"));
        let start = |call: String| {
            let mut command = bucket.command(&typed(&call));
            command
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        };
        let (a, b) = (
            start(format!("split {index}")),
            start(format!("series {index}")),
        );
        for (child, column) in [(a, "split"), (b, "series")] {
            let out = child.wait_with_output().unwrap();
            let (said, done) = (stderr(&out), out.status.success());
            let known = said.contains("another has written it meanwhile")
                || said.contains("it changed while it was read")
                || said.contains("another run writes columns");
            assert!(done || known, "{said}");
            let condition = format!("{column} IS NULL OR {column} IS NOT NULL");
            let found = bucket.run(&["query", index, "--where", &condition]);
            assert_eq!(
                found.status.success(),
                done,
                "round {round}: {column}: {said}"
            );
            told += usize::from(done);
        }
    }
    assert!(told >= 4, "one of two at least");
}
