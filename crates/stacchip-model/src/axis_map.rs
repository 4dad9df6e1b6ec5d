//! Nearest neighbours along one axis.

use std::ops::Range;

/// Along one axis, which source pixel holds the centre of a target pixel:
/// `source = ⌊origin + (target + ½) · scale⌋`.
///
/// Two rasters of the same place at different resolutions are aligned with one such map for columns
/// and one for rows. The sum is nudged by 1e-10 source pixels before it is cut, as GDAL's nearest
/// does, so that ratios such as 2/3 fall on the side where exact arithmetic puts them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AxisMap {
    scale: f64,
    origin: f64,
}

impl AxisMap {
    /// A map of `scale` source pixels per target pixel, on which the outer edge of target pixel 0
    /// lies at source coordinate `origin`. Nothing unless both are finite and `scale` is positive.
    pub fn new(scale: f64, origin: f64) -> Option<Self> {
        (scale.is_finite() && origin.is_finite() && scale > 0.0).then_some(Self { scale, origin })
    }

    /// The map between axes of `target` and `source` pixels that cover the same ground.
    pub fn between(target: u32, source: u32) -> Option<Self> {
        Self::new(f64::from(source) / f64::from(target), 0.0)
    }

    /// Source pixels per target pixel.
    pub const fn scale(&self) -> f64 {
        self.scale
    }

    /// The source coordinate of the outer edge of target pixel 0.
    pub const fn origin(&self) -> f64 {
        self.origin
    }

    /// The source pixel that holds the centre of target pixel `target`.
    pub fn source(&self, target: i64) -> i64 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float beyond i64 saturates, and no raster reaches there"
        )]
        let source = (self.origin + (target as f64 + 0.5) * self.scale + NUDGE).floor() as i64;
        source
    }

    /// The source pixels that `targets` need, from the first to the last.
    pub fn sources(&self, targets: Range<i64>) -> Range<i64> {
        if targets.is_empty() {
            return 0..0;
        }
        self.source(targets.start)..self.source(targets.end - 1) + 1
    }

    /// The target pixels within `bounds` whose centres lie in `sources`.
    pub fn targets(&self, sources: Range<i64>, bounds: Range<i64>) -> Range<i64> {
        let first = |wanted: i64| {
            let (mut low, mut high) = (bounds.start, bounds.end);
            while low < high {
                let middle = low + (high - low) / 2;
                if self.source(middle) < wanted {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            low
        };
        first(sources.start)..first(sources.end)
    }

    /// How many of `targets` each source pixel of [`sources`](Self::sources) serves.
    pub fn weights(&self, targets: Range<i64>) -> Vec<u32> {
        let sources = self.sources(targets.clone());
        let mut weights = vec![0; usize::try_from(sources.end - sources.start).unwrap_or(0)];
        for target in targets {
            let at = usize::try_from(self.source(target) - sources.start);
            if let Some(weight) = at.ok().and_then(|i| weights.get_mut(i)) {
                *weight += 1;
            }
        }
        weights
    }
}

/// GDAL's, in source pixels (`GDALRasterBand::IRasterIO`, nearest resampling).
const NUDGE: f64 = 1e-10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_exact_division(target in 1u32..20_000, source in 1u32..20_000, at in 0u32..20_000) {
            let at = at % target;
            let exact = (2 * u64::from(at) + 1) * u64::from(source) / (2 * u64::from(target));
            let map = AxisMap::between(target, source).unwrap();
            prop_assert_eq!(map.source(i64::from(at)), i64::try_from(exact).unwrap());
        }

        #[test]
        fn weights_count_every_target_once(
            target in 1u32..3000, source in 1u32..3000, start in 0i64..3000, len in 0i64..600,
        ) {
            let map = AxisMap::between(target, source).unwrap();
            let weights = map.weights(start..start + len);
            prop_assert_eq!(weights.iter().map(|&w| i64::from(w)).sum::<i64>(), len);
        }

        #[test]
        fn targets_are_those_whose_source_it_is(
            target in 1u32..500, source in 1u32..500, start in 0i64..500, len in 0i64..100,
        ) {
            let map = AxisMap::between(target, source).unwrap();
            let all = 0..i64::from(target);
            let found = map.targets(start..start + len, all.clone());
            for t in all {
                let s = map.source(t);
                prop_assert_eq!(found.contains(&t), s >= start && s < start + len);
            }
        }
    }
}
