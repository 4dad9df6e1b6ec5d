//! Who does the work.

use std::fmt;

/// Runs pieces of work that do not depend on each other.
///
/// Promise: `job` has been called once with each number below `count` when `run` returns.
pub trait Workers: Sync + fmt::Debug {
    /// Calls `job` with each number below `count`, in any order, on any threads.
    fn run(&self, count: usize, job: &(dyn Fn(usize) + Sync));
}

/// One piece after the other, on the thread that asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InTurn;

impl Workers for InTurn {
    fn run(&self, count: usize, job: &(dyn Fn(usize) + Sync)) {
        for i in 0..count {
            job(i);
        }
    }
}
