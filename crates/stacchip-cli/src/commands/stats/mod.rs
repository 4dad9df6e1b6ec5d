//! `stacchip stats`.

mod cube_file;
mod cubes;
mod cubes_of;
mod index;
mod known;
mod report;

use stacchip::cubes::Draw;

use crate::{
    CommandResult,
    args::{Shared, StatsArgs},
    failure::Failure,
    output::Output,
    wiring::World,
};

/// Says what the numbers of each band are like.
pub fn run(args: &StatsArgs, world: &World, output: Output, shared: &Shared) -> CommandResult {
    if let Some(percent) = args
        .percentiles
        .iter()
        .find(|p| !(0.0..=100.0).contains(*p))
    {
        return Err(Failure::usage(format!(
            "--percentiles {percent}: percentiles are from 0 to 100"
        )));
    }
    world.block_on(async {
        if let Some(cubes) = cubes::found(&args.source, world).await? {
            cubes::run(args, cubes, world, output, shared.memory).await
        } else {
            index::run(args, world, output, shared).await
        }
    })
}

/// `wanted` of `count`, in their order.
fn chosen(count: u32, wanted: u32, seed: u64) -> Vec<u32> {
    let mut places = Draw::Shuffled(seed).places(count);
    places.truncate(wanted as usize);
    places.sort_unstable();
    places
}
