//! The grid of chips over a grid of pixels.

use stacchip_model::{Grid, Size, Window};

use crate::GridError;

/// What happens where the last chip of a row or column would leave the raster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Edge {
    /// There is no such chip: only whole ones count, as upstream.
    #[default]
    Drop,
    /// It is a chip of the pixels there are, until every pixel of the raster is in a chip (unless
    /// the stride leaves gaps).
    Keep,
}

/// How chips are laid over a raster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChipOptions {
    /// Edge of a chip, in pixels.
    pub chip_size: u32,
    /// Step from a chip to the next, in pixels; nothing: the chip size.
    pub stride: Option<u32>,
    /// What happens at the right and at the bottom.
    pub edge: Edge,
}

impl Default for ChipOptions {
    /// Chips of 256 pixels, side by side, whole ones only.
    fn default() -> Self {
        Self {
            chip_size: 256,
            stride: None,
            edge: Edge::Drop,
        }
    }
}

/// A chip's place in the grid of chips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
}

/// Chips over the pixels of a grid: which there are, and which pixels each is made of.
///
/// ```
/// use stacchip_index::{ChipGrid, ChipOptions};
/// use stacchip_model::{Affine, Crs, Grid, Size, Window};
///
/// let grid = Grid {
///     crs: Crs::epsg(32620),
///     size: Size::new(10_980, 10_980),
///     transform: Affine::new(10.0, 0.0, 499_980.0, 0.0, -10.0, 4_800_000.0),
/// };
/// let chips = ChipGrid::new(grid, ChipOptions::default())?;
/// assert_eq!((chips.columns(), chips.rows(), chips.len()), (42, 42, 1764));
///
/// let cell = chips.cell(1, 2)?;
/// assert_eq!(chips.window(cell), Window::new(256, 512, 256, 256));
/// # Ok::<(), stacchip_index::GridError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ChipGrid {
    grid: Grid,
    chip_size: u32,
    stride: u32,
    columns: u32,
    rows: u32,
}

impl ChipGrid {
    /// Chips laid over `grid`. A raster smaller than a chip yields none, unless partial ones are
    /// kept.
    ///
    /// # Errors
    /// [`GridError::ZeroChipSize`], [`GridError::ZeroStride`]; [`GridError::TooManyChips`] where
    /// there are more than 65 536 columns or rows of chips.
    pub fn new(grid: Grid, options: ChipOptions) -> Result<Self, GridError> {
        let size = options.chip_size;
        let stride = options.stride.unwrap_or(size);
        if size == 0 {
            return Err(GridError::ZeroChipSize);
        }
        if stride == 0 {
            return Err(GridError::ZeroStride);
        }
        let along = |pixels: u32, axis: &'static str| {
            let count = chips_along(pixels, size, stride, options.edge);
            if count > LIMIT {
                return Err(GridError::TooManyChips {
                    axis,
                    count: count.into(),
                    limit: LIMIT.into(),
                    stride: u64::from(pixels).div_ceil(u64::from(LIMIT)),
                });
            }
            Ok(count)
        };
        let columns = along(grid.size.width, "columns")?;
        let rows = along(grid.size.height, "rows")?;
        Ok(Self {
            chip_size: size,
            stride,
            columns,
            rows,
            grid,
        })
    }

    /// The grid of pixels below.
    pub const fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Edge of a chip, in pixels.
    pub const fn chip_size(&self) -> u32 {
        self.chip_size
    }

    /// Step from a chip to the next, in pixels.
    pub const fn stride(&self) -> u32 {
        self.stride
    }

    /// Columns of chips.
    pub const fn columns(&self) -> u32 {
        self.columns
    }

    /// Rows of chips.
    pub const fn rows(&self) -> u32 {
        self.rows
    }

    /// Chips in all.
    pub const fn len(&self) -> u64 {
        self.columns as u64 * self.rows as u64
    }

    /// Whether there is no chip.
    pub const fn is_empty(&self) -> bool {
        self.columns == 0 || self.rows == 0
    }

    /// Every chip, row by row.
    pub fn cells(&self) -> impl Iterator<Item = Cell> + use<> {
        let columns = self.columns;
        numbers(self.rows).flat_map(move |y| numbers(columns).map(move |x| Cell { x, y }))
    }

    /// The chips of row `y`, from left to right; none where there is no such row.
    pub fn cells_of_row(&self, y: u32) -> impl Iterator<Item = Cell> + use<> {
        let row = u16::try_from(y).ok().filter(|_| y < self.rows);
        let columns = if row.is_some() { self.columns } else { 0 };
        numbers(columns).map(move |x| Cell {
            x,
            y: row.unwrap_or_default(),
        })
    }

    /// The chip at column `x` and row `y`.
    ///
    /// # Errors
    /// [`GridError::NoSuchChip`] where there is none.
    pub fn cell(&self, x: u32, y: u32) -> Result<Cell, GridError> {
        match (u16::try_from(x), u16::try_from(y)) {
            (Ok(cx), Ok(cy)) if x < self.columns && y < self.rows => Ok(Cell { x: cx, y: cy }),
            _ => Err(GridError::NoSuchChip {
                x: x.into(),
                y: y.into(),
                columns: self.columns,
                rows: self.rows,
            }),
        }
    }

    /// The pixels of the chip at `cell` that the raster has. A partial chip has fewer than
    /// [`chip_size`](Self::chip_size) columns or rows; a cell outside the grid has none.
    pub fn window(&self, cell: Cell) -> Window {
        let full = self.full_window(cell);
        full.clip(self.grid.size)
            .unwrap_or(Window::new(full.col, full.row, 0, 0))
    }

    /// The pixels of the chip at `cell` as if the raster went on: always as wide and high as the
    /// chip size.
    pub fn full_window(&self, cell: Cell) -> Window {
        Window::new(
            i64::from(cell.x) * i64::from(self.stride),
            i64::from(cell.y) * i64::from(self.stride),
            self.chip_size,
            self.chip_size,
        )
    }

    /// The part of the raster that lies in chips, gaps between them included; empty without chips.
    pub fn extent(&self) -> Size {
        if self.is_empty() {
            return Size::default();
        }
        let along = |chips: u32, pixels: u32| {
            let end = u64::from(chips - 1) * u64::from(self.stride) + u64::from(self.chip_size);
            u32::try_from(end).unwrap_or(u32::MAX).min(pixels)
        };
        Size::new(
            along(self.columns, self.grid.size.width),
            along(self.rows, self.grid.size.height),
        )
    }
}

/// How many chips of `size` fit along an axis of `pixels`, one every `stride` pixels.
fn chips_along(pixels: u32, size: u32, stride: u32, edge: Edge) -> u32 {
    match edge {
        Edge::Drop => match pixels.checked_sub(size) {
            Some(rest) => (rest / stride).saturating_add(1),
            None => 0,
        },
        // The first chip that reaches the end is the last, and no chip starts beyond it.
        Edge::Keep if pixels == 0 => 0,
        Edge::Keep => {
            let reaching = pixels
                .saturating_sub(size)
                .div_ceil(stride)
                .saturating_add(1);
            reaching.min(pixels.div_ceil(stride))
        }
    }
}

/// The numbers of `count` chips; never more than an index can number.
fn numbers(count: u32) -> impl Iterator<Item = u16> {
    (0..count).map_while(|n| u16::try_from(n).ok())
}

/// An index numbers chips with 16 bits: 0 to 65 535.
const LIMIT: u32 = 1 << 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stacchip_model::{Affine, Crs};

    use super::*;

    fn chips(size: Size, chip_size: u32, stride: u32, edge: Edge) -> Result<ChipGrid, GridError> {
        ChipGrid::new(
            Grid {
                crs: Crs::epsg(32620),
                size,
                transform: Affine::IDENTITY,
            },
            ChipOptions {
                chip_size,
                stride: Some(stride),
                edge,
            },
        )
    }

    proptest! {
        #[test]
        fn side_by_side_every_pixel_is_in_one_chip(
            width in 0u32..300, height in 0u32..300, size in 1u32..90,
        ) {
            for edge in [Edge::Drop, Edge::Keep] {
                let grid = chips(Size::new(width, height), size, size, edge).unwrap();
                let windows: Vec<_> = grid.cells().map(|c| grid.window(c)).collect();
                prop_assert_eq!(windows.len() as u64, grid.len());
                let covered: u64 = windows.iter().map(|w| w.size().area()).sum();
                let wanted = if edge == Edge::Keep {
                    Size::new(width, height)
                } else {
                    Size::new(width / size * size, height / size * size)
                };
                // Disjoint by construction of the cells: equal area then means equal pixels.
                prop_assert_eq!(covered, wanted.area());
                prop_assert!(windows.iter().all(|w| !w.is_empty() && w.fits(wanted)));
                if wanted.area() > 0 {
                    prop_assert_eq!(grid.extent(), wanted);
                }
            }
        }

        #[test]
        fn any_stride_stays_in_the_raster(
            width in 0u32..300, size in 1u32..90, stride in 1u32..200,
        ) {
            let whole = chips(Size::new(width, 1000), size, stride, Edge::Drop).unwrap();
            prop_assert!(whole.cells().all(|c| whole.window(c) == whole.full_window(c)));
            let kept = chips(Size::new(width, 1000), size, stride, Edge::Keep).unwrap();
            prop_assert!(kept.cells().all(|c| !kept.window(c).is_empty()));
            // Kept chips are the whole ones, and at most one more.
            prop_assert!(kept.columns() - whole.columns() <= 1);
            if stride <= size {
                prop_assert_eq!(kept.is_empty() || kept.extent().width == width, true);
            }
        }
    }

    #[test]
    fn cells_go_row_by_row() {
        let grid = chips(Size::new(5, 4), 2, 2, Edge::Drop).unwrap();
        let cells: Vec<_> = grid.cells().map(|c| (c.x, c.y)).collect();
        assert_eq!(cells, [(0, 0), (1, 0), (0, 1), (1, 1)]);
        let row: Vec<_> = grid.cells_of_row(1).collect();
        assert_eq!(row, [Cell { x: 0, y: 1 }, Cell { x: 1, y: 1 }]);
        assert_eq!(grid.cells_of_row(2).count(), 0);
    }

    #[test]
    fn what_cannot_be_is_said() {
        let small = Size::new(100, 100);
        assert_eq!(chips(small, 0, 1, Edge::Drop), Err(GridError::ZeroChipSize));
        assert_eq!(chips(small, 1, 0, Edge::Drop), Err(GridError::ZeroStride));
        assert!(chips(small, 256, 256, Edge::Drop).unwrap().is_empty());
        let error = chips(Size::new(65_537, 1), 1, 1, Edge::Drop).unwrap_err();
        assert_eq!(
            error.to_string(),
            "65537 columns of chips, an index numbers 65536: choose a stride of at least 2 pixels"
        );
        let most = chips(Size::new(65_536, 1), 1, 1, Edge::Drop).unwrap();
        assert_eq!(most.cells().last(), Some(Cell { x: u16::MAX, y: 0 }));
        assert_eq!(
            most.cell(65_536, 0).unwrap_err().to_string(),
            "no chip (65536, 0): the grid has 65536 × 1 chips, counted from 0"
        );
    }
}
