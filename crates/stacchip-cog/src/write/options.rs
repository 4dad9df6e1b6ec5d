//! What a file shall be like.

use stacchip_model::{Affine, SampleType};

use super::{GeoCrs, WriteError};

/// How a file shall be laid out, and what it says about its pixels.
///
/// Begin with [`WriteOptions::cog`] or [`WriteOptions::geotiff`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct WriteOptions {
    /// Where things lie in the file.
    pub layout: FileLayout,
    /// Tiles or strips.
    pub blocks: Blocks,
    /// Whether the bands of a pixel lie side by side.
    pub interleave: Interleave,
    /// What is done to pixels before they are compressed.
    pub predictor: Predictor,
    /// How many overviews there are.
    pub overviews: Overviews,
    /// How overviews are made.
    pub resampling: Resampling,
    /// The value that means "no data", for all bands.
    pub nodata: Option<Nodata>,
    /// Whether an internal mask of 1 bit a pixel is written.
    pub mask: bool,
    /// Whether blocks that hold nothing but nodata (or zeros where there is none) are left out.
    pub sparse: bool,
    /// Whether offsets have 64 bits.
    pub big_tiff: BigTiff,
    /// Whether numbers are big-endian.
    pub big_endian: bool,
    /// What the bands are to the eye.
    pub photometric: Photometric,
    /// What the bands beyond those of `photometric` are; those not named are unspecified.
    pub extra_samples: Vec<ExtraSample>,
    /// What is said of each band; empty, or one for each.
    pub bands: Vec<BandLabel>,
    /// GDAL metadata of the file: names and values.
    pub metadata: Vec<(String, String)>,
    /// The place on the ground.
    pub georeference: Option<Place>,
}

impl WriteOptions {
    /// A Cloud Optimized GeoTIFF: tiles of 512, overviews by averaging until one tile holds all.
    pub fn cog() -> Self {
        Self {
            layout: FileLayout::Cog,
            blocks: Blocks::tiles(512),
            interleave: Interleave::Pixel,
            predictor: Predictor::None,
            overviews: Overviews::UntilOneBlock,
            resampling: Resampling::Average,
            nodata: None,
            mask: false,
            sparse: false,
            big_tiff: BigTiff::IfNeeded,
            big_endian: false,
            photometric: Photometric::MinIsBlack,
            extra_samples: Vec::new(),
            bands: Vec::new(),
            metadata: Vec::new(),
            georeference: None,
        }
    }

    /// A plain GeoTIFF: tiles of 256, no overviews.
    pub fn geotiff() -> Self {
        Self {
            layout: FileLayout::Plain,
            blocks: Blocks::tiles(256),
            overviews: Overviews::None,
            ..Self::cog()
        }
    }

    /// The same in square tiles of `edge` pixels.
    pub fn tiles(mut self, edge: u32) -> Self {
        self.blocks = Blocks::tiles(edge);
        self
    }

    /// The same in strips of `rows` rows.
    pub fn strips(mut self, rows: u32) -> Self {
        self.blocks = Blocks::Strips { rows };
        self
    }

    /// The same with bands apart or side by side.
    pub fn interleave(mut self, interleave: Interleave) -> Self {
        self.interleave = interleave;
        self
    }

    /// The same with a predictor.
    pub fn predictor(mut self, predictor: Predictor) -> Self {
        self.predictor = predictor;
        self
    }

    /// The same with the predictor that suits `sample`: differences of integers, the floating
    /// point one for floats, none for complex numbers.
    pub fn predictor_for(self, sample: SampleType) -> Self {
        self.predictor(Predictor::suiting(sample))
    }

    /// The same with overviews.
    pub fn overviews(mut self, overviews: Overviews, resampling: Resampling) -> Self {
        self.overviews = overviews;
        self.resampling = resampling;
        self
    }

    /// The same with a value that means "no data".
    pub fn nodata(mut self, nodata: impl Into<Nodata>) -> Self {
        self.nodata = Some(nodata.into());
        self
    }

    /// The same with or without an internal mask.
    pub fn mask(mut self, mask: bool) -> Self {
        self.mask = mask;
        self
    }

    /// The same with or without leaving out empty blocks.
    pub fn sparse(mut self, sparse: bool) -> Self {
        self.sparse = sparse;
        self
    }

    /// The same with or without 64-bit offsets.
    pub fn big_tiff(mut self, big_tiff: BigTiff) -> Self {
        self.big_tiff = big_tiff;
        self
    }

    /// The same in big-endian or little-endian order.
    pub fn big_endian(mut self, big_endian: bool) -> Self {
        self.big_endian = big_endian;
        self
    }

    /// The same with another meaning of the first bands.
    pub fn photometric(mut self, photometric: Photometric) -> Self {
        self.photometric = photometric;
        self
    }

    /// The same with meanings of the bands beyond those of the photometric interpretation.
    pub fn extra_samples(mut self, extra: impl IntoIterator<Item = ExtraSample>) -> Self {
        self.extra_samples = extra.into_iter().collect();
        self
    }

    /// The same with what is said of each band.
    pub fn bands(mut self, bands: impl IntoIterator<Item = BandLabel>) -> Self {
        self.bands = bands.into_iter().collect();
        self
    }

    /// The same with one more item of GDAL metadata.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.push((name.into(), value.into()));
        self
    }

    /// The same at a place on the ground.
    pub fn place(mut self, transform: Affine, crs: Option<GeoCrs>) -> Self {
        self.georeference = Some(Place {
            transform,
            crs,
            pixel_is_point: false,
        });
        self
    }

    /// The predictor, where it goes with `sample`.
    pub(super) fn checked_predictor(&self, sample: SampleType) -> Result<Predictor, WriteError> {
        let fits = match self.predictor {
            Predictor::None => true,
            Predictor::Horizontal => !sample.is_complex(),
            Predictor::FloatingPoint => sample.is_float(),
        };
        if fits {
            Ok(self.predictor)
        } else {
            Err(WriteError::Predictor {
                predictor: self.predictor.tag(),
                sample,
            })
        }
    }
}

/// Where things lie in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileLayout {
    /// As GDAL's COG driver orders them: ghost area, all directories, all tile tables, blocks of
    /// the smallest overview first and of the full resolution last, each block with its leader and
    /// trailer, mask blocks behind the blocks they mask.
    Cog,
    /// The same order without ghost area, leaders and trailers.
    Plain,
}

/// How a level is cut into blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blocks {
    /// Tiles; width and height are multiples of 16 (TIFF 6.0, section 15).
    Tiles {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// Strips of full rows.
    Strips {
        /// Rows of a strip; the last one has what is left.
        rows: u32,
    },
}

impl Blocks {
    /// Square tiles.
    pub const fn tiles(edge: u32) -> Self {
        Self::Tiles {
            width: edge,
            height: edge,
        }
    }
}

/// The value of `PlanarConfiguration` (284).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interleave {
    /// 1: the bands of a pixel side by side.
    Pixel,
    /// 2: each band in blocks of its own.
    Band,
}

/// The value of `Predictor` (317).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Predictor {
    /// 1: nothing.
    None,
    /// 2: differences to the pixel on the left (TIFF 6.0, section 14).
    Horizontal,
    /// 3: bytes of floats by significance, then differences (Adobe Technical Note 3).
    FloatingPoint,
}

impl Predictor {
    /// The one that suits `sample`.
    pub const fn suiting(sample: SampleType) -> Self {
        if sample.is_float() {
            Self::FloatingPoint
        } else if sample.is_integer() {
            Self::Horizontal
        } else {
            Self::None
        }
    }

    /// The value of the tag.
    pub const fn tag(self) -> u16 {
        match self {
            Self::None => 1,
            Self::Horizontal => 2,
            Self::FloatingPoint => 3,
        }
    }
}

/// How many overviews a file has; each has half the pixels of the one before, rounded up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Overviews {
    /// None.
    None,
    /// As many as it takes until one block holds the whole of the last, as GDAL's COG driver does.
    UntilOneBlock,
    /// So many, or fewer where the last would be a single pixel.
    Count(u8),
}

/// How four pixels of a level make one of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resampling {
    /// The first of the four.
    Nearest,
    /// The mean of those that hold data; halves are rounded up.
    Average,
    /// The most frequent of those that hold data, the first of equals.
    Mode,
    /// A triangle over four by four pixels (weights 1, 3, 3, 1), over those that hold data.
    Bilinear,
}

/// A value that means "no data".
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Nodata {
    /// Any number, infinity or NaN.
    Float(f64),
    /// A whole number, exactly: 64-bit integers need it.
    Integer(i128),
}

impl From<f64> for Nodata {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<i64> for Nodata {
    fn from(value: i64) -> Self {
        Self::Integer(value.into())
    }
}

impl From<u64> for Nodata {
    fn from(value: u64) -> Self {
        Self::Integer(value.into())
    }
}

/// Whether offsets have 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BigTiff {
    /// Where 32 bits cannot say them.
    IfNeeded,
    /// In any case.
    Always,
}

/// The value of `PhotometricInterpretation` (262).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Photometric {
    /// 1: zero is black.
    MinIsBlack,
    /// 2: the first three bands are red, green and blue.
    Rgb,
    /// 3: one band of indices into a table of red, green and blue, 0 to 65535 each. Entries that
    /// are missing are black.
    Palette(Vec<[u16; 3]>),
}

impl Photometric {
    /// The value of the tag.
    pub const fn tag(&self) -> u16 {
        match self {
            Self::MinIsBlack => 1,
            Self::Rgb => 2,
            Self::Palette(_) => 3,
        }
    }

    /// Bands it gives a meaning to.
    pub const fn bands(&self) -> usize {
        match self {
            Self::Rgb => 3,
            Self::MinIsBlack | Self::Palette(_) => 1,
        }
    }
}

/// A value of `ExtraSamples` (338).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExtraSample {
    /// 0: anything.
    Unspecified,
    /// 1: alpha that the colours are already multiplied with.
    AssociatedAlpha,
    /// 2: alpha.
    Alpha,
}

impl ExtraSample {
    /// The value of the tag.
    pub const fn tag(self) -> u16 {
        match self {
            Self::Unspecified => 0,
            Self::AssociatedAlpha => 1,
            Self::Alpha => 2,
        }
    }
}

/// What is said of a band.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BandLabel {
    /// Its description.
    pub description: Option<String>,
    /// Factor from stored to physical values.
    pub scale: Option<f64>,
    /// What is added after the factor.
    pub offset: Option<f64>,
    /// Unit of the physical values.
    pub unit: Option<String>,
    /// Further items of GDAL metadata of the band.
    pub metadata: Vec<(String, String)>,
}

impl BandLabel {
    /// A band with a description.
    pub fn described(description: impl Into<String>) -> Self {
        Self {
            description: Some(description.into()),
            ..Self::default()
        }
    }
}

/// The place of a raster on the ground.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// From pixel corners to the ground.
    pub transform: Affine,
    /// Reference system of its x and y.
    pub crs: Option<GeoCrs>,
    /// Whether pixels are said to be points. `transform` is of corners all the same.
    pub pixel_is_point: bool,
}
