//! The program as people, scripts and jobs call it.
#![expect(
    clippy::unwrap_used,
    reason = "what a test stands on is there, or the test fails"
)]

mod buckets;
mod calls;
mod chip;
mod chips;
mod desk;
mod explain;
mod index;
mod item_tables;
mod labels;
mod merge;
mod prechip;
mod query;
mod resumed_cubes;
mod series;
mod split;
mod stats;
mod survey;
