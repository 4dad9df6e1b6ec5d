//! Arrow → headers.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, ArrowPrimitiveType, AsArray, BinaryArray, BooleanArray, ListArray,
        MapArray, PrimitiveArray, RecordBatch, StringArray,
    },
    compute::{CastOptions, cast_with_options},
    datatypes::{
        DataType, Field, Int64Type, TimeUnit, TimestampNanosecondType, UInt16Type, UInt32Type,
        UInt64Type,
    },
};
use stacchip_cog::{StoredHeader, StoredRaster, Version};

use super::names as n;

/// A raster of an object, as it stands in a table.
#[derive(Debug, Clone)]
pub(super) struct Row {
    item: Option<String>,
    asset: Option<String>,
    address: String,
    version: Version,
    raster: StoredRaster,
}

/// The headers that `rows` make, in the order in which the first of each comes. Where the rows of
/// one do not fit together nothing is made of them.
pub(super) fn headers(rows: Vec<Row>) -> Vec<StoredHeader> {
    let mut found: Vec<(Option<String>, Option<String>, bool, StoredHeader)> = Vec::new();
    for row in rows {
        let Row {
            item,
            asset,
            address,
            version,
            raster,
        } = row;
        // Those of an object mostly follow each other.
        let known = found
            .iter_mut()
            .rev()
            .find(|(i, a, _, h)| *i == item && *a == asset && h.address == address);
        if let Some((_, _, whole, header)) = known {
            *whole &= header.version == version;
            header.rasters.push(raster);
        } else {
            let header = StoredHeader {
                address,
                version,
                rasters: vec![raster],
            };
            found.push((item, asset, true, header));
        }
    }
    let whole = found.into_iter().filter(|(_, _, whole, _)| *whole);
    whole
        .map(|(.., mut header)| {
            let place = |r: &StoredRaster| (r.image, r.level, r.mask);
            header.rasters.sort_by_key(place);
            header
        })
        .collect()
}

/// The addresses of a batch.
pub(super) fn addresses(batch: &RecordBatch) -> Result<StringArray, String> {
    needed(texts(batch, n::ADDRESS)?, n::ADDRESS)
}

/// The rows of a batch.
pub(super) fn rows(batch: &RecordBatch) -> Result<Vec<Row>, String> {
    let (items, assets) = (texts(batch, n::ITEM_ID)?, texts(batch, n::ASSET)?);
    let addresses = addresses(batch)?;
    let etags = texts(batch, n::ETAG)?;
    let sizes = numbers::<UInt64Type>(batch, n::SIZE)?;
    let times = times(batch, n::MODIFIED)?;
    let count = |name| numbers::<UInt32Type>(batch, name);
    let short = |name| numbers::<UInt16Type>(batch, name);
    let images = needed(count(n::IMAGE)?, n::IMAGE)?;
    let levels = needed(count(n::LEVEL)?, n::LEVEL)?;
    let masks = needed(flags(batch, n::MASK)?, n::MASK)?;
    let widths = needed(count(n::WIDTH)?, n::WIDTH)?;
    let heights = needed(count(n::HEIGHT)?, n::HEIGHT)?;
    let block_widths = needed(count(n::BLOCK_WIDTH)?, n::BLOCK_WIDTH)?;
    let block_heights = needed(count(n::BLOCK_HEIGHT)?, n::BLOCK_HEIGHT)?;
    let tiled = needed(flags(batch, n::TILED)?, n::TILED)?;
    let big_endian = flags(batch, n::BIG_ENDIAN)?;
    let compressions = needed(short(n::COMPRESSION)?, n::COMPRESSION)?;
    let (predictors, planars) = (short(n::PREDICTOR)?, short(n::PLANAR)?);
    let samples = needed(short(n::SAMPLES)?, n::SAMPLES)?;
    let bits = needed(short(n::BITS)?, n::BITS)?;
    let formats = needed(short(n::FORMAT)?, n::FORMAT)?;
    let photometrics = short(n::PHOTOMETRIC)?;
    let lsb_first = flags(batch, n::LSB_FIRST)?;
    let (across, down) = (short(n::SUBSAMPLING_X)?, short(n::SUBSAMPLING_Y)?);
    let extra_samples = lists::<UInt16Type>(batch, n::EXTRA_SAMPLES)?;
    let jpeg_tables = binaries(batch, n::JPEG_TABLES)?;
    let (lerc, lerc_added) = (count(n::LERC_VERSION)?, count(n::LERC_COMPRESSION)?);
    let fax_options = count(n::FAX_OPTIONS)?;
    let fills = binaries(batch, n::FILL)?;
    let promote = flags(batch, n::PROMOTE)?;
    let directories = numbers::<UInt64Type>(batch, n::DIRECTORY)?;
    let gaps = needed(lists::<Int64Type>(batch, n::GAPS)?, n::GAPS)?;
    let lengths = needed(lists::<UInt64Type>(batch, n::LENGTHS)?, n::LENGTHS)?;
    let properties = map(batch)?;

    let text = |array: &Option<StringArray>, i| {
        let array = array.as_ref()?;
        value(array, i).map(|()| array.value(i).to_owned())
    };
    let flag = |array: Option<&BooleanArray>, i| -> bool {
        array.is_some_and(|a| value(a, i).is_some() && a.value(i))
    };
    (0..batch.num_rows())
        .map(|i| {
            let null = |name: &str| format!("`{name}` is null in row {i} of a batch");
            Ok(Row {
                item: text(&items, i),
                asset: text(&assets, i),
                address: value(&addresses, i)
                    .map(|()| addresses.value(i).to_owned())
                    .ok_or_else(|| null(n::ADDRESS))?,
                version: Version {
                    etag: text(&etags, i),
                    size: number(sizes.as_ref(), i),
                    modified: number(times.as_ref(), i),
                },
                raster: StoredRaster {
                    image: number(Some(&images), i).ok_or_else(|| null(n::IMAGE))?,
                    level: number(Some(&levels), i).ok_or_else(|| null(n::LEVEL))?,
                    mask: flag(Some(&masks), i),
                    width: number(Some(&widths), i).unwrap_or(0),
                    height: number(Some(&heights), i).unwrap_or(0),
                    block_width: number(Some(&block_widths), i).unwrap_or(0),
                    block_height: number(Some(&block_heights), i).unwrap_or(0),
                    tiled: flag(Some(&tiled), i),
                    big_endian: flag(big_endian.as_ref(), i),
                    compression: number(Some(&compressions), i).unwrap_or(0),
                    predictor: number(predictors.as_ref(), i).unwrap_or(1),
                    planar: number(planars.as_ref(), i).unwrap_or(1),
                    samples: number(Some(&samples), i).unwrap_or(0),
                    bits: number(Some(&bits), i).unwrap_or(0),
                    format: number(Some(&formats), i).unwrap_or(0),
                    photometric: number(photometrics.as_ref(), i).unwrap_or(1),
                    lsb_first: flag(lsb_first.as_ref(), i),
                    subsampling: [
                        number(across.as_ref(), i).unwrap_or(2),
                        number(down.as_ref(), i).unwrap_or(2),
                    ],
                    extra_samples: list(extra_samples.as_ref(), i).unwrap_or_default(),
                    jpeg_tables: binary(jpeg_tables.as_ref(), i).map(|b| b.to_vec().into()),
                    lerc_parameters: number(lerc.as_ref(), i)
                        .zip(number(lerc_added.as_ref(), i))
                        .map(|(version, added)| [version, added]),
                    fax_options: number(fax_options.as_ref(), i).unwrap_or(0),
                    fill: binary(fills.as_ref(), i).unwrap_or_default().to_vec(),
                    promote: flag(promote.as_ref(), i),
                    directory: number(directories.as_ref(), i).unwrap_or(0),
                    gaps: list(Some(&gaps), i).ok_or_else(|| null(n::GAPS))?,
                    lengths: list(Some(&lengths), i).ok_or_else(|| null(n::LENGTHS))?,
                    properties: properties
                        .as_ref()
                        .map(|map| entries(map, i))
                        .transpose()?
                        .unwrap_or_default(),
                },
            })
        })
        .collect()
}

fn value(array: &dyn Array, i: usize) -> Option<()> {
    (i < array.len() && !array.is_null(i)).then_some(())
}

fn number<T: ArrowPrimitiveType>(array: Option<&PrimitiveArray<T>>, i: usize) -> Option<T::Native> {
    let array = array?;
    value(array, i).map(|()| array.value(i))
}

fn binary(array: Option<&BinaryArray>, i: usize) -> Option<&[u8]> {
    let array = array?;
    value(array, i).map(|()| array.value(i))
}

/// The numbers of list `i`; nothing where it, or one of them, is null.
fn list<T: ArrowPrimitiveType>(
    lists: Option<&(ListArray, PrimitiveArray<T>)>,
    i: usize,
) -> Option<Vec<T::Native>> {
    let (lists, values) = lists?;
    value(lists, i)?;
    let offsets = lists.value_offsets();
    let at = |i: usize| usize::try_from(*offsets.get(i)?).ok();
    let (start, end) = (at(i)?, at(i.checked_add(1)?)?);
    if values.nulls().is_some_and(|n| n.null_count() > 0) && (start..end).any(|i| values.is_null(i))
    {
        return None;
    }
    values.values().get(start..end).map(<[_]>::to_vec)
}

fn entries(map: &MapArray, i: usize) -> Result<Vec<(String, String)>, String> {
    if value(map, i).is_none() {
        return Ok(Vec::new());
    }
    let entries = map.value(i);
    let texts = |i: usize| {
        let column = entries.columns().get(i).ok_or("a map without values")?;
        let column = cast(column, n::PROPERTIES, &DataType::Utf8)?;
        Ok::<_, String>(column.as_string::<i32>().clone())
    };
    let (names, values) = (texts(0)?, texts(1)?);
    let pairs = names.iter().zip(values.iter());
    Ok(pairs
        .filter_map(|(name, value)| Some((name?.to_owned(), value?.to_owned())))
        .collect())
}

fn needed<T>(column: Option<T>, name: &str) -> Result<T, String> {
    column.ok_or_else(|| format!("the column `{name}` is missing"))
}

fn texts(batch: &RecordBatch, name: &str) -> Result<Option<StringArray>, String> {
    let array = column(batch, name, &DataType::Utf8)?;
    Ok(array.map(|a| a.as_string::<i32>().clone()))
}

fn flags(batch: &RecordBatch, name: &str) -> Result<Option<BooleanArray>, String> {
    let array = column(batch, name, &DataType::Boolean)?;
    Ok(array.map(|a| a.as_boolean().clone()))
}

fn binaries(batch: &RecordBatch, name: &str) -> Result<Option<BinaryArray>, String> {
    let array = column(batch, name, &DataType::Binary)?;
    Ok(array.map(|a| a.as_binary::<i32>().clone()))
}

fn numbers<T: ArrowPrimitiveType>(
    batch: &RecordBatch,
    name: &str,
) -> Result<Option<PrimitiveArray<T>>, String> {
    let array = column(batch, name, &T::DATA_TYPE)?;
    Ok(array.map(|a| a.as_primitive::<T>().clone()))
}

fn times(
    batch: &RecordBatch,
    name: &str,
) -> Result<Option<PrimitiveArray<TimestampNanosecondType>>, String> {
    let kind = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    let array = column(batch, name, &kind)?;
    Ok(array.map(|a| a.as_primitive::<TimestampNanosecondType>().clone()))
}

/// Lists, and the numbers of all of them.
type Lists<T> = Option<(ListArray, PrimitiveArray<T>)>;

fn lists<T: ArrowPrimitiveType>(batch: &RecordBatch, name: &str) -> Result<Lists<T>, String> {
    let kind = DataType::List(Arc::new(Field::new("item", T::DATA_TYPE, true)));
    let array = column(batch, name, &kind)?;
    Ok(array.map(|a| {
        let lists = a.as_list::<i32>().clone();
        let values = lists.values().as_primitive::<T>().clone();
        (lists, values)
    }))
}

fn map(batch: &RecordBatch) -> Result<Option<MapArray>, String> {
    let Some(array) = batch.column_by_name(n::PROPERTIES) else {
        return Ok(None);
    };
    let map = array.as_map_opt().cloned();
    map.map(Some)
        .ok_or_else(|| format!("`{}` is no map of texts", n::PROPERTIES))
}

fn column(batch: &RecordBatch, name: &str, wanted: &DataType) -> Result<Option<ArrayRef>, String> {
    let array = batch.column_by_name(name);
    array.map(|array| cast(array, name, wanted)).transpose()
}

/// `array` as `wanted`: other writers use other types of the same kind.
fn cast(array: &ArrayRef, name: &str, wanted: &DataType) -> Result<ArrayRef, String> {
    // A value that does not fit is an error, not a null.
    let strictly = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, wanted, &strictly)
        .map_err(|e| format!("`{name}` cannot be read as {wanted}: {e}"))
}
