//! Which of the cubes a job of an array makes.

use std::env;

use stacchip::cubes::Share;

use crate::{args::PrechipArgs, failure::Failure};

/// The cubes this job makes; all of them where nothing is said.
///
/// What the call says goes before what the environment says, and of the environment cubes a job go before
/// jobs: a service of batch jobs always says how many there are.
///
/// # Errors
/// A failure where that is half said, or no such job is there.
pub fn share(args: &PrechipArgs) -> Result<Option<Share>, Failure> {
    let by_env = |name| from_env(name, env::var(name).ok().as_deref());
    let (jobs, cubes) = match (args.jobs, args.cubes_per_job) {
        (None, None) => match by_env(CUBES_PER_JOB)? {
            Some(cubes) if args.index.is_some() => (None, Some(cubes)),
            _ => (by_env(JOBS)?, None),
        },
        given => given,
    };
    match (args.index, jobs, cubes) {
        (None, None, None) => Ok(None),
        (Some(index), _, Some(cubes)) => Ok(Some(Share::Cubes { index, cubes })),
        (Some(index), Some(jobs), None) if index >= jobs => Err(Failure::usage(format!(
            "--index {index} is none of {jobs} jobs, which are counted from 0"
        ))),
        (Some(index), Some(jobs), None) => Ok(Some(Share::Of { index, jobs })),
        (Some(_), None, None) => Err(Failure::usage(
            "job --index (or AWS_BATCH_JOB_ARRAY_INDEX) of how many? give --jobs, or --cubes-per-job",
        )),
        (None, Some(_), None) => Err(Failure::usage("which of the --jobs? give --index, from 0")),
        (None, _, Some(_)) => Err(Failure::usage(
            "--cubes-per-job of which job? give --index, from 0",
        )),
    }
}

/// What the manifest of the cubes of `share` is called.
pub fn manifest_name(share: Option<Share>) -> String {
    match share {
        None => "manifest.jsonl".to_owned(),
        Some(Share::Of { index, jobs }) => format!("manifest-{index}-of-{jobs}.jsonl"),
        Some(Share::Cubes { index, .. }) => format!("manifest-{index}.jsonl"),
    }
}

/// The number that the variable `name` of the environment holds; nothing where it is not set, or empty.
fn from_env(name: &str, value: Option<&str>) -> Result<Option<u64>, Failure> {
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    match value.parse() {
        Ok(number) if number > 0 => Ok(Some(number)),
        _ => Err(Failure::usage(format!(
            "{name}={value}: it is no whole number from 1 on; set it right, or unset it"
        ))),
    }
}

/// Jobs in the array.
const JOBS: &str = "AWS_BATCH_JOB_ARRAY_SIZE";
/// Cubes of each, as upstream.
const CUBES_PER_JOB: &str = "STACCHIP_CUBES_PER_JOB";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_environment_are_whole_and_above_0() {
        for (value, number) in [(None, None), (Some(""), None), (Some("12"), Some(12))] {
            assert_eq!(from_env("X", value).unwrap(), number);
        }
        for value in ["0", "-1", "two", "1.5"] {
            let said = from_env("X", Some(value)).unwrap_err().to_string();
            assert!(said.contains(&format!("X={value}")), "{said}");
        }
    }
}
