//! What the statistics of a row group leave room for.

use ::parquet::file::metadata::ParquetMetaData;

/// Whether `text` may be in a column of texts of row group `group`: yes where nothing says otherwise. A bound that was cut
/// short stays one: where the greatest text was, it was made greater.
pub fn may_hold(metadata: &ParquetMetaData, group: usize, column: &str, text: &str) -> bool {
    let group = metadata.row_groups().get(group);
    let column = group.and_then(|group| {
        let mut columns = group.columns().iter();
        columns.find(|c| c.column_path().string() == column)
    });
    let Some(statistics) = column.and_then(|c| c.statistics()) else {
        return true;
    };
    let text = text.as_bytes();
    let (least, greatest) = (statistics.min_bytes_opt(), statistics.max_bytes_opt());
    least.is_none_or(|least| least <= text) && greatest.is_none_or(|greatest| text <= greatest)
}
