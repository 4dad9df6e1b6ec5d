//! Whole files: from bytes to windows.

use bytes::Bytes;
use futures::executor::block_on;
use stacchip_cog::{
    Bands, Codecs, Image, Limits, Part, PlanError, ReadWindowError, open, read_window,
    testing::MemoryReader,
};
use stacchip_model::{Size, Window};

use crate::{Choices, memory};

/// Opens a file and reads a few windows of its levels and masks.
pub fn file(input: &[u8]) {
    windows(input);
}

/// How many windows could be read.
fn windows(input: &[u8]) -> usize {
    let (data, mut choices) = Choices::split(input);
    let file = Bytes::copy_from_slice(data);
    let limits = Limits {
        directories: 16,
        entries: 256,
        bands: 256,
        tag_bytes: 32 << 10,
        header_bytes: 256 << 10,
        first_read_bytes: 1 + u64::from(choices.below(4096)),
        page_bytes: 1 << (choices.byte() % 13),
        block_bytes: 256 << 10,
        stored_block_bytes: 256 << 10,
        window_bytes: 256 << 10,
        window_blocks: 64,
        window_stored_bytes: 1 << 20,
        window_decoded_bytes: 4 << 20,
    };
    let reader = MemoryReader::new(file.clone());
    let opened = memory::within("opening", OPENING + 16 * file.len(), || {
        block_on(open(&reader, &limits))
    });
    let cog = match opened {
        Ok(cog) => cog,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return 0;
        }
    };
    assert!(
        reader.bytes_read() <= limits.header_bytes.max(file.len() as u64 * 2 + (1 << 20)),
        "{} bytes read of a header of {} at most",
        reader.bytes_read(),
        limits.header_bytes
    );
    let _ = cog.conformance();
    let codecs = stacchip_codecs::built_in();
    let mut done = 0;
    for image in cog.images.iter().take(3) {
        for level in 0..image.levels.len().min(3) {
            let Some(size) = image.levels.get(level).map(|l| l.size) else {
                continue;
            };
            for part in [Part::Pixels, Part::Mask] {
                let window = window(size, &mut choices);
                done += usize::from(read(&reader, image, level, window, part, &codecs, &limits));
            }
        }
    }
    done
}

fn read(
    reader: &MemoryReader,
    image: &Image,
    level: usize,
    window: Window,
    part: Part,
    codecs: &Codecs,
    limits: &Limits,
) -> bool {
    let work = || {
        block_on(read_window(
            reader,
            image,
            level,
            window,
            Bands::All,
            part,
            codecs,
        ))
    };
    match memory::within("reading a window", WINDOW, work) {
        Ok(pixels) => {
            assert!(
                pixels.as_bytes().len() as u64 <= limits.window_bytes,
                "{} bytes of pixels",
                pixels.as_bytes().len()
            );
            let again = work().expect("what was read can be read again");
            assert!(again == pixels, "read again, the pixels differ");
            true
        }
        Err(ReadWindowError::Plan(PlanError::NoMask { .. })) => false,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

/// Some window; most lie inside of the raster.
fn window(size: Size, choices: &mut Choices) -> Window {
    if choices.byte() < 100 {
        return size.window();
    }
    let (col, row) = (
        choices.below(size.width.min(1 << 16)),
        choices.below(size.height.min(1 << 16)),
    );
    let width = 1 + choices.below(300).min(size.width.saturating_sub(col + 1));
    let height = 1 + choices.below(300).min(size.height.saturating_sub(row + 1));
    Window::new(col.into(), row.into(), width, height)
}

/// Bytes that opening may take beyond a multiple of the file: `header_bytes` of each kind, and some for
/// every directory.
const OPENING: usize = 2 << 20;
/// Bytes that a window may take: JPEG XL takes 64 for each sample of a block and 16 MiB.
const WINDOW: usize = 40 << 20;

#[cfg(test)]
mod tests {
    #[test]
    fn windows_of_every_seed_are_read() {
        for (number, seed) in crate::seeds("file").iter().enumerate() {
            assert!(super::windows(seed) > 0, "seed {number}");
        }
    }
}
