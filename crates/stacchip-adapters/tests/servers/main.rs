//! Stores against servers that nobody here wrote, started by the tests: nginx, `HAProxy`, moto (S3)
//! and Azurite. `scripts/servers/setup.sh` installs them.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on ends; what is skipped is said"
)]

mod azure;
mod chips;
mod faults;
mod long;
mod placed;
mod program;
mod replaced;
mod s3;
mod signed;
mod web;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use stacchip_adapters::object::{ObjectOptions, Objects};
use stacchip_chip::AssetOpener;
use stacchip_cog::{RangeReader, ReadError, testing::check_range_reader};

/// What the servers serve: no two stretches of it are alike.
fn content() -> Vec<u8> {
    (0..CONTENT / 4)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect()
}

const CONTENT: u32 = 400_000;

/// Objects, reached as `settings` say, whatever whose machine it is has in its environment.
fn objects(settings: &[(&str, &str)]) -> Objects {
    let mut options = ObjectOptions {
        environment: false,
        ..ObjectOptions::default()
    };
    // Quick to notice, and to give up.
    for (key, value) in [("timeout", "2s"), ("deadline", "30s")] {
        options.set(key, value).unwrap();
    }
    for (key, value) in settings {
        options.set(key, value).unwrap();
    }
    Objects::new(options)
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            let limit = Duration::from_mins(2);
            tokio::time::timeout(limit, work).await.unwrap()
        })
}

async fn read(objects: &Objects, address: &str, start: u64, end: u64) -> Result<Bytes, ReadError> {
    let reader = objects.open(address).await?;
    let range = start..end;
    Ok(reader.read(std::slice::from_ref(&range)).await?.remove(0))
}

/// Checks that [`content`] is at `address`, whichever way it is asked for, and what reads it.
async fn check(objects: &Objects, address: &str) -> Arc<dyn RangeReader> {
    let reader = objects.open(address).await.unwrap();
    let promises = check_range_reader(reader.as_ref(), &content()).await;
    assert_eq!(promises, Ok(()));
    assert_eq!(objects.read_all(address).await.unwrap(), content());
    let size = objects.size(address).await.unwrap();
    assert_eq!(size, u64::from(CONTENT));
    reader
}

/// Why `address` cannot be read.
fn refusal(objects: &Objects, address: &str) -> ReadError {
    wait(read(objects, address, 20, 40)).unwrap_err()
}
