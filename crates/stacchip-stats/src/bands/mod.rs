//! What the numbers of a band are like: count, mean, standard deviation, range, percentiles, histogram.
//!
//! Numbers are taken in one pass and any number of pieces; the answer does not depend on how they were
//! cut into pieces as long as pieces are [merged](BandTally::merge) in one order.
//!
//! Whole numbers from −32768 to 65535, which is what most rasters hold and what is often stored as
//! `float32` as well, are counted one by one: everything said of them is exact. Of other numbers the
//! sum and the sum of squares are kept in twice the precision of a float, so that no subtraction can
//! eat the digits of the variance, and percentiles are those of classes 1/2048 of their value wide.

mod double;
mod sketch;
mod summary;
mod tally;
mod whole;

pub use summary::{BandSummary, Histogram, SummaryOptions};
pub use tally::{BandTally, Numbers};
