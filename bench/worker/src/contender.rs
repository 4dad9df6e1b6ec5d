//! What every suite is asked for.

use serde_json::Value;

use crate::Failed;

/// A suite that has been set up.
pub trait Contender {
    /// Does all of the work once: an object with `chips` and `bytes`, both counted.
    ///
    /// # Errors
    /// Why it could not be done.
    fn run(&mut self) -> Result<Value, Failed>;

    /// The CRC-32 of the pixels of each of the first `count` chips: the arrays one after another,
    /// `[band, row, column]`, little-endian.
    ///
    /// # Errors
    /// Why there are none.
    fn checksums(&mut self, count: usize) -> Result<Vec<u32>, Failed> {
        let _ = count;
        Err("this suite makes no pixels".into())
    }
}
