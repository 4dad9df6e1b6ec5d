//! Rectangles of pixels.

/// Width and height of a raster, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Size {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Size {
    /// A size of `width` columns and `height` rows.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Pixels in all.
    pub const fn area(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// The window that is all of it.
    pub const fn window(self) -> Window {
        Window::new(0, 0, self.width, self.height)
    }

    /// Whether it holds no pixel.
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }
}

/// A rectangle of pixels; its offset may be negative and its extent may leave the raster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// First column.
    pub col: i64,
    /// First row.
    pub row: i64,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Window {
    /// A window of `width` × `height` pixels whose first pixel is at (`col`, `row`).
    pub const fn new(col: i64, row: i64, width: u32, height: u32) -> Self {
        Self {
            col,
            row,
            width,
            height,
        }
    }

    /// Its extent.
    pub const fn size(self) -> Size {
        Size::new(self.width, self.height)
    }

    /// The column after its last; saturates where `i64` ends.
    pub const fn col_end(self) -> i64 {
        self.col.saturating_add(self.width as i64)
    }

    /// The row after its last; saturates where `i64` ends.
    pub const fn row_end(self) -> i64 {
        self.row.saturating_add(self.height as i64)
    }

    /// Whether it holds no pixel.
    pub const fn is_empty(self) -> bool {
        self.size().is_empty()
    }

    /// Whether it lies wholly inside a raster of `size`.
    pub const fn fits(self, size: Size) -> bool {
        self.col >= 0
            && self.row >= 0
            && self.col_end() <= size.width as i64
            && self.row_end() <= size.height as i64
    }

    /// Whether `other` lies wholly inside it.
    pub const fn contains(self, other: Self) -> bool {
        self.col <= other.col
            && self.row <= other.row
            && other.col_end() <= self.col_end()
            && other.row_end() <= self.row_end()
    }

    /// What it shares with `other`; nothing where they share no pixel.
    pub fn intersection(self, other: Self) -> Option<Self> {
        let col = self.col.max(other.col);
        let row = self.row.max(other.row);
        let width = u32::try_from(self.col_end().min(other.col_end()).checked_sub(col)?).ok()?;
        let height = u32::try_from(self.row_end().min(other.row_end()).checked_sub(row)?).ok()?;
        (width > 0 && height > 0).then_some(Self::new(col, row, width, height))
    }

    /// The part of it inside a raster of `size`; nothing where none is.
    pub fn clip(self, size: Size) -> Option<Self> {
        self.intersection(size.window())
    }

    /// The same extent, seen from the pixel (`col`, `row`).
    pub const fn relative_to(self, col: i64, row: i64) -> Self {
        Self::new(
            self.col.saturating_sub(col),
            self.row.saturating_sub(row),
            self.width,
            self.height,
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn windows() -> impl Strategy<Value = Window> {
        (-500i64..500, -500i64..500, 0u32..600, 0u32..600)
            .prop_map(|(col, row, width, height)| Window::new(col, row, width, height))
    }

    proptest! {
        #[test]
        fn an_intersection_lies_in_both(a in windows(), b in windows()) {
            match a.intersection(b) {
                Some(both) => {
                    prop_assert!(a.contains(both) && b.contains(both) && !both.is_empty());
                    prop_assert_eq!(b.intersection(a), Some(both));
                }
                None => prop_assert!(
                    a.is_empty() || b.is_empty()
                        || a.col_end() <= b.col || b.col_end() <= a.col
                        || a.row_end() <= b.row || b.row_end() <= a.row
                ),
            }
        }

        #[test]
        fn a_clip_fits(a in windows(), width in 1u32..400, height in 1u32..400) {
            let size = Size::new(width, height);
            if let Some(clip) = a.clip(size) {
                prop_assert!(clip.fits(size));
            }
        }
    }

    #[test]
    fn the_far_end_of_the_number_line_is_no_overlap() {
        let far = Window::new(i64::MAX, i64::MAX, u32::MAX, u32::MAX);
        assert_eq!(far.intersection(Window::new(0, 0, 10, 10)), None);
        assert_eq!(
            Window::new(i64::MIN, 0, 5, 5).intersection(Window::new(0, 0, 5, 5)),
            None
        );
    }
}
