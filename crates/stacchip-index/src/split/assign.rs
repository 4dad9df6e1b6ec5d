//! Groups of places → splits, so that each has its share of the rows, and of each stratum.

use stacchip_model::SplitMix;

use super::Split;

/// Places that stay together.
#[derive(Debug)]
pub(super) struct Group {
    /// What it is told apart by, whatever the order of the rows.
    pub(super) key: u64,
    /// Its rows of each stratum it has any of.
    pub(super) rows: Vec<(usize, u64)>,
}

/// The split of each group, in their order.
///
/// The largest groups choose first, those of about one size by lot. Each goes where it is missed
/// most: where the strata it brings are the farthest below their share.
pub(super) fn assign(groups: &[Group], strata: usize, shares: [f64; 3], seed: u64) -> Vec<Split> {
    let sum: f64 = shares.iter().sum();
    let mut totals = vec![0u64; strata];
    for (stratum, rows) in groups.iter().flat_map(|g| &g.rows) {
        totals[*stratum] += rows;
    }
    let wanted =
        |split: Split, stratum: usize| totals[stratum] as f64 * shares[split.number()] / sum;
    let mut order: Vec<(u32, u64, usize)> = (0..)
        .zip(groups)
        .map(|(number, group)| {
            let rows: u64 = group.rows.iter().map(|(_, rows)| rows).sum();
            (rows.leading_zeros(), lot(seed, group.key), number)
        })
        .collect();
    order.sort_unstable_by_key(|&(size, lot, number)| (size, lot, groups[number].key));
    let mut have = vec![[0u64; 3]; strata];
    let mut chosen = vec![Split::Train; groups.len()];
    for (_, _, number) in order {
        let group = &groups[number];
        let missed = |split: Split| -> f64 {
            let of = group.rows.iter().map(|&(stratum, rows)| {
                let wanted = wanted(split, stratum);
                rows as f64 * (wanted - have[stratum][split.number()] as f64) / wanted
            });
            of.sum()
        };
        let mut best: Option<(f64, Split)> = None;
        for split in Split::ALL {
            if shares[split.number()] > 0.0 {
                let missed = missed(split);
                if best.is_none_or(|(most, _)| missed > most) {
                    best = Some((missed, split));
                }
            }
        }
        let split = best.map_or(Split::Train, |(_, split)| split);
        chosen[number] = split;
        for &(stratum, rows) in &group.rows {
            have[stratum][split.number()] += rows;
        }
    }
    chosen
}

/// A number that looks drawn of both.
fn lot(seed: u64, key: u64) -> u64 {
    let mix = |seed| SplitMix::new(seed).draw();
    mix(mix(seed) ^ key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stratum_has_its_shares() {
        let group = |key: u64| {
            let stratum = usize::from(key.is_multiple_of(10));
            Group {
                key,
                rows: vec![(stratum, 5 + key % 7)],
            }
        };
        let groups: Vec<Group> = (0..1000).map(group).collect();
        let chosen = assign(&groups, 2, [0.8, 0.1, 0.1], 7);
        for stratum in 0..2 {
            let mut counts = [0u64; 3];
            for (group, split) in groups.iter().zip(&chosen) {
                let rows = group.rows.iter().filter(|r| r.0 == stratum);
                counts[split.number()] += rows.map(|r| r.1).sum::<u64>();
            }
            let all = counts.iter().sum::<u64>() as f64;
            for (count, share) in counts.iter().zip([0.8, 0.1, 0.1]) {
                assert!((*count as f64 / all - share).abs() < 0.02, "{counts:?}");
            }
        }
        assert_eq!(chosen, assign(&groups, 2, [8.0, 1.0, 1.0], 7));
        assert_ne!(chosen, assign(&groups, 2, [0.8, 0.1, 0.1], 8));
        let without_val = assign(&groups, 2, [0.5, 0.0, 0.5], 7);
        assert!(!without_val.contains(&Split::Val));
    }
}
