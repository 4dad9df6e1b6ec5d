//! Objects that are replaced between index and read: in files, behind nginx, in S3 and in Azure.
//!
//! ```sh
//! scripts/servers/setup.sh && cargo test -p stacchip-adapters --test servers -- --ignored --nocapture replaced
//! ```

use std::{
    fs::{self, File},
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use stacchip::ObjectSink;
use stacchip_adapters::{codecs, object::Objects};
use stacchip_chip::{AssetRequest, ChipReader, ChipRequest, Frame, Raster, RasterCache};
use stacchip_cog::{HeaderStore, Limits, WriteOptions, testing::MemoryHeaders, write_cog};
use stacchip_model::{Pixels, Size, Window};

use crate::{azure, objects, s3::Moto, wait, web::Nginx};

const TRIALS: u16 = 250;
const SIDE: u32 = 96;

/// A scene of nothing but `value`, in tiles of one of three sizes: offsets, and mostly the length,
/// are others each time.
fn scene(value: u16) -> Vec<u8> {
    let side = SIDE as usize;
    let numbers = vec![value; side * side];
    let pixels = Pixels::from_slice([1, side, side], &numbers).unwrap();
    let tile = [32, 64, 48][usize::from(value) % 3];
    write_cog(&pixels, &WriteOptions::cog().tiles(tile), None).unwrap()
}

/// Where an object lies, and how it is replaced.
struct Place<'a> {
    objects: &'a Objects,
    address: String,
    /// The file behind the address, where there is one.
    file: Option<&'a Path>,
}

impl Place<'_> {
    async fn put(&self, trial: u16) {
        let bytes = scene(trial);
        let Some(path) = self.file else {
            let put = self.objects.put(&self.address, bytes.into(), true);
            return put.await.unwrap();
        };
        // In place or renamed there, by turns; each has a second of its own.
        if trial.is_multiple_of(2) {
            fs::write(path, bytes).unwrap();
        } else {
            let beside = path.with_extension("new");
            fs::write(&beside, bytes).unwrap();
            fs::rename(&beside, path).unwrap();
        }
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + u64::from(trial));
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(time).unwrap();
    }

    /// Replaces the object once a trial, after its header was kept; how often that was noticed.
    async fn noticed(&self) -> u16 {
        let mut noticed = 0;
        self.put(0).await;
        for trial in 1..=TRIALS {
            let headers = Arc::new(MemoryHeaders::default());
            let limits = Limits::default();
            let raster = Raster::open(self.objects, &self.address, &limits).await;
            let stored = raster.unwrap().stored_header().await.unwrap();
            headers.keep(&[stored]).await.unwrap();
            self.put(trial).await;

            let rasters = RasterCache::default().with_headers(headers);
            let codecs = Arc::new(codecs::built_in());
            let reader = ChipReader::new(Arc::new(self.objects.clone()), codecs, Arc::new(rasters));
            let frame = Frame::of_size(Size::new(SIDE, SIDE));
            let assets = vec![AssetRequest::new("a", self.address.as_str())];
            let request = ChipRequest::new(frame, Window::new(10, 20, 70, 70), assets);
            let chip = reader.read_chip(&request).await.unwrap();
            let pixels = chip.arrays[0].pixels.as_slice::<u16>().unwrap();
            assert!(pixels.iter().all(|pixel| *pixel == trial), "{trial}");
            noticed += u16::from(reader.rasters().header_use().stale.len() == 1);
        }
        noticed
    }
}

#[test]
#[ignore = "takes a minute"]
fn a_thousand_replaced_objects_are_noticed() {
    let (Some(nginx), Some(moto), Some(azurite)) =
        (Nginx::start(""), Moto::start(), azure::azurite())
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let local = folder.path().join("a.tif");
    let served = nginx.server.folder.path().join("www/a.tif");
    let own = objects(&[]);
    let amazon = moto.by(&moto.server.root(), Some(moto.keys()), &[]);
    let (azure, container) = azure::account(&azurite);
    let places = [
        (
            "files",
            Place {
                objects: &own,
                address: local.to_string_lossy().into_owned(),
                file: Some(&local),
            },
        ),
        (
            "nginx",
            Place {
                objects: &own,
                address: nginx.at("a.tif"),
                file: Some(&served),
            },
        ),
        (
            "S3",
            Place {
                objects: &amazon,
                address: "s3://scenes/a.tif".to_owned(),
                file: None,
            },
        ),
        (
            "Azure",
            Place {
                objects: &azure,
                address: "az://scenes/a.tif".to_owned(),
                file: None,
            },
        ),
    ];
    wait(azure::make_container(&container));
    for (name, place) in &places {
        let noticed = wait(place.noticed());
        println!("{name}: {noticed} of {TRIALS} noticed");
        assert_eq!(noticed, TRIALS, "{name}");
    }
}
