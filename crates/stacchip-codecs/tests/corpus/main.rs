//! Every file of the corpus against what GDAL reads in it.
//!
//! The corpus is a folder beside the workspace (`../shared/corpus`) or where `STACCHIP_CORPUS`
//! says; without it the test says so and passes, unless `CI` or `STACCHIP_REQUIRE_CORPUS` is set.
//! `STACCHIP_CORPUS_ONLY` picks the files whose path holds that text.
//!
//! `docs/corpus.md` is what it finds, class by class.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "outside its test function, but a test all the same"
)]

mod georeference;
mod lossy;
mod table;
mod truth;

use std::{collections::BTreeMap, env, fs, path::Path};

use bytes::Bytes;
use futures::executor::block_on;
use serde_json::Value;
use stacchip_cog::{
    Bands, BlockId, Codecs, Cog, Image, Limits, Part, Scratch, Source, WindowPlan, open,
    testing::MemoryReader,
};
use stacchip_model::{Pixels, Window};

use self::{
    lossy::{Allowed, Distance},
    table::Table,
    truth::{canonical, classes, corpus, nodata, placed, same_number, sha, truth},
};

#[test]
fn every_file_reads_as_gdal_reads_it() {
    let Some(corpus) = corpus() else {
        return;
    };
    let truth = truth(&corpus);
    let classes = classes(&corpus);
    let only = env::var("STACCHIP_CORPUS_ONLY").unwrap_or_default();
    let codecs = stacchip_codecs::built_in();
    let mut table = Table::default();
    let mut unexpected = Vec::new();
    let mut mended = Vec::new();
    let mut files = 0;
    for (path, expected) in truth["files"].as_object().unwrap() {
        if !path.contains(&only) {
            continue;
        }
        files += 1;
        let found = Check::of(&corpus, path, expected, &codecs);
        let exception = EXCEPTIONS
            .iter()
            .find(|(part, _)| path.contains(part))
            .map(|(_, why)| *why);
        let right = found.complaints.is_empty();
        match exception {
            Some(why) if right => mended.push(format!("{path}: {why}")),
            None if !right => {
                let complaints = found.complaints.iter();
                unexpected.extend(complaints.map(|complaint| format!("{path}: {complaint}")));
            }
            _ => {}
        }
        let none = Vec::new();
        let of = classes.get(path).unwrap_or(&none);
        table.add(path, of, exception.filter(|_| !right));
        if let Some(answer) = &found.answer {
            table.add_refused(path, answer);
        }
    }
    println!("{files} files, {} complaints", unexpected.len());
    for line in &mended {
        println!("no longer an exception: {line}");
    }
    for line in &unexpected {
        println!("WRONG {line}");
    }
    assert!(unexpected.is_empty(), "{} complaints", unexpected.len());
    assert!(mended.is_empty(), "{} exceptions too many", mended.len());
    if only.is_empty() && env::var_os("STACCHIP_CORPUS").is_none() {
        assert_eq!(table.check(), Ok(()));
    }
}

/// The bytes of a file and of those beside it.
type Sources = BTreeMap<Source, Bytes>;

/// One file, and what is wrong with our reading of it.
struct Check<'a> {
    corpus: &'a Path,
    codecs: &'a Codecs,
    truth: &'a Value,
    complaints: Vec<String>,
    /// Of a file that GDAL refuses: what becomes of it here.
    answer: Option<String>,
}

impl<'a> Check<'a> {
    fn of(corpus: &'a Path, path: &str, truth: &'a Value, codecs: &'a Codecs) -> Self {
        let mut check = Self {
            corpus,
            codecs,
            truth,
            complaints: Vec::new(),
            answer: None,
        };
        let file = corpus.join(path);
        let bytes = Bytes::from(fs::read(&file).unwrap());
        let reader = MemoryReader::new(bytes.clone());
        let mut opened = block_on(open(&reader, &Limits::default()));
        if let Ok(cog) = &mut opened {
            georeference::attach_texts(&file, &mut cog.images[0]);
        }
        let mut sources = Sources::from([(Source::Main, bytes)]);
        for (ending, source) in [(".ovr", Source::Overviews), (".msk", Source::Mask)] {
            let beside = corpus.join(format!("{path}{ending}"));
            if let (Ok(cog), Ok(bytes)) = (&mut opened, fs::read(beside)) {
                let bytes = Bytes::from(bytes);
                let reader = MemoryReader::new(bytes.clone());
                let sidecar = block_on(open(&reader, &Limits::default())).unwrap();
                match source {
                    Source::Overviews => cog.images[0].attach_overviews(&sidecar),
                    _ => cog.images[0].attach_mask(&sidecar),
                };
                sources.insert(source, bytes);
            }
        }
        let refused = truth["expect"] == "open-fails";
        match opened {
            Ok(cog) => check.cog(&cog, &sources, refused),
            Err(error) if refused => check.answer = Some(format!("refused: {error}")),
            Err(error) => check.complain(format!("does not open: {error}")),
        }
        check
    }

    fn complain(&mut self, what: impl Into<String>) {
        if self.complaints.len() < 6 {
            self.complaints.push(what.into());
        }
    }

    fn cog(&mut self, cog: &Cog, bytes: &Sources, refused: bool) {
        let truth = self.truth;
        if refused {
            // GDAL refuses it: reading it is allowed, falling over is not.
            for (number, image) in cog.images.iter().enumerate() {
                let size = image.size();
                let window = Window::new(0, 0, size.width.min(64), size.height.min(64));
                let (all, part) = (Bands::All, Part::Pixels);
                let done = read(image, 0, window, all, part, bytes, self.codecs);
                if number == 0 {
                    self.answer = Some(match done {
                        Ok(_) => "read".into(),
                        Err(error) => format!("refused: {error}"),
                    });
                }
            }
            return;
        }
        let image = &cog.images[0];
        let meta = match &truth["meta_without_pam"] {
            Value::Null => &truth["meta"],
            other => other,
        };
        self.meta(image, meta);
        let size = image.size();
        if truth["full"].is_object() {
            let whole = Window::new(0, 0, size.width, size.height);
            self.window(image, 0, whole, &truth["full"], bytes, "full");
        }
        for window in truth["windows"].as_array().into_iter().flatten() {
            self.window(image, 0, placed(window), window, bytes, "window");
        }
        for overview in truth["overviews"].as_array().into_iter().flatten() {
            let level = usize::try_from(overview["level"].as_u64().unwrap()).unwrap() + 1;
            let Some(found) = image.levels.get(level) else {
                self.complain(format!("no overview {level}"));
                continue;
            };
            let wanted = (&overview["ovr_width"], &overview["ovr_height"]);
            if wanted != (&found.size.width.into(), &found.size.height.into()) {
                self.complain(format!(
                    "overview {level} is {:?}, want {wanted:?}",
                    found.size
                ));
                continue;
            }
            self.window(image, level, placed(overview), overview, bytes, "overview");
        }
        let subs: Vec<&Value> = truth["subdatasets"]
            .as_array()
            .into_iter()
            .flatten()
            .collect();
        for sub in subs {
            // The truth numbers the subdatasets in the order of their names as text.
            let mut names: Vec<String> = (1..=cog.images.len()).map(|n| n.to_string()).collect();
            names.sort();
            let place = usize::try_from(sub["index"].as_u64().unwrap()).unwrap() - 1;
            let i = names
                .get(place)
                .map_or(place, |n| n.parse::<usize>().unwrap() - 1);
            let Some(image) = cog.images.get(i) else {
                self.complain(format!("no image {i}"));
                continue;
            };
            let size = image.size();
            let whole = Window::new(0, 0, size.width, size.height);
            if sub["width"] != size.width || sub["height"] != size.height {
                self.complain(format!("image {i} is {size:?}"));
                continue;
            }
            self.window(image, 0, whole, sub, bytes, "subdataset");
        }
    }

    fn meta(&mut self, image: &Image, meta: &Value) {
        if !meta.is_object() {
            return;
        }
        let listed = meta["dtypes"].as_array().map_or(0, Vec::len);
        let size = image.size();
        let mut compare = |what: &str, got: Value, want: &Value| {
            if got != *want && !want.is_null() {
                self.complain(format!("{what} is {got}, want {want}"));
            }
        };
        compare("width", size.width.into(), &meta["width"]);
        compare("height", size.height.into(), &meta["height"]);
        compare("count", image.bands.len().into(), &meta["count"]);
        let each = |f: &dyn Fn(usize) -> Value| -> Value {
            (0..image.bands.len().min(listed.max(1)))
                .map(f)
                .collect::<Vec<_>>()
                .into()
        };
        let dtype = |i: usize| {
            // rasterio has no complex integers; it reads them as complex64.
            let name = image.bands[i].sample.name();
            match meta["dtypes"][i].as_str() {
                Some("complex_int16" | "complex_int32") if name == "complex64" => {
                    meta["dtypes"][i].clone()
                }
                _ => name.into(),
            }
        };
        compare("dtypes", each(&dtype), &meta["dtypes"]);
        compare(
            "nodata",
            each(&|i| nodata(image, i, &meta["nodata"][i])),
            &meta["nodata"],
        );
        compare(
            "descriptions",
            each(&|i| image.bands[i].description.clone().into()),
            &meta["descriptions"],
        );
        compare(
            "units",
            each(&|i| image.bands[i].unit.clone().into()),
            &meta["units"],
        );
        compare(
            "scales",
            each(&|i| same_number(image.bands[i].scale, &meta["scales"][i])),
            &meta["scales"],
        );
        compare(
            "offsets",
            each(&|i| same_number(image.bands[i].offset, &meta["offsets"][i])),
            &meta["offsets"],
        );
        compare(
            "colorinterp",
            each(&|i| image.bands[i].colour.name().into()),
            &meta["colorinterp"],
        );
        if let Some(want) = meta["colormap"]["sha256_rgba_u8"].as_str() {
            let got = image.colour_table.as_deref().unwrap_or_default();
            if sha(got.as_flattened()) != want {
                self.complain(format!(
                    "colour table is {got:?}, want {}",
                    meta["colormap"]
                ));
            }
        }
        let transform = image
            .georeference
            .transform
            .map_or(vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0], |t| {
                t.coefficients().to_vec()
            });
        let want: Vec<f64> = meta["transform"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_f64)
            .collect();
        let near = want.len() == 6
            && transform
                .iter()
                .zip(&want)
                .all(|(a, b)| a == b || (a - b).abs() <= 1e-12 * a.abs().max(b.abs()));
        if !near && !want.is_empty() {
            self.complain(format!("transform is {transform:?}, want {want:?}"));
        }
        if !meta["transform"].is_array() {
            return;
        }
        // Of control points without a transform GDAL keeps the reference system apart.
        let crs = match &meta["crs"] {
            Value::Null => &meta["gcps"]["crs"],
            crs => crs,
        };
        if let Some(complaint) = georeference::complaint(&image.georeference, crs) {
            self.complain(complaint);
        }
        let overviews = meta["overviews"].as_array().map_or(0, Vec::len);
        let got = image.levels.len() - 1;
        if got != overviews {
            self.complain(format!("{got} overviews, want {overviews}"));
        }
    }

    fn window(
        &mut self,
        image: &Image,
        level: usize,
        window: Window,
        truth: &Value,
        bytes: &Sources,
        kind: &str,
    ) {
        let bands = truth["bands"].as_array().unwrap();
        let refused = bands.iter().all(|b| b.get("error").is_some());
        let list: Vec<usize> = bands
            .iter()
            .map(|b| usize::try_from(b["band"].as_u64().unwrap()).unwrap() - 1)
            .collect();
        let got = read(
            image,
            level,
            window,
            Bands::These(&list),
            Part::Pixels,
            bytes,
            self.codecs,
        );
        let pixels = match got {
            Ok(pixels) => {
                if refused && self.answer.is_none() {
                    self.answer = Some(format!("{kind} read"));
                }
                pixels
            }
            Err(error) if refused => {
                if self.answer.is_none() {
                    self.answer = Some(format!("{kind} refused: {error}"));
                }
                return;
            }
            Err(error) => {
                self.complain(format!("{kind} {window:?} level {level}: {error}"));
                return;
            }
        };
        for (slot, band) in bands.iter().enumerate() {
            if band.get("error").is_some() {
                continue;
            }
            let raw = pixels.band_bytes(slot).unwrap();
            let same = match band["sha256_nan_canonical"].as_str() {
                Some(want) => sha(&canonical(raw, pixels.sample())) == want,
                None => sha(raw) == band["sha256"].as_str().unwrap(),
            };
            if same {
                continue;
            }
            let allowed = self.allowed(image, level, bytes);
            let distance = allowed.and_then(|allowed| {
                let of = Distance::of(self.corpus, truth, slot, raw, pixels.sample())?;
                Some((of, allowed))
            });
            match distance {
                Some((distance, allowed)) if distance.is_within(allowed) => {}
                Some((distance, allowed)) => self.complain(format!(
                    "{kind} {window:?} level {level} band {}: {distance:?}, {allowed:?}",
                    band["band"]
                )),
                None => self.complain(format!(
                    "{kind} {window:?} level {level} band {}: pixels differ",
                    band["band"]
                )),
            }
        }
        self.mask(image, level, window, bands, bytes, kind);
    }

    /// How far the pixels of a level may be from GDAL's, if at all.
    fn allowed(&self, image: &Image, level: usize, bytes: &Sources) -> Option<Allowed> {
        let level = image.levels.get(level)?;
        let stored = (0..level.block_count().min(64)).find_map(|id| {
            let whole = Window::new(0, 0, level.size.width, level.size.height);
            let range = level.stored(BlockId(id), whole).ok()??.range;
            let bytes = bytes.get(&level.source)?;
            bytes.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
        });
        Allowed::of(self.truth, level, stored)
    }

    fn mask(
        &mut self,
        image: &Image,
        level: usize,
        window: Window,
        bands: &[Value],
        bytes: &Sources,
        kind: &str,
    ) {
        let Some(mask) = image.levels.get(level).and_then(|l| l.mask.as_ref()) else {
            return;
        };
        let one = mask.bands() == 1;
        for band in bands {
            let Some(want) = band["mask_sha256"].as_str() else {
                continue;
            };
            let number = usize::try_from(band["band"].as_u64().unwrap()).unwrap() - 1;
            let number = [if one { 0 } else { number }];
            let bands = Bands::These(&number);
            match read(image, level, window, bands, Part::Mask, bytes, self.codecs) {
                Ok(pixels) if sha(pixels.as_bytes()) == want => {}
                Ok(_) => self.complain(format!("{kind} {window:?} level {level}: mask differs")),
                Err(e) => self.complain(format!("{kind} {window:?} level {level}: mask: {e}")),
            }
        }
    }
}

fn read(
    image: &Image,
    level: usize,
    window: Window,
    bands: Bands<'_>,
    part: Part,
    bytes: &Sources,
    codecs: &Codecs,
) -> Result<Pixels, String> {
    let plan: WindowPlan = image
        .plan(level, window, bands, part)
        .map_err(|e| e.to_string())?;
    let bytes = &bytes[&plan.source()];
    let part = |range: &std::ops::Range<u64>| {
        let end = usize::try_from(range.end.min(bytes.len() as u64)).unwrap();
        bytes.slice(usize::try_from(range.start).unwrap().min(end)..end)
    };
    for range in plan.table_ranges() {
        plan.supply_table(&range, &part(&range));
    }
    let blocks: Vec<Bytes> = plan
        .ranges()
        .map_err(|e| e.to_string())?
        .iter()
        .map(part)
        .collect();
    let mut pixels = Pixels::zeros(plan.sample(), plan.shape()).map_err(|e| e.to_string())?;
    let strides = plan.strides();
    plan.decode_into(
        &blocks,
        codecs,
        &mut Scratch::default(),
        pixels.as_bytes_mut(),
        strides,
    )
    .map_err(|e| e.to_string())?;
    Ok(pixels)
}

/// Files that are not read as GDAL reads them: part of the path, and why.
const EXCEPTIONS: [(&str, &str); 6] = [
    ("epsg_27563_allgeokeys.tif", CODE),
    ("geo_esri_102001.tif", CODE),
    ("WGS_1984_Web_Mercator.tif", CODE),
    ("esri_pcs_gcs_ellipsoid_names.tif", CODE),
    ("tiff_srs_iau_2015_30110.tif", CODE),
    ("spaf27_markedcorrect.tif", CODE),
];

const CODE: &str = "a system by hand, given as its text: which entry of a register means the same only PROJ can say, and `info` asks it";
