//! Chips between the plan and whoever takes them.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use stacchip_model::Pixels;

use super::{
    BatchCounts, BatchOptions, FailedChip, Order, ReadyChip,
    planned::Planned,
    planner::{Move, Planner},
    step::{Step, StepCut},
};
use crate::ChipError;

/// Chips of a list from their plans to whole ones. It does nothing itself: it says which block to
/// fetch and decode next, takes the pieces in any order, and hands out chips in the planner's.
#[derive(Debug)]
pub(super) struct Engine {
    planner: Planner,
    ahead: usize,
    ended: bool,
    chips: HashMap<u64, Arriving>,
    /// Turns of chips to hand out, in this order.
    order: VecDeque<u64>,
    /// Bytes of chips in `order`, their plans included.
    waiting: u64,
    most_waiting: u64,
    /// Bytes of plans of chips that the planner has not handed out.
    planned: u64,
    most_planned: u64,
    /// Which blocks were decoded, a bit for each, by 64 neighbours.
    decoded: HashMap<(u64, u64), u64>,
    counts: BatchCounts,
    /// Moves of the planner.
    moves: u64,
}

/// A chip whose pieces are arriving.
#[derive(Debug)]
struct Arriving {
    number: u64,
    chip: Option<Arc<Planned>>,
    pieces: Vec<Arrived>,
    /// Pieces that are expected or not asked for yet.
    missing: usize,
    /// Why it failed, with the piece of which that is said.
    error: Option<(usize, ChipError)>,
}

/// A chip that failed, and what was planned for it.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) failed: FailedChip,
    pub(super) chip: Option<Arc<Planned>>,
}

#[derive(Debug)]
enum Arrived {
    NotAsked,
    Expected,
    Here(Pixels),
    Failed,
}

impl Engine {
    pub(super) fn new(options: &BatchOptions) -> Self {
        let at_once = options.order == Order::Ready;
        Self {
            planner: Planner::new(options.held_bytes(), at_once),
            ahead: options.chips_ahead(),
            ended: false,
            chips: HashMap::new(),
            order: VecDeque::new(),
            waiting: 0,
            most_waiting: options.waiting_bytes(),
            planned: 0,
            most_planned: options.plan_bytes(),
            decoded: HashMap::new(),
            counts: BatchCounts::default(),
            moves: 0,
        }
    }

    /// Whether it wants the next chip before it says what to do.
    pub(super) fn is_hungry(&self) -> bool {
        self.appetite() > 0
    }

    /// How many chips more it wants.
    pub(super) fn appetite(&self) -> usize {
        let wanted = self.ahead.saturating_sub(self.planner.ahead());
        let full = self.planned >= self.most_planned;
        if self.ended || full { 0 } else { wanted }
    }

    /// Changes whenever it got further: then there may be a chip to take, or room for another.
    pub(super) fn progress(&self) -> (u64, usize) {
        (self.moves, self.planner.ahead())
    }

    /// Takes the next chip in the order of turns.
    pub(super) fn push(&mut self, number: u64, chip: Result<Planned, ChipError>) {
        let (chip, error) = match chip {
            Ok(chip) => (Some(Arc::new(chip)), None),
            Err(error) => (None, Some((0, error))),
        };
        let turn = self.planner.push(chip.clone());
        let count = chip.as_ref().map_or(0, |chip| chip.pieces.len());
        let planned = chip.as_ref().map_or(0, |chip| chip.plan_bytes());
        self.planned = self.planned.saturating_add(planned);
        self.counts.peak_planned = self.counts.peak_planned.max(self.planned);
        let pieces = std::iter::repeat_with(|| Arrived::NotAsked).take(count);
        self.chips.insert(
            turn,
            Arriving {
                number,
                chip,
                pieces: pieces.collect(),
                missing: count,
                error,
            },
        );
    }

    /// There are no more chips; whether that is news.
    pub(super) fn end(&mut self) -> bool {
        !std::mem::replace(&mut self.ended, true)
    }

    /// The next block to fetch and decode; nothing while it is hungry, while too many chips wait to
    /// be taken, or at the end.
    pub(super) fn next_step(&mut self) -> Option<Step> {
        loop {
            let full = self.waiting > self.most_waiting && !self.order.is_empty();
            if full || self.is_hungry() {
                return None;
            }
            let next = self.planner.next()?;
            self.moves += 1;
            match next {
                Move::HandOut(turn) => {
                    // Its plan is kept as long as it is.
                    self.waiting = self.waiting.saturating_add(self.waiting_bytes(turn));
                    let planned = self.chips.get(&turn).and_then(|c| c.chip.as_ref());
                    let planned = planned.map_or(0, |chip| chip.plan_bytes());
                    self.planned = self.planned.saturating_sub(planned);
                    self.order.push_back(turn);
                }
                Move::GiveUp(turn) => self.give_up(turn),
                Move::Cut(cuts) => {
                    if let Some(step) = self.step(cuts) {
                        return Some(step);
                    }
                }
            }
        }
    }

    /// Takes the pieces of a step, or why there are none.
    pub(super) fn accept(&mut self, step: &Step, made: Result<Vec<Pixels>, ChipError>) {
        match made {
            Ok(made) => {
                for (cut, pixels) in step.cuts.iter().zip(made) {
                    self.arrive(cut, Arrived::Here(pixels));
                }
            }
            Err(error) => self.fail(&step.cuts, error),
        }
    }

    /// Counts a chip as had after all that was counted as one that failed.
    pub(super) const fn regained(&mut self) {
        self.counts.failed = self.counts.failed.saturating_sub(1);
    }

    /// Counts ranges that were asked for again.
    pub(super) const fn retried(&mut self, ranges: u64) {
        self.counts.retried = self.counts.retried.saturating_add(ranges);
    }

    /// The next chip, if it is whole, or why it failed, and what was planned.
    pub(super) fn take(&mut self) -> Option<Result<ReadyChip, Lost>> {
        let turn = *self.order.front()?;
        if self.chips.get(&turn).is_some_and(|chip| chip.missing > 0) {
            return None;
        }
        self.order.pop_front();
        self.waiting = self.waiting.saturating_sub(self.waiting_bytes(turn));
        let Arriving {
            number,
            chip,
            pieces,
            error,
            ..
        } = self.chips.remove(&turn)?;
        self.counts.chips += 1;
        Some(match (chip, error) {
            (Some(chip), None) => {
                let pieces = pieces.into_iter().filter_map(|piece| match piece {
                    Arrived::Here(pixels) => Some(pixels),
                    _ => None,
                });
                Ok(ReadyChip::new(number, chip, pieces.collect()))
            }
            (chip, error) => {
                self.counts.failed += 1;
                let cause = error.map_or(ChipError::Stopped, |(_, error)| error);
                let failed = FailedChip { number, cause };
                Err(Lost { failed, chip })
            }
        })
    }

    /// Whether nothing is left to be done or taken.
    pub(super) fn is_done(&self) -> bool {
        self.ended && self.chips.is_empty()
    }

    pub(super) const fn counts(&self) -> BatchCounts {
        BatchCounts {
            peak_held: self.planner.peak(),
            ..self.counts
        }
    }

    fn step(&mut self, cuts: Vec<StepCut>) -> Option<Step> {
        for cut in &cuts {
            let chip = self.chips.get_mut(&cut.turn);
            if let Some(piece) = chip.and_then(|chip| chip.pieces.get_mut(cut.piece))
                && matches!(piece, Arrived::NotAsked)
            {
                *piece = Arrived::Expected;
            }
        }
        let step = match Step::new(cuts) {
            Ok(step) => step?,
            Err(unplaced) => {
                let (cuts, error) = *unplaced;
                self.fail(&cuts, error);
                return None;
            }
        };
        if step.stored().is_some() {
            let (neighbours, which) = step.identity().neighbours();
            let decoded = self.decoded.entry(neighbours).or_default();
            self.counts.blocks += 1;
            self.counts.again += (*decoded >> which) & 1;
            *decoded |= 1 << which;
            self.counts.ranges += 1;
            self.counts.bytes = self.counts.bytes.saturating_add(step.stored_bytes());
        }
        Some(step)
    }

    fn give_up(&mut self, turn: u64) {
        if let Some(chip) = self.chips.get_mut(&turn) {
            for piece in &mut chip.pieces {
                match piece {
                    Arrived::Here(_) => chip.missing += 1,
                    Arrived::Expected => {}
                    Arrived::NotAsked | Arrived::Failed => continue,
                }
                *piece = Arrived::NotAsked;
            }
        }
    }

    /// Notes what has come of a piece; whether anybody waited for it.
    fn arrive(&mut self, cut: &StepCut, arrived: Arrived) -> bool {
        if let Some(chip) = self.chips.get_mut(&cut.turn)
            && let Some(piece) = chip.pieces.get_mut(cut.piece)
            // What was given up while it was on its way is not kept; what was asked for again is
            // the same as what comes now.
            && matches!(piece, Arrived::Expected)
        {
            *piece = arrived;
            chip.missing -= 1;
            return true;
        }
        false
    }

    /// Fails the chips of `cuts` that wait for them: one that has the piece from before, or gave it up,
    /// is none the worse. Of a chip in which several pieces failed the first is told.
    fn fail(&mut self, cuts: &[StepCut], error: ChipError) {
        let shared = Arc::new(error);
        for cut in cuts {
            if !self.arrive(cut, Arrived::Failed) {
                continue;
            }
            let Some(chip) = self.chips.get_mut(&cut.turn) else {
                continue;
            };
            if chip.error.as_ref().is_some_and(|(at, _)| *at <= cut.piece) {
                continue;
            }
            let asset = cut.chip.pieces.get(cut.piece);
            let asset = asset.and_then(|piece| cut.chip.wanted.like.assets.get(piece.array));
            let error = ChipError::Shared(Arc::clone(&shared));
            let error = match asset {
                Some(asset) => error.of_asset(&asset.key, &asset.address),
                None => error,
            };
            chip.error = Some((cut.piece, error));
        }
    }

    /// Bytes of the pieces of a chip, and of its plan.
    fn waiting_bytes(&self, turn: u64) -> u64 {
        let chip = self.chips.get(&turn).and_then(|chip| chip.chip.as_ref());
        chip.map_or(0, |chip| chip.bytes().saturating_add(chip.plan_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use stacchip_cog::{Codecs, WriteOptions, testing::MemoryReader, write_cog};
    use stacchip_model::{SampleType, Size, Window};

    use super::*;
    use crate::{
        AssetRequest, ChipReader, ChipRequest, Frame, RasterCache,
        batch::{WantedChip, preparing::Preparing},
        testing::MemoryOpener,
    };

    /// As many chips of one tile of 16 pixels each.
    fn chips(count: i64) -> Vec<Planned> {
        let pixels = Pixels::zeros(SampleType::U8, [1, 256, 256]).unwrap();
        let file = write_cog(&pixels, &WriteOptions::cog().tiles(16), None).unwrap();
        let opener = MemoryOpener::default().with("a", Arc::new(MemoryReader::new(file)));
        let rasters = Arc::new(RasterCache::default());
        let reader = ChipReader::new(Arc::new(opener), Arc::new(Codecs::new()), rasters);
        let preparing = Preparing::new(reader);
        let frame = Frame::of_size(Size::new(256, 256));
        let assets = vec![AssetRequest::new("a", "a")];
        let like = Arc::new(ChipRequest::new(frame, Window::new(0, 0, 1, 1), assets));
        let chips = (0..count).map(|i| WantedChip {
            like: Arc::clone(&like),
            window: Window::new(i % 16 * 16, i / 16 * 16, 16, 16),
        });
        chips
            .map(|wanted| block_on(preparing.prepare(wanted)).unwrap())
            .collect()
    }

    fn piece() -> Vec<Pixels> {
        vec![Pixels::zeros(SampleType::U8, [1, 16, 16]).unwrap()]
    }

    /// What was given up on its way and asked for again may come twice.
    #[test]
    fn what_comes_late_and_failed_fails_nobody() {
        let mut engine = Engine::new(&BatchOptions::default().order(Order::Asked));
        for (number, chip) in (0..).zip(chips(2)) {
            engine.push(number, Ok(chip));
        }
        engine.end();
        let first = engine.next_step().unwrap();
        engine.accept(&first, Ok(piece()));
        engine.accept(&first, Err(ChipError::Stopped));
        let second = engine.next_step().unwrap();
        engine.accept(&second, Err(ChipError::Stopped));
        engine.accept(&second, Ok(piece()));
        assert!(engine.next_step().is_none());
        assert!(engine.take().is_some_and(|chip| chip.is_ok()));
        assert!(engine.take().is_some_and(|chip| chip.is_err()));
        assert!(engine.is_done());
    }

    #[test]
    fn plans_of_chips_that_wait_are_counted() {
        // A sixteenth is for chips that wait: four times the pixels of one, and less than its plan.
        let options = BatchOptions::default().memory(16 << 10).look_ahead(4);
        let mut engine = Engine::new(&options.order(Order::Asked));
        let mut chips = (0..).zip(chips(16));
        loop {
            while engine.is_hungry() {
                match chips.next() {
                    Some((number, chip)) => engine.push(number, Ok(chip)),
                    None => {
                        engine.end();
                    }
                }
            }
            match engine.next_step() {
                Some(step) => engine.accept(&step, Ok(piece())),
                None if !engine.is_hungry() => break,
                None => {}
            }
        }
        assert_eq!(engine.order.len(), 1);
        // What is taken counts no more.
        assert!(engine.take().is_some());
        assert_eq!(engine.waiting, 0);
    }
}
