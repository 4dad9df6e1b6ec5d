//! What is said of the numbers of a band.

use std::cmp::Ordering;

use super::{BandTally, double::Double};

/// What is wanted beside mean, deviation and range.
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryOptions {
    /// Percentiles, each from 0 to 100.
    pub percentiles: Vec<f64>,
    /// Bins of the histogram, of equal width from the least number to the greatest.
    pub bins: usize,
}

impl Default for SummaryOptions {
    fn default() -> Self {
        Self {
            percentiles: vec![1.0, 2.0, 5.0, 25.0, 50.0, 75.0, 95.0, 98.0, 99.0],
            bins: 64,
        }
    }
}

/// What the numbers of a band are like. Where there is none that is data, nothing is said of them; nor is
/// anything said that leaves the range of a `float64`, as squares do from 1.3e154 on.
#[derive(Debug, Clone, PartialEq)]
pub struct BandSummary {
    /// Numbers that are data.
    pub count: u64,
    /// Numbers that are none, by their value, by a mask, or because they are no number.
    pub nodata: u64,
    /// Infinities: in nothing else here.
    pub not_finite: u64,
    /// Their mean.
    pub mean: Option<f64>,
    /// Their population standard deviation: the root of the mean square of what differs from the mean.
    pub std: Option<f64>,
    /// The least.
    pub min: Option<f64>,
    /// The greatest.
    pub max: Option<f64>,
    /// Percentiles asked for, each with its number: where it falls between two, in proportion, as
    /// numpy's do.
    pub percentiles: Vec<(f64, f64)>,
    /// Whether percentiles and histogram are exact; otherwise numbers stand for classes 1/2048 of
    /// their value wide.
    pub exact: bool,
    /// How the numbers are spread.
    pub histogram: Option<Histogram>,
}

/// Counts by bin, the edges as numpy's: each bin holds its lower edge, the last one its upper as well.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// The least edge.
    pub min: f64,
    /// The greatest edge.
    pub max: f64,
    /// Numbers in each bin.
    pub counts: Vec<u64>,
}

impl Histogram {
    /// The edges of the bins: one more than there are counts.
    pub fn edges(&self) -> Vec<f64> {
        let bins = self.counts.len();
        (0..=bins)
            .map(|i| edge(self.min, self.max, bins, i))
            .collect()
    }
}

impl BandTally {
    /// What was seen.
    pub fn summary(&self, options: &SummaryOptions) -> BandSummary {
        let (mut count, mut sum, mut squares) = (0u64, 0i128, 0i128);
        for (value, times) in self.whole.iter() {
            let (value, times) = (i128::from(value), i128::from(times));
            sum += value * times;
            squares += value * value * times;
        }
        for (_, times) in self.whole.iter() {
            count += times;
        }
        let all = count + self.others.count;
        let exact = self.others.count == 0;
        let n = all as f64;
        let (mut mean, mut std) = (None, None);
        if all > 0 {
            let of_whole = (Double::of_whole(sum), Double::of_whole(squares));
            let (sum, squares) = (
                of_whole.0.plus(self.others.sum),
                of_whole.1.plus(self.others.squares),
            );
            mean = Some(sum.over(n).value()).filter(|mean| mean.is_finite());
            // Σ(x − mean)² = Σx² − (Σx)² / n, in twice the precision.
            let variance = squares.minus(sum.times(sum).over(n)).over(n).value();
            std = variance.is_finite().then(|| variance.max(0.0).sqrt());
        }
        let sorted = self.sorted();
        let range = self.range(&sorted);
        let percentiles = if sorted.is_empty() {
            Vec::new()
        } else {
            let each = options.percentiles.iter();
            each.filter_map(|&p| Some((p, percentile(&sorted, all, p, range?))))
                .collect()
        };
        BandSummary {
            count: all,
            nodata: self.nodata,
            not_finite: self.not_finite,
            mean,
            std,
            min: range.map(|(min, _)| min),
            max: range.map(|(_, max)| max),
            percentiles,
            exact,
            histogram: range
                .filter(|(min, max)| options.bins > 0 && (max - min).is_finite())
                .map(|range| histogram(&sorted, range, options.bins)),
        }
    }

    /// Numbers and how often they were seen, from the least.
    fn sorted(&self) -> Vec<(f64, u64)> {
        let whole = self
            .whole
            .iter()
            .map(|(value, times)| (value as f64, times));
        let mut all: Vec<_> = whole.chain(self.others.sketch.classes()).collect();
        if self.others.count > 0 {
            all.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal));
        }
        all
    }

    /// The least and the greatest number, exactly.
    fn range(&self, sorted: &[(f64, u64)]) -> Option<(f64, f64)> {
        let mut whole = self.whole.iter().map(|(value, _)| value as f64);
        let least = whole.next();
        let greatest = whole.last().or(least);
        let others = (self.others.count > 0).then_some((self.others.min, self.others.max));
        let (least, greatest) = match (least.zip(greatest), others) {
            (Some((a, b)), Some((c, d))) => (a.min(c), b.max(d)),
            (one, other) => one.or(other)?,
        };
        (!sorted.is_empty()).then_some((least, greatest))
    }
}

/// The number below which `percent` of `count` sorted ones lie.
fn percentile(sorted: &[(f64, u64)], count: u64, percent: f64, range: (f64, f64)) -> f64 {
    let place = (percent / 100.0).clamp(0.0, 1.0) * (count.saturating_sub(1)) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place from 0 on, below the count"
    )]
    let below = place.floor() as u64;
    let (mut before, mut lower, mut upper) = (0, None, None);
    for &(value, times) in sorted {
        before += times;
        if lower.is_none() && before > below {
            lower = Some(value);
        }
        if before > below + 1 {
            upper = Some(value);
            break;
        }
    }
    let lower = lower.unwrap_or(range.1);
    let upper = upper.unwrap_or(lower);
    let share = place.fract();
    let between = if (upper - lower).is_finite() {
        lower + (upper - lower) * share
    } else {
        lower * (1.0 - share) + upper * share
    };
    between.clamp(range.0, range.1)
}

fn histogram(sorted: &[(f64, u64)], (min, max): (f64, f64), bins: usize) -> Histogram {
    // One number alone lies in the middle of a bin row of width one, as numpy has it.
    let (min, max) = if min == max {
        (min - 0.5, max + 0.5)
    } else {
        (min, max)
    };
    let mut counts = vec![0; bins];
    for &(value, times) in sorted {
        let share = (value.clamp(min, max) - min) / (max - min);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to the count of bins"
        )]
        let mut bin = ((share * bins as f64) as usize).min(bins - 1);
        // Rounding may have put it beside its bin.
        if value < edge(min, max, bins, bin) {
            bin = bin.saturating_sub(1);
        } else if bin + 1 < bins && value >= edge(min, max, bins, bin + 1) {
            bin += 1;
        }
        if let Some(count) = counts.get_mut(bin) {
            *count += times;
        }
    }
    Histogram { min, max, counts }
}

fn edge(min: f64, max: f64, bins: usize, index: usize) -> f64 {
    if index == bins {
        return max;
    }
    min + (max - min) / bins as f64 * index as f64
}

#[cfg(test)]
mod tests {
    use stacchip_model::{Pixels, Sample};

    use super::*;
    use crate::bands::Numbers;

    fn summary<T: Sample>(values: &[T], bins: usize) -> BandSummary {
        let pixels = Pixels::from_slice([1, 1, values.len()], values).unwrap();
        let mut tally = BandTally::default();
        tally.add(Numbers::new(T::TYPE, pixels.as_bytes())).unwrap();
        tally.summary(&SummaryOptions {
            percentiles: vec![0.0, 10.0, 50.0, 100.0],
            bins,
        })
    }

    #[test]
    fn as_numpy_says() {
        // numpy: mean 4.6, std 3.3823069050575527, percentile (0, 10, 50, 100), histogram in 4 bins.
        let s = summary(&[1u16, 2, 3, 7, 10], 4);
        assert_eq!((s.mean, s.std), (Some(4.6), Some(3.382_306_905_057_552_7)));
        assert_eq!(
            s.percentiles,
            [(0.0, 1.0), (10.0, 1.4), (50.0, 3.0), (100.0, 10.0)]
        );
        let histogram = s.histogram.unwrap();
        assert_eq!(histogram.counts, [3, 0, 1, 1]);
        assert_eq!(histogram.edges(), [1.0, 3.25, 5.5, 7.75, 10.0]);
        assert!(s.exact);
    }

    #[test]
    fn deviation_beside_a_large_mean() {
        // The naive formula gives 0 or worse here.
        let values: Vec<f64> = (0..1000u32)
            .map(|i| 1e9 + 0.25 + f64::from(i % 2))
            .collect();
        let s = summary(&values, 2);
        assert_eq!((s.mean, s.std), (Some(1e9 + 0.75), Some(0.5)));
        assert!(!s.exact);
        let p = s.percentiles.iter().find(|(p, _)| *p == 50.0).unwrap().1;
        assert!((p - 1e9).abs() < 1e9 / 2048.0);
    }

    #[test]
    fn what_leaves_the_range_of_numbers_is_not_said() {
        // Squares do.
        let two = 2f64.powi(530);
        let s = summary(&[two, 3.0 * two], 2);
        assert_eq!((s.mean, s.std), (Some(2.0 * two), None));
        assert_eq!((s.min, s.max), (Some(two), Some(3.0 * two)));
        assert_eq!(s.histogram.unwrap().counts, [1, 1]);
        // The sum and the range do.
        let s = summary(&[-1.7e308f64, 1.7e308, 1.7e308, 1.7e308], 2);
        assert_eq!((s.mean, s.std, s.histogram), (None, None, None));
        assert_eq!((s.min, s.max), (Some(-1.7e308), Some(1.7e308)));
        assert!(
            s.percentiles.iter().all(|(_, value)| value.is_finite()),
            "{:?}",
            s.percentiles
        );
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        let s = summary::<u8>(&[], 4);
        assert_eq!((s.count, s.mean, s.min), (0, None, None));
        assert!(s.percentiles.is_empty() && s.histogram.is_none());
        let one = summary(&[5u8], 2);
        assert_eq!(
            (one.std, one.histogram.unwrap().counts),
            (Some(0.0), vec![0, 1])
        );
    }
}
