//! Chip indexes as `GeoParquet` 1.1: [`IndexWriter`] and [`IndexReader`].
//!
//! The columns are those of [`stacchip_index::schema`]; geometry is WKB in the default system,
//! longitude and latitude on WGS 84, covered by the column `bbox`. The same rows give the same bytes.
//! Beside an index stand its items, one a line, so that a row alone leads to its pixels, and the
//! headers of their assets, so that it leads there without a request for any of them.
//!
//! Indexes of upstream are read as well; what their rows do not say is filled in as upstream means
//! it (chips of 256 pixels, the day's first moment).

mod column;
mod columns;
mod file;
mod geo;
mod headers;
mod item_table;
mod items;
mod merge;
mod places;
mod query;
mod reader;
mod row_group;
mod rows;
mod source;
mod survey;
mod table;
#[cfg(test)]
mod tests;
mod wkb;
mod writer;

pub use column::{NewColumn, StagedTable};
pub use file::IndexFile;
pub use headers::{
    HeaderTableEncoder, HeaderTables, ParquetHeaders, headers_address, merge_headers,
};
pub use item_table::{ItemKey, ItemTable, ItemTableError, KeptItemTable, write_item_table};
pub use items::{ItemLine, KeptItems, item_table_address, items_address};
pub use merge::{
    MergeOptions, MergePieces, Merged, Period, StagedMerge, merge_tables, stage_tables,
};
pub use places::{Place, read_chips, read_places};
pub use query::{
    Area, Choice, Condition, Found, Matches, Per, QueryError, find_rows, read_ids, write_rows,
};
pub use reader::ParquetIndexReader;
pub use survey::{Finding, Survey, chip_number, survey, twice};
pub use table::{Batches, Table};
pub use writer::ParquetEncoder;

use stacchip_index::{IndexError, IndexErrorKind};
#[cfg(doc)]
use stacchip_index::{IndexReader, IndexWriter};

fn index_error(
    kind: IndexErrorKind,
    address: &str,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> IndexError {
    IndexError {
        kind,
        address: address.to_owned(),
        cause: Some(cause.into()),
    }
}
