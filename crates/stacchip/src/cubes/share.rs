//! Which cubes a job of an array makes.

use std::ops::Range;

/// One job of several that make cubes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Job `index` (from 0) of `jobs`: neighbouring cubes, as many as the other jobs or one less.
    Of {
        /// The job.
        index: u64,
        /// How many there are.
        jobs: u64,
    },
    /// Job `index` (from 0) of as many as it takes, with `cubes` cubes each, as upstream.
    Cubes {
        /// The job.
        index: u64,
        /// Cubes of each job.
        cubes: u64,
    },
}

impl Share {
    /// The cubes of this job, of `count` there are.
    pub fn of(self, count: u64) -> Range<u64> {
        match self {
            Self::Of { index, jobs } => {
                let part = |job: u64| {
                    let jobs = u128::from(jobs.max(1));
                    let before = u128::from(count) * u128::from(job.min(jobs_of(jobs))) / jobs;
                    u64::try_from(before).unwrap_or(count)
                };
                part(index)..part(index.saturating_add(1))
            }
            Self::Cubes { index, cubes } => {
                let from = index.saturating_mul(cubes);
                from.min(count)..from.saturating_add(cubes).min(count)
            }
        }
    }
}

fn jobs_of(jobs: u128) -> u64 {
    u64::try_from(jobs).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn jobs_make_every_cube_once(count in 0u64..500, jobs in 1u64..40) {
            let shares: Vec<_> = (0..jobs).map(|index| Share::Of { index, jobs }.of(count)).collect();
            let all: Vec<u64> = shares.iter().cloned().flatten().collect();
            prop_assert_eq!(all, (0..count).collect::<Vec<_>>());
            let sizes = shares.iter().map(|s| s.end - s.start);
            prop_assert!(sizes.clone().max().unwrap() - sizes.min().unwrap() <= 1);
            let all: Vec<u64> = (0..).map(|index| Share::Cubes { index, cubes: jobs }.of(count))
                .take_while(|s| !s.is_empty()).flatten().collect();
            prop_assert_eq!(all, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_job_beyond_the_last_makes_none() {
        assert_eq!(Share::Of { index: 9, jobs: 3 }.of(7), 7..7);
        assert_eq!(
            Share::Cubes {
                index: 1 << 60,
                cubes: 1 << 60
            }
            .of(7),
            7..7
        );
    }
}
