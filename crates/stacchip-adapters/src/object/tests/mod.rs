//! HTTP against a server that answers as told, well and ill.

mod server;
mod versions;

use std::{net::TcpListener, pin::pin, time::Duration};

use bytes::Bytes;
use futures::future::{Either, select};
use stacchip::{ObjectSink, WriteErrorKind};
use stacchip_chip::AssetOpener;
use stacchip_cog::{ReadError, ReadErrorKind, testing::check_range_reader};

use self::server::{content, serve};
use super::{ObjectOptions, Objects, Transport};

/// Patient for this long only.
fn within(deadline: Duration) -> Objects {
    Objects::new(ObjectOptions {
        transport: Transport {
            deadline,
            ..Transport::default()
        },
        ..ObjectOptions::default()
    })
}

/// Patient enough for what is tried a few times, whatever else the machine does.
fn hasty() -> Objects {
    within(Duration::from_secs(10))
}

/// Reached as `settings` say.
fn with(settings: &[(&str, &str)]) -> Objects {
    // Whose machine it is has no part in it.
    let mut options = ObjectOptions {
        environment: false,
        ..ObjectOptions::default()
    };
    for (key, value) in settings {
        options.set(key, value).unwrap();
    }
    Objects::new(options)
}

/// What `work` gives, waited for as a program would.
pub(super) fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

async fn read(objects: &Objects, address: &str, start: u64, end: u64) -> Result<Bytes, ReadError> {
    let reader = objects.open(address).await?;
    let range = start..end;
    Ok(reader.read(std::slice::from_ref(&range)).await?.remove(0))
}

#[test]
fn ranges_of_an_honest_server() {
    let root = serve();
    wait(async {
        let objects = Objects::new(ObjectOptions::default());
        for name in ["ok?sig=secret", "no-ranges"] {
            let address = format!("{root}/{name}");
            let reader = objects.open(&address).await.unwrap();
            check_range_reader(reader.as_ref(), &content())
                .await
                .unwrap();
            assert!(!reader.address().contains("secret"));
            assert_eq!(objects.read_all(&address).await.unwrap(), content());
            assert_eq!(objects.size(&address).await.unwrap(), 4000);
        }
        let empty = format!("{root}/empty");
        assert_eq!(objects.size(&empty).await.unwrap(), 0);
        assert_eq!(objects.read_all(&empty).await.unwrap(), "");
    });
}

/// The way to an object may lead from one host to another, which is not told the signature.
#[test]
fn where_an_address_led_from_is_not_told() {
    let root = serve();
    let bytes = wait(read(&hasty(), &format!("{root}/moved?sig=secret"), 20, 40)).unwrap();
    assert_eq!(bytes, content()[20..40]);
}

/// A host that asks for an hour fails all requests at once, and does not keep them.
#[test]
fn nobody_waits_for_an_hour() {
    let root = serve();
    let objects = Objects::new(ObjectOptions::default());
    let address = format!("{root}/later");
    let (first, second) = wait(async {
        let reads = async {
            let first = read(&objects, &address, 20, 40).await.unwrap_err();
            let second = read(&objects, &address, 20, 40).await.unwrap_err();
            (first, second)
        };
        let limit = Duration::from_secs(30);
        tokio::time::timeout(limit, reads).await.unwrap()
    });
    for error in [&first, &second] {
        let text = error.to_string();
        assert_eq!(error.kind, ReadErrorKind::Transient, "{text}");
        assert!(text.contains("asks to wait 3600 s"), "{text}");
    }
    assert!(second.to_string().contains("not asked for"), "{second}");
    assert_eq!(objects.traffic().requests, 1);
}

/// While one host is left alone, the bytes that may be under way are another's.
#[test]
fn a_host_that_is_left_alone_keeps_nobody_waiting() {
    let (busy, root) = (serve(), serve());
    let objects = with(&[("max_bytes", "1024")]);
    wait(async {
        let soon = format!("{busy}/soon");
        let first = pin!(read(&objects, &soon, 20, 40));
        let address = format!("{root}/ok");
        let second = pin!(async {
            // The first is told to wait, and waits.
            while objects.traffic().requests == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
            let limit = Duration::from_secs(10);
            tokio::time::timeout(limit, read(&objects, &address, 20, 40)).await
        });
        match select(first, second).await {
            Either::Left((first, _)) => panic!("{first:?}"),
            Either::Right((second, _)) => assert_eq!(second.unwrap().unwrap(), content()[20..40]),
        }
    });
}

/// What the service of credentials or of tokens answers is not said of the object.
#[test]
fn services_beside_a_store_say_nothing_of_its_objects() {
    let root = serve();
    let deadline = ("deadline", "500ms");
    for (status, kind) in [
        ("404", ReadErrorKind::Other),
        ("403", ReadErrorKind::Other),
        ("500", ReadErrorKind::Transient),
    ] {
        let service = format!("{root}/{status}");
        let objects = with(&[
            ("aws_endpoint_url", &root),
            ("aws_region", "us-west-2"),
            ("aws_metadata_endpoint", &service),
            deadline,
        ]);
        let error = wait(read(&objects, "s3://box/a.bin", 20, 40)).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        let text = error.to_string();
        assert!(
            text.contains("no credentials") && text.contains(status),
            "{text}"
        );
    }
    for (status, kind) in [
        // There is none for this container.
        ("404", ReadErrorKind::Denied),
        ("403", ReadErrorKind::Other),
        ("410", ReadErrorKind::Other),
        ("500", ReadErrorKind::Transient),
    ] {
        let service = format!("{root}/{status}");
        let objects = with(&[("proxy_url", &root), ("pc_sdk_sas_url", &service), deadline]);
        let address = "http://acct.blob.core.windows.net/403/a.bin";
        let error = wait(read(&objects, address, 20, 40)).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
    }
}

/// Credentials for another store, or for an object without its version, are no way to an address.
#[test]
fn what_is_refused_is_not_read_from_elsewhere() {
    let root = serve();
    let keys = [
        ("proxy_url", root.as_str()),
        ("aws_access_key_id", "A"),
        ("aws_secret_access_key", "B"),
        ("deadline", "2s"),
    ];
    let mut elsewhere = keys.to_vec();
    elsewhere.push(("aws_endpoint_url", &root));
    for (settings, query) in [(&elsewhere[..], ""), (&keys[..], "?versionId=3")] {
        let objects = with(settings);
        let address = format!("http://box.s3.us-west-2.amazonaws.com/403/a.bin{query}");
        let error = wait(read(&objects, &address, 20, 40)).unwrap_err();
        assert_eq!(error.kind, ReadErrorKind::Denied, "{error}");
        assert_eq!(objects.traffic().requests, 1, "{query}");
    }
}

/// Also where it may have been written after all: what is found then is compared.
#[test]
fn a_write_that_fails_in_passing_is_tried_again() {
    let root = serve();
    for (status, overwrite) in [
        ("500", false),
        ("504", false),
        ("503", false),
        ("500", true),
    ] {
        let endpoint = format!("{root}/{status}");
        let objects = with(&[
            ("aws_endpoint_url", endpoint.as_str()),
            ("aws_region", "us-west-2"),
            ("aws_access_key_id", "A"),
            ("aws_secret_access_key", "B"),
            ("deadline", "2s"),
        ]);
        let put = objects.put("s3://box/a.bin", content().into(), overwrite);
        let error = wait(put).unwrap_err();
        assert_eq!(error.kind, WriteErrorKind::Transient, "{error}");
        assert!(objects.traffic().requests > 1, "{status}: {error}");
    }
}

#[test]
fn a_store_that_is_not_there_is_tried_a_few_times() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let objects = with(&[
        ("aws_endpoint_url", &endpoint),
        ("aws_region", "us-west-2"),
        ("aws_access_key_id", "A"),
        ("aws_secret_access_key", "B"),
    ]);
    let error = wait(read(&objects, "s3://box/a.bin", 20, 40)).unwrap_err();
    assert_eq!(error.kind, ReadErrorKind::Transient, "{error}");
    assert_eq!(objects.traffic().requests, 4, "{error}");
}

#[test]
fn settings_are_shown_without_what_they_are() {
    let root = serve();
    let mut options = ObjectOptions::default();
    for key in ["aws_secret_access_key", "pc_sdk_subscription_key"] {
        options.set(key, "hush").unwrap();
    }
    options
        .set("proxy_url", "http://me:hush@h.example")
        .unwrap();
    assert!(!format!("{options:?}").contains("hush"));
    options.storage.pop();
    let objects = Objects::new(options);
    wait(read(&objects, &format!("{root}/ok?sig=hush"), 0, 4)).unwrap();
    let reader = wait(objects.open(&format!("{root}/ok?sig=hush"))).unwrap();
    let shown = format!("{objects:?} {reader:?}");
    assert!(!shown.contains("hush"), "{shown}");
}

#[test]
fn local_files_keep_the_ports_promise() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    std::fs::write(&path, content()).unwrap();
    wait(async {
        let objects = Objects::new(ObjectOptions::default());
        let address = format!("file://{}", path.to_string_lossy());
        let reader = objects.open(&address).await.unwrap();
        check_range_reader(reader.as_ref(), &content())
            .await
            .unwrap();
        assert_eq!(objects.read_all(&address).await.unwrap(), content());
        assert_eq!(objects.size(&address).await.unwrap(), 4000);
    });
}

#[test]
fn no_answer_is_taken_for_another() {
    let root = serve();
    wait(async {
        for (name, kind) in [
            ("large-no-ranges", ReadErrorKind::Range),
            ("gzip", ReadErrorKind::Range),
            ("another", ReadErrorKind::Range),
            ("unsaid", ReadErrorKind::Range),
            ("404", ReadErrorKind::NotFound),
            ("403", ReadErrorKind::Denied),
            ("401", ReadErrorKind::Denied),
            ("503", ReadErrorKind::Transient),
            ("cut", ReadErrorKind::Transient),
            ("less", ReadErrorKind::Transient),
            ("429", ReadErrorKind::Transient),
            ("412", ReadErrorKind::Changed),
            ("418", ReadErrorKind::Other),
        ] {
            let address = format!("{root}/{name}?sig=secret");
            let objects = match name {
                "503" | "429" | "cut" | "less" => within(Duration::from_millis(500)),
                _ => hasty(),
            };
            let error = read(&objects, &address, 20, 40).await.unwrap_err();
            assert_eq!(error.kind, kind, "{error}");
            let message = format!("{error} {error:?}");
            assert!(
                message.contains(name) && !message.contains("secret"),
                "{message}"
            );
        }
    });
}

#[test]
fn a_server_that_is_not_there_may_come_back() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/a?sig=secret", listener.local_addr().unwrap());
    drop(listener);
    let error = wait(read(&hasty(), &address, 0, 4)).unwrap_err();
    assert_eq!(error.kind, ReadErrorKind::Transient);
    assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
}

#[test]
fn what_cannot_be_reached_or_written_is_said() {
    wait(async {
        let objects = Objects::new(ObjectOptions::default());
        for address in ["ftp://h.example/a", "", "s3:///a"] {
            let error = objects.open(address).await.unwrap_err();
            assert_eq!(error.kind, ReadErrorKind::Unsupported, "{address}");
        }
        let put = objects.put("https://h.example/a", Bytes::new(), true).await;
        assert_eq!(put.unwrap_err().kind, WriteErrorKind::Unsupported);
        let listed = objects.list("https://h.example/a").await;
        assert_eq!(listed.unwrap_err().kind, ReadErrorKind::Unsupported);
    });
}
