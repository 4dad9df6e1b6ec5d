//! Rows → the bytes of a `GeoParquet` file.

use std::{io::Write, sync::Arc};

use ::parquet::{
    arrow::{ArrowWriter, arrow_writer::ArrowWriterOptions},
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::{
        metadata::KeyValue,
        properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder},
    },
    schema::types::ColumnPath,
};
use arrow::datatypes::{Schema, SchemaRef};
use stacchip_index::{
    ChipRow,
    schema::{BBOX, CHIPID, GEOMETRY, SCHEMA_VERSION},
};

use super::{geo::GeoSummary, rows};

/// Writes rows as a `GeoParquet` file into anything that takes bytes.
///
/// Memory does not grow with the number of rows: a row group is held until it is full.
pub struct ParquetEncoder<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: SchemaRef,
    geo: GeoSummary,
    made_with: Option<String>,
}

impl<W: Write + Send> ParquetEncoder<W> {
    /// An encoder that writes into `out`.
    ///
    /// # Errors
    /// [`ParquetError`] where the first bytes cannot be written.
    pub fn new(out: W) -> Result<Self, ParquetError> {
        let schema = rows::arrow_schema();
        let properties = properties(&schema)?;
        let writer = arrow_writer(out, &schema, properties)?;
        Ok(Self {
            writer,
            schema,
            geo: GeoSummary::default(),
            made_with: None,
        })
    }

    /// The same that says in the file what it was made with.
    pub fn made_with(mut self, settings: String) -> Self {
        self.made_with = Some(settings);
        self
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
        ]
        .into_iter()
        .chain(self.made_with.map(|made| (MADE_WITH, made)))
        {
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

/// A writer of tables of chips, whose columns are of kinds that Parquet knows by itself: without Arrow's own schema
/// beside it. Where that stands, pyarrow takes what is said of a folder from it alone, and geopandas finds no `geo`.
pub(super) fn arrow_writer<W: Write + Send>(
    out: W,
    schema: &SchemaRef,
    properties: WriterProperties,
) -> Result<ArrowWriter<W>, ParquetError> {
    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true);
    ArrowWriter::try_new_with_options(out, Arc::clone(schema), options)
}

/// How tables of chips are written.
pub(super) fn properties(schema: &Schema) -> Result<WriterProperties, ParquetError> {
    Ok(builder(schema)?.build())
}

/// The same, with row groups of `rows` where they are larger than they are by default.
pub(super) fn properties_of_groups(
    schema: &Schema,
    rows: usize,
) -> Result<WriterProperties, ParquetError> {
    let rows = rows.max(ROW_GROUP_ROWS);
    let properties = builder(schema)?.set_max_row_group_row_count(Some(rows));
    Ok(properties.build())
}

/// The same where rows of one place lie together: then it is cheaper to squeeze what is alike than to
/// look it up in a dictionary that would soon be full.
pub(super) fn merged_properties(schema: &Schema) -> Result<WriterProperties, ParquetError> {
    let mut properties = builder(schema)?;
    for edge in ["xmin", "ymin", "xmax", "ymax"] {
        let path = ColumnPath::new(vec![BBOX.name.to_owned(), edge.to_owned()]);
        properties = properties.set_column_dictionary_enabled(path, false);
    }
    Ok(properties.build())
}

fn builder(schema: &Schema) -> Result<WriterPropertiesBuilder, ParquetError> {
    let zstd = Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?);
    let mut properties = WriterProperties::builder()
        .set_created_by(CREATOR.to_owned())
        .set_compression(zstd)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk);
    // Each is another: a dictionary would hold them all and be thrown away.
    for unique in [CHIPID, GEOMETRY] {
        if schema.column_with_name(unique).is_some() {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(unique), false);
        }
    }
    // Least and greatest bytes of WKB mean nothing.
    Ok(properties
        .set_column_statistics_enabled(ColumnPath::from(GEOMETRY), EnabledStatistics::None))
}

/// The key of what a table was made with.
pub(super) const MADE_WITH: &str = "stacchip:made_with";

/// The key of how the rows of a merged table are ordered.
pub(super) const ORDER: &str = "stacchip:order";

/// What the files name as their maker.
pub(super) const CREATOR: &str = concat!("stacchip ", env!("CARGO_PKG_VERSION"));

/// Rows of a row group: what a reader that prunes reads at least; some megabytes.
pub(super) const ROW_GROUP_ROWS: usize = 65_536;

/// Rows turned into Arrow at once.
const BATCH_ROWS: usize = 8192;

/// Beyond 3 files of chips hardly shrink, and writing slows.
const ZSTD_LEVEL: i32 = 3;
