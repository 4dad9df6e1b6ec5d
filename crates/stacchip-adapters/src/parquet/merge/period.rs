//! Spans of time that a merged table goes through one after the other.
//!
//! Rows of one place lie together, which lets readers pass over other ground; where there are years of
//! many dates, a reader that wants a month would still go through all of them. So a large table is in
//! order of periods first, and along the curve in each, as long as a period fills many row groups.

use std::{fmt, str::FromStr};

use ::parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use arrow::{
    array::{Array, ArrayRef, AsArray},
    compute::{cast, max, min},
    datatypes::{DataType, TimeUnit, TimestampMicrosecondType},
};
use stacchip_index::schema::{DATE, DATETIME};
use stacchip_model::jiff::{Timestamp, tz::TimeZone};

use super::Table;

/// A period of the calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// Whatever the time: along the curve only.
    All,
    /// A year.
    Year,
    /// January to June, July to December.
    Half,
    /// Three months.
    Quarter,
    /// A month.
    Month,
}

impl Period {
    const ALL: [Self; 5] = [
        Self::All,
        Self::Year,
        Self::Half,
        Self::Quarter,
        Self::Month,
    ];

    /// The shortest in which the rows of `tables` still fill many row groups, by what their footers say of
    /// `datetime`; [`All`](Self::All) where they do not say it.
    pub(super) fn fitting(tables: &[Table]) -> Self {
        let rows: u64 = tables.iter().map(Table::rows).sum();
        let mut span: Option<(i64, i64)> = None;
        for table in tables.iter().filter(|t| t.rows() > 0) {
            let Some((first, last)) = times(table) else {
                return Self::All;
            };
            span = Some(span.map_or((first, last), |(a, b)| (a.min(first), b.max(last))));
        }
        let Some((first, last)) = span else {
            return Self::All;
        };
        let fits = |period: &Self| {
            let several = u64::from(period.number(last).saturating_sub(period.number(first))) + 1;
            rows / several >= ROWS
        };
        let mut fitting = Self::ALL.into_iter().skip(1).take_while(fits);
        fitting.by_ref().last().unwrap_or(Self::All)
    }

    /// The number of the period that holds a moment, in microseconds since 1970: in order of time, less
    /// than 2¹³.
    pub(super) fn number(self, micros: i64) -> u16 {
        let Some(months) = self.months() else {
            return 0;
        };
        let date = Timestamp::from_microsecond(micros)
            .unwrap_or(if micros < 0 {
                Timestamp::MIN
            } else {
                Timestamp::MAX
            })
            .to_zoned(TimeZone::UTC)
            .date();
        let month = (i32::from(date.year()) - FIRST_YEAR) * 12 + i32::from(date.month()) - 1;
        u16::try_from(month.clamp(0, LAST_MONTH) / months).unwrap_or(0)
    }

    fn months(self) -> Option<i32> {
        match self {
            Self::All => None,
            Self::Year => Some(12),
            Self::Half => Some(6),
            Self::Quarter => Some(3),
            Self::Month => Some(1),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "all",
            Self::Year => "year",
            Self::Half => "half",
            Self::Quarter => "quarter",
            Self::Month => "month",
        })
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|p| p.to_string() == text);
        named.ok_or_else(|| format!("`{text}` is none of all, year, half, quarter, month"))
    }
}

/// The first and the last moment of a table, by its footer.
fn times(table: &Table) -> Option<(i64, i64)> {
    let groups = table.parquet().row_groups();
    let parquet = table.parquet().file_metadata().schema_descr();
    let schema = table.schema();
    let name = [DATETIME, DATE]
        .into_iter()
        .find(|n| schema.column_with_name(n).is_some())?;
    let converter = StatisticsConverter::try_new(name, schema, parquet).ok()?;
    let moments = |bounds: ArrayRef| {
        let kind = DataType::Timestamp(TimeUnit::Microsecond, None);
        let bounds = cast(&bounds, &kind).ok()?;
        // A row group that says nothing may hold anything.
        (bounds.null_count() == 0).then_some(bounds)
    };
    let least = moments(converter.row_group_mins(groups.iter()).ok()?)?;
    let greatest = moments(converter.row_group_maxes(groups.iter()).ok()?)?;
    Some((
        min(least.as_primitive_opt::<TimestampMicrosecondType>()?)?,
        max(greatest.as_primitive_opt::<TimestampMicrosecondType>()?)?,
    ))
}

/// Rows of a period at least: twenty row groups. With fewer, who asks for a place whatever the time would read
/// much more than before.
const ROWS: u64 = 20 * 65_536;

/// The year that months are counted from.
const FIRST_YEAR: i32 = 1900;

/// The last month that is told from others: in 2582.
const LAST_MONTH: i32 = (1 << 13) - 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_in_periods_in_order() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        let (a, b, c) = (
            at("2019-06-30T23:59:59.999999Z"),
            at("2019-07-01T00:00:00Z"),
            at("2020-01-01T00:00:00Z"),
        );
        let of = |p: Period| [a, b, c].map(|m| p.number(m) - p.number(a));
        assert_eq!(of(Period::All), [0, 0, 0]);
        assert_eq!(of(Period::Year), [0, 0, 1]);
        assert_eq!(of(Period::Half), [0, 1, 2]);
        assert_eq!(of(Period::Quarter), [0, 1, 3]);
        assert_eq!(of(Period::Month), [0, 1, 7]);
        for period in Period::ALL {
            let numbers = [i64::MIN, 0, a, b, c, i64::MAX].map(|m| period.number(m));
            assert!(numbers.is_sorted());
            assert!(numbers.iter().all(|n| *n < (1 << 13)));
            assert_eq!(period.to_string().parse(), Ok(period));
        }
        assert!("week".parse::<Period>().is_err());
    }
}
