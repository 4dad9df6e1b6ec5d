//! The files of each platform.

use stacchip_model::SampleType;

use super::{SamplePlatform, land::Ground, masks::MODIS_QC_FILL, spectra::Colour};

/// One raster of a scene.
#[derive(Debug, Clone, Copy)]
pub(super) struct Product {
    /// Key of the asset, and name of the file without `.tif`.
    pub(super) key: &'static str,
    pub(super) title: &'static str,
    /// The producer's name of the band.
    pub(super) band: &'static str,
    pub(super) content: Content,
    /// Pixels of the finest grid along a side of one of its own.
    pub(super) factor: u32,
}

/// What is in a raster.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
    /// `uint16`, ten-thousandths, 0 is no data.
    Sentinel2(Colour),
    /// `uint8` classes.
    SceneClass,
    /// `uint16`, (reflectance + 0.2) / 0.0000275, 0 is no data.
    Landsat(Colour),
    /// `uint16` bits.
    LandsatQa,
    /// `uint8` of red, green, blue and near infrared.
    Naip,
    /// `uint8` of red, green and blue, with a mask; 0 in all bands where it is off.
    Linz,
    /// `float32` linear power, −32768 is no data.
    Radar {
        /// Whether the wave comes back in the other polarisation.
        cross: bool,
    },
    /// `int16`, ten-thousandths, −28672 is no data.
    Modis(Colour),
    /// `uint32` bits.
    ModisQc,
}

impl Content {
    pub(super) const fn sample(self) -> SampleType {
        match self {
            Self::Sentinel2(_) | Self::Landsat(_) | Self::LandsatQa => SampleType::U16,
            Self::SceneClass | Self::Naip | Self::Linz => SampleType::U8,
            Self::Radar { .. } => SampleType::F32,
            Self::Modis(_) => SampleType::I16,
            Self::ModisQc => SampleType::U32,
        }
    }

    /// Names of its bands.
    pub(super) const fn bands(self) -> &'static [&'static str] {
        match self {
            Self::Naip => &["red", "green", "blue", "nir"],
            Self::Linz => &["red", "green", "blue"],
            _ => &[""],
        }
    }

    pub(super) fn nodata(self) -> Option<f64> {
        match self {
            Self::Sentinel2(_) | Self::SceneClass | Self::Landsat(_) => Some(0.0),
            // The fill bit alone.
            Self::LandsatQa => Some(1.0),
            Self::Naip | Self::Linz => None,
            Self::Radar { .. } => Some(-32768.0),
            Self::Modis(_) => Some(-28672.0),
            Self::ModisQc => Some(f64::from(MODIS_QC_FILL)),
        }
    }

    /// Whether its numbers are bits or classes, which no mean is taken of.
    pub(super) const fn is_classes(self) -> bool {
        matches!(self, Self::SceneClass | Self::LandsatQa | Self::ModisQc)
    }

    pub(super) const fn has_mask(self) -> bool {
        matches!(self, Self::Linz)
    }

    /// The bytes of a row, `[band, column]` in native order.
    pub(super) fn row(self, ground: &[Ground]) -> Vec<u8> {
        fn put<const N: usize>(ground: &[Ground], number: impl Fn(&Ground) -> [u8; N]) -> Vec<u8> {
            ground.iter().flat_map(number).collect()
        }
        match self {
            Self::Sentinel2(colour) => put(ground, |g| {
                let seen = if g.unseen {
                    0
                } else {
                    whole(g.reflectance(colour))
                };
                seen.to_ne_bytes()
            }),
            Self::SceneClass => put(ground, |g| [g.scene_class()]),
            Self::Landsat(colour) => put(ground, |g| {
                let seen = if g.unseen {
                    0
                } else {
                    whole((g.reflectance(colour) + 2000) * 40 / 11)
                };
                seen.to_ne_bytes()
            }),
            Self::LandsatQa => put(ground, |g| g.landsat_qa().to_ne_bytes()),
            Self::Naip => [Colour::Red, Colour::Green, Colour::Blue, Colour::Nir]
                .iter()
                .flat_map(|&c| put(ground, |g| [tone(g.reflectance(c))]))
                .collect(),
            Self::Linz => [Colour::Red, Colour::Green, Colour::Blue]
                .iter()
                .flat_map(|&c| {
                    put(ground, |g| {
                        [if g.unseen { 0 } else { tone(g.reflectance(c)) }]
                    })
                })
                .collect(),
            Self::Radar { cross } => put(ground, |g| {
                let power = if g.unseen {
                    -32768.0
                } else {
                    // Whole numbers below 2^24 over a power of two: exact on every machine.
                    f32::from(whole(g.backscatter(cross).cast_signed())) / 65536.0
                };
                power.to_ne_bytes()
            }),
            Self::Modis(colour) => put(ground, |g| {
                let seen = if g.is_modis_fill() {
                    -28672
                } else {
                    i16::try_from(g.reflectance(colour)).unwrap_or(i16::MAX)
                };
                seen.to_ne_bytes()
            }),
            Self::ModisQc => put(ground, |g| g.modis_qc().to_ne_bytes()),
        }
    }
}

/// What fits into 16 bits.
fn whole(value: i32) -> u16 {
    u16::try_from(value.clamp(0, 65535)).unwrap_or(u16::MAX)
}

/// A reflectance for the eye, 1 to 255: the root of it, so that dark land is not black.
fn tone(reflectance: i32) -> u8 {
    let root = (reflectance.cast_unsigned() * 13).isqrt();
    u8::try_from(root.clamp(1, 255)).unwrap_or(u8::MAX)
}

impl SamplePlatform {
    /// The rasters of a scene, the one that tells quality first.
    pub(super) fn products(self) -> Vec<Product> {
        use Colour::{
            Blue, Green, Nir, Nir08, Red, RedEdge1, RedEdge2, RedEdge3, Swir12, Swir16, Swir22,
        };
        let product = |key, title, band, content, factor| Product {
            key,
            title,
            band,
            content,
            factor,
        };
        match self {
            Self::Sentinel2 => {
                let fine =
                    |key, title, band, c| product(key, title, band, Content::Sentinel2(c), 1);
                let coarse =
                    |key, title, band, c| product(key, title, band, Content::Sentinel2(c), 2);
                vec![
                    product(
                        "scl",
                        "Scene classification map (SCL)",
                        "SCL",
                        Content::SceneClass,
                        2,
                    ),
                    fine("blue", "Blue - 10m", "B02", Blue),
                    fine("green", "Green - 10m", "B03", Green),
                    fine("red", "Red - 10m", "B04", Red),
                    coarse("rededge1", "Red Edge 1 - 20m", "B05", RedEdge1),
                    coarse("rededge2", "Red Edge 2 - 20m", "B06", RedEdge2),
                    coarse("rededge3", "Red Edge 3 - 20m", "B07", RedEdge3),
                    fine("nir", "NIR 1 - 10m", "B08", Nir),
                    coarse("nir08", "NIR 2 - 20m", "B8A", Nir08),
                    coarse("swir16", "SWIR 1.6 µm - 20m", "B11", Swir16),
                    coarse("swir22", "SWIR 2.2 µm - 20m", "B12", Swir22),
                ]
            }
            Self::Landsat => {
                let band = |key, title, band, c| product(key, title, band, Content::Landsat(c), 1);
                vec![
                    product(
                        "qa_pixel",
                        "Pixel Quality Assessment Band",
                        "QA_PIXEL",
                        Content::LandsatQa,
                        1,
                    ),
                    band("blue", "Blue Band (B2)", "SR_B2", Blue),
                    band("green", "Green Band (B3)", "SR_B3", Green),
                    band("red", "Red Band (B4)", "SR_B4", Red),
                    band("nir08", "Near Infrared Band 0.8 (B5)", "SR_B5", Nir08),
                    band(
                        "swir16",
                        "Short-wave Infrared Band 1.6 (B6)",
                        "SR_B6",
                        Swir16,
                    ),
                    band(
                        "swir22",
                        "Short-wave Infrared Band 2.2 (B7)",
                        "SR_B7",
                        Swir22,
                    ),
                ]
            }
            Self::Naip => vec![product("image", "RGBIR COG tile", "", Content::Naip, 1)],
            Self::Linz => vec![product("visual", "Aerial imagery", "", Content::Linz, 1)],
            Self::Sentinel1 => vec![
                product(
                    "vv",
                    "VV: vertical transmit, vertical receive",
                    "VV",
                    Content::Radar { cross: false },
                    1,
                ),
                product(
                    "vh",
                    "VH: vertical transmit, horizontal receive",
                    "VH",
                    Content::Radar { cross: true },
                    1,
                ),
            ],
            Self::Modis => {
                let band = |key, title, c| product(key, title, key, Content::Modis(c), 1);
                vec![
                    product(
                        "sur_refl_qc_500m",
                        "Surface reflectance 500m band quality control flags",
                        "sur_refl_qc_500m",
                        Content::ModisQc,
                        1,
                    ),
                    band(
                        "sur_refl_b01",
                        "Surface Reflectance Band 1 (620-670 nm)",
                        Red,
                    ),
                    band(
                        "sur_refl_b02",
                        "Surface Reflectance Band 2 (841-876 nm)",
                        Nir,
                    ),
                    band(
                        "sur_refl_b03",
                        "Surface Reflectance Band 3 (459-479 nm)",
                        Blue,
                    ),
                    band(
                        "sur_refl_b04",
                        "Surface Reflectance Band 4 (545-565 nm)",
                        Green,
                    ),
                    band(
                        "sur_refl_b05",
                        "Surface Reflectance Band 5 (1230-1250 nm)",
                        Swir12,
                    ),
                    band(
                        "sur_refl_b06",
                        "Surface Reflectance Band 6 (1628-1652 nm)",
                        Swir16,
                    ),
                    band(
                        "sur_refl_b07",
                        "Surface Reflectance Band 7 (2105-2155 nm)",
                        Swir22,
                    ),
                ]
            }
        }
    }
}
