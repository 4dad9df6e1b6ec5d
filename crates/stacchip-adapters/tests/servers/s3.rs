//! S3 as moto plays it, with signatures enforced; `HAProxy` before it where readers are to pay.

use std::{fs, process::Command};

use bytes::Bytes;
use stacchip::{ObjectSink, WriteErrorKind};
use stacchip_adapters::object::Objects;
use stacchip_chip::AssetOpener;
use stacchip_cog::ReadErrorKind;

use crate::{
    check, content, objects,
    program::{Server, free_port, program, run},
    read, refusal, wait,
};

/// moto with a bucket `scenes`, which only a user with keys may read.
pub struct Moto {
    pub server: Server,
    pub id: String,
    pub secret: String,
}

impl Moto {
    pub fn start() -> Option<Self> {
        let moto = program("moto_server")?;
        let python = moto.with_file_name("python3");
        let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
        let mut command = Command::new(moto);
        command
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .env("INITIAL_NO_AUTH_ACTION_COUNT", "4")
            // Lists have more than one page.
            .env("MOTO_S3_DEFAULT_MAX_KEYS", "1");
        let server = Server::start(port, folder, &mut command);
        let file = server.folder.path().join("a.bin");
        fs::write(&file, content()).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/moto.py");
        let said = run(Command::new(python)
            .arg(script)
            .arg(server.root())
            .arg(file));
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        Some(Self {
            id: text("id"),
            secret: text("secret"),
            server,
        })
    }

    /// Objects reached at `endpoint` by whoever has these keys.
    pub fn by(&self, endpoint: &str, keys: Option<(&str, &str)>, more: &[(&str, &str)]) -> Objects {
        let nobody = self.server.folder.path().join("no-credentials");
        let nobody = nobody.to_string_lossy();
        let mut settings = vec![
            ("aws_endpoint_url", endpoint),
            ("aws_region", "us-west-2"),
            ("aws_shared_credentials_file", &nobody),
        ];
        if let Some((id, secret)) = keys {
            settings.push(("aws_access_key_id", id));
            settings.push(("aws_secret_access_key", secret));
        }
        settings.extend(more);
        objects(&settings)
    }

    pub fn keys(&self) -> (&str, &str) {
        (&self.id, &self.secret)
    }
}

#[test]
fn a_bucket_keeps_the_ports_promises() {
    let Some(moto) = Moto::start() else { return };
    let objects = moto.by(&moto.server.root(), Some(moto.keys()), &[]);
    wait(async {
        for key in ["a.bin", "folder/a b+c%20é.bin"] {
            let address = format!("s3://scenes/{key}");
            check(&objects, &address).await;
        }
        let address = "s3://scenes/written/b.bin";
        let first = Bytes::from(content());
        objects.put(address, first.clone(), false).await.unwrap();
        let again = objects.put(address, Bytes::new(), false).await.unwrap_err();
        assert_eq!(again.kind, WriteErrorKind::Exists, "{again}");
        objects.put(address, first, true).await.unwrap();
        let beside = "s3://scenes/written/c.bin";
        objects.put(beside, Bytes::new(), false).await.unwrap();
        let before = objects.traffic().requests;
        assert_eq!(
            objects.list("s3://scenes/written").await.unwrap(),
            [address, beside]
        );
        assert_eq!(objects.traffic().requests - before, 2, "a page for each");
        assert_eq!(objects.size(beside).await.unwrap(), 0);

        let reader = objects.open(address).await.unwrap();
        let range = 0..4;
        reader.read(std::slice::from_ref(&range)).await.unwrap();
        let other = Bytes::from(vec![7; content().len()]);
        objects.put(address, other, true).await.unwrap();
        let changed = reader.read(std::slice::from_ref(&range)).await.unwrap_err();
        assert_eq!(changed.kind, ReadErrorKind::Changed, "{changed}");
        assert_eq!(objects.traffic().retries, 0);
    });
}

#[test]
fn s3_refusals_are_one_line_each() {
    let Some(moto) = Moto::start() else { return };
    let root = moto.server.root();
    let (id, secret) = (moto.id.as_str(), moto.secret.as_str());
    for (keys, address, kind, said) in [
        (
            Some((id, "wrong")),
            "s3://scenes/a.bin",
            ReadErrorKind::Denied,
            "check AWS_SECRET_ACCESS_KEY",
        ),
        (
            Some(("AKIANOBODY", secret)),
            "s3://scenes/a.bin",
            ReadErrorKind::Denied,
            "check AWS_ACCESS_KEY_ID",
        ),
        (
            None,
            "s3://scenes/a.bin",
            ReadErrorKind::Denied,
            "no credentials were given",
        ),
        (
            Some((id, secret)),
            "s3://scenes/no.bin",
            ReadErrorKind::NotFound,
            "NoSuchKey",
        ),
        (
            Some((id, secret)),
            "s3://nowhere/a.bin",
            ReadErrorKind::NotFound,
            "there is no such bucket",
        ),
        (
            Some((id, secret)),
            "s3://scenes/gzip.bin",
            ReadErrorKind::Range,
            "compressed (gzip)",
        ),
    ] {
        let objects = moto.by(&root, keys, &[]);
        let error = refusal(&objects, address);
        let text = error.to_string();
        assert_eq!(error.kind, kind, "{text}");
        assert!(text.contains(said) && text.contains(address), "{text}");
        assert!(!text.contains('\n') && !text.contains(secret), "{text}");
        assert_eq!(objects.traffic().retries, 0, "{text}");
        let whole = wait(objects.read_all(address)).unwrap_err();
        assert_eq!(whole.kind, kind, "{whole}");
    }
}

#[test]
fn whose_readers_pay_is_read_by_those_who_say_so() {
    let (Some(moto), Some(haproxy)) = (Moto::start(), program("haproxy")) else {
        return;
    };
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let configuration = format!(
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n\
         frontend pays\n  bind 127.0.0.1:{port}\n\
         \x20 http-request return status 403 content-type application/xml string \"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>\" unless {{ req.hdr(x-amz-request-payer) -m str requester }}\n\
         \x20 default_backend moto\n\
         backend moto\n  server moto 127.0.0.1:{}\n",
        moto.server.port,
    );
    let file = folder.path().join("haproxy.cfg");
    fs::write(&file, configuration).unwrap();
    let mut command = Command::new(haproxy);
    command.arg("-db").arg("-f").arg(file);
    let server = Server::start(port, folder, &mut command);
    let error = refusal(
        &moto.by(&server.root(), Some(moto.keys()), &[]),
        "s3://scenes/a.bin",
    );
    let text = error.to_string();
    assert!(text.contains("AWS_REQUEST_PAYER=requester"), "{text}");
    let pays = [("AWS_REQUEST_PAYER", "requester")];
    let objects = moto.by(&server.root(), Some(moto.keys()), &pays);
    let bytes = wait(read(&objects, "s3://scenes/a.bin", 20, 40)).unwrap();
    assert_eq!(bytes, content()[20..40]);
}
