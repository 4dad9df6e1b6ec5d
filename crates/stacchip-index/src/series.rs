//! Chips of one place, one after the other in time.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use stacchip_model::jiff::civil::Date;

use crate::{ChipRow, GroundCell};

/// What makes chips those of one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeriesBy {
    /// Chips of one size in one reference system whose centres lie within some metres: the same pixels of the
    /// ground, so that they can be laid upon each other as they are.
    Place,
    /// Chips whose centres lie in one ground cell of this level, whatever their grid.
    Cell(u8),
}

impl fmt::Display for SeriesBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place => f.write_str("place"),
            Self::Cell(level) => write!(f, "cell:{level}"),
        }
    }
}

impl FromStr for SeriesBy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is none of place, cell, cell:LEVEL (0 to 30)");
        match text.split_once(':') {
            None if text == "place" => Ok(Self::Place),
            None if text == "cell" => Ok(Self::Cell(GroundCell::PLACE_LEVEL)),
            Some(("cell", level)) => match level.parse() {
                Ok(level) if level <= GroundCell::MAX_LEVEL => Ok(Self::Cell(level)),
                _ => Err(wrong()),
            },
            _ => Err(wrong()),
        }
    }
}

/// The steps of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeriesPeriod {
    /// A day, in UTC.
    Day,
    /// A week of ISO 8601, from Monday on.
    Week,
    /// A month.
    Month,
    /// Three months: December (of the year before) to February, March to May, and so on.
    Season,
    /// A year.
    Year,
}

impl SeriesPeriod {
    /// The name of the period that holds a day: names of one kind are in order of time as texts are.
    pub fn name(self, day: Date) -> String {
        let (year, month) = (day.year(), day.month());
        match self {
            Self::Day => format!("{year:04}-{month:02}-{:02}", day.day()),
            Self::Week => {
                let week = day.iso_week_date();
                format!("{:04}-W{:02}", week.year(), week.week())
            }
            Self::Month => format!("{year:04}-{month:02}"),
            Self::Season => {
                let (year, season) = match month {
                    12 => (year + 1, "1-DJF"),
                    1 | 2 => (year, "1-DJF"),
                    3..=5 => (year, "2-MAM"),
                    6..=8 => (year, "3-JJA"),
                    _ => (year, "4-SON"),
                };
                format!("{year:04}-{season}")
            }
            Self::Year => format!("{year:04}"),
        }
    }
}

impl FromStr for SeriesPeriod {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            "season" => Self::Season,
            "year" => Self::Year,
            _ => {
                return Err(format!(
                    "`{text}` is none of day, week, month, season, year"
                ));
            }
        })
    }
}

/// How series are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeriesOptions {
    /// What makes chips those of one place.
    pub by: SeriesBy,
    /// The steps.
    pub period: SeriesPeriod,
    /// Whether all chips of a step are taken, in place of the best one: that with the least cloud and nodata
    /// together, of several the earliest.
    pub all: bool,
    /// Chips with more cloud are left out, 0 to 1.
    pub max_cloud: f64,
    /// Chips with more nodata are left out, 0 to 1.
    pub max_nodata: f64,
    /// Series of fewer steps are left out.
    pub least_steps: usize,
}

/// Which chips are in which series.
#[derive(Debug)]
pub struct SeriesPlan {
    chips: Vec<Option<(u32, u32)>>,
    series: Names,
    periods: Names,
    counts: SeriesCounts,
}

impl SeriesPlan {
    /// What each chip is in, in the order they came: the name of its series (a token of an S2 cell, and what else
    /// sets it apart), and that of its step; nothing of chips that are in none.
    pub fn chips(&self) -> impl Iterator<Item = Option<(&str, &str)>> {
        let named = |(series, period): (u32, u32)| {
            Some((self.series.name(series)?, self.periods.name(period)?))
        };
        self.chips.iter().map(move |chip| chip.and_then(named))
    }

    /// How many there are.
    pub fn counts(&self) -> SeriesCounts {
        self.counts
    }
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SeriesCounts {
    /// Series.
    pub series: usize,
    /// Chips in them.
    pub chips: usize,
    /// Steps of the shortest and of the longest.
    pub steps: (usize, usize),
}

/// Gathers chips and makes series of them.
#[derive(Debug)]
pub struct SeriesMaker {
    options: SeriesOptions,
    /// Of each chip its series and step, by number, and what it is chosen by; nothing of what is left out.
    chips: Vec<Option<Sighting>>,
    series: Names,
    periods: Names,
}

#[derive(Debug, Clone, Copy)]
struct Sighting {
    series: u32,
    period: u32,
    bad: f64,
    at: i64,
}

/// Texts with their numbers.
#[derive(Debug, Default)]
struct Names {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Names {
    fn number(&mut self, name: String) -> u32 {
        if let Some(&number) = self.numbers.get(&name) {
            return number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        number
    }

    fn name(&self, number: u32) -> Option<&str> {
        self.names.get(number as usize).map(String::as_str)
    }
}

impl SeriesMaker {
    /// Makes series so.
    pub fn new(options: SeriesOptions) -> Self {
        Self {
            options,
            chips: Vec::new(),
            series: Names::default(),
            periods: Names::default(),
        }
    }

    /// The next chip. `among` sets chips apart that are never in one series, collections say.
    pub fn push(&mut self, row: &ChipRow, among: &str) {
        let quality = row.quality;
        let (cloud, nodata) = (quality.cloud.get(), quality.nodata.get());
        let centre = GroundCell::of(&row.footprint);
        let fine = quality.cloud.is_at_most(self.options.max_cloud)
            && quality.nodata.is_at_most(self.options.max_nodata);
        let sighting = centre.filter(|_| fine).map(|centre| {
            let mut name = match self.options.by {
                SeriesBy::Cell(level) => centre.parent(level).to_string(),
                SeriesBy::Place => {
                    let scene = &row.scene;
                    let (w, h) = (row.window.width, row.window.height);
                    // Systems may be pages of text.
                    let mut apart = Fnv::default();
                    (&scene.crs, scene.chip_size, w, h).hash(&mut apart);
                    let cell = centre.parent(PLACE);
                    format!("{cell}-{:08x}", apart.finish() & 0xffff_ffff)
                }
            };
            if !among.is_empty() {
                name = format!("{name}-{among}");
            }
            Sighting {
                series: self.series.number(name),
                period: self
                    .periods
                    .number(self.options.period.name(row.scene.date())),
                bad: cloud + nodata,
                at: row.scene.datetime.as_microsecond(),
            }
        });
        self.chips.push(sighting);
    }

    /// What each chip is in, in the order they came.
    pub fn finish(mut self) -> SeriesPlan {
        if !self.options.all {
            let mut best: HashMap<(u32, u32), (usize, Sighting)> = HashMap::new();
            for (number, chip) in self.chips.iter().enumerate() {
                let Some(chip) = chip else {
                    continue;
                };
                let better = |(_, other): &(usize, Sighting)| {
                    chip.bad
                        .total_cmp(&other.bad)
                        .then(chip.at.cmp(&other.at))
                        .is_lt()
                };
                let known = best.get(&(chip.series, chip.period));
                if known.is_none_or(better) {
                    best.insert((chip.series, chip.period), (number, *chip));
                }
            }
            for (number, chip) in self.chips.iter_mut().enumerate() {
                let stays = chip.and_then(|c| best.get(&(c.series, c.period)));
                if stays.is_none_or(|(first, _)| *first != number) {
                    *chip = None;
                }
            }
        }
        let mut steps: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for chip in self.chips.iter().flatten() {
            steps.entry(chip.series).or_default().insert(chip.period);
        }
        let least = self.options.least_steps;
        steps.retain(|_, periods| periods.len() >= least);
        let length = |periods: &BTreeSet<u32>| periods.len();
        let chips: Vec<Option<(u32, u32)>> = self
            .chips
            .iter()
            .map(|chip| {
                let chip = chip.filter(|c| steps.contains_key(&c.series))?;
                Some((chip.series, chip.period))
            })
            .collect();
        SeriesPlan {
            counts: SeriesCounts {
                series: steps.len(),
                chips: chips.iter().flatten().count(),
                steps: (
                    steps.values().map(length).min().unwrap_or(0),
                    steps.values().map(length).max().unwrap_or(0),
                ),
            },
            chips,
            series: self.series,
            periods: self.periods,
        }
    }
}

/// FNV-1a: the same on all machines.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

/// The level of the cells, some five metres wide, in which centres of chips of one place lie.
const PLACE: u8 = 21;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use stacchip_model::{Fraction, Polygon, Quality, jiff::civil::date, jiff::tz::TimeZone};

    use super::*;
    use crate::{SceneColumns, testing::example_rows};

    #[test]
    fn days_are_in_their_periods() {
        let of = |p: &str, y, m, d| p.parse::<SeriesPeriod>().unwrap().name(date(y, m, d));
        assert_eq!(of("day", 2024, 5, 7), "2024-05-07");
        assert_eq!(of("week", 2024, 12, 30), "2025-W01");
        assert_eq!(of("month", 2024, 5, 7), "2024-05");
        assert_eq!(of("season", 2024, 12, 1), "2025-1-DJF");
        assert_eq!(of("season", 2024, 2, 29), "2024-1-DJF");
        assert_eq!(of("season", 2024, 11, 30), "2024-4-SON");
        assert_eq!(of("year", 2024, 5, 7), "2024");
        assert!("hour".parse::<SeriesPeriod>().is_err());
        for text in ["place", "cell:10", "cell:0", "cell:30"] {
            assert_eq!(text.parse::<SeriesBy>().unwrap().to_string(), text);
        }
        assert!("cell:31".parse::<SeriesBy>().is_err());
    }

    fn row(west: f64, day: Date, cloud: f64) -> ChipRow {
        let mut row = example_rows().remove(0);
        let mut scene = SceneColumns::clone(&row.scene);
        let moment = day.at(10, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap();
        scene.datetime = moment.timestamp();
        row.scene = Arc::new(scene);
        row.quality = Quality {
            cloud: Fraction::new(cloud).unwrap(),
            nodata: Fraction::new(0.0).unwrap(),
        };
        let ring = vec![
            [west, 50.0],
            [west + 0.02, 50.0],
            [west + 0.02, 50.02],
            [west, 50.02],
            [west, 50.0],
        ];
        row.footprint = Polygon { rings: vec![ring] }.into();
        row
    }

    #[test]
    fn the_best_of_each_step_is_taken() {
        let rows = [
            row(7.0, date(2024, 5, 1), 0.5),
            row(7.0, date(2024, 5, 9), 0.1),
            row(7.0, date(2024, 5, 20), 0.1),
            row(7.0, date(2024, 6, 1), 0.3),
            row(7.02, date(2024, 5, 1), 0.0),
            row(7.0, date(2024, 7, 1), 0.95),
        ];
        let options = SeriesOptions {
            by: SeriesBy::Place,
            period: SeriesPeriod::Month,
            all: false,
            max_cloud: 0.9,
            max_nodata: 1.0,
            least_steps: 1,
        };
        let made = |options: SeriesOptions| {
            let mut maker = SeriesMaker::new(options);
            for row in &rows {
                maker.push(row, "");
            }
            maker.finish()
        };
        let steps = |options: SeriesOptions| {
            let plan = made(options);
            let steps = plan.chips().map(|f| f.map(|(_, period)| period.to_owned()));
            steps.collect::<Vec<_>>()
        };
        let (may, june) = (Some("2024-05".to_owned()), Some("2024-06".to_owned()));
        assert_eq!(
            steps(options),
            [None, may.clone(), None, june.clone(), may.clone(), None]
        );
        let plan = made(options);
        let counts = plan.counts();
        assert_eq!((counts.series, counts.chips, counts.steps), (2, 3, (1, 2)));
        let names: Vec<_> = plan.chips().flatten().map(|(series, _)| series).collect();
        assert!(names[0] == names[1] && names[0] != names[2]);
        let long = SeriesOptions {
            least_steps: 2,
            ..options
        };
        assert_eq!(
            steps(long),
            [None, may.clone(), None, june.clone(), None, None]
        );
        let all = SeriesOptions {
            all: true,
            ..options
        };
        assert_eq!(made(all).counts().chips, 5);
        let cells = SeriesOptions {
            by: SeriesBy::Cell(5),
            ..options
        };
        assert_eq!(steps(cells), [None, None, None, june, may, None]);
    }
}
