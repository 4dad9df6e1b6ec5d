//! Chips of ten assets through a proxy that delays every request: how many requests, and that an
//! asset that cannot be read fails its chip.

use std::{fs, sync::Arc};

use stacchip_adapters::{codecs, object::Objects};
use stacchip_chip::{AssetRequest, ChipReader, ChipRequest, Frame, RasterCache};
use stacchip_cog::{WriteOptions, write_cog};
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

#[test]
fn an_asset_that_cannot_be_read_fails_its_chip() {
    let Some(nginx) = Nginx::start("location = /B7.tif { return 503; }") else {
        return;
    };
    scene(&nginx);
    let objects = objects(&[("deadline", "1s")]);
    let request = request(&nginx.server.root(), Window::new(0, 0, 256, 256));
    let error = wait(reader(&objects).read_chip(&request)).unwrap_err();
    let text = error.to_string();
    for part in ["asset B7", "/B7.tif", "503", "tries"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
