//! Whole scenes, small.

use std::{cell::RefCell, collections::BTreeMap, io};

use serde_json::Value;
use stacchip_cog::{BlockContext, Compression, DecodedOrder, EncodeError};
use stacchip_model::{Crs, CrsKind, CrsSummary, Point};

use super::*;

/// Stores blocks as they are.
#[derive(Debug)]
struct Plain;

impl TileEncoder for Plain {
    fn scheme(&self) -> Compression {
        Compression::NONE
    }

    fn order(&self, _: &BlockContext<'_>) -> DecodedOrder {
        DecodedOrder::Stored
    }

    fn encode(
        &self,
        source: &[u8],
        _: &BlockContext<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        out.extend(source);
        Ok(())
    }
}

/// A degree is 100 km, whatever the system.
#[derive(Debug)]
struct Flat;

impl Projector for Flat {
    fn project(&self, _: &Crs, _: &Crs, points: &mut [Point]) -> Result<(), ProjectError> {
        for [x, y] in points {
            (*x, *y) = (*x / 1e5, *y / 1e5);
        }
        Ok(())
    }

    fn describe(&self, crs: &Crs) -> Result<CrsSummary, ProjectError> {
        Ok(CrsSummary {
            kind: CrsKind::Projected,
            name: crs.to_string(),
            unit: 1.0,
        })
    }
}

#[derive(Debug, Default)]
struct Memory(RefCell<BTreeMap<String, Vec<u8>>>);

impl SampleFolder for Memory {
    fn put(
        &self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn io::Write) -> Result<(), SampleError>,
    ) -> Result<(), SampleError> {
        let mut bytes = Vec::new();
        write(&mut bytes)?;
        self.0.borrow_mut().insert(name.into(), bytes);
        Ok(())
    }
}

fn make(scene: SampleScene) -> (SampleReport, BTreeMap<String, Vec<u8>>) {
    let folder = Memory::default();
    let report = scene.write(&Flat, &Plain, &folder, &()).unwrap();
    (report, folder.0.into_inner())
}

#[test]
fn every_platform_makes_the_files_its_item_names() {
    for platform in SamplePlatform::ALL {
        let scene = SampleScene::new(platform).size(96);
        let (report, files) = make(scene);
        assert_eq!(report.files.last().unwrap(), "item.json");
        let item: Value = serde_json::from_slice(&files["item.json"]).unwrap();
        assert_eq!(item["id"], report.id);
        let assets = item["assets"].as_object().unwrap();
        assert!(assets.len() >= 3);
        for asset in assets.values() {
            let href = asset["href"].as_str().unwrap();
            let name = href.strip_prefix("./").unwrap();
            assert!(files.contains_key(name), "{platform}: {name}");
        }
        let bbox: Vec<f64> = item["bbox"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_f64().unwrap())
            .collect();
        let corner = platform.transform();
        // JSON is read to the last digit but one.
        assert!((bbox[0] - corner.c / 1e5).abs() < 1e-12);
        assert!((bbox[3] - corner.f / 1e5).abs() < 1e-12);
        let ring = item["geometry"]["coordinates"][0].as_array().unwrap();
        assert_eq!(ring.first(), ring.last());
    }
}

#[test]
fn a_scene_is_the_same_every_time_and_another_seed_is_another() {
    let scene = SampleScene::new(SamplePlatform::Sentinel2).size(128);
    let (first, second) = (make(scene), make(scene));
    assert_eq!(first, second);
    let other = make(scene.seed(2));
    assert_ne!(first.0.id, other.0.id);
    assert_ne!(first.1["blue.tif"], other.1["blue.tif"]);
}

#[test]
fn sizes_that_no_scene_has_are_refused() {
    for (platform, size) in [
        (SamplePlatform::Sentinel2, 301),
        (SamplePlatform::Landsat, 0),
        (SamplePlatform::Modis, 2401),
        (SamplePlatform::Naip, u32::MAX),
    ] {
        let folder = Memory::default();
        let result = SampleScene::new(platform)
            .size(size)
            .write(&Flat, &Plain, &folder, &());
        assert!(matches!(result, Err(SampleError::Size { .. })));
        assert!(folder.0.into_inner().is_empty());
    }
}

#[test]
fn a_folder_that_fails_ends_it_before_the_item() {
    #[derive(Debug)]
    struct Full(RefCell<Vec<String>>);
    impl SampleFolder for Full {
        fn put(
            &self,
            name: &str,
            _: &mut dyn FnMut(&mut dyn io::Write) -> Result<(), SampleError>,
        ) -> Result<(), SampleError> {
            self.0.borrow_mut().push(name.into());
            Err(io::Error::from(io::ErrorKind::StorageFull).into())
        }
    }
    let folder = Full(RefCell::default());
    let scene = SampleScene::new(SamplePlatform::Linz).size(64);
    assert!(scene.write(&Flat, &Plain, &folder, &()).is_err());
    assert_eq!(folder.0.into_inner(), ["visual.tif"]);
}

#[test]
fn names_lead_back_to_platforms() {
    for platform in SamplePlatform::ALL {
        assert_eq!(platform.name().parse(), Ok(platform));
    }
    assert!("sentinel".parse::<SamplePlatform>().is_err());
}
