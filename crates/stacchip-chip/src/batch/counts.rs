//! What a batch has cost.

/// What the chips of a list have cost so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchCounts {
    /// Chips handed out, those that failed included.
    pub chips: u64,
    /// Chips that failed.
    pub failed: u64,
    /// Blocks decoded, those decoded again included; blocks that a file leaves out are not.
    pub blocks: u64,
    /// Blocks decoded that had been decoded before, because what was cut from them could not be kept
    /// or the chips stood too far apart in the list.
    pub again: u64,
    /// Ranges asked for: one for each block decoded.
    pub ranges: u64,
    /// Ranges asked for again, each alone, because they failed together with others in a way that may
    /// be of one of them.
    pub retried: u64,
    /// Bytes in these ranges.
    pub bytes: u64,
    /// Bytes of plans held at once, at most, counted by their pieces.
    pub peak_planned: u64,
    /// Bytes of pieces held at once, at most, for chips that were not complete yet.
    pub peak_held: u64,
}
