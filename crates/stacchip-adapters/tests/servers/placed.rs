//! Files put in the place of what stands there, and tables read where they are.

use std::{fs, path::Path};

use futures::executor::block_on;
use stacchip::{WriteError, WriteErrorKind};
use stacchip_adapters::{
    object::{DetachedObjects, Objects, Replaces, WHOLE_PUT_BYTES},
    parquet::{ParquetEncoder, Table},
};
use stacchip_chip::AssetOpener;
use stacchip_index::{schema::CHIPID, testing::example_rows};
use tempfile::TempDir;

use crate::{
    azure::{account, azurite, make_container},
    s3::Moto,
    wait,
};

fn kind(put: Result<(), WriteError>) -> Option<WriteErrorKind> {
    put.err().map(|error| error.kind)
}

/// What is put at `address` takes the place of what it says, and of nothing else.
async fn check(objects: &Objects, address: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: usize| {
        let path = folder.path().join(name);
        let content: Vec<u8> = (0..251).cycle().take(bytes).collect();
        fs::write(&path, content).unwrap();
        path
    };
    let small = [file("a", 1000), file("b", 2000)];
    // In parts, the last of them shorter.
    let large = [WHOLE_PUT_BYTES, WHOLE_PUT_BYTES + 5_000_000].map(|bytes| {
        let bytes = usize::try_from(bytes + 1).unwrap();
        file(&bytes.to_string(), bytes)
    });
    for (number, [first, second]) in [small, large].iter().enumerate() {
        let address = format!("{address}/{number}.bin");
        let put = async |path: &Path, replaces: Replaces<'_>| {
            kind(objects.put_file(&address, path, replaces).await)
        };
        assert_eq!(put(first, Replaces::Nothing).await, None);
        let exists = Some(WriteErrorKind::Exists);
        assert_eq!(put(second, Replaces::Nothing).await, exists);
        let standing = objects.standing(&address).await.unwrap();
        assert_eq!(standing.size, fs::metadata(first).unwrap().len());
        let listed = objects.list_standing(&format!("{address}/..")).await;
        assert!(listed.is_err() || listed.is_ok_and(|l| l.is_empty()));
        let found = objects
            .list_standing(address.rsplit_once('/').unwrap().0)
            .await
            .unwrap();
        let found = found.into_iter().find(|f| f.address == address).unwrap();
        assert_eq!(found.version.etag, standing.version.etag);

        assert_eq!(put(second, Replaces::Only(&found)).await, None);
        let changed = Some(WriteErrorKind::Changed);
        assert_eq!(put(first, Replaces::Only(&found)).await, changed);
        let bytes = objects.read_all(&address).await.unwrap();
        assert!(bytes == fs::read(second).unwrap(), "{address}");
        assert_eq!(put(first, Replaces::Anything).await, None);
        objects.remove(&address).await.unwrap();
        assert_eq!(
            put(first, Replaces::Only(&found)).await,
            changed,
            "it is gone"
        );
    }
    assert_eq!(objects.traffic().retries, 0);
}

#[test]
fn a_version_is_replaced_in_s3() {
    let Some(moto) = Moto::start() else { return };
    let objects = moto.by(&moto.server.root(), Some(moto.keys()), &[]);
    wait(check(&objects, "s3://scenes/placed"));
}

#[test]
fn a_version_is_replaced_in_azure() {
    let Some(server) = azurite() else { return };
    let (objects, container) = account(&server);
    wait(async {
        assert!(make_container(&container).await.is_success());
        check(&objects, "az://scenes/placed").await;
    });
}

#[test]
fn of_a_table_the_footer_and_the_columns_wanted_are_read() {
    let Some(moto) = Moto::start() else { return };
    let objects = moto.by(&moto.server.root(), Some(moto.keys()), &[]);
    let folder: TempDir = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let mut encoder = ParquetEncoder::new(fs::File::create(&path).unwrap()).unwrap();
    for _ in 0..3000 {
        encoder.write(&example_rows()).unwrap();
    }
    encoder.finish().unwrap();
    let address = "s3://scenes/t.parquet";
    // Nobody drives an event loop here: it has one of its own.
    let detached = DetachedObjects::new(&objects).unwrap();
    block_on(detached.put_file(address, &path, Replaces::Nothing)).unwrap();
    let standing = block_on(detached.standing(address)).unwrap();
    let open = || {
        let reader = block_on(detached.open_version(address, &standing.version)).unwrap();
        block_on(Table::open_afar(reader, standing.size))
    };
    let before = objects.traffic().requests;
    let table = open().unwrap();
    assert_eq!(objects.traffic().requests - before, 1, "the footer");
    let here = Table::open(&path).unwrap();
    assert_eq!((table.rows(), table.groups()), (here.rows(), here.groups()));

    let before = objects.traffic();
    let ids = table.batches(Some(&[CHIPID]), Some(vec![0])).unwrap();
    let ids: Vec<_> = ids.map(Result::unwrap).collect();
    let asked = objects.traffic().requests - before.requests;
    assert_eq!(asked, 1, "the column of a row group");
    let read = objects.traffic().bytes - before.bytes;
    assert!(read < standing.size / 2, "{read} of {}", standing.size);
    let same = here.batches(Some(&[CHIPID]), Some(vec![0])).unwrap();
    assert_eq!(ids, same.map(Result::unwrap).collect::<Vec<_>>());
    let all: Vec<_> = table
        .batches(None, None)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let same: Vec<_> = here
        .batches(None, None)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let rows = |batches: &[arrow::array::RecordBatch]| -> usize {
        batches
            .iter()
            .map(arrow::array::RecordBatch::num_rows)
            .sum()
    };
    assert_eq!(rows(&all), rows(&same));

    // Another table came to stand there: no rows of it are taken for those of this one.
    let other = folder.path().join("o.parquet");
    let mut encoder = ParquetEncoder::new(fs::File::create(&other).unwrap()).unwrap();
    encoder.write(&example_rows()).unwrap();
    encoder.finish().unwrap();
    block_on(detached.put_file(address, &other, Replaces::Only(&standing))).unwrap();
    let rows: Result<Vec<_>, _> = table.batches(None, None).unwrap().collect();
    assert!(rows.unwrap_err().to_string().contains("chang"));
    assert!(open().is_err());
}
