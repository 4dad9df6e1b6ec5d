//! Addresses of the web that lead into stores, and are signed once the store refuses them.
//!
//! nginx plays every host: it is the proxy that all requests go through.

use std::fs;

use futures::future::{join_all, try_join_all};
use stacchip_adapters::object::Objects;
use stacchip_chip::AssetOpener;
use stacchip_cog::ReadErrorKind;

use crate::{
    check, content, objects,
    program::tunnel,
    read, refusal,
    s3::Moto,
    wait,
    web::{Nginx, ca_of, has_lua},
};

const CLOSED: &str = "409 '<Error><Code>PublicAccessNotPermitted</Code></Error>'";

/// A container that wants the token `good` and else says `refused`, services of tokens, and objects that
/// are reached by them and as `settings` say.
fn planetary(refused: &str, tokens: &str, settings: &[(&str, &str)]) -> Option<(Nginx, Objects)> {
    let nginx = Nginx::start(&format!(
        "location /box/ {{ if ($arg_sig != \"good\") {{ return {refused}; }} }}
         default_type application/json; {tokens}"
    ))?;
    let www = nginx.server.folder.path().join("www/box");
    fs::create_dir(&www).unwrap();
    fs::write(www.join("a.bin"), content()).unwrap();
    let (proxy, service) = (nginx.server.root(), nginx.at("token"));
    let by = [("proxy_url", proxy.as_str()), ("pc_sdk_sas_url", &service)];
    let objects = objects(&[&by[..], settings].concat());
    Some((nginx, objects))
}

const ASSET: &str = "http://acct.blob.core.windows.net/box/a.bin";

#[test]
fn tokens_are_fetched_once_and_kept_while_they_are_good() {
    let token = r#"{"msft:expiry":"2100-01-01T00:00:00Z","token":"st=1&sig=good"}"#;
    let Some((nginx, objects)) = planetary(
        CLOSED,
        &format!("location = /token/acct/box {{ return 200 '{token}'; }}"),
        &[],
    ) else {
        return;
    };
    wait(async {
        let reader = check(&objects, ASSET).await;
        assert!(!reader.address().contains("sig"));
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
    let Some((nginx, objects)) = planetary(
        CLOSED,
        &format!("location = /token/acct/box {{ return 200 '{ended}'; }}"),
        &[],
    ) else {
        return;
    };
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
    let Some((nginx, objects)) = planetary("403", tokens, &[]) else {
        return;
    };
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

/// Whoever waited for a token that did not come does not ask for it again.
#[test]
fn a_service_of_tokens_that_fails_is_not_asked_by_everybody() {
    if !has_lua() {
        return;
    }
    let tokens =
        "location = /token/acct/box { content_by_lua_block { ngx.sleep(2); ngx.exit(403) } }";
    let Some((nginx, objects)) = planetary(CLOSED, tokens, &[("timeout", "30s")]) else {
        return;
    };
    wait(async {
        let reads = (0..8u64).map(|n| read(&objects, ASSET, n, n + 10));
        for read in join_all(reads).await {
            let error = read.unwrap_err();
            assert_eq!(error.kind, ReadErrorKind::Other, "{error}");
        }
    });
    let seen = nginx.seen();
    let tokens = seen.iter().filter(|s| s.path.starts_with("/token/"));
    assert!(tokens.count() < 4, "{seen:?}");
}

/// What the service of tokens is sent with its key goes nowhere else.
#[test]
fn the_key_of_the_service_of_tokens_is_sent_nowhere_else() {
    let leads_away = "location = /token/acct/box { return 307 http://h.example/elsewhere; }";
    let Some((nginx, objects)) =
        planetary(CLOSED, leads_away, &[("pc_sdk_subscription_key", "secret")])
    else {
        return;
    };
    let error = refusal(&objects, ASSET);
    assert_eq!(error.kind, ReadErrorKind::Other, "{error}");
    assert!(error.to_string().contains("307"), "{error}");
    assert!(nginx.seen().iter().all(|s| s.path != "/elsewhere"));
}

#[test]
fn containers_without_tokens_say_what_they_said() {
    let Some((nginx, objects)) = planetary(CLOSED, "location /token/ { return 404; }", &[]) else {
        return;
    };
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
         location /a.bin {{ return 403 '<Error><Code>AccessDenied</Code></Error>'; }}
         location /none {{ return 403 '<Error><Code>AccessDenied</Code></Error>'; }}",
        moto.server.root()
    );
    let Some(nginx) = Nginx::start(&pass) else {
        return;
    };
    let (proxy, ca) = (tunnel(nginx.tls_port), ca_of(&nginx.server.folder));
    let address = "https://scenes.s3.us-west-2.amazonaws.com/a.bin";
    let settings = [
        ("proxy_url", proxy.as_str()),
        ("ca_bundle", &ca),
        ("aws_access_key_id", &moto.id),
        ("aws_secret_access_key", &moto.secret),
        // Where the address says otherwise, this is of others.
        ("aws_region", "eu-central-1"),
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
    let none = "https://scenes.s3.us-west-2.amazonaws.com/none";
    let error = wait(others.read_all(none)).unwrap_err();
    assert_eq!(error.kind, ReadErrorKind::NotFound, "{error}");
    let error = wait(crate::objects(&settings).read_all(none)).unwrap_err();
    assert_eq!(error.kind, ReadErrorKind::NotFound, "{error}");
}

/// Where nothing says in which region a bucket is, it is asked, once, on the same way as all else.
#[test]
fn buckets_are_asked_where_they_are() {
    let Some(moto) = Moto::start() else { return };
    let pass = format!(
        "location /scenes/ {{ proxy_pass {}; proxy_set_header Host $http_host; }}
         location = / {{
             if ($host = scenes.s3.amazonaws.com) {{
                 add_header x-amz-bucket-region us-west-2 always;
                 return 403;
             }}
             return 404;
         }}",
        moto.server.root()
    );
    let Some(nginx) = Nginx::start(&pass) else {
        return;
    };
    let (proxy, ca) = (tunnel(nginx.tls_port), ca_of(&nginx.server.folder));
    let objects = objects(&[
        ("proxy_url", proxy.as_str()),
        ("ca_bundle", &ca),
        ("aws_access_key_id", &moto.id),
        ("aws_secret_access_key", &moto.secret),
    ]);
    wait(async {
        let reads = (0..10u64).map(|n| read(&objects, "s3://scenes/a.bin", n, n + 10));
        for (n, read) in try_join_all(reads).await.unwrap().iter().enumerate() {
            assert_eq!(*read, content()[n..n + 10]);
        }
    });
    let asked = |status: u16| {
        let seen = nginx.seen();
        let of_bucket = seen.iter().filter(|s| s.path == "/" && s.status == status);
        of_bucket.count()
    };
    assert_eq!(asked(403), 1);
    let error = refusal(&objects, "s3://nowhere/a.bin");
    let text = error.to_string();
    assert_eq!(error.kind, ReadErrorKind::NotFound, "{text}");
    assert!(text.contains("there is no such bucket"), "{text}");
    assert_eq!(asked(404), 1);
}
