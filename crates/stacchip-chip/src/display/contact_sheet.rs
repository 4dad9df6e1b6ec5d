//! Many pictures on one sheet.

use stacchip_model::{Pixels, PixelsError, SampleType};

/// A sheet of `pictures`, row by row, `columns` a row (as many as make it about square where
/// nothing is said) with `gap` pixels between and around them: red, green, blue and alpha,
/// transparent where there is no picture. Cells are as large as the largest picture.
///
/// Pictures are bytes of one to four bands, as [`Picture`](super::Picture) makes them.
///
/// # Errors
/// [`PixelsError::TooLarge`].
pub fn contact_sheet(
    pictures: &[Pixels],
    columns: Option<usize>,
    gap: usize,
) -> Result<Pixels, PixelsError> {
    let root = pictures.len().isqrt();
    let about_square = root + usize::from(root * root < pictures.len());
    let columns = columns.unwrap_or(about_square).max(1);
    let columns = columns.min(pictures.len().max(1));
    let rows = pictures.len().div_ceil(columns);
    let largest = |extent: fn(&Pixels) -> usize| pictures.iter().map(extent).max().unwrap_or(0);
    let (height, width) = (largest(Pixels::height), largest(Pixels::width));
    let along = |cell: usize, count: usize| {
        cell.saturating_add(gap)
            .saturating_mul(count)
            .saturating_add(gap)
    };
    let shape = [4, along(height, rows), along(width, columns)];
    let mut sheet = Pixels::zeros(SampleType::U8, shape)?;
    for (i, picture) in pictures.iter().enumerate() {
        let top = along(height, i / columns);
        let left = along(width, i % columns);
        put(picture, &mut sheet, top, left);
    }
    Ok(sheet)
}

fn put(picture: &Pixels, sheet: &mut Pixels, top: usize, left: usize) {
    let [bands, height, width] = picture.shape();
    // Grey is its own red, green and blue; no alpha is opaque.
    let colours = bands.saturating_sub(usize::from(bands % 2 == 0));
    let sheet_width = sheet.width();
    for band in 0..4usize {
        let source = match band {
            3 if bands % 2 == 0 => picture.band_bytes(bands.saturating_sub(1)),
            3 => None,
            _ => picture.band_bytes(band.min(colours.saturating_sub(1))),
        };
        let Some(target) = sheet.band_bytes_mut(band) else {
            return;
        };
        for row in 0..height {
            let start = (top + row) * sheet_width + left;
            let line = target.get_mut(start..start + width).unwrap_or_default();
            match source.and_then(|s| s.get(row * width..(row + 1) * width)) {
                Some(from) if from.len() == line.len() => line.copy_from_slice(from),
                _ => line.fill(255),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stand_in_rows_with_gaps() {
        let grey = Pixels::from_slice([1, 1, 2], &[10u8, 20]).unwrap();
        let colour = Pixels::from_slice([4, 1, 1], &[1u8, 2, 3, 4]).unwrap();
        let sheet = contact_sheet(&[grey.clone(), colour, grey], Some(2), 1).unwrap();
        assert_eq!(sheet.shape(), [4, 5, 7]);
        let pixel = |row: usize, col: usize| {
            [0, 1, 2, 3].map(|b| sheet.band_bytes(b).unwrap()[row * 7 + col])
        };
        assert_eq!(pixel(1, 1), [10, 10, 10, 255]);
        assert_eq!(pixel(1, 2), [20, 20, 20, 255]);
        assert_eq!(pixel(1, 4), [1, 2, 3, 4]);
        assert_eq!(pixel(3, 2), [20, 20, 20, 255]);
        for (row, col) in [(0, 0), (1, 3), (1, 5), (2, 1), (3, 4), (4, 6)] {
            assert_eq!(pixel(row, col), [0; 4], "{row} {col}");
        }
    }

    #[test]
    fn it_is_about_square_by_itself() {
        let one = Pixels::from_slice([3, 2, 2], &[9u8; 12]).unwrap();
        let shape = |n: usize| {
            contact_sheet(&vec![one.clone(); n], None, 0)
                .unwrap()
                .shape()
        };
        assert_eq!(shape(5), [4, 4, 6]);
        assert_eq!(shape(1), [4, 2, 2]);
        assert_eq!(shape(0), [4, 0, 0]);
    }
}
