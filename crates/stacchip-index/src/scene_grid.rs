//! Choosing the grid of a scene.

use std::fmt;

use stacchip_model::{Affine, Asset, Bounds, Crs, Grid, Scene, Size};
use thiserror::Error;

use crate::contradiction::{Contradiction, Disagreement, Source};

/// The full-resolution grid of a scene, and how it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneGrid {
    /// The grid.
    pub grid: Grid,
    /// Who says its shape and transform; they are always of one and the same raster.
    pub source: Source,
    /// What does not agree with it.
    pub contradictions: Vec<Contradiction>,
}

/// What the header of an asset's raster says, of its full resolution.
#[derive(Debug, Clone, PartialEq)]
pub struct RasterHeader {
    /// Key of the asset.
    pub asset: String,
    /// Reference system, where it has one.
    pub crs: Option<Crs>,
    /// Pixels.
    pub size: Size,
    /// From pixel corners to the ground, where it says.
    pub transform: Option<Affine>,
}

/// What an item does not say of its grid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct MissingGrid {
    /// The item.
    pub item: String,
    /// No reference system.
    pub crs: bool,
    /// No shape.
    pub shape: bool,
    /// No transform.
    pub transform: bool,
    /// Keys of the assets whose headers can tell, the most promising first. Where several are
    /// named only all of them together can tell which is the finest.
    pub ask: Vec<String>,
    /// Whether headers were given, and could not tell either.
    pub asked: bool,
}

impl SceneGrid {
    /// The grid of `scene`, from its projection fields and from `headers`, as far as those have
    /// been read; none need to be, at first. `shape` by hand goes before any other shape.
    ///
    /// Shape and transform are taken together, from the first of these that has both: the item; the
    /// finest data asset; the finest data asset together with what it inherits from the item; any
    /// other asset that is no thumbnail, overview or metadata; the finest header. `proj:bbox` stands
    /// in for a missing transform (north up) or for a missing shape. The reference system is the
    /// same asset's, else the item's, else another asset's, else a header's.
    ///
    /// # Errors
    /// [`MissingGrid`] where something is missing still, with the assets whose headers to read
    /// before calling again.
    pub fn of(
        scene: &Scene,
        headers: &[RasterHeader],
        shape: Option<Size>,
    ) -> Result<Self, MissingGrid> {
        let place = find_place(scene, headers, shape);
        let crs = find_crs(scene, headers, place.as_ref().map(|p| &p.source));
        match (place, crs) {
            (Some(place), Some((says, crs))) => {
                let mut found = Self {
                    grid: Grid {
                        crs,
                        size: place.size,
                        transform: place.transform,
                    },
                    source: place.source,
                    contradictions: Vec::new(),
                };
                found.compare(scene, headers, &says, shape.is_some());
                Ok(found)
            }
            (place, crs) => Err(missing(
                scene,
                headers,
                shape,
                place.as_ref(),
                crs.is_some(),
            )),
        }
    }

    fn compare(
        &mut self,
        scene: &Scene,
        headers: &[RasterHeader],
        crs_source: &Source,
        shape_given: bool,
    ) {
        let mut found = Vec::new();
        let declared = data_assets(scene)
            .filter_map(|a| Some((Source::Asset(a.key.clone()), a.projection.crs.as_ref()?)));
        let read = headers
            .iter()
            .filter_map(|h| Some((Source::Header(h.asset.clone()), h.crs.as_ref()?)));
        let item = scene.projection.crs.iter().map(|c| (Source::Item, c));
        let mut told: Vec<&Crs> = Vec::new();
        for (source, crs) in item.chain(declared).chain(read) {
            if self.grid.crs.matches(crs) == Some(false) && !told.contains(&crs) {
                told.push(crs);
                found.push(Disagreement::Crs {
                    used: (crs_source.clone(), self.grid.crs.to_string()),
                    other: (source, crs.to_string()),
                });
            }
        }
        // A header against what the item says of that very asset.
        for header in headers {
            let Some(asset) = scene.assets.iter().find(|a| a.key == header.asset) else {
                continue;
            };
            let says = Source::Asset(asset.key.clone());
            let reads = Source::Header(asset.key.clone());
            if let Some(size) = asset.projection.shape.filter(|&s| s != header.size) {
                found.push(Disagreement::Shape {
                    used: (says.clone(), size),
                    other: (reads.clone(), header.size),
                });
            }
            if let (Some(a), Some(b)) = (asset.projection.transform, header.transform) {
                found.extend(apart((says, a), (reads, b), header.size));
            }
        }
        // The item's own grid against the finest raster, unless some raster has it.
        if self.source == Source::Item && !shape_given {
            found.extend(self.against_rasters(scene, headers));
        }
        self.contradictions
            .extend(found.into_iter().map(|about| Contradiction {
                item: scene.id.clone(),
                about,
            }));
    }

    fn against_rasters(&self, scene: &Scene, headers: &[RasterHeader]) -> Vec<Disagreement> {
        let rasters: Vec<Place> = if headers.is_empty() {
            // An asset that says nothing of its own has the item's.
            let all: Option<Vec<_>> = data_assets(scene).map(|a| own_place(a, None)).collect();
            all.unwrap_or_default()
        } else {
            headers.iter().filter_map(header_place).collect()
        };
        if rasters.iter().any(|r| r.size == self.grid.size) {
            let same = rasters.iter().filter(|r| r.size == self.grid.size);
            let nearest = same
                .map(|r| {
                    apart(
                        (Source::Item, self.grid.transform),
                        (r.source.clone(), r.transform),
                        r.size,
                    )
                })
                .min_by(|a, b| distance(a.as_ref()).total_cmp(&distance(b.as_ref())));
            return nearest.flatten().into_iter().collect();
        }
        finest(rasters)
            .map(|r| Disagreement::Shape {
                used: (Source::Item, self.grid.size),
                other: (r.source, r.size),
            })
            .into_iter()
            .collect()
    }
}

/// Shape and transform of one raster.
#[derive(Debug, Clone)]
struct Place {
    source: Source,
    size: Size,
    transform: Affine,
    crs: Option<Crs>,
}

fn find_place(scene: &Scene, headers: &[RasterHeader], shape: Option<Size>) -> Option<Place> {
    let item = &scene.projection;
    let whole = |source, size: Option<Size>, transform, bbox, crs: Option<&Crs>| {
        let (size, transform) = complete(shape.or(size), transform, bbox)?;
        Some(Place {
            source,
            size,
            transform,
            crs: crs.cloned(),
        })
    };
    let own = whole(
        Source::Item,
        item.shape,
        item.transform,
        item.bbox,
        item.crs.as_ref(),
    );
    own.or_else(|| finest(data_assets(scene).filter_map(|a| own_place(a, shape))))
        .or_else(|| {
            finest(data_assets(scene).filter_map(|a| {
                let p = &a.projection;
                whole(
                    Source::Asset(a.key.clone()),
                    p.shape.or(item.shape),
                    p.transform.or(item.transform),
                    p.bbox.or(item.bbox),
                    p.crs.as_ref(),
                )
            }))
        })
        .or_else(|| {
            let others = scene.assets.iter().filter(|a| !a.is_auxiliary());
            finest(others.filter_map(|a| own_place(a, shape)))
        })
        .or_else(|| {
            finest(headers.iter().filter_map(|h| {
                let mut place = header_place(h)?;
                place.size = shape.unwrap_or(place.size);
                Some(place)
            }))
        })
        .or_else(|| {
            // A raster without a place of its own, of which the item says the place.
            finest(headers.iter().filter_map(|h| {
                let p = scene.asset(&h.asset).map(|a| &a.projection);
                whole(
                    Source::Header(h.asset.clone()),
                    Some(h.size),
                    p.and_then(|p| p.transform).or(item.transform),
                    p.and_then(|p| p.bbox).or(item.bbox),
                    h.crs.as_ref(),
                )
            }))
        })
}

fn find_crs(
    scene: &Scene,
    headers: &[RasterHeader],
    place: Option<&Source>,
) -> Option<(Source, Crs)> {
    let of_asset = |key: &str| {
        let asset = scene.assets.iter().find(|a| a.key == key)?;
        let crs = asset.projection.crs.clone()?;
        Some((Source::Asset(key.to_owned()), crs))
    };
    let of_header = |h: &RasterHeader| {
        h.crs
            .clone()
            .map(|crs| (Source::Header(h.asset.clone()), crs))
    };
    let same = match place {
        Some(Source::Asset(key) | Source::Header(key)) => of_asset(key),
        _ => None,
    };
    let same_header = || match place {
        Some(Source::Asset(key) | Source::Header(key)) => {
            headers.iter().find(|h| h.asset == *key).and_then(of_header)
        }
        _ => None,
    };
    same.or_else(|| scene.projection.crs.clone().map(|crs| (Source::Item, crs)))
        .or_else(|| data_assets(scene).find_map(|a| of_asset(&a.key)))
        .or_else(same_header)
        .or_else(|| headers.iter().find_map(of_header))
        .or_else(|| scene.assets.iter().find_map(|a| of_asset(&a.key)))
}

fn missing(
    scene: &Scene,
    headers: &[RasterHeader],
    shape: Option<Size>,
    place: Option<&Place>,
    crs: bool,
) -> MissingGrid {
    let item = &scene.projection;
    let of_any = |has: fn(&Asset) -> bool| data_assets(scene).any(has);
    let known = place.is_some();
    let mut ask: Vec<&Asset> = data_assets(scene)
        .filter(|a| !headers.iter().any(|h| h.asset == a.key))
        .collect();
    // Of the asset whose place is known only the reference system is wanted; else the finest.
    let rank = |a: &Asset| match place.map(|p| &p.source) {
        Some(Source::Asset(key) | Source::Header(key)) if a.key == *key => 0.0,
        _ => a.gsd.filter(|g| *g > 0.0).unwrap_or(f64::INFINITY),
    };
    ask.sort_by(|a, b| {
        let area = |a: &Asset| a.projection.shape.map_or(0, Size::area);
        rank(a)
            .total_cmp(&rank(b))
            .then_with(|| area(b).cmp(&area(a)))
    });
    MissingGrid {
        item: scene.id.clone(),
        crs: !crs,
        shape: !(known
            || shape.is_some()
            || item.shape.is_some()
            || of_any(|a| a.projection.shape.is_some())),
        transform: !(known
            || item.transform.is_some_and(usable)
            || of_any(|a| a.projection.transform.is_some_and(usable))),
        ask: ask.into_iter().map(|a| a.key.clone()).collect(),
        asked: !headers.is_empty(),
    }
}

impl fmt::Display for MissingGrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = Vec::new();
        if self.crs {
            fields.push("a reference system (proj:code, proj:epsg, proj:wkt2 or proj:projjson)");
        }
        if self.shape {
            fields.push("proj:shape");
        }
        if self.transform {
            fields.push("proj:transform");
        }
        if fields.is_empty() {
            fields.push("proj:shape and proj:transform of one and the same raster");
        }
        write!(f, "item {} lacks {}", self.item, fields.join(", "))?;
        match (self.asked, self.ask.as_slice()) {
            (true, _) => f.write_str(", and its rasters do not say either"),
            (false, []) => f.write_str(", and has no TIFF asset that could say"),
            (false, ask) => write!(f, "; the raster of asset `{}` may say", ask.join("`, `")),
        }
    }
}

fn data_assets(scene: &Scene) -> impl Iterator<Item = &Asset> {
    scene.assets.iter().filter(|a| a.is_data())
}

fn own_place(asset: &Asset, shape: Option<Size>) -> Option<Place> {
    let p = &asset.projection;
    let (size, transform) = complete(shape.or(p.shape), p.transform, p.bbox)?;
    Some(Place {
        source: Source::Asset(asset.key.clone()),
        size,
        transform,
        crs: p.crs.clone(),
    })
}

fn header_place(header: &RasterHeader) -> Option<Place> {
    let (size, transform) = complete(Some(header.size), header.transform, None)?;
    Some(Place {
        source: Source::Header(header.asset.clone()),
        size,
        transform,
        crs: header.crs.clone(),
    })
}

/// Size and transform, one of which may follow from `bbox`.
fn complete(
    size: Option<Size>,
    transform: Option<Affine>,
    bbox: Option<Bounds>,
) -> Option<(Size, Affine)> {
    let size = size.filter(|s| !s.is_empty());
    let transform = transform.filter(|t| usable(*t));
    match (size, transform) {
        (Some(size), Some(transform)) => Some((size, transform)),
        (Some(size), None) => Some((size, north_up(size, bbox?)?)),
        (None, Some(transform)) => Some((size_of(transform, bbox?)?, transform)),
        (None, None) => None,
    }
}

fn usable(transform: Affine) -> bool {
    transform.inverse().is_some()
}

fn north_up(size: Size, bbox: Bounds) -> Option<Affine> {
    let a = (bbox.xmax - bbox.xmin) / f64::from(size.width);
    let e = (bbox.ymin - bbox.ymax) / f64::from(size.height);
    let transform = Affine::new(a, 0.0, bbox.xmin, 0.0, e, bbox.ymax);
    (a > 0.0 && e < 0.0 && usable(transform)).then_some(transform)
}

/// The size of a raster that fills `bbox` exactly; nothing where no whole number of pixels does.
fn size_of(transform: Affine, bbox: Bounds) -> Option<Size> {
    let inverse = transform.inverse().filter(|_| transform.is_rectilinear())?;
    let (c0, r0) = inverse.apply(bbox.xmin, bbox.ymin);
    let (c1, r1) = inverse.apply(bbox.xmax, bbox.ymax);
    let whole = |a: f64, b: f64| {
        let (first, last) = (a.min(b), a.max(b));
        let exact = first.abs() < TOLERANCE && (last - last.round()).abs() < TOLERANCE;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be a whole number within u32"
        )]
        (exact && last.round() >= 1.0 && last.round() <= f64::from(u32::MAX))
            .then(|| last.round() as u32)
    };
    Some(Size::new(whole(c0, c1)?, whole(r0, r1)?))
}

/// The place with the smallest pixels; where reference systems differ, and with them units, the one
/// with the most pixels. The first of equals.
fn finest(places: impl IntoIterator<Item = Place>) -> Option<Place> {
    let places: Vec<_> = places.into_iter().collect();
    let one_unit = places
        .iter()
        .zip(places.iter().skip(1))
        .all(|(a, b)| match (&a.crs, &b.crs) {
            (Some(a), Some(b)) => a.matches(b) != Some(false),
            _ => true,
        });
    places.into_iter().reduce(|best, next| {
        let finer = if one_unit {
            let (a, b) = (
                next.transform.determinant().abs(),
                best.transform.determinant().abs(),
            );
            a < b || (a == b && next.size.area() > best.size.area())
        } else {
            next.size.area() > best.size.area()
        };
        if finer { next } else { best }
    })
}

/// How two transforms disagree on a raster of `size`; nothing where they agree.
fn apart(used: (Source, Affine), other: (Source, Affine), size: Size) -> Option<Disagreement> {
    let (w, h) = (f64::from(size.width), f64::from(size.height));
    let inverse = used.1.inverse()?;
    let pixels = [(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)]
        .map(|(col, row)| {
            let (x, y) = other.1.apply(col, row);
            let (c, r) = inverse.apply(x, y);
            (c - col).hypot(r - row)
        })
        .into_iter()
        .fold(0.0, f64::max);
    (pixels.is_nan() || pixels > TOLERANCE).then_some(Disagreement::Transform {
        used,
        other,
        pixels,
    })
}

fn distance(about: Option<&Disagreement>) -> f64 {
    match about {
        Some(Disagreement::Transform { pixels, .. }) => *pixels,
        _ => 0.0,
    }
}

/// In pixels: more than what is lost where an item writes few decimals, and less than the half pixel
/// by which centre and corner differ.
const TOLERANCE: f64 = 0.1;

#[cfg(test)]
mod tests;
