//! The columns of an index, as data.

/// The version of the table below; it grows when a column is added, and its first number when one
/// changes its meaning or goes.
pub const SCHEMA_VERSION: &str = "1.1";

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColumnType {
    /// Text.
    Utf8,
    /// A day (Arrow `date32`).
    Date,
    /// A moment, in microseconds, in UTC (Arrow `timestamp[us, UTC]`).
    Timestamp,
    /// Arrow `uint16`.
    U16,
    /// Arrow `uint32`.
    U32,
    /// Arrow `uint64`.
    U64,
    /// Arrow `float32`.
    F32,
    /// A polygon, or a multipolygon where the antimeridian is crossed, as WKB; longitude and
    /// latitude on WGS 84.
    Geometry,
    /// Arrow `struct<xmin, ymin, xmax, ymax: float64>`, in degrees (a `GeoParquet` covering).
    Bbox,
}

/// One column of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnType,
    /// Whether it may be null.
    pub nullable: bool,
    /// What it says, in one line.
    pub meaning: &'static str,
}

const fn column(
    name: &'static str,
    kind: ColumnType,
    nullable: bool,
    meaning: &'static str,
) -> Column {
    Column {
        name,
        kind,
        nullable,
        meaning,
    }
}

/// The columns of an index, in their order: upstream's first, in upstream's order and types.
pub const COLUMNS: [Column; 23] = [
    column(CHIPID, ColumnType::Utf8, false, "`{item id}-{x}-{y}`"),
    column(DATE, ColumnType::Date, false, "day of `datetime`, in UTC"),
    column(
        CHIP_INDEX_X,
        ColumnType::U16,
        false,
        "column of the chip in the grid of chips",
    ),
    column(
        CHIP_INDEX_Y,
        ColumnType::U16,
        false,
        "row of the chip in the grid of chips",
    ),
    column(
        CLOUD_COVER_PERCENTAGE,
        ColumnType::F32,
        false,
        "share of the chip's pixels under cloud, 0 to 1 (a fraction: the name is upstream's)",
    ),
    column(
        NODATA_PERCENTAGE,
        ColumnType::F32,
        false,
        "share of the chip's pixels without data, 0 to 1 (a fraction: the name is upstream's)",
    ),
    column(
        GEOMETRY,
        ColumnType::Geometry,
        false,
        "outline of the chip's pixels; cut where it crosses the antimeridian",
    ),
    column(ITEM_ID, ColumnType::Utf8, false, "the item's id"),
    column(
        ITEM_HREF,
        ColumnType::Utf8,
        true,
        "the address the item was read from",
    ),
    column(
        COLLECTION,
        ColumnType::Utf8,
        true,
        "the id of the item's collection",
    ),
    column(
        PLATFORM,
        ColumnType::Utf8,
        true,
        "upstream's name of the platform, else the collection's id",
    ),
    column(
        SPACECRAFT,
        ColumnType::Utf8,
        true,
        "STAC's `platform`: the satellite or aircraft",
    ),
    column(
        DATETIME,
        ColumnType::Timestamp,
        false,
        "the item's `datetime`, else the start of its range",
    ),
    column(
        START_DATETIME,
        ColumnType::Timestamp,
        true,
        "start of the item's range",
    ),
    column(
        END_DATETIME,
        ColumnType::Timestamp,
        true,
        "end of the item's range",
    ),
    column(
        CRS,
        ColumnType::Utf8,
        false,
        "reference system of the pixel grid: an authority code, else its definition",
    ),
    column(
        CHIP_SIZE,
        ColumnType::U32,
        false,
        "edge of a whole chip, in pixels",
    ),
    column(
        STRIDE,
        ColumnType::U32,
        false,
        "step from a chip to the next, in pixels",
    ),
    column(
        WINDOW_COL,
        ColumnType::U32,
        false,
        "first column of the chip's pixels, in the item's full-resolution grid",
    ),
    column(
        WINDOW_ROW,
        ColumnType::U32,
        false,
        "first row of the chip's pixels, in the item's full-resolution grid",
    ),
    column(
        WINDOW_WIDTH,
        ColumnType::U32,
        false,
        "columns of pixels; less than `chip_size` at the right edge where partial chips are kept",
    ),
    column(
        WINDOW_HEIGHT,
        ColumnType::U32,
        false,
        "rows of pixels; less than `chip_size` at the bottom edge where partial chips are kept",
    ),
    column(
        CELL,
        ColumnType::U64,
        false,
        "S2 cell of level 10 at the centre of `geometry`: the same ground at any date, of any sensor",
    ),
];

/// The covering of `geometry`: the last column of a `GeoParquet` file, there for readers that prune.
/// Of a chip across the antimeridian it spans -180 to 180.
pub const BBOX: Column = column(
    "bbox",
    ColumnType::Bbox,
    false,
    "box around `geometry`; -180 to 180 where the antimeridian is crossed",
);

/// How many of [`COLUMNS`] an index of upstream has: the first ones.
pub const UPSTREAM_COLUMNS: usize = 7;

/// Names of the columns.
pub const CHIPID: &str = "chipid";
/// Name of the column of days.
pub const DATE: &str = "date";
/// Name of the column of chip columns.
pub const CHIP_INDEX_X: &str = "chip_index_x";
/// Name of the column of chip rows.
pub const CHIP_INDEX_Y: &str = "chip_index_y";
/// Name of the column of clouds, a fraction.
pub const CLOUD_COVER_PERCENTAGE: &str = "cloud_cover_percentage";
/// Name of the column of nodata, a fraction.
pub const NODATA_PERCENTAGE: &str = "nodata_percentage";
/// Name of the column of outlines.
pub const GEOMETRY: &str = "geometry";
/// Name of the column of item ids.
pub const ITEM_ID: &str = "item_id";
/// Name of the column of item addresses.
pub const ITEM_HREF: &str = "item_href";
/// Name of the column of collections.
pub const COLLECTION: &str = "collection";
/// Name of the column of platforms.
pub const PLATFORM: &str = "platform";
/// Name of the column of satellites and aircraft.
pub const SPACECRAFT: &str = "spacecraft";
/// Name of the column of moments.
pub const DATETIME: &str = "datetime";
/// Name of the column of starts of ranges.
pub const START_DATETIME: &str = "start_datetime";
/// Name of the column of ends of ranges.
pub const END_DATETIME: &str = "end_datetime";
/// Name of the column of reference systems.
pub const CRS: &str = "crs";
/// Name of the column of chip sizes.
pub const CHIP_SIZE: &str = "chip_size";
/// Name of the column of strides.
pub const STRIDE: &str = "stride";
/// Name of the column of first columns.
pub const WINDOW_COL: &str = "window_col";
/// Name of the column of first rows.
pub const WINDOW_ROW: &str = "window_row";
/// Name of the column of widths.
pub const WINDOW_WIDTH: &str = "window_width";
/// Name of the column of heights.
pub const WINDOW_HEIGHT: &str = "window_height";
/// Name of the column of cells of the globe.
pub const CELL: &str = "cell";

/// Name of the column that `stacchip split` adds: `train`, `val`, `test`, or null where a chip is in
/// none.
pub const SPLIT: &str = "split";

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn upstreams_columns_come_first_and_no_name_twice() {
        let names: Vec<_> = COLUMNS.iter().chain([&BBOX]).map(|c| c.name).collect();
        assert_eq!(
            names[..UPSTREAM_COLUMNS],
            [
                "chipid",
                "date",
                "chip_index_x",
                "chip_index_y",
                "cloud_cover_percentage",
                "nodata_percentage",
                "geometry"
            ]
        );
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    }
}
