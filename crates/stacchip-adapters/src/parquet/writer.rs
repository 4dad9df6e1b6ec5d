//! Rows → the bytes of a `GeoParquet` file.

use std::io::Write;

use ::parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::{
        metadata::KeyValue,
        properties::{EnabledStatistics, WriterProperties},
    },
    schema::types::ColumnPath,
};
use arrow::datatypes::SchemaRef;
use stacchip_index::{
    ChipRow,
    schema::{CHIPID, GEOMETRY, SCHEMA_VERSION},
};

use super::{geo::GeoSummary, rows};

/// Writes rows as a `GeoParquet` file into anything that takes bytes.
///
/// Memory does not grow with the number of rows: a row group is held until it is full.
pub struct ParquetEncoder<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: SchemaRef,
    geo: GeoSummary,
}

impl<W: Write + Send> ParquetEncoder<W> {
    /// An encoder that writes into `out`.
    ///
    /// # Errors
    /// [`ParquetError`] where the first bytes cannot be written.
    pub fn new(out: W) -> Result<Self, ParquetError> {
        let schema = rows::arrow_schema();
        let zstd = Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?);
        let mut properties = WriterProperties::builder()
            .set_created_by(CREATOR.to_owned())
            .set_compression(zstd)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_statistics_enabled(EnabledStatistics::Chunk);
        // Each is another: a dictionary would hold them all and be thrown away.
        for unique in [CHIPID, GEOMETRY] {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(unique), false);
        }
        // Least and greatest bytes of WKB mean nothing.
        properties = properties
            .set_column_statistics_enabled(ColumnPath::from(GEOMETRY), EnabledStatistics::None);
        let writer = ArrowWriter::try_new(out, schema.clone(), Some(properties.build()))?;
        Ok(Self {
            writer,
            schema,
            geo: GeoSummary::default(),
        })
    }

    /// Appends `rows`.
    ///
    /// # Errors
    /// [`ParquetError`] where they cannot be written.
    pub fn write(&mut self, rows: &[ChipRow]) -> Result<(), ParquetError> {
        for rows in rows.chunks(BATCH_ROWS) {
            let batch = rows::encode(&self.schema, rows, &mut self.geo)?;
            self.writer.write(&batch)?;
        }
        Ok(())
    }

    /// Writes what closes the file; what took the bytes is given back.
    ///
    /// # Errors
    /// [`ParquetError`] where it cannot be written.
    pub fn finish(mut self) -> Result<W, ParquetError> {
        for (key, value) in [
            ("geo", self.geo.json()),
            ("stacchip:schema_version", SCHEMA_VERSION.to_owned()),
            ("stacchip:creator", CREATOR.to_owned()),
        ] {
            let pair = KeyValue::new(key.to_owned(), value);
            self.writer.append_key_value_metadata(pair);
        }
        self.writer.into_inner()
    }
}

impl<W: Write + Send> std::fmt::Debug for ParquetEncoder<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetEncoder")
            .field("rows_waiting", &self.writer.in_progress_rows())
            .finish_non_exhaustive()
    }
}

/// What the files name as their maker.
const CREATOR: &str = concat!("stacchip ", env!("CARGO_PKG_VERSION"));

/// Rows of a row group: what a reader that prunes reads at least; some megabytes.
const ROW_GROUP_ROWS: usize = 65_536;

/// Rows turned into Arrow at once.
const BATCH_ROWS: usize = 8192;

/// Beyond 3 files of chips hardly shrink, and writing slows.
const ZSTD_LEVEL: i32 = 3;
