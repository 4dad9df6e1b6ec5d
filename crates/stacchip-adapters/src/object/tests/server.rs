//! A server that answers as the path says.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// What the server serves.
pub(super) fn content() -> Vec<u8> {
    (0..1000u32)
        .flat_map(|n| (n * 7919).to_le_bytes())
        .collect()
}

/// Serves until the test ends; the address of its root.
pub(super) fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let root = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Head and body are written apart, and are not to wait for each other.
            stream.set_nodelay(true).unwrap();
            std::thread::spawn(move || while answer(&stream).is_some() {});
        }
    });
    root
}

static ANSWERS: AtomicU64 = AtomicU64::new(0);

/// How often what lies at a path was replaced.
static REPLACED: Mutex<Option<HashMap<String, u64>>> = Mutex::new(None);

fn replaced(path: &str) -> u64 {
    let replaced = REPLACED.lock().unwrap();
    let count = replaced.as_ref().and_then(|r| r.get(path));
    count.copied().unwrap_or(0)
}

/// Another takes the place of what lies at `path`.
pub(super) fn replace(path: &str) {
    let mut replaced = REPLACED.lock().unwrap();
    *replaced
        .get_or_insert_default()
        .entry(path.to_owned())
        .or_default() += 1;
}

/// What `/versions/KIND/…` says of its version, and the status where a condition fails.
fn said_of_version(path: &str, condition: Option<&str>) -> (String, Option<&'static str>) {
    let n = replaced(path);
    // A second apart, as file servers tell it.
    let time = format!(
        "last-modified: Sat, 21 Nov 2026 {:02}:{:02}:{:02} GMT\r\n",
        n / 3600 % 24,
        n / 60 % 60,
        n % 60
    );
    let kind = path.split('/').nth(2).unwrap_or_default();
    let said = match kind {
        "strong" | "careless" => format!("etag: \"v{n}\"\r\n{time}"),
        "weak" => format!("etag: W/\"v{n}\"\r\n"),
        "time" => time,
        _ => String::new(),
    };
    let stale = condition.is_some_and(|c| c != format!("\"v{n}\""));
    let failed = (kind == "strong" && stale).then_some("412 Precondition Failed");
    (said, failed)
}

/// Answers one request; nothing where the connection is to end.
fn answer(stream: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut lines = reader.by_ref().lines();
    let request = lines.next()?.ok()?;
    let address = request.split(' ').nth(1)?;
    // A proxy is told the host as well.
    let path = address
        .strip_prefix("http://")
        .and_then(|rest| rest.find('/').and_then(|at| rest.get(at..)))
        .unwrap_or(address)
        .to_owned();
    let mut range = None;
    let mut condition = None;
    let (mut referred, mut sent) = (false, 0);
    for line in lines {
        let line = line.ok()?.to_ascii_lowercase();
        referred |= line.starts_with("referer: ");
        if let Some(length) = line.strip_prefix("content-length: ") {
            sent = length.parse().ok()?;
        }
        if let Some(tag) = line.strip_prefix("if-match: ") {
            condition = Some(tag.to_owned());
        }
        if line.is_empty() {
            break;
        }
        if let Some(asked) = line.strip_prefix("range: bytes=") {
            let (first, last) = asked.split_once('-')?;
            range = Some((first.parse::<usize>().ok()?, last.parse::<usize>().ok()?));
        }
    }
    std::io::copy(&mut reader.take(sent), &mut std::io::sink()).ok()?;
    let mut all = content();
    for byte in &mut all {
        *byte ^= u8::try_from(replaced(&path) % 256).ok()?;
    }
    let n = ANSWERS.fetch_add(1, Ordering::Relaxed);
    let (status, mut headers, body) = match range {
        Some((first, _)) if first >= all.len() => (
            "416 Range Not Satisfiable",
            format!("content-range: bytes */{}\r\n", all.len()),
            Vec::new(),
        ),
        Some((first, last)) => {
            let last = last.min(all.len() - 1);
            (
                "206 Partial Content",
                format!("content-range: bytes {first}-{last}/{}\r\n", all.len()),
                all[first..=last].to_vec(),
            )
        }
        None => ("200 OK", String::new(), all.clone()),
    };
    let mut length = body.len();
    let (mut status, mut body) = (status.to_owned(), body);
    match path.split('?').next()? {
        versions if versions.starts_with("/versions/") => {
            let (said, failed) = said_of_version(versions, condition.as_deref());
            headers += &said;
            if let Some(failed) = failed {
                (status, headers, body, length) = (failed.to_owned(), String::new(), Vec::new(), 0);
            }
        }
        "/ok" => headers += "etag: \"one\"\r\n",
        "/changing" => headers = format!("{headers}etag: \"{n}\"\r\n"),
        "/no-ranges" => {
            (status, headers, length, body) = ("200 OK".into(), String::new(), all.len(), all);
        }
        "/large-no-ranges" => (status, headers, length) = ("200 OK".into(), String::new(), 1 << 30),
        "/gzip" => headers += "content-encoding: gzip\r\n",
        "/cut" => length += 10,
        "/less" => {
            body.pop();
            length -= 1;
        }
        "/another" => headers = format!("content-range: bytes 0-9/{}\r\n", all.len()),
        "/unsaid" => headers = String::new(),
        "/empty" => {
            (status, headers, length, body) = ("200 OK".into(), String::new(), 0, Vec::new());
        }
        "/moved" => (status, headers) = ("302 Found".into(), "location: /not-referred\r\n".into()),
        "/not-referred" if !referred => {}
        "/later" => {
            (status, headers) = ("503 Later".into(), "retry-after: 3600\r\n".into());
        }
        "/soon" => (status, headers) = ("503 Soon".into(), "retry-after: 30\r\n".into()),
        // Whatever is below a number is answered with it.
        path => {
            let number = path.split('/').nth(1).unwrap_or_default();
            status = format!("{number} As Told");
            headers = String::new();
        }
    }
    let mut stream = stream;
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&body).ok()?;
    // What is cut short ends here.
    (length == body.len()).then_some(())
}
