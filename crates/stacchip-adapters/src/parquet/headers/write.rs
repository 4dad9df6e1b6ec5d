//! Headers → the bytes of a Parquet file.

use std::{io::Write, sync::Arc};

use ::parquet::{
    arrow::ArrowWriter,
    basic::{Compression, Encoding, ZstdLevel},
    errors::ParquetError,
    file::{
        metadata::KeyValue,
        properties::{EnabledStatistics, WriterProperties},
    },
    schema::types::ColumnPath,
};
use arrow::{
    array::{
        ArrayBuilder, ArrayRef, BinaryBuilder, BooleanArray, Int64Builder, ListBuilder, MapBuilder,
        MapFieldNames, PrimitiveBuilder, RecordBatch, StringArray, StringBuilder,
        TimestampNanosecondArray, UInt16Array, UInt16Builder, UInt32Array, UInt64Array,
    },
    datatypes::{Field, Schema, SchemaRef},
    error::ArrowError,
};
use stacchip_cog::{StoredHeader, StoredRaster};

use super::{VERSION, VERSION_KEY, names as n};

/// Writes headers as a Parquet file into anything that takes bytes. The same headers give the same
/// bytes; those of some dozen items are held at a time.
pub struct HeaderTableEncoder<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: SchemaRef,
}

/// A raster, and what it is of.
type Row<'a> = (&'a str, &'a str, &'a StoredHeader, &'a StoredRaster);

impl<W: Write + Send> HeaderTableEncoder<W> {
    /// An encoder that writes into `out`.
    ///
    /// # Errors
    /// [`ParquetError`] where the first bytes cannot be written.
    pub fn new(out: W) -> Result<Self, ParquetError> {
        let schema = encode(&[])?.schema();
        let mut properties = WriterProperties::builder()
            .set_created_by(concat!("stacchip ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
            .set_max_row_group_row_count(None)
            .set_statistics_enabled(EnabledStatistics::None);
        // What leads to the rows of an object.
        for looked_up in [n::ITEM_ID, n::ASSET, n::ADDRESS] {
            properties = properties.set_column_statistics_enabled(
                ColumnPath::from(looked_up),
                EnabledStatistics::Chunk,
            );
        }
        for table in [n::GAPS, n::LENGTHS] {
            let path = ["list", "item"].into_iter().map(str::to_owned);
            let path: Vec<String> = std::iter::once(table.to_owned()).chain(path).collect();
            let path = ColumnPath::new(path);
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
        let mut writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties.build()))?;
        let version = KeyValue::new(VERSION_KEY.to_owned(), VERSION.to_owned());
        writer.append_key_value_metadata(version);
        Ok(Self { writer, schema })
    }

    /// Appends the headers of the assets of an item, each with the asset's key.
    ///
    /// # Errors
    /// [`ParquetError`] where they cannot be written.
    pub fn write(
        &mut self,
        item_id: &str,
        headers: &[(String, StoredHeader)],
    ) -> Result<(), ParquetError> {
        let rows: Vec<Row<'_>> = headers
            .iter()
            .flat_map(|(asset, header)| {
                let rasters = header.rasters.iter();
                rasters.map(move |raster| (item_id, asset.as_str(), header, raster))
            })
            .collect();
        self.append(&encode(&rows)?)?;
        // The rows of an object lie in one row group.
        self.flush_if_full()
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(super) fn append(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        self.writer.write(batch)
    }

    /// Ends the row group where it has rows enough.
    pub(super) fn flush_if_full(&mut self) -> Result<(), ParquetError> {
        if self.writer.in_progress_rows() >= ROW_GROUP_ROWS
            || self.writer.in_progress_size() >= ROW_GROUP_BYTES
        {
            self.writer.flush()?;
        }
        Ok(())
    }

    /// Writes what closes the file; what took the bytes is given back.
    ///
    /// # Errors
    /// [`ParquetError`] where it cannot be written.
    pub fn finish(self) -> Result<W, ParquetError> {
        self.writer.into_inner()
    }
}

impl<W: Write + Send> std::fmt::Debug for HeaderTableEncoder<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeaderTableEncoder")
            .field("columns", &self.schema.fields().len())
            .field("rows_waiting", &self.writer.in_progress_rows())
            .finish_non_exhaustive()
    }
}

fn encode(rows: &[Row<'_>]) -> Result<RecordBatch, ArrowError> {
    let texts = |text: fn(&Row<'_>) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(text).collect::<StringArray>())
    };
    let flags = |flag: fn(&StoredRaster) -> bool| -> ArrayRef {
        let flags = rows.iter().map(|(.., r)| Some(flag(r)));
        Arc::new(flags.collect::<BooleanArray>())
    };
    let shorts = |number: fn(&StoredRaster) -> u16| -> ArrayRef {
        Arc::new(UInt16Array::from_iter_values(
            rows.iter().map(|(.., r)| number(r)),
        ))
    };
    let counts = |number: fn(&StoredRaster) -> Option<u32>| -> ArrayRef {
        Arc::new(
            rows.iter()
                .map(|(.., r)| number(r))
                .collect::<UInt32Array>(),
        )
    };
    let mut columns: Vec<(Field, ArrayRef)> = Vec::new();
    let mut column = |name: &str, nullable: bool, array: ArrayRef| {
        let field = Field::new(name, array.data_type().clone(), nullable);
        columns.push((field, array));
    };
    column(n::ITEM_ID, false, texts(|r| Some(r.0.to_owned())));
    column(n::ASSET, false, texts(|r| Some(r.1.to_owned())));
    column(n::ADDRESS, false, texts(|r| Some(r.2.address.clone())));
    column(n::ETAG, true, texts(|r| r.2.version.etag.clone()));
    let sizes = rows.iter().map(|r| r.2.version.size);
    column(n::SIZE, true, Arc::new(sizes.collect::<UInt64Array>()));
    let times = rows.iter().map(|r| r.2.version.modified);
    let times = times.collect::<TimestampNanosecondArray>();
    column(n::MODIFIED, true, Arc::new(times.with_timezone("UTC")));
    column(n::IMAGE, false, counts(|r| Some(r.image)));
    column(n::LEVEL, false, counts(|r| Some(r.level)));
    column(n::MASK, false, flags(|r| r.mask));
    column(n::WIDTH, false, counts(|r| Some(r.width)));
    column(n::HEIGHT, false, counts(|r| Some(r.height)));
    column(n::BLOCK_WIDTH, false, counts(|r| Some(r.block_width)));
    column(n::BLOCK_HEIGHT, false, counts(|r| Some(r.block_height)));
    column(n::TILED, false, flags(|r| r.tiled));
    column(n::BIG_ENDIAN, false, flags(|r| r.big_endian));
    column(n::COMPRESSION, false, shorts(|r| r.compression));
    column(n::PREDICTOR, false, shorts(|r| r.predictor));
    column(n::PLANAR, false, shorts(|r| r.planar));
    column(n::SAMPLES, false, shorts(|r| r.samples));
    column(n::BITS, false, shorts(|r| r.bits));
    column(n::FORMAT, false, shorts(|r| r.format));
    column(n::PHOTOMETRIC, false, shorts(|r| r.photometric));
    column(n::LSB_FIRST, false, flags(|r| r.lsb_first));
    column(n::SUBSAMPLING_X, false, shorts(|r| r.subsampling[0]));
    column(n::SUBSAMPLING_Y, false, shorts(|r| r.subsampling[1]));
    column(n::EXTRA_SAMPLES, false, extra_samples(rows));
    column(
        n::JPEG_TABLES,
        true,
        bytes(rows, |r| r.jpeg_tables.as_deref()),
    );
    let lerc = counts(|r| r.lerc_parameters.map(|[version, _]| version));
    column(n::LERC_VERSION, true, lerc);
    let lerc = counts(|r| r.lerc_parameters.map(|[_, added]| added));
    column(n::LERC_COMPRESSION, true, lerc);
    column(n::FAX_OPTIONS, false, counts(|r| Some(r.fax_options)));
    column(n::FILL, false, bytes(rows, |r| Some(&r.fill)));
    column(n::PROMOTE, false, flags(|r| r.promote));
    let directories = rows.iter().map(|(.., r)| r.directory);
    let directories = UInt64Array::from_iter_values(directories);
    column(n::DIRECTORY, false, Arc::new(directories));
    let gaps = longs(rows, |r| r.gaps.iter().map(|&gap| Some(gap)).collect())?;
    column(n::GAPS, false, gaps);
    let lengths = longs(rows, |r| {
        let lengths = r.lengths.iter();
        lengths.map(|&length| i64::try_from(length).ok()).collect()
    })?;
    column(n::LENGTHS, false, lengths);
    column(n::PROPERTIES, false, properties(rows)?);
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

fn bytes(rows: &[Row<'_>], of: fn(&StoredRaster) -> Option<&[u8]>) -> ArrayRef {
    let mut builder = BinaryBuilder::new();
    for (.., raster) in rows {
        builder.append_option(of(raster));
    }
    Arc::new(builder.finish())
}

fn extra_samples(rows: &[Row<'_>]) -> ArrayRef {
    let mut builder = list(UInt16Builder::new());
    for (.., raster) in rows {
        builder.values().append_slice(&raster.extra_samples);
        builder.append(true);
    }
    Arc::new(builder.finish())
}

fn longs(
    rows: &[Row<'_>],
    of: fn(&StoredRaster) -> Option<Vec<i64>>,
) -> Result<ArrayRef, ArrowError> {
    let mut builder = list(Int64Builder::new());
    for (.., raster) in rows {
        let numbers = of(raster).ok_or_else(|| {
            let message = "a block is longer than any file".to_owned();
            ArrowError::InvalidArgumentError(message)
        })?;
        builder.values().append_slice(&numbers);
        builder.append(true);
    }
    Ok(Arc::new(builder.finish()))
}

/// Lists without nulls in them.
fn list<T: arrow::datatypes::ArrowPrimitiveType>(
    values: PrimitiveBuilder<T>,
) -> ListBuilder<PrimitiveBuilder<T>> {
    ListBuilder::new(values).with_field(Field::new("item", T::DATA_TYPE, false))
}

fn properties(rows: &[Row<'_>]) -> Result<ArrayRef, ArrowError> {
    // The names that the Parquet format gives them.
    let names = MapFieldNames {
        entry: "key_value".to_owned(),
        key: "key".to_owned(),
        value: "value".to_owned(),
    };
    let mut builder = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    for (.., raster) in rows {
        for (name, value) in &raster.properties {
            builder.keys().append_value(name);
            builder.values().append_value(value);
        }
        builder.append(true)?;
    }
    debug_assert_eq!(builder.len(), rows.len());
    Ok(Arc::new(builder.finish()))
}

/// Rows of a row group at least, where it has not as many bytes: what is read for one object.
const ROW_GROUP_ROWS: usize = 2048;

/// Bytes of a row group at least, where it has not as many rows.
const ROW_GROUP_BYTES: usize = 4 << 20;

/// Beyond 3 the tables hardly shrink.
const ZSTD_LEVEL: i32 = 3;
