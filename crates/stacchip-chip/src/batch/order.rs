//! From a list to the order of turns.

use std::{collections::HashMap, iter::Enumerate, sync::Arc};

use stacchip_model::SplitMix;

use super::{BatchOptions, Order, Shuffle, WantedChip};

/// The chips of a list in the order of their turns, each with its number in the list.
pub(super) struct Turns {
    rest: Rest,
}

type List = Box<dyn Iterator<Item = WantedChip> + Send>;

enum Rest {
    Asked(Enumerate<List>),
    Sorted {
        list: Enumerate<List>,
        next: std::vec::IntoIter<(u64, WantedChip)>,
        cell: u32,
    },
    Drawn(std::vec::IntoIter<(u64, WantedChip)>),
}

impl Turns {
    pub(super) fn new(list: List, options: &BatchOptions) -> Self {
        let cell = options.cell.max(1);
        let rest = match options.order {
            Order::Asked => Rest::Asked(list.enumerate()),
            Order::Ready => Rest::Sorted {
                list: list.enumerate(),
                next: Vec::new().into_iter(),
                cell,
            },
            Order::Shuffled { shuffle, seed } => {
                let list = list.zip(0..).map(|(chip, number)| (number, chip));
                Rest::Drawn(shuffled(list.collect(), shuffle, seed, cell).into_iter())
            }
        };
        Self { rest }
    }
}

impl Iterator for Turns {
    type Item = (u64, WantedChip);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.rest {
            Rest::Asked(list) => list.next().map(|(number, chip)| (number as u64, chip)),
            Rest::Drawn(list) => list.next(),
            Rest::Sorted { list, next, cell } => next.next().or_else(|| {
                let some = list.by_ref().take(SORTED_AT_ONCE);
                let some = some.map(|(number, chip)| (number as u64, chip));
                *next = sorted(some.collect(), *cell).into_iter();
                next.next()
            }),
        }
    }
}

/// Scenes as they first appear; within a scene cells row by row, and within a cell along a curve that
/// leaves no square of 2ⁿ pixels before it is done with it.
fn sorted(chips: Vec<(u64, WantedChip)>, cell: u32) -> Vec<(u64, WantedChip)> {
    let mut scenes = Scenes::default();
    let mut keyed: Vec<_> = chips
        .into_iter()
        .map(|(number, chip)| {
            let place = scenes.place(&chip, cell);
            (place, interleaved(&chip, cell), number, chip)
        })
        .collect();
    keyed.sort_unstable_by_key(|(place, within, number, _)| (*place, *within, *number));
    keyed
        .into_iter()
        .map(|(_, _, number, chip)| (number, chip))
        .collect()
}

fn shuffled(
    mut chips: Vec<(u64, WantedChip)>,
    shuffle: Shuffle,
    seed: u64,
    cell: u32,
) -> Vec<(u64, WantedChip)> {
    let mut dice = Dice(SplitMix::new(seed));
    let together = match shuffle {
        Shuffle::Global => {
            dice.shuffle(&mut chips);
            return chips;
        }
        Shuffle::Block => CELLS_TOGETHER,
        Shuffle::Tile => 1,
    };
    let mut scenes = Scenes::default();
    let mut cells: HashMap<Place, usize> = HashMap::new();
    let mut groups: Vec<Vec<(u64, WantedChip)>> = Vec::new();
    for (number, chip) in chips {
        let at = *cells
            .entry(scenes.place(&chip, cell))
            .or_insert(groups.len());
        if at == groups.len() {
            groups.push(Vec::new());
        }
        if let Some(group) = groups.get_mut(at) {
            group.push((number, chip));
        }
    }
    dice.shuffle(&mut groups);
    let mut drawn = Vec::new();
    for groups in groups.chunks_mut(together) {
        let start = drawn.len();
        for group in groups {
            drawn.append(group);
        }
        dice.shuffle(drawn.get_mut(start..).unwrap_or_default());
    }
    drawn
}

/// Scene, row of cells, column of cells.
type Place = (usize, i64, i64);

/// Numbers for scenes, as they first appear.
#[derive(Default)]
struct Scenes(HashMap<usize, usize>);

impl Scenes {
    fn place(&mut self, chip: &WantedChip, cell: u32) -> Place {
        let next = self.0.len();
        let scene = *self.0.entry(Arc::as_ptr(&chip.like).addr()).or_insert(next);
        let cell = i64::from(cell);
        let (row, col) = (chip.window.row, chip.window.col);
        (scene, row.div_euclid(cell), col.div_euclid(cell))
    }
}

/// The bits of row and column within the cell, in turns: Morton's curve (G. M. Morton, "A computer
/// oriented geodetic data base", IBM, 1966).
fn interleaved(chip: &WantedChip, cell: u32) -> u64 {
    let within = |at: i64| u64::try_from(at.rem_euclid(i64::from(cell))).unwrap_or(0);
    let spread = |value: u64| {
        let step = |value: u64, by: u32, mask: u64| (value | value << by) & mask;
        let value = step(value & 0xffff_ffff, 16, 0x0000_ffff_0000_ffff);
        let value = step(value, 8, 0x00ff_00ff_00ff_00ff);
        let value = step(value, 4, 0x0f0f_0f0f_0f0f_0f0f);
        let value = step(value, 2, 0x3333_3333_3333_3333);
        step(value, 1, 0x5555_5555_5555_5555)
    };
    spread(within(chip.window.row)) << 1 | spread(within(chip.window.col))
}

/// What orders are drawn with.
struct Dice(SplitMix);

impl Dice {
    /// A number below `end`: the high half of a product. That some come up once more often in 2⁶⁴
    /// draws is seen by nobody.
    fn below(&mut self, end: usize) -> usize {
        let high = (u128::from(self.0.draw()) * end as u128) >> 64;
        usize::try_from(high).unwrap_or(0)
    }

    /// Fisher and Yates' shuffle.
    fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = self.below(last + 1);
            list.swap(last, other);
        }
    }
}

/// Chips put in order together where they come as they are ready: seven megabytes of them.
const SORTED_AT_ONCE: usize = 1 << 17;
/// Cells whose chips are shuffled together by [`Shuffle::Block`].
const CELLS_TOGETHER: usize = 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stacchip_model::{Size, Window};

    use super::*;
    use crate::{ChipRequest, Frame};

    fn list(places: &[(bool, i64, i64)]) -> Vec<WantedChip> {
        let scene = || {
            let frame = Frame::of_size(Size::new(10_980, 10_980));
            Arc::new(ChipRequest::new(frame, Window::new(0, 0, 1, 1), Vec::new()))
        };
        let scenes = [scene(), scene()];
        places
            .iter()
            .map(|&(second, col, row)| WantedChip {
                like: Arc::clone(&scenes[usize::from(second)]),
                window: Window::new(col, row, 256, 256),
            })
            .collect()
    }

    fn turns(list: Vec<WantedChip>, order: Order) -> Vec<(u64, WantedChip)> {
        let options = BatchOptions::default().order(order);
        Turns::new(Box::new(list.into_iter()), &options).collect()
    }

    proptest! {
        #[test]
        fn every_chip_has_its_turn_once(
            places in prop::collection::vec((any::<bool>(), -300i64..9000, -300i64..9000), 0..60),
            seed in any::<u64>(),
        ) {
            let list = list(&places);
            for order in [
                Order::Asked,
                Order::Ready,
                Order::Shuffled { shuffle: Shuffle::Global, seed },
                Order::Shuffled { shuffle: Shuffle::Block, seed },
                Order::Shuffled { shuffle: Shuffle::Tile, seed },
            ] {
                let turns = turns(list.clone(), order);
                let mut numbers: Vec<_> = turns.iter().map(|(number, _)| *number).collect();
                if order == Order::Asked {
                    prop_assert!(numbers.is_sorted());
                }
                numbers.sort_unstable();
                prop_assert_eq!(numbers, (0..list.len() as u64).collect::<Vec<_>>());
                for (number, chip) in &turns {
                    let (_, col, row) = places[usize::try_from(*number).unwrap()];
                    prop_assert_eq!((chip.window.col, chip.window.row), (col, row));
                }
            }
        }
    }

    fn grid() -> Vec<WantedChip> {
        let places: Vec<_> = (0..32 * 32)
            .map(|i| (false, i % 32 * 256, i / 32 * 256))
            .collect();
        list(&places)
    }

    /// How often the cell changes from a chip to the next.
    fn changes(turns: &[(u64, WantedChip)]) -> usize {
        let cell = |chip: &WantedChip| (chip.window.col / 2048, chip.window.row / 2048);
        turns
            .windows(2)
            .filter(|pair| cell(&pair[0].1) != cell(&pair[1].1))
            .count()
    }

    #[test]
    fn neighbours_are_as_near_as_the_dial_says() {
        let of = |order| changes(&turns(grid(), order));
        let drawn = |shuffle| of(Order::Shuffled { shuffle, seed: 7 });
        assert_eq!(of(Order::Ready), 15, "sixteen cells, one after the other");
        assert_eq!(drawn(Shuffle::Tile), 15);
        let (block, global) = (drawn(Shuffle::Block), drawn(Shuffle::Global));
        assert!((300..700).contains(&block), "{block}");
        assert!(global > 900, "{global}");
    }

    #[test]
    fn a_seed_draws_the_same_again() {
        let numbers = |seed| -> Vec<u64> {
            let order = Order::Shuffled {
                shuffle: Shuffle::Global,
                seed,
            };
            turns(grid(), order).into_iter().map(|(n, _)| n).collect()
        };
        assert_eq!(numbers(1), numbers(1));
        assert_ne!(numbers(1), numbers(2));
    }

    #[test]
    fn within_a_cell_squares_are_finished_first() {
        let numbers: Vec<_> = turns(grid(), Order::Ready)
            .into_iter()
            .take(8)
            .map(|(n, _)| n)
            .collect();
        assert_eq!(numbers, [0, 1, 32, 33, 2, 3, 34, 35]);
    }
}
