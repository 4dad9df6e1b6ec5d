//! Chips of ten assets through a proxy that delays every request: how many requests, and that an
//! asset that cannot be read fails its chip.

use std::{
    fs,
    sync::Arc,
    time::{Duration, SystemTime},
};

use stacchip_adapters::{
    cache::{CacheOptions, CachedOpener},
    codecs,
    object::Objects,
};
use stacchip_chip::{AssetRequest, ChipReader, ChipRequest, Frame, RasterCache, ReadCost};
use stacchip_cog::{HeaderStore, WriteOptions, testing::MemoryHeaders, write_cog};
use stacchip_model::{Pixels, Size, Window};

use crate::{faults::bad_link, objects, wait, web::Nginx};

const BANDS: usize = 10;
const SIDE: u32 = 1024;

/// Ten bands of 1024 x 1024 pixels in tiles of 256, in a folder of `nginx`.
fn scene(nginx: &Nginx) {
    for band in 0..BANDS {
        let side = SIDE as usize;
        let numbers: Vec<u16> = (0..side * side)
            .map(|n| u16::try_from((n * (band + 1)) % 65_521).unwrap())
            .collect();
        let pixels = Pixels::from_slice([1, side, side], &numbers).unwrap();
        let file = write_cog(&pixels, &WriteOptions::cog().tiles(256), None).unwrap();
        let path = format!("www/B{band}.tif");
        fs::write(nginx.server.folder.path().join(path), file).unwrap();
    }
}

fn request(root: &str, window: Window) -> ChipRequest {
    let frame = Frame {
        size: Size::new(SIDE, SIDE),
        crs: None,
        transform: None,
    };
    let assets = (0..BANDS)
        .map(|band| AssetRequest::new(format!("B{band}"), format!("{root}/B{band}.tif")))
        .collect();
    ChipRequest::new(frame, window, assets)
}

fn reader(objects: &Objects) -> ChipReader {
    ChipReader::new(
        Arc::new(objects.clone()),
        Arc::new(codecs::built_in()),
        Arc::new(RasterCache::default()),
    )
}

/// A request for each header, and one for each asset's tile; once the headers are known, the latter
/// alone.
#[test]
fn a_chip_takes_a_request_for_each_header_and_each_tile() {
    let Some(nginx) = Nginx::start("") else {
        return;
    };
    scene(&nginx);
    let Some(link) = bad_link(&nginx, "") else {
        return;
    };
    let objects = objects(&[]);
    let reader = reader(&objects);
    let (cold, warm) = wait(async {
        let first = request(&link.root(), Window::new(256, 256, 256, 256));
        let chip = reader.read_chip(&first).await.unwrap();
        let pixels = chip.arrays[2].pixels.as_slice::<u16>().unwrap();
        assert_eq!(usize::from(pixels[0]), (256 * 1024 + 256) * 3 % 65_521);
        let cold = objects.traffic();
        let second = request(&link.root(), Window::new(512, 512, 256, 256));
        reader.read_chip(&second).await.unwrap();
        (cold, objects.traffic())
    });
    assert_eq!(cold.requests, 20, "{cold:?}");
    assert_eq!(warm.requests - cold.requests, 10, "{warm:?}");
    assert_eq!(warm.retries, 0);
    // Of thirty requests most came over connections that were there.
    let mut connections: Vec<_> = nginx.seen().into_iter().map(|s| s.connection).collect();
    assert_eq!(connections.len(), 30);
    connections.sort();
    connections.dedup();
    assert!(connections.len() <= 2 * BANDS, "{connections:?}");
}

/// What is said before a chip is read, what the reader counts, and what the server has seen are one.
#[test]
fn what_is_said_before_is_what_is_asked() {
    let Some(nginx) = Nginx::start("") else {
        return;
    };
    scene(&nginx);
    let objects = objects(&[]);
    let reader = reader(&objects);
    for (window, at_most) in [
        (Window::new(256, 256, 256, 256), 1),
        // Four tiles of 130 kB in two rows: two requests, or one where the link makes it worth.
        (Window::new(100, 100, 256, 256), 2),
        // Sixteen in four.
        (Window::new(0, 0, 1024, 1024), 4),
    ] {
        let request = request(&nginx.server.root(), window);
        let before = nginx.seen().len();
        let (said, asked) = wait(async {
            let plan = reader.plan(&request).await.unwrap();
            let asked = objects.traffic();
            let costs = plan.arrays().iter().map(|a| ReadCost::of(a).unwrap());
            let said = costs.fold(ReadCost::default(), ReadCost::beside);
            reader.read_chip(&request).await.unwrap();
            let now = objects.traffic();
            (
                said,
                (now.requests - asked.requests, now.bytes - asked.bytes),
            )
        });
        assert_eq!((said.requests, said.bytes), asked);
        assert!(said.requests <= at_most * BANDS as u64, "{said:?}");
        // The first time headers were read, too.
        let headers = if before == 0 { BANDS } else { 0 };
        let seen = nginx.seen().split_off(before + headers);
        assert_eq!(seen.len() as u64, said.requests);
        assert_eq!(seen.iter().map(|s| s.bytes).sum::<u64>(), said.bytes);
        assert!(seen.iter().all(|s| s.status == 206));
    }
}

/// Tiles kept in a folder are not fetched by the next run, which knows the headers; that the objects
/// are still the same is seen by one byte of each.
#[test]
fn a_run_after_another_fetches_no_tile_again() {
    let Some(nginx) = Nginx::start("") else {
        return;
    };
    scene(&nginx);
    let folder = tempfile::tempdir().unwrap();
    let options = CacheOptions {
        memory: 0,
        folder: Some((folder.path().to_owned(), 1 << 30)),
    };
    let request = request(&nginx.server.root(), Window::new(256, 256, 256, 256));
    let headers = Arc::new(MemoryHeaders::default());
    let run = || {
        let objects = objects(&[]);
        let opener = CachedOpener::new(Arc::new(objects.clone()), &options).unwrap();
        let rasters = RasterCache::default().with_headers(Arc::clone(&headers) as Arc<_>);
        let codecs = Arc::new(codecs::built_in());
        let reader = ChipReader::new(Arc::new(opener), codecs, Arc::new(rasters));
        let chip = wait(async {
            let chip = reader.read_chip(&request).await.unwrap();
            for asset in &request.assets {
                let raster = reader.raster(&asset.address).await.unwrap();
                headers
                    .keep(&[raster.stored_header().await.unwrap()])
                    .await
                    .unwrap();
            }
            chip
        });
        (chip, objects.traffic())
    };
    let (chip, first) = run();
    assert_eq!(first.requests, 20);
    let (again, second) = run();
    assert_eq!(again, chip);
    assert_eq!((second.requests, second.bytes), (10, 10), "a byte of each");
    // One band becomes another, of the same size.
    let www = nginx.server.folder.path().join("www");
    let other = fs::read(www.join("B3.tif")).unwrap();
    fs::write(www.join("B2.tif"), other).unwrap();
    // The server tells seconds: within one it would look the same.
    let later = SystemTime::now() + Duration::from_secs(10);
    let changed = fs::File::options().append(true).open(www.join("B2.tif"));
    changed.unwrap().set_modified(later).unwrap();
    let (changed, third) = run();
    assert_eq!(changed.arrays[2].pixels, chip.arrays[3].pixels);
    assert_eq!(changed.arrays[1], chip.arrays[1]);
    assert_eq!(third.requests, 12, "its header and its tile");
}

#[test]
fn an_asset_that_cannot_be_read_fails_its_chip() {
    let Some(nginx) = Nginx::start("location = /B7.tif { return 503; }") else {
        return;
    };
    scene(&nginx);
    let objects = objects(&[("deadline", "3s")]);
    let request = request(&nginx.server.root(), Window::new(0, 0, 256, 256));
    let error = wait(reader(&objects).read_chip(&request)).unwrap_err();
    let text = error.to_string();
    for part in ["asset B7", "/B7.tif", "503", "tries"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
