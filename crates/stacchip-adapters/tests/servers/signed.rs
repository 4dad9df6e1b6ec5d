//! Addresses of the web that lead into stores, and are signed once the store refuses them.
//!
//! nginx plays every host: it is the proxy that all requests go through.

use std::fs;

use futures::future::try_join_all;
use stacchip_chip::AssetOpener;
use stacchip_cog::{ReadErrorKind, testing::check_range_reader};

use crate::{
    content, objects, read, refusal,
    s3::Moto,
    wait,
    web::{Nginx, has_lua},
};

const CLOSED: &str = "409 '<Error><Code>PublicAccessNotPermitted</Code></Error>'";

/// A container that wants the token `good` and else says `refused`, and services of tokens.
fn planetary(refused: &str, tokens: &str) -> Option<Nginx> {
    let nginx = Nginx::start(&format!(
        "location /box/ {{ if ($arg_sig != \"good\") {{ return {refused}; }} }}
         default_type application/json; {tokens}"
    ))?;
    let www = nginx.server.folder.path().join("www/box");
    fs::create_dir(&www).unwrap();
    fs::write(www.join("a.bin"), content()).unwrap();
    Some(nginx)
}

const ASSET: &str = "http://acct.blob.core.windows.net/box/a.bin";

#[test]
fn tokens_are_fetched_once_and_kept_while_they_are_good() {
    let token = r#"{"msft:expiry":"2100-01-01T00:00:00Z","token":"st=1&sig=good"}"#;
    let Some(nginx) = planetary(
        CLOSED,
        &format!("location = /token/acct/box {{ return 200 '{token}'; }}"),
    ) else {
        return;
    };
    let (proxy, service) = (nginx.server.root(), nginx.at("token"));
    let objects = objects(&[("proxy_url", &proxy), ("pc_sdk_sas_url", &service)]);
    wait(async {
        let reader = objects.open(ASSET).await.unwrap();
        check_range_reader(reader.as_ref(), &content())
            .await
            .unwrap();
        assert!(!reader.address().contains("sig"));
        assert_eq!(objects.read_all(ASSET).await.unwrap(), content());
        assert_eq!(objects.size(ASSET).await.unwrap(), content().len() as u64);
        let reads = (0..20u64).map(|n| {
            let objects = &objects;
            async move { read(objects, ASSET, n, n + 10).await }
        });
        try_join_all(reads).await.unwrap();
    });
    let seen = nginx.seen();
    let of = |part: &str| seen.iter().filter(|s| s.path.starts_with(part)).count();
    assert_eq!(of("/token/"), 1, "one token for all");
    let refused = seen.iter().filter(|s| s.status == 409).count();
    assert!(
        refused <= 3,
        "{refused} asked for it without: the container is remembered"
    );
    assert_eq!(objects.traffic().retries, 0);
}

#[test]
fn tokens_are_renewed_at_the_moment_of_use() {
    let ended = r#"{"msft:expiry":"2020-01-01T00:00:00Z","token":"st=1&sig=good"}"#;
    let Some(nginx) = planetary(
        CLOSED,
        &format!("location = /token/acct/box {{ return 200 '{ended}'; }}"),
    ) else {
        return;
    };
    let (proxy, service) = (nginx.server.root(), nginx.at("token"));
    let objects = objects(&[("proxy_url", &proxy), ("pc_sdk_sas_url", &service)]);
    wait(async {
        let reader = objects.open(ASSET).await.unwrap();
        for n in 0..3u64 {
            let range = n..n + 10;
            reader.read(std::slice::from_ref(&range)).await.unwrap();
        }
    });
    let tokens = nginx
        .seen()
        .iter()
        .filter(|s| s.path.starts_with("/token/"))
        .count();
    assert_eq!(tokens, 3, "what has ended is not used again");
}

#[test]
fn a_token_that_is_refused_is_replaced_once() {
    if !has_lua() {
        return;
    }
    let tokens = r#"location = /token/acct/box { content_by_lua_block {
        local n = ngx.shared.tries:incr("t", 1, 0)
        ngx.print('{"msft:expiry":"2100-01-01T00:00:00Z","token":"st=1&sig=' .. (n == 1 and "old" or "good") .. '"}') } }"#;
    let Some(nginx) = planetary("403", tokens) else {
        return;
    };
    let (proxy, service) = (nginx.server.root(), nginx.at("token"));
    let objects = objects(&[("proxy_url", &proxy), ("pc_sdk_sas_url", &service)]);
    let bytes = wait(read(&objects, ASSET, 20, 40)).unwrap();
    assert_eq!(bytes, content()[20..40]);
    let seen = nginx.seen();
    let asked: Vec<_> = seen.iter().map(|s| s.path.as_str()).collect();
    let token = "/token/acct/box";
    let with = |sig: &str| format!("/box/a.bin?st=1&sig={sig}");
    assert_eq!(
        asked,
        ["/box/a.bin", token, &with("old"), token, &with("good")]
    );
}

#[test]
fn containers_without_tokens_say_what_they_said() {
    let Some(nginx) = planetary(CLOSED, "location /token/ { return 404; }") else {
        return;
    };
    let (proxy, service) = (nginx.server.root(), nginx.at("token"));
    let objects = objects(&[("proxy_url", &proxy), ("pc_sdk_sas_url", &service)]);
    for _ in 0..3 {
        let error = refusal(&objects, ASSET);
        assert_eq!(error.kind, ReadErrorKind::Denied);
        assert!(error.to_string().contains("without credentials"), "{error}");
    }
    let tokens = nginx
        .seen()
        .iter()
        .filter(|s| s.path.starts_with("/token/"))
        .count();
    assert_eq!(tokens, 1, "that there is none is remembered");
}

/// A web address of S3 that is not open to everybody is read with the keys there are.
#[test]
fn web_addresses_of_s3_are_signed_once_they_are_refused() {
    let Some(moto) = Moto::start() else { return };
    let pass = format!(
        "location /scenes/ {{ proxy_pass {}; proxy_set_header Host $http_host; }}
         location /a.bin {{ return 403 '<Error><Code>AccessDenied</Code></Error>'; }}",
        moto.server.root()
    );
    let Some(nginx) = Nginx::start(&pass) else {
        return;
    };
    let (proxy, endpoint) = (nginx.server.root(), moto.server.root());
    let address = "http://scenes.s3.us-west-2.amazonaws.com/a.bin";
    let settings = [
        ("proxy_url", proxy.as_str()),
        ("aws_endpoint_url", &endpoint),
        ("aws_access_key_id", &moto.id),
        ("aws_secret_access_key", &moto.secret),
        ("aws_region", "us-west-2"),
    ];
    let objects = objects(&settings);
    wait(async {
        let reader = objects.open(address).await.unwrap();
        assert_eq!(reader.address(), address);
        for n in 0..3u64 {
            let range = n..n + 10;
            let answer = reader.read(std::slice::from_ref(&range)).await.unwrap();
            let at = usize::try_from(n).unwrap();
            assert_eq!(answer[0], content()[at..at + 10]);
        }
    });
    let refused = || nginx.seen().iter().filter(|s| s.status == 403).count();
    assert_eq!(refused(), 1, "the bucket is remembered");
    // All of it as well: by who knows the bucket, and by who does not.
    assert_eq!(wait(objects.read_all(address)).unwrap(), content());
    assert_eq!(refused(), 1);
    let others = crate::objects(&settings);
    assert_eq!(wait(others.read_all(address)).unwrap(), content());
    assert_eq!(refused(), 2);
    assert_eq!(
        wait(objects.read_all("http://scenes.s3.us-west-2.amazonaws.com/none"))
            .unwrap_err()
            .kind,
        ReadErrorKind::NotFound
    );
}
