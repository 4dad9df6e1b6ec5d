//! nginx: ranges, and servers that know none; TLS and HTTP/2; faults in answers; connections and
//! requests counted in its log.

use std::{fs, path::Path, process::Command, time::Instant};

use futures::future::try_join_all;
use stacchip_chip::AssetOpener;
use stacchip_cog::{ReadErrorKind, testing::check_range_reader};
use tempfile::TempDir;

use crate::{
    check, content, objects,
    program::{Server, free_port, program, run},
    read, refusal, wait,
};

/// nginx over a folder with the file `a.bin`, and the `locations` of its configuration.
pub struct Nginx {
    pub server: Server,
    pub tls_port: u16,
}

/// A request, as nginx has seen it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub connection: String,
    pub path: String,
    pub status: u16,
    pub protocol: String,
    /// When its answer had gone out, in seconds.
    pub time: f64,
    /// How long it took, in seconds.
    pub took: f64,
    /// Bytes of the body.
    pub bytes: u64,
}

impl Nginx {
    pub fn start(locations: &str) -> Option<Self> {
        let nginx = program("nginx")?;
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        fs::create_dir(at.join("www")).unwrap();
        fs::write(at.join("www/a.bin"), content()).unwrap();
        let (port, tls_port) = (free_port(), free_port());
        certificate(at);
        let lua = "/usr/lib/nginx/modules";
        let load = |name: &str| {
            let path = Path::new(lua).join(name);
            if path.is_file() {
                format!("load_module {};\n", path.display())
            } else {
                String::new()
            }
        };
        let modules = load("ndk_http_module.so") + &load("ngx_http_lua_module.so");
        let user = run(Command::new("id").arg("-un"));
        let configuration = format!(
            "{modules}daemon off; master_process off; pid {0}/pid; error_log {0}/error.log; user {1};
            events {{ worker_connections 1024; }}
            http {{
                client_body_temp_path {0}/b; proxy_temp_path {0}/p; fastcgi_temp_path {0}/f;
                uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;
                log_format seen '$connection $request_uri $status $server_protocol $msec $request_time $body_bytes_sent $http_range';
                access_log {0}/seen.log seen;
                keepalive_requests 100000; tcp_nodelay on;
                {2}
                server {{
                    listen 127.0.0.1:{port} backlog=512;
                    listen 127.0.0.1:{tls_port} ssl http2;
                    ssl_certificate {0}/server.pem; ssl_certificate_key {0}/server.key;
                    root {0}/www;
                    {3}
                }}
            }}",
            at.display(),
            user.trim(),
            if modules.contains("lua") { "lua_shared_dict tries 1m;" } else { "" },
            locations.replace("WWW", &format!("{}/www", at.display())),
        );
        fs::write(at.join("nginx.conf"), configuration).unwrap();
        let mut command = Command::new(nginx);
        command
            .arg("-p")
            .arg(at)
            .arg("-c")
            .arg(at.join("nginx.conf"));
        let server = Server::start(port, folder, &mut command);
        Some(Self { server, tls_port })
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.server.root())
    }

    pub fn https(&self, path: &str) -> String {
        format!("https://localhost:{}/{path}", self.tls_port)
    }

    /// What it has been asked, in the order of its answers.
    pub fn seen(&self) -> Vec<Seen> {
        // A line is written when the answer has gone out: it may come a moment later.
        std::thread::sleep(std::time::Duration::from_millis(100));
        let text = self.server.text("seen.log");
        text.lines()
            .map(|line| {
                let mut words = line.split(' ').map(str::to_owned);
                let mut next = || words.next().unwrap();
                Seen {
                    connection: next(),
                    path: next(),
                    status: next().parse().unwrap(),
                    protocol: next(),
                    time: next().parse().unwrap(),
                    took: next().parse().unwrap(),
                    bytes: next().parse().unwrap(),
                }
            })
            .collect()
    }
}

/// An authority of our own, and a certificate of it for `localhost`, and for hosts that nginx plays.
fn certificate(folder: &Path) {
    let openssl = |arguments: &str| {
        run(Command::new("openssl")
            .current_dir(folder)
            .args(arguments.split(' ')));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!(
        "req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=tests"
    ));
    openssl(&format!(
        "req {key} -keyout server.key -out server.csr -subj /CN=localhost"
    ));
    let names = "subjectAltName=DNS:localhost,DNS:*.s3.amazonaws.com,DNS:*.s3.us-west-2.amazonaws.com,\
                 DNS:s3.us-west-2.amazonaws.com\n";
    fs::write(folder.join("names"), names).unwrap();
    openssl(
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
         -extfile names -out server.pem",
    );
}

/// Whether nginx can be told by Lua to answer wrongly.
pub fn has_lua() -> bool {
    let there = Path::new("/usr/lib/nginx/modules/ngx_http_lua_module.so").is_file();
    if !there {
        crate::program::missing("nginx with Lua");
    }
    there
}

pub fn ca_of(folder: &TempDir) -> String {
    folder.path().join("ca.pem").to_string_lossy().into_owned()
}

#[test]
fn ranges_over_http_https_and_http2() {
    let Some(nginx) = Nginx::start("") else {
        return;
    };
    let ca = ca_of(&nginx.server.folder);
    for (address, http2, protocol) in [
        (nginx.at("a.bin?sig=secret"), "false", "HTTP/1.1"),
        (nginx.https("a.bin"), "false", "HTTP/1.1"),
        (nginx.https("a.bin?h2"), "true", "HTTP/2.0"),
    ] {
        let objects = objects(&[("ca_bundle", &ca), ("http2", http2)]);
        wait(async {
            let reader = check(&objects, &address).await;
            assert!(!reader.address().contains("secret"));
        });
        let last = nginx.seen().pop().unwrap();
        assert_eq!(last.protocol, protocol, "{address}");
    }
}

#[test]
fn a_server_that_cannot_be_trusted_is_not() {
    let Some(nginx) = Nginx::start("") else {
        return;
    };
    let error = refusal(&objects(&[]), &nginx.https("a.bin"));
    assert_eq!(error.kind, ReadErrorKind::Transient);
    let text = error.to_string();
    assert!(text.to_lowercase().contains("certificate"), "{text}");
    assert!(nginx.seen().is_empty());
}

/// Ten assets of two reads each, under addresses each with a signature of its own: the connections
/// of the first read serve the second, however the addresses differ.
#[test]
fn a_host_has_one_pool_of_connections() {
    let Some(nginx) = Nginx::start("") else {
        return;
    };
    let objects = objects(&[]);
    wait(async {
        for round in 0..5u64 {
            let reads = (0..10u64).map(|n| {
                let address = nginx.at(&format!("a.bin?sig={round}{n}"));
                let objects = &objects;
                async move { read(objects, &address, n * 1000, n * 1000 + 100).await }
            });
            try_join_all(reads).await.unwrap();
        }
    });
    let seen = nginx.seen();
    assert_eq!(seen.len(), 50);
    assert_eq!(objects.traffic().requests, 50);
    assert_eq!(objects.traffic().bytes, 5000);
    let mut connections: Vec<_> = seen.iter().map(|s| s.connection.clone()).collect();
    connections.sort();
    connections.dedup();
    // A connection may still be settling when the next request comes: it is not always the same
    // ten. With a pool for each address it would be fifty.
    assert!(connections.len() <= 20, "{}", connections.len());
}

#[test]
fn ranges_are_merged_and_requests_bounded() {
    let Some(nginx) = Nginx::start("location / { limit_rate 2m; }") else {
        return;
    };
    let ranges: Vec<_> = (0..100u64).map(|n| n * 4000..n * 4000 + 100).collect();
    let expected: Vec<_> = ranges
        .iter()
        .map(|r| content()[usize::try_from(r.start).unwrap()..][..100].to_vec())
        .collect();
    wait(async {
        // All of 400 kB, or with gaps of at least 100 kB between what is asked for.
        let near = objects(&[]);
        let reader = near.open(&nginx.at("a.bin?near")).await.unwrap();
        assert_eq!(reader.read(&ranges).await.unwrap(), expected);
        let far = objects(&[]);
        let reader = far.open(&nginx.at("a.bin?far")).await.unwrap();
        let ends = [0..100, 399_900..400_000];
        reader.read(&ends).await.unwrap();
        let few = objects(&[("max_requests", "2")]);
        let reads = (0..20u64).map(|n| {
            let address = nginx.at(&format!("a.bin?few{n}"));
            let few = &few;
            async move { read(few, &address, n, n + 50_000).await }
        });
        try_join_all(reads).await.unwrap();
        assert_eq!(near.traffic().requests, 1);
        assert_eq!(near.traffic().bytes, 396_100);
        assert_eq!(far.traffic().requests, 2);
    });
    let mut few = nginx.seen();
    few.retain(|s| s.path.contains("few"));
    assert_eq!(few.len(), 20);
    for one in &few {
        // The log tells milliseconds.
        let middle = one.time - one.took / 2.0;
        let under_way = few
            .iter()
            .filter(|s| s.time - s.took + 0.002 < middle && middle < s.time - 0.002);
        assert!(under_way.count() <= 2, "{few:?}");
    }
}

#[test]
fn a_server_without_ranges_is_read_once_or_refused() {
    let Some(nginx) = Nginx::start("location /whole/ { alias WWW/; max_ranges 0; }") else {
        return;
    };
    let large = nginx.server.folder.path().join("www/large.bin");
    fs::File::create(large).unwrap().set_len(65 << 20).unwrap();
    let objects = objects(&[]);
    wait(async {
        let reader = objects.open(&nginx.at("whole/a.bin")).await.unwrap();
        check_range_reader(reader.as_ref(), &content())
            .await
            .unwrap();
    });
    let whole = nginx.seen();
    assert_eq!(whole.len(), 1, "one request, and all is there");
    assert_eq!(whole[0].status, 200);
    let error = refusal(&objects, &nginx.at("whole/large.bin"));
    assert_eq!(error.kind, ReadErrorKind::Range);
    assert!(error.to_string().contains("64 MiB"), "{error}");
}

#[test]
fn what_is_compressed_on_the_way_is_refused() {
    let locations = "location /gzip/ { alias WWW/; add_header Content-Encoding gzip; }";
    let Some(nginx) = Nginx::start(locations) else {
        return;
    };
    let error = refusal(&objects(&[]), &nginx.at("gzip/a.bin"));
    assert_eq!(error.kind, ReadErrorKind::Range);
    assert!(
        error.to_string().contains("compresses it (gzip)"),
        "{error}"
    );
    assert_eq!(nginx.seen().len(), 1, "it is not tried again");
}

#[test]
fn requests_keep_to_a_rate() {
    let Some(nginx) = Nginx::start("") else {
        return;
    };
    let objects = objects(&[("request_rate", "10/s")]);
    let began = Instant::now();
    wait(async {
        let reads = (0..25u64).map(|n| {
            let address = nginx.at(&format!("a.bin?{n}"));
            let objects = &objects;
            async move { read(objects, &address, 0, 10).await }
        });
        try_join_all(reads).await.unwrap();
    });
    // Ten go at once, ten a second later, and the rest after another. (When they come depends on the
    // machine; that there are never more is shown for the pace itself.)
    assert!(began.elapsed().as_secs_f64() >= 2.0);
    assert_eq!(nginx.seen().len(), 25);
}

#[test]
fn web_refusals_are_one_line_each() {
    let Some(nginx) = Nginx::start(
        "location /401/ { return 401; } location /expired/ { return 403 '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'; }",
    ) else {
        return;
    };
    for (path, kind, said) in [
        ("no.bin?sig=secret", ReadErrorKind::NotFound, "404"),
        ("401/", ReadErrorKind::Denied, "401"),
        (
            "expired/a?X-Amz-Signature=secret",
            ReadErrorKind::Denied,
            "the signature has expired",
        ),
    ] {
        let error = refusal(&objects(&[]), &nginx.at(path));
        let text = error.to_string();
        assert_eq!(error.kind, kind, "{text}");
        assert!(text.contains(said) && !text.contains('\n'), "{text}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
    assert_eq!(nginx.seen().len(), 3, "none is tried again");
}
