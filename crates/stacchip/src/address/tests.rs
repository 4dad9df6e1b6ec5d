use proptest::prelude::*;

use super::*;

#[test]
fn relative_addresses_resolve_against_the_item() {
    for (base, href, expected) in [
        (
            "https://h.example/a/b/item.json?sig=1",
            "./c.tif",
            "https://h.example/a/b/c.tif",
        ),
        (
            "https://h.example/a/b/item.json",
            "../c.tif?t=2",
            "https://h.example/a/c.tif?t=2",
        ),
        (
            "https://h.example/a/b/item.json",
            "/c.tif",
            "https://h.example/c.tif",
        ),
        (
            "https://h.example/a/b/item.json",
            "//o.example/c.tif",
            "https://o.example/c.tif",
        ),
        ("https://h.example", "c.tif", "https://h.example/c.tif"),
        (
            "https://h.example/item.json",
            "../../c.tif",
            "https://h.example/c.tif",
        ),
        (
            "https://h.example/a/item.json",
            "b?x=../y",
            "https://h.example/a/b?x=../y",
        ),
        (
            "s3://bucket/a/item.json",
            "b/c.tif",
            "s3://bucket/a/b/c.tif",
        ),
        (
            "s3://bucket/a/item.json",
            "../../../c.tif",
            "s3://bucket/c.tif",
        ),
        ("gs://bucket/a/item.json", "/c.tif", "gs://bucket/c.tif"),
        ("az://box/a/item.json", "c#1.tif", "az://box/a/c#1.tif"),
        ("/data/x/item.json", "./c.tif", "/data/x/c.tif"),
        ("/data/x/item.json", "../c%20d.tif", "/data/c d.tif"),
        ("/data/x/item.json", "/abs/c%20d.tif", "/abs/c%20d.tif"),
        ("item.json", "c.tif", "c.tif"),
        ("x/item.json", "c.tif", "x/c.tif"),
        ("file:///data/my%20x/item.json", "c.tif", "/data/my x/c.tif"),
        (
            "/data/item.json",
            "file:///data/100%25.tif",
            "/data/100%.tif",
        ),
        ("/data/item.json", "file://localhost/c.tif", "/c.tif"),
        ("/data/item.json", "50%.tif", "/data/50%.tif"),
        (
            "/data/item.json",
            "s3://bucket/c%20.tif",
            "s3://bucket/c%20.tif",
        ),
        (
            "/data/item.json",
            "/vsis3/bucket/a/c.tif",
            "s3://bucket/a/c.tif",
        ),
        (
            "/data/item.json",
            "/vsicurl/https://h.example/c.tif?s=1",
            "https://h.example/c.tif?s=1",
        ),
        (
            "/data/item.json",
            "/vsicurl?url=https%3A%2F%2Fh.example%2Fc.tif&x=1",
            "https://h.example/c.tif",
        ),
        (
            "/data/item.json",
            "/vsigs/bucket/c.tif",
            "gs://bucket/c.tif",
        ),
        ("/data/item.json", "/vsiaz/box/c.tif", "az://box/c.tif"),
        ("/data/item.json", "a:b.tif", "/data/a:b.tif"),
    ] {
        assert_eq!(
            resolve(Some(base), href).as_deref(),
            Ok(expected),
            "{base} + {href}"
        );
    }
    assert_eq!(resolve(None, "/c.tif").as_deref(), Ok("/c.tif"));
    assert!(matches!(
        resolve(None, "c.tif"),
        Err(AddressError::Relative { .. })
    ));
}

#[test]
fn what_cannot_be_opened_is_said() {
    for href in ["", "  "] {
        assert_eq!(resolve(None, href), Err(AddressError::Empty));
    }
    for href in [
        "ftp://h.example/c.tif",
        "urn:x:y",
        "/vsizip/a.zip/c.tif",
        "data:;base64,AA",
    ] {
        assert!(
            matches!(resolve(None, href), Err(AddressError::Scheme { .. })),
            "{href}"
        );
    }
    for href in [
        "s3://",
        "https://",
        "https:///x",
        "file://data/c.tif",
        "/vsicurl?x=1",
    ] {
        assert!(
            matches!(resolve(None, href), Err(AddressError::Incomplete { .. })),
            "{href}"
        );
    }
    assert!(matches!(
        resolve(Some("x"), "a%ff.tif"),
        Err(AddressError::Encoding { .. })
    ));
}

#[test]
fn azure_in_its_spellings() {
    let parsed = Address::parse("abfss://box@account.dfs.core.windows.net/a/b.tif").unwrap();
    assert_eq!(
        parsed,
        Address::Azure {
            account: Some("account".to_owned()),
            container: "box".to_owned(),
            key: "a/b.tif".to_owned()
        }
    );
    assert_eq!(Address::parse(&parsed.to_string()), Ok(parsed));
}

#[test]
fn a_mount_replaces_scheme_and_host() {
    for (address, expected) in [
        ("https://h.example/a/b%20c.tif?sig=x", "/mnt/a/b c.tif"),
        ("s3://bucket/a/b.tif", "/mnt/a/b.tif"),
        ("https://h.example/../../etc/passwd", "/mnt/etc/passwd"),
        ("s3://bucket/%2e%2e/../x", "/mnt/x"),
        ("https://h.example/%2e%2e/%2e%2e/x", "/mnt/x"),
        ("/data/a.tif", "/mnt/data/a.tif"),
        ("./a.tif", "/mnt/a.tif"),
    ] {
        assert_eq!(
            mounted("/mnt/", address).as_deref(),
            Ok(expected),
            "{address}"
        );
    }
}

#[test]
fn messages_hold_no_secret() {
    assert_eq!(
        for_people("https://me:pw@h.example/a.tif?sig=secret#x"),
        "https://h.example/a.tif"
    );
    assert_eq!(
        for_people("https://h.example?sig=secret"),
        "https://h.example"
    );
    assert_eq!(for_people("/data/what?.tif"), "/data/what?.tif");
    assert_eq!(for_people("s3://bucket/a?b.tif"), "s3://bucket/a?b.tif");
}

proptest! {
    #[test]
    fn no_address_panics_and_what_is_resolved_can_be_parsed(base in "\\PC{0,30}", href in "\\PC{0,30}") {
        if let Ok(address) = resolve(Some(&base), &href) {
            let _ = Address::parse(&address);
            let _ = mounted("/mnt", &address);
        }
        let _ = for_people(&href);
    }

    #[test]
    fn a_mount_is_never_left(path in "[a./%2eE]{0,24}") {
        let at = mounted("/mnt", &format!("https://h/{path}"));
        if let Ok(at) = at {
            prop_assert!(at.starts_with("/mnt/") && !at.split('/').any(|p| p == ".."));
        }
    }
}
