//! Which block next, and for whom its pieces are kept.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use super::{
    planned::{BlockKey, Planned},
    step::StepCut,
};

/// Decides, one after the other, which block is decoded next and which pieces are cut from it. It
/// counts bytes of pieces as if each step were done at once, so that what it says follows from
/// the chips pushed and the budget alone.
#[derive(Debug)]
pub(super) struct Planner {
    /// Bytes of pieces that may be held for chips that have not been handed out.
    budget: u64,
    /// Whether chips are handed out as soon as they are complete, else at their turn.
    at_once: bool,
    /// The look-ahead, by turn.
    slots: VecDeque<Slot>,
    /// The turn of the first of them.
    first: u64,
    /// Who lacks a piece of a block: turn and piece, by turn.
    wants: HashMap<BlockKey, Vec<(u64, usize)>>,
    held: u64,
    /// Turns of chips that hold pieces.
    holders: BTreeSet<u64>,
    said: VecDeque<Move>,
    peak: u64,
    /// Wants looked at, chips and pieces given up: what its own work is made of.
    #[cfg(test)]
    work: u64,
}

/// What happens next.
#[derive(Debug)]
pub(super) enum Move {
    /// The pieces that this chip holds are given up.
    GiveUp(u64),
    /// These pieces are cut, all from one block.
    Cut(Vec<StepCut>),
    /// The chip, once its pieces have been cut, is handed out: next after those before it.
    HandOut(u64),
}

/// A chip in the look-ahead.
#[derive(Debug)]
struct Slot {
    chip: Option<Arc<Planned>>,
    pieces: Vec<SlotPiece>,
    missing: usize,
    /// All pieces before it are held.
    from: usize,
    held: u64,
    handed_out: bool,
}

#[derive(Debug)]
struct SlotPiece {
    key: BlockKey,
    bytes: u64,
    held: bool,
}

impl Planner {
    pub(super) fn new(budget: u64, at_once: bool) -> Self {
        Self {
            budget,
            at_once,
            slots: VecDeque::new(),
            first: 0,
            wants: HashMap::new(),
            held: 0,
            holders: BTreeSet::new(),
            said: VecDeque::new(),
            peak: 0,
            #[cfg(test)]
            work: 0,
        }
    }

    /// Takes the chip whose turn is last; nothing for one that failed. Answers its turn.
    pub(super) fn push(&mut self, chip: Option<Arc<Planned>>) -> u64 {
        let turn = self.first + self.slots.len() as u64;
        let mut pieces = Vec::new();
        if let Some(chip) = &chip {
            pieces.reserve_exact(chip.pieces.len());
            for piece in &chip.pieces {
                let Some((array, plan)) = chip.of(piece) else {
                    continue;
                };
                let key = BlockKey::new(&array.raster, plan.level(), piece.block);
                let wants = self.wants.entry(key.clone()).or_default();
                wants.push((turn, pieces.len()));
                pieces.push(SlotPiece {
                    key,
                    bytes: piece.bytes(plan),
                    held: false,
                });
            }
        }
        self.slots.push_back(Slot {
            chip,
            missing: pieces.len(),
            pieces,
            from: 0,
            held: 0,
            handed_out: false,
        });
        turn
    }

    /// What happens next; nothing where no chip is left. Whoever asks has pushed as many chips as
    /// there are to look ahead to: what is said depends on them.
    pub(super) fn next(&mut self) -> Option<Move> {
        loop {
            if let Some(said) = self.said.pop_front() {
                return Some(said);
            }
            let first = self.slots.front_mut()?;
            if first.handed_out {
                self.slots.pop_front();
                self.first += 1;
                continue;
            }
            while first.pieces.get(first.from).is_some_and(|p| p.held) {
                first.from += 1;
            }
            match first.pieces.get(first.from).map(|p| p.key.clone()) {
                Some(key) => self.cut(&key),
                None => self.hand_out(self.first),
            }
        }
    }

    /// Chips in the look-ahead.
    pub(super) fn ahead(&self) -> usize {
        self.slots.len()
    }

    /// The most bytes of pieces that were held at once.
    pub(super) const fn peak(&self) -> u64 {
        self.peak
    }

    /// Cuts block `key` for everybody who lacks a piece of it and for whom there is room, the
    /// nearest turn first.
    fn cut(&mut self, key: &BlockKey) {
        let mut cuts = Vec::new();
        // Who gives way wants it again: that is put behind those that were looked at.
        let mut looked_at = 0;
        while let Some(&(turn, piece)) = self.wants.get(key).and_then(|w| w.get(looked_at)) {
            let bytes = self.bytes(turn, piece);
            // The chip whose turn it is goes on whatever it takes.
            if !self.make_room(bytes, turn) && turn != self.first {
                break;
            }
            cuts.extend(self.hold(turn, piece, bytes));
            looked_at += 1;
        }
        if let Some(wants) = self.wants.get_mut(key) {
            #[cfg(test)]
            {
                // Those that are left over are moved.
                self.work += wants.len() as u64;
            }
            wants.drain(..looked_at.min(wants.len()));
            if wants.is_empty() {
                self.wants.remove(key);
            }
        }
        let done: Vec<u64> = cuts.iter().map(|cut| cut.turn).collect();
        self.said.push_back(Move::Cut(cuts));
        if self.at_once {
            for turn in done {
                if self
                    .slot(turn)
                    .is_some_and(|s| s.missing == 0 && !s.handed_out)
                {
                    self.hand_out(turn);
                }
            }
        }
    }

    /// Whether `bytes` more can be held for `turn`: chips whose turns are further off give way.
    fn make_room(&mut self, bytes: u64, turn: u64) -> bool {
        while self.held.saturating_add(bytes) > self.budget {
            match self.holders.last() {
                Some(&furthest) if furthest > turn => self.give_up(furthest),
                _ => return false,
            }
        }
        true
    }

    fn hold(&mut self, turn: u64, piece: usize, bytes: u64) -> Option<StepCut> {
        let slot = self.slot(turn)?;
        let chip = Arc::clone(slot.chip.as_ref()?);
        slot.pieces.get_mut(piece)?.held = true;
        slot.missing -= 1;
        slot.held += bytes;
        self.held += bytes;
        self.peak = self.peak.max(self.held);
        self.holders.insert(turn);
        Some(StepCut { turn, chip, piece })
    }

    /// Gives up all pieces that the chip of `turn` holds.
    fn give_up(&mut self, turn: u64) {
        self.holders.remove(&turn);
        let Some(slot) = self.slot(turn) else {
            return;
        };
        let freed = std::mem::take(&mut slot.held);
        slot.from = 0;
        let mut wanted = Vec::new();
        for (index, piece) in slot.pieces.iter_mut().enumerate() {
            if std::mem::take(&mut piece.held) {
                slot.missing += 1;
                wanted.push((piece.key.clone(), index));
            }
        }
        #[cfg(test)]
        {
            self.work += wanted.len() as u64;
        }
        for (key, index) in wanted {
            let wants = self.wants.entry(key).or_default();
            let at = wants.partition_point(|want| *want < (turn, index));
            wants.insert(at, (turn, index));
        }
        self.held -= freed;
        self.said.push_back(Move::GiveUp(turn));
    }

    fn hand_out(&mut self, turn: u64) {
        self.holders.remove(&turn);
        if let Some(slot) = self.slot(turn) {
            slot.handed_out = true;
            slot.chip = None;
            let held = std::mem::take(&mut slot.held);
            self.held -= held;
            self.said.push_back(Move::HandOut(turn));
        }
    }

    fn bytes(&mut self, turn: u64, piece: usize) -> u64 {
        let slot = self.slot(turn);
        slot.and_then(|s| s.pieces.get(piece))
            .map_or(0, |p| p.bytes)
    }

    fn slot(&mut self, turn: u64) -> Option<&mut Slot> {
        let at = usize::try_from(turn.checked_sub(self.first)?).ok()?;
        self.slots.get_mut(at)
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use stacchip_cog::{Codecs, WriteOptions, testing::MemoryReader, write_cog};
    use stacchip_model::{Pixels, SampleType, Size, Window};

    use super::*;
    use crate::{
        AssetRequest, ChipReader, ChipRequest, Frame, RasterCache,
        batch::{WantedChip, preparing::Preparing},
        testing::MemoryOpener,
    };

    const SIDE: u32 = 1024;

    fn preparing() -> Preparing {
        let side = SIDE as usize;
        let pixels = Pixels::zeros(SampleType::U8, [1, side, side]).unwrap();
        let file = write_cog(&pixels, &WriteOptions::cog().tiles(64), None).unwrap();
        let opener = MemoryOpener::default().with("a", Arc::new(MemoryReader::new(file)));
        Preparing::new(ChipReader::new(
            Arc::new(opener),
            Arc::new(Codecs::new()),
            Arc::new(RasterCache::default()),
        ))
    }

    /// Plans `count` chips of 32 pixels anywhere, 256 ahead; the work and the blocks that takes.
    fn run(count: u64, budget: u64, at_once: bool) -> (u64, u64) {
        let preparing = preparing();
        let frame = Frame::of_size(Size::new(SIDE, SIDE));
        let assets = vec![AssetRequest::new("a", "a")];
        let like = Arc::new(ChipRequest::new(frame, Window::new(0, 0, 1, 1), assets));
        let mut planner = Planner::new(budget, at_once);
        let (mut pushed, mut blocks, mut out) = (0, 0, 0);
        loop {
            while pushed < count && planner.ahead() < 256 {
                let at = |by: u64| i64::try_from(pushed * by % u64::from(SIDE - 32)).unwrap();
                let wanted = WantedChip {
                    like: Arc::clone(&like),
                    window: Window::new(at(7919), at(104_729), 32, 32),
                };
                let chip = block_on(preparing.prepare(wanted)).unwrap();
                planner.push(Some(Arc::new(chip)));
                pushed += 1;
            }
            match planner.next() {
                None => break,
                Some(Move::Cut(cuts)) => {
                    assert!(!cuts.is_empty());
                    blocks += 1;
                }
                Some(Move::HandOut(_)) => out += 1,
                Some(Move::GiveUp(_)) => {}
            }
            assert!(planner.held <= budget + 32 * 32);
        }
        assert_eq!(out, count);
        assert!(planner.wants.is_empty() && planner.holders.is_empty());
        assert_eq!(planner.held, 0);
        (planner.work, blocks)
    }

    #[test]
    fn its_work_grows_as_the_list_does() {
        for (budget, at_once) in [(1 << 20, true), (100 << 10, false), (10 << 10, false)] {
            let (short, _) = run(1000, budget, at_once);
            let (long, _) = run(100_000, budget, at_once);
            assert!(
                long <= short * 110,
                "{budget}: {short} for a thousand, {long} for a hundred thousand"
            );
        }
    }

    #[test]
    fn more_memory_is_less_work() {
        let blocks = |budget| run(5000, budget, false).1;
        let (none, some, much) = (blocks(0), blocks(64 << 10), blocks(1 << 20));
        assert!(
            much < some && some < none && much * 2 < none,
            "{none} {some} {much}"
        );
    }
}
