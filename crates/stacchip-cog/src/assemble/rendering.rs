//! Whether the bands are the samples, or a rendering of them.

use crate::{
    Compression, Encoding, Planar, Rendering, SampleFormat,
    header::{Directory, Tag},
    render::{Colours, Lab, Ycbcr},
};

/// The rendering that GDAL shows of the samples of `directory`; nothing where it shows the samples.
pub(super) fn rendering(directory: &Directory, encoding: &Encoding) -> Option<Rendering> {
    if encoding.bits != 8 || encoding.format == SampleFormat::Float {
        return None;
    }
    let colours = match encoding.photometric {
        SEPARATED if encoding.samples >= 4 && is_cmyk(directory) => Colours::Cmyk,
        LAB if encoding.samples == 3 && encoding.extra_samples.is_empty() => Colours::Lab(
            Box::new(Lab::new(numbers(directory, Tag::WHITE_POINT, D50))?),
        ),
        LOG_L if encoding.compression == Compression::SGI_LOG && encoding.samples == 1 => {
            Colours::Opaque
        }
        LOG_LUV if is_log(encoding.compression) && encoding.samples == 3 => Colours::Opaque,
        YCBCR if encoding.compression != Compression::JPEG && encoding.samples == 3 => {
            let luma = numbers(directory, Tag::YCBCR_COEFFICIENTS, LUMA);
            let range = numbers(directory, Tag::REFERENCE_BLACK_WHITE, BLACK_WHITE);
            let (h, v) = encoding.subsampling;
            if !matches!((h, v), (1 | 2, 1 | 2) | (4, 1 | 2 | 4)) {
                return None;
            }
            Colours::Ycbcr(Box::new(Ycbcr::new(luma, range, (h.into(), v.into()))?))
        }
        _ => return None,
    };
    let orientation = directory.unsigned(Tag::ORIENTATION).unwrap_or(1);
    let rendering = Rendering {
        colours,
        mirrored: matches!(orientation, 2 | 3 | 6 | 7),
        upended: matches!(orientation, 3 | 4 | 7 | 8),
    };
    // Of planes that lie apart GDAL renders as little; it heeds the orientation of blocks there, too.
    let apart = match &rendering.colours {
        Colours::Cmyk => encoding.samples == 4,
        Colours::Ycbcr(ycbcr) => ycbcr.factors == (1, 1),
        _ => false,
    };
    let plain = apart && !rendering.mirrored && !rendering.upended;
    (encoding.planar == Planar::Chunky || plain).then_some(rendering)
}

/// `InkSet` (332): 1, which need not be said, is CMYK.
fn is_cmyk(directory: &Directory) -> bool {
    directory.unsigned(Tag::INK_SET).unwrap_or(1) == 1
}

const fn is_log(compression: Compression) -> bool {
    matches!(compression, Compression::SGI_LOG | Compression::SGI_LOG_24)
}

/// The numbers of `tag`, where it has as many.
fn numbers<const N: usize>(directory: &Directory, tag: Tag, default: [f32; N]) -> [f32; N] {
    #[expect(clippy::cast_possible_truncation, reason = "libtiff holds them so")]
    let held = directory
        .floats(tag)
        .map(|all| all.into_iter().map(|v| v as f32).collect::<Vec<_>>());
    held.and_then(|all| all.first_chunk::<N>().copied())
        .unwrap_or(default)
}

// `PhotometricInterpretation` (262): TIFF 6.0, sections 16, 21 and 23; SGI's own.
const SEPARATED: u16 = 5;
const YCBCR: u16 = 6;
const LAB: u16 = 8;
const LOG_L: u16 = 32844;
const LOG_LUV: u16 = 32845;
/// TIFF 6.0, section 21.
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];
const BLACK_WHITE: [f32; 6] = [0.0, 255.0, 128.0, 255.0, 128.0, 255.0];
/// The white that Adobe's technical notes say where a file says none: CIE D50.
const D50: [f32; 2] = [
    96.425 / (96.425 + 100.0 + 82.468),
    100.0 / (96.425 + 100.0 + 82.468),
];
