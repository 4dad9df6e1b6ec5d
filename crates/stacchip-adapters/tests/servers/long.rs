//! Ten thousand chips through servers that fail now and then: each is right, or named. It takes some
//! minutes:
//!
//! ```sh
//! scripts/servers/setup.sh && cargo test -p stacchip-adapters --test servers -- --ignored --nocapture ten_thousand
//! ```

use std::{fs, time::Instant};

use futures::{StreamExt, stream};
use stacchip_adapters::codecs;
use stacchip_chip::{AssetRequest, ChipReader, ChipRequest, Frame, RasterCache};
use stacchip_cog::{WriteOptions, write_cog};
use stacchip_model::{Pixels, Size, Window};

use crate::{
    objects, wait,
    web::{Nginx, has_lua},
};

const BANDS: u32 = 4;
const SIDE: u32 = 2048;
const TILE: u32 = 128;
const CHIP: u32 = 64;
const CHIPS: u32 = 10_000;

/// Of a hundred requests one is reset, one refused with `Retry-After`, one answered with half of
/// what was asked, and of two hundred one stalls in the middle. What comes of half an answer is not
/// even of the object. The last band of a stretch of the scene cannot be had at all.
const FAULTS: &str = r#"
    location / {
        access_by_lua_block {
            local dice = math.random(1000)
            if dice <= 10 then return ngx.exit(444) end
            if dice <= 20 then
                ngx.header["Retry-After"] = dice == 20 and "1" or "0"
                return ngx.exit(503)
            end
            if dice <= 30 then return ngx.exec("@half") end
            if dice <= 35 then return ngx.exec("@stall") end
            local first, last = (ngx.var.http_range or ""):match("bytes=(%d+)-(%d+)")
            if ngx.var.uri == "/B3.tif" and tonumber(first) < GONE_TO and tonumber(last) >= GONE_FROM then
                return ngx.exit(500)
            end
        } }
    location @half { content_by_lua_block {
        local first, last = (ngx.var.http_range or ""):match("bytes=(%d+)-(%d+)")
        first, last = tonumber(first), tonumber(last)
        ngx.status = 206
        ngx.header["Content-Range"] = "bytes " .. first .. "-" .. last .. "/*"
        ngx.header["Content-Length"] = last - first + 1
        ngx.print(string.rep("x", math.floor((last - first + 1) / 2)))
        ngx.flush(true)
        ngx.exit(ngx.ERROR) } }
    location @stall { content_by_lua_block {
        local first, last = (ngx.var.http_range or ""):match("bytes=(%d+)-(%d+)")
        first, last = tonumber(first), tonumber(last)
        ngx.status = 206
        ngx.header["Content-Range"] = "bytes " .. first .. "-" .. last .. "/*"
        ngx.header["Content-Length"] = last - first + 1
        ngx.print(string.rep("x", math.floor((last - first + 1) / 2)))
        ngx.flush(true)
        ngx.sleep(30) } }
"#;

/// What stands at a place of a band.
fn value(band: u32, col: u32, row: u32) -> u16 {
    let mixed = (row * SIDE + col).wrapping_mul(2_654_435_761) ^ (band * 40_503);
    u16::try_from(mixed >> 20).unwrap()
}

/// The scene, and the bytes of the tiles of its last band that nobody can have.
fn scene() -> (Vec<Vec<u8>>, std::ops::Range<u64>) {
    let files: Vec<Vec<u8>> = (0..BANDS)
        .map(|band| {
            let rows = (0..SIDE).flat_map(|row| (0..SIDE).map(move |col| value(band, col, row)));
            let side = SIDE as usize;
            let numbers: Vec<u16> = rows.collect();
            let pixels = Pixels::from_slice([1, side, side], &numbers).unwrap();
            write_cog(&pixels, &WriteOptions::cog().tiles(TILE), None).unwrap()
        })
        .collect();
    let last = stacchip_cog::testing::MemoryReader::new(files[3].clone());
    let gone = wait(async {
        let limits = stacchip_cog::Limits::default();
        let cog = stacchip_cog::open(&last, &limits).await.unwrap();
        let window = Window::new(1024, 512, TILE, TILE);
        let part = stacchip_cog::Part::Pixels;
        let plan = cog.images[0].plan(0, window, stacchip_cog::Bands::All, part);
        let plan = plan.unwrap();
        stacchip_cog::fetch_tables(&last, &plan).await.unwrap();
        plan.ranges().unwrap().remove(0)
    });
    (files, gone)
}

/// Bytes of memory that the process has, in MiB.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|l| l.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

#[test]
#[ignore = "takes minutes"]
fn ten_thousand_chips_are_right_or_named() {
    if !has_lua() {
        return;
    }
    let (files, gone) = scene();
    let faults = FAULTS
        .replace("GONE_FROM", &gone.start.to_string())
        .replace("GONE_TO", &gone.end.to_string());
    let Some(nginx) = Nginx::start(&faults) else {
        return;
    };
    for (band, file) in files.iter().enumerate() {
        let path = format!("www/B{band}.tif");
        fs::write(nginx.server.folder.path().join(path), file).unwrap();
    }
    drop(files);
    let objects = objects(&[("timeout", "1s"), ("deadline", "8s")]);
    let reader = ChipReader::new(
        std::sync::Arc::new(objects.clone()),
        std::sync::Arc::new(codecs::built_in()),
        std::sync::Arc::new(RasterCache::default()),
    );
    let frame = Frame::of_size(Size::new(SIDE, SIDE));
    let assets: Vec<_> = (0..BANDS)
        .map(|band| AssetRequest::new(format!("B{band}"), nginx.at(&format!("B{band}.tif"))))
        .collect();
    let places = (0..CHIPS).scan(1u32, |x, _| {
        // Anywhere, the same in every run; the last stretch now and then.
        *x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let col = (*x >> 16) % (SIDE - CHIP);
        *x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some((col, (*x >> 16) % (SIDE - CHIP)))
    });
    let began = Instant::now();
    let (mut right, mut named, mut unlucky, mut early) = (0u32, 0u32, 0u32, 0);
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(async {
        let mut chips = stream::iter(places)
            .map(|(col, row)| {
                let window = Window::new(col.into(), row.into(), CHIP, CHIP);
                let request = ChipRequest::new(frame.clone(), window, assets.clone());
                let reader = &reader;
                async move { (col, row, reader.read_chip(&request).await) }
            })
            .buffer_unordered(64);
        let mut done = 0;
        while let Some((col, row, chip)) = chips.next().await {
            done += 1;
            let touches = |from: u32, at: u32| at < from + TILE && at + CHIP > from;
            let must_fail = touches(1024, col) && touches(512, row);
            match chip {
                Ok(chip) => {
                    assert!(!must_fail, "{col} {row}");
                    for (band, array) in (0..).zip(&chip.arrays) {
                        let pixels = array.pixels.as_slice::<u16>().unwrap();
                        for (n, pixel) in (0..).zip(pixels) {
                            let (x, y) = (col + n % CHIP, row + n / CHIP);
                            assert_eq!(*pixel, value(band, x, y), "band {band} at {x} {y}");
                        }
                    }
                    right += 1;
                }
                Err(error) => {
                    let said = error.to_string();
                    assert!(said.contains("asset B") && said.contains(".tif"), "{said}");
                    assert!(said.contains("tries") || said.contains("try"), "{said}");
                    named += 1;
                    unlucky += u32::from(!must_fail);
                }
            }
            if done == CHIPS / 5 {
                early = memory();
            }
        }
    });
    let (late, took) = (memory(), began.elapsed().as_secs_f64());
    let traffic = objects.traffic();
    println!(
        "{right} chips right, {named} named, {unlucky} of them for bad luck; {} requests, {} of them again; \
         {early} MiB after a fifth, {late} MiB at the end; {took:.0} s",
        traffic.requests, traffic.retries
    );
    assert_eq!(right + named, CHIPS, "none is lost");
    assert!(unlucky <= CHIPS / 100, "most of what passes by is got over");
    assert!(named > unlucky, "some cannot be had");
    assert!(late <= early + 32, "memory grows: {early} MiB, {late} MiB");
    // Three and a half of a hundred fail, and those of the stretch again and again.
    assert!(traffic.retries * 50 > traffic.requests, "{traffic:?}");
}
