//! What is told of a run.

use serde::Serialize;
use serde_json::{Value, json};
use stacchip::chip::Chip;

use crate::{
    CommandResult, Status,
    args::ChipArgs,
    cutting::Run,
    failure::Failure,
    output::{Output, bytes_for_people},
    told::Told,
    wiring::World,
};

/// Says how it went, also where it went no further.
pub fn finish(
    run: Run<'_>,
    went: Result<(), Failure>,
    args: &ChipArgs,
    world: &World,
    output: Output,
) -> CommandResult {
    let (done, failed) = run.end();
    tell(&done, &failed, went, args, world, output)
}

/// How many headers were read, and which of those that were kept were of no use.
pub fn tell_headers(world: &World, output: Output) {
    let used = world.rasters().header_use();
    for (address, why) in &used.stale {
        output.detail(format!("{address}: {why}; its header was read"));
    }
    output.detail(format!(
        "{} headers known from the index, {} read",
        used.known, used.read
    ));
}

/// What was asked of servers and files.
fn tell_traffic(world: &World, output: Output) {
    let (asked, cached) = (world.traffic(), world.cache_use());
    if asked.requests > 0 {
        output.detail(format!(
            "{} requests for {}, {} of them again",
            asked.requests,
            bytes_for_people(asked.bytes),
            asked.retries + asked.hedges
        ));
    }
    if asked.local_reads > 0 {
        output.detail(format!(
            "{} reads of {} from local files",
            asked.local_reads,
            bytes_for_people(asked.local_bytes)
        ));
    }
    if cached.ranges > 0 {
        output.detail(format!(
            "{} ranges of {} were kept from before",
            cached.ranges,
            bytes_for_people(cached.bytes)
        ));
    }
}

fn traffic(world: &World) -> Value {
    let (asked, cached) = (world.traffic(), world.cache_use());
    json!({
        "requests": asked.requests,
        "bytes": asked.bytes,
        "retries": asked.retries,
        "hedges": asked.hedges,
        "local": { "reads": asked.local_reads, "bytes": asked.local_bytes },
        "cached": { "ranges": cached.ranges, "bytes": cached.bytes },
    })
}

/// All that is told of a run.
#[derive(Serialize)]
struct Account<'a> {
    chips: &'a Told,
    failed: &'a Told,
    headers: Value,
    asked: Value,
    /// Why it went no further, where that is of no chip.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u8>,
}

/// Says what was cut, what failed, and what it took.
pub fn tell(
    done: &Told,
    failed: &Told,
    went: Result<(), Failure>,
    args: &ChipArgs,
    world: &World,
    output: Output,
) -> CommandResult {
    tell_headers(world, output);
    tell_traffic(world, output);
    let stopped = went.as_ref().err();
    let why = stopped.filter(|failure| !matches!(failure, Failure::Told));
    // Standard output may hold the chip itself.
    if args.output != "-" {
        let used = world.rasters().header_use();
        output.document(&Account {
            chips: done,
            failed,
            headers: json!({ "known": used.known, "read": used.read, "stale": used.stale.len() }),
            asked: traffic(world),
            error: why.map(ToString::to_string),
            status: why.map(Failure::status),
        })?;
        if let Some(one) = done.only() {
            let arrays = one["arrays"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            for array in arrays {
                let shape: Vec<String> = array["shape"]
                    .as_array()
                    .map(|s| s.iter().map(ToString::to_string).collect())
                    .unwrap_or_default();
                output.note(format!(
                    "{} {} [{}]",
                    array["name"].as_str().unwrap_or_default(),
                    array["dtype"].as_str().unwrap_or_default(),
                    shape.join(", ")
                ));
            }
        }
        if stopped.is_none() || done.count() > 0 {
            output.done(format!("{} chip(s) → {}", done.count(), args.output))?;
        }
        if let Some(why) = why {
            Output::error(why);
            return Err(Failure::Told);
        }
    }
    went?;
    if done.count() == 0 && failed.count() > 0 {
        return Err(Failure::Told);
    }
    Ok(if failed.count() == 0 {
        Status::Done
    } else {
        Status::Partly
    })
}

/// What is told of a chip that was cut.
pub fn record(chipid: &str, out: &str, chip: &Chip) -> Value {
    json!({
        "chipid": chipid,
        "out": out,
        "crs": chip.frame.crs.as_ref().map(ToString::to_string),
        "transform": chip.frame.transform.map(|t| t.coefficients()),
        "arrays": chip.arrays.iter().map(|a| json!({
            "name": a.name,
            "dtype": a.pixels.sample().name(),
            "shape": a.pixels.shape(),
            "nodata": a.nodata.filter(|v| v.is_finite()),
        })).collect::<Vec<_>>(),
    })
}
