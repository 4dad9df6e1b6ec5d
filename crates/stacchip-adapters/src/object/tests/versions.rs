//! Objects that become others.

use std::{fs, path::Path};

use stacchip_chip::{AssetOpener, testing::check_versions};
use stacchip_cog::{ReadErrorKind, Version};

use super::{
    server::{content, replace, serve},
    wait,
};
use crate::object::{ObjectOptions, Objects};

#[test]
fn an_object_that_changes_is_noticed() {
    let root = serve();
    wait(async {
        let objects = Objects::new(ObjectOptions::default());
        let reader = objects.open(&format!("{root}/changing")).await.unwrap();
        reader.read(&[0..4, 0..0]).await.unwrap();
        let range = 4..8;
        let error = reader.read(std::slice::from_ref(&range)).await.unwrap_err();
        assert_eq!(error.kind, ReadErrorKind::Changed);
    });
}

#[test]
fn of_a_version_that_is_gone_nothing_is_read() {
    let root = serve();
    let objects = Objects::new(ObjectOptions::default());
    wait(async {
        for kind in ["strong", "careless", "weak", "time"] {
            let path = format!("/versions/{kind}/a");
            let address = format!("{root}{path}");
            let checked = check_versions(&objects, &address, || replace(&path));
            assert_eq!(checked.await, Ok(()), "{kind}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        for replace in [renamed_over, written_into] {
            fs::write(&path, content()).unwrap();
            let checked = check_versions(&objects, path.to_str().unwrap(), || replace(&path));
            assert_eq!(checked.await, Ok(()));
        }
    });
}

/// Another file of the same size takes the place of the one at `path`.
fn renamed_over(path: &Path) {
    let beside = path.with_extension("new");
    fs::write(&beside, content().into_iter().rev().collect::<Vec<_>>()).unwrap();
    fs::rename(beside, path).unwrap();
}

/// The file at `path` is written anew; once the clock of files has moved on, which is what tells.
fn written_into(path: &Path) {
    let modified = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    let before = modified(path);
    while modified(path) == before {
        fs::write(path, content().into_iter().rev().collect::<Vec<_>>()).unwrap();
    }
}

#[test]
fn a_thousand_objects_that_are_replaced_are_all_noticed() {
    let root = serve();
    let objects = Objects::new(ObjectOptions::default());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.bin");
    fs::write(&file, content()).unwrap();
    wait(async {
        let mut noticed = 0;
        for trial in 0..1000 {
            let kind = ["strong", "careless", "weak", "time", "file"][trial % 5];
            let path = format!("/versions/{kind}/trials");
            let address = match kind {
                "file" => file.to_str().unwrap().to_owned(),
                _ => format!("{root}{path}"),
            };
            let range = 100..200;
            let range = std::slice::from_ref(&range);
            let reader = objects.open(&address).await.unwrap();
            reader.read(range).await.unwrap();
            let version = reader.version();
            match kind {
                "file" => renamed_over(&file),
                _ => replace(&path),
            }
            let read = match objects.open_version(&address, &version).await {
                Ok(reader) => reader.read(range).await,
                Err(error) => Err(error),
            };
            assert_eq!(read.unwrap_err().kind, ReadErrorKind::Changed, "{kind}");
            noticed += 1;
        }
        assert_eq!(noticed, 1000);
    });
}

#[test]
fn what_a_server_says_nothing_of_is_no_version() {
    let root = serve();
    wait(async {
        let objects = Objects::new(ObjectOptions::default());
        let address = format!("{root}/versions/none/a");
        let reader = objects.open(&address).await.unwrap();
        let range = 0..4;
        let range = std::slice::from_ref(&range);
        reader.read(range).await.unwrap();
        let version = reader.version();
        assert_eq!(
            version,
            Version {
                size: Some(4000),
                ..Version::default()
            }
        );
        let again = objects.open_version(&address, &version).await.unwrap();
        let error = again.read(range).await.unwrap_err();
        assert_eq!(error.kind, ReadErrorKind::Changed, "nobody can tell");
    });
}
