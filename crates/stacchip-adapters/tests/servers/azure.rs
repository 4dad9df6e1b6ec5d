//! Azure as Azurite plays it.

use std::{process::Command, time::Duration};

use bytes::Bytes;
use object_store::{azure::MicrosoftAzureBuilder, path::Path, signer::Signer};
use stacchip::{ObjectSink, WriteErrorKind};
use stacchip_adapters::object::Objects;
use stacchip_chip::AssetOpener;
use stacchip_cog::{ReadErrorKind, testing::check_range_reader};

use crate::{
    check, content, objects,
    program::{Server, free_port, program},
    refusal, wait,
};

/// The account that every Azurite has, and its key, which everybody knows.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

pub fn azurite() -> Option<Server> {
    let azurite = program("azurite-blob")?;
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let mut command = Command::new(azurite);
    command
        .args([
            "--inMemoryPersistence",
            "--skipApiVersionCheck",
            "--disableTelemetry",
        ])
        .args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()]);
    Some(Server::start(port, folder, &mut command))
}

#[test]
fn a_container_keeps_the_ports_promises() {
    let Some(server) = azurite() else { return };
    let endpoint = format!("{}/{ACCOUNT}", server.root());
    let by = |key: &str| {
        let mut settings = vec![
            ("azure_storage_account_name", ACCOUNT),
            ("azure_storage_endpoint", endpoint.as_str()),
        ];
        if !key.is_empty() {
            settings.push(("azure_storage_account_key", key));
        }
        objects(&settings)
    };
    let mine = by(KEY);
    // The test's own client needs it said which cryptography TLS uses.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let store = MicrosoftAzureBuilder::new()
        .with_account(ACCOUNT)
        .with_access_key(KEY)
        .with_endpoint(endpoint.clone())
        .with_allow_http(true)
        .with_container_name("scenes")
        .build()
        .unwrap();
    wait(async {
        let made = make_container(&format!("{endpoint}/scenes")).await;
        assert!(made.is_success(), "{made}");
        let address = "az://scenes/folder/a b+é.bin";
        let all = Bytes::from(content());
        mine.put(address, all.clone(), false).await.unwrap();
        let again = mine.put(address, Bytes::new(), false).await.unwrap_err();
        assert_eq!(again.kind, WriteErrorKind::Exists, "{again}");
        let reader = check(&mine, address).await;
        assert_eq!(mine.list("az://scenes/folder").await.unwrap(), [address]);
        let other = Bytes::from(vec![7; content().len()]);
        mine.put(address, other, true).await.unwrap();
        let range = 0..4;
        let changed = reader.read(std::slice::from_ref(&range)).await.unwrap_err();
        assert_eq!(changed.kind, ReadErrorKind::Changed, "{changed}");

        // With the signature in the address, while it is good.
        mine.put("az://scenes/s.bin", all, false).await.unwrap();
        let signed = async |good: Duration| {
            let path = Path::from("s.bin");
            store
                .signed_url(reqwest::Method::GET, &path, good)
                .await
                .unwrap()
        };
        let url = signed(Duration::from_mins(5)).await.to_string();
        let nobody = objects(&[]);
        let reader = nobody.open(&url).await.unwrap();
        check_range_reader(reader.as_ref(), &content())
            .await
            .unwrap();
        let short = signed(Duration::from_secs(1)).await.to_string();
        tokio::time::sleep(Duration::from_secs(2)).await;
        let reader = nobody.open(&short).await.unwrap();
        let expired = reader.read(std::slice::from_ref(&range)).await.unwrap_err();
        let text = expired.to_string();
        assert_eq!(expired.kind, ReadErrorKind::Denied, "{text}");
        assert!(!text.contains("sig="), "{text}");
    });
    let wrong = "A".repeat(86) + "==";
    for (key, address, kind, said) in [
        (
            wrong.as_str(),
            "az://scenes/s.bin",
            ReadErrorKind::Denied,
            "the key or the signature is wrong, or does not allow it",
        ),
        (
            "",
            "az://scenes/s.bin",
            ReadErrorKind::Denied,
            "no credentials were given",
        ),
        (
            KEY,
            "az://scenes/no.bin",
            ReadErrorKind::NotFound,
            "BlobNotFound",
        ),
        (
            KEY,
            "az://nowhere/s.bin",
            ReadErrorKind::NotFound,
            "there is no such container",
        ),
    ] {
        let error = refusal(&by(key), address);
        let text = error.to_string();
        assert_eq!(error.kind, kind, "{text}");
        assert!(text.contains(said) && !text.contains('\n'), "{text}");
    }
}

/// Objects of the account of `server`, and the address of a container that may be made there.
pub fn account(server: &Server) -> (Objects, String) {
    let endpoint = format!("{}/{ACCOUNT}", server.root());
    let settings = [
        ("azure_storage_account_name", ACCOUNT),
        ("azure_storage_endpoint", endpoint.as_str()),
        ("azure_storage_account_key", KEY),
    ];
    (objects(&settings), format!("{endpoint}/scenes"))
}

pub async fn make_container(address: &str) -> reqwest::StatusCode {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let request = reqwest::Client::new()
        .put(format!("{address}?restype=container&{MAY_DO_ALL}"))
        .header("content-length", "0");
    request.send().await.unwrap().status()
}

/// An account SAS, signed with [`KEY`]: `object_store` makes no containers.
const MAY_DO_ALL: &str = "sv=2018-11-09&ss=b&srt=sco&sp=rwdlac&se=2100-01-01T00%3A00%3A00Z&spr=https%2Chttp&sig=GC%2BChk%2Ffr2kGYxbx3ScPyFgz5bjf1gcFtmNtRsA6N6U%3D";
