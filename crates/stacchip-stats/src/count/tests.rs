//! Counting fast is counting one by one.

use proptest::prelude::*;
use stacchip_model::{AxisMap, Pixels, Sample, Window};

use super::*;
use crate::{ChipStats, MaskRule};

/// One by one, each pixel looked up by its place.
fn slowly(cloud: &Condition, nodata: &Condition, block: MaskBlock<'_>, values: &[i64]) -> Counts {
    let bits = u32::try_from(block.pixels.sample().bytes() * 8).unwrap();
    let mut counts = Counts::default();
    for (j, row_weight) in (0i64..block.window.height.into()).zip(block.row_weights) {
        for (i, col_weight) in (0i64..block.window.width.into()).zip(block.col_weights) {
            let (row, col) = (block.window.row + j, block.window.col + i);
            let (Ok(row), Ok(col)) = (usize::try_from(row), usize::try_from(col)) else {
                continue;
            };
            if row >= block.pixels.height() || col >= block.pixels.width() {
                continue;
            }
            let value = values[row * block.pixels.width() + col];
            let weight = u64::from(*row_weight) * u64::from(*col_weight);
            counts.all += weight;
            counts.cloud += weight * u64::from(cloud.holds(value, bits));
            counts.nodata += weight * u64::from(nodata.holds(value, bits));
        }
    }
    counts
}

fn conditions() -> impl Strategy<Value = Condition> {
    let test = prop_oneof![
        (0u64..1 << 12).prop_map(Test::AnyBit),
        any::<u64>().prop_map(Test::AnyBit),
        (0u64..64, 0u64..64).prop_map(|(mask, value)| Test::Field {
            mask,
            value: value & mask
        }),
        any::<u64>().prop_map(|value| Test::Field { mask: value, value }),
        (-40i64..40, 0i64..30).prop_map(|(first, n)| Test::Classes(first..=first + n)),
        (any::<i64>(), any::<i64>()).prop_map(|(a, b)| Test::Classes(a.min(b)..=a.max(b))),
    ];
    prop::collection::vec(test, 0..4).prop_map(Condition::any)
}

fn weights(len: usize) -> impl Strategy<Value = Vec<u32>> {
    prop_oneof![
        (0u32..4).prop_map(move |w| vec![w; len]),
        prop::collection::vec(0u32..7, len),
        prop::collection::vec(prop_oneof![9 => Just(2u32), 1 => Just(1u32)], len),
    ]
}

fn check<T: Sample + TryFrom<i64>>(values: &[i64], width: usize, block: &Block)
where
    i64: TryFrom<T>,
{
    let kept: Vec<T> = values
        .iter()
        .map(|v| T::try_from(*v).unwrap_or_else(|_| T::zeroed()))
        .collect();
    let values: Vec<i64> = kept
        .iter()
        .map(|v| i64::try_from(*v).unwrap_or_default())
        .collect();
    let pixels = Pixels::from_slice([1, kept.len() / width, width], &kept).unwrap();
    let block_of = MaskBlock {
        pixels: &pixels,
        window: block.window,
        col_weights: &block.col_weights,
        row_weights: &block.row_weights,
    };
    let fast = count(&block.cloud, &block.nodata, block_of).unwrap();
    let slow = slowly(&block.cloud, &block.nodata, block_of, &values);
    assert_eq!(fast, slow, "{:?}", T::TYPE);
}

#[derive(Debug, Clone)]
struct Block {
    window: Window,
    col_weights: Vec<u32>,
    row_weights: Vec<u32>,
    cloud: Condition,
    nodata: Condition,
}

fn blocks() -> impl Strategy<Value = Block> {
    (-5i64..20, -5i64..10, 0u32..300, 0u32..9).prop_flat_map(|(col, row, width, height)| {
        (
            weights(usize::try_from(width).unwrap()),
            weights(usize::try_from(height).unwrap()),
            conditions(),
            conditions(),
        )
            .prop_map(move |(col_weights, row_weights, cloud, nodata)| Block {
                window: Window::new(col, row, width, height),
                col_weights,
                row_weights,
                cloud,
                nodata,
            })
    })
}

proptest! {
    #[test]
    fn fast_is_slow(
        block in blocks(), width in 1usize..280, seed in any::<u64>(), wide in any::<bool>(),
    ) {
        let values: Vec<i64> = (0..width as u64 * 7)
            .map(|i| {
                let bits = (i ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).cast_signed();
                if wide { bits } else { bits.rem_euclid(160) - 32 }
            })
            .collect();
        check::<u8>(&values, width, &block);
        check::<i8>(&values, width, &block);
        check::<u16>(&values, width, &block);
        check::<i16>(&values, width, &block);
        check::<u32>(&values, width, &block);
        check::<i32>(&values, width, &block);
        check::<i64>(&values, width, &block);
        check::<u64>(&values, width, &block);
    }

    #[test]
    fn a_mask_counts_as_if_it_were_as_fine_as_the_scene(
        full in (40u32..400, 40u32..400), mask in (10u32..300, 10u32..300),
        at in (0u32..390, 0u32..390), size in (1u32..130, 1u32..130), cut in (0u32..140, 0u32..140),
    ) {
        let cols = AxisMap::between(full.0, mask.0).unwrap();
        let rows = AxisMap::between(full.1, mask.1).unwrap();
        let chip = Window::new((at.0 % full.0).into(), (at.1 % full.1).into(), size.0, size.1)
            .clip(Window::new(0, 0, full.0, full.1).size())
            .unwrap();
        let values: Vec<u8> = (0..u64::from(mask.0) * u64::from(mask.1))
            .map(|i| u8::try_from((i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) % 12).unwrap())
            .collect();
        let (width, height) = (mask.0 as usize, mask.1 as usize);
        let pixels = Pixels::from_slice([1, height, width], &values).unwrap();
        let rule = MaskRule::sentinel_2_scl("scl");

        let mut wanted = Counts::default();
        for row in chip.row..chip.row_end() {
            for col in chip.col..chip.col_end() {
                let (r, c) = (rows.source(row), cols.source(col));
                let at = usize::try_from(r * i64::from(mask.0) + c).unwrap();
                wanted.all += 1;
                wanted.cloud += u64::from([1, 3, 8, 9, 10].contains(&values[at]));
                wanted.nodata += u64::from(values[at] == 0);
            }
        }

        // The chip in four parts, cut anywhere.
        let parts = |start: i64, end: i64, cut: u32| {
            let middle = (start + i64::from(cut)).min(end);
            [start..middle, middle..end]
        };
        let mut sum = Counts::default();
        for row_part in parts(chip.row, chip.row_end(), cut.1) {
            for col_part in parts(chip.col, chip.col_end(), cut.0) {
                let (r, c) = (rows.sources(row_part.clone()), cols.sources(col_part.clone()));
                let block = MaskBlock {
                    pixels: &pixels,
                    window: Window::new(
                        c.start,
                        r.start,
                        u32::try_from(c.end - c.start).unwrap(),
                        u32::try_from(r.end - r.start).unwrap(),
                    ),
                    col_weights: &cols.weights(col_part),
                    row_weights: &rows.weights(row_part.clone()),
                };
                sum += rule.count(block).unwrap();
            }
        }
        prop_assert_eq!(sum, wanted);
        let quality = sum.quality(chip.size().area());
        prop_assert!((0.0..=1.0).contains(&quality.cloud.get()));
        prop_assert!((0.0..=1.0).contains(&quality.nodata.get()));
    }
}

#[test]
fn upstreams_own_sentinel_2_example() {
    // Of a scene at 20 m: 5 everywhere, 0 in one corner, 1 in half of the second chip's columns.
    let mut values = vec![5u8; 256 * 256];
    for row in 0..128 {
        for col in 0..256 {
            if row < 100 && col < 100 {
                values[row * 256 + col] = 0;
            } else if (128..192).contains(&col) {
                values[row * 256 + col] = 1;
            }
        }
    }
    let pixels = Pixels::from_slice([1, 256, 256], &values).unwrap();
    let quality = |col| {
        let counts = MaskRule::sentinel_2_scl("scl").count(MaskBlock {
            pixels: &pixels,
            window: Window::new(col, 0, 128, 128),
            col_weights: &[2; 128],
            row_weights: &[2; 128],
        });
        counts.unwrap().quality(256 * 256)
    };
    assert_eq!(quality(0).nodata.get(), 200.0 * 200.0 / 65_536.0);
    assert_eq!(
        (quality(128).cloud.get(), quality(128).nodata.get()),
        (0.5, 0.0)
    );
}

#[test]
fn the_bits_of_the_platforms() {
    let landsat = MaskRule::landsat_qa("qa_pixel");
    // A clear pixel of Landsat 8 is 21824, a high confidence cloud 22280, cirrus alone 54596.
    let cloudy = [21_824, 22_280, 54_596, 1 << 1, 1 << 4].map(|v| landsat.cloud.holds(v, 16));
    assert_eq!(cloudy, [false, true, false, true, true]);
    assert!(landsat.nodata.holds(1, 16) && !landsat.cloud.holds(1, 16));

    let modis = MaskRule::modis_qc("qc");
    let cloudy: Vec<_> = (0..8).filter(|v| modis.cloud.holds(*v, 32)).collect();
    let empty: Vec<_> = (0..8).filter(|v| modis.nodata.holds(*v, 32)).collect();
    assert_eq!((cloudy, empty), (vec![2, 6], vec![3, 7]));
}

#[test]
fn fractions_have_no_bits() {
    let pixels = Pixels::from_slice([1, 1, 2], &[1f32, 0.0]).unwrap();
    let block = MaskBlock {
        pixels: &pixels,
        window: Window::new(0, 0, 2, 1),
        col_weights: &[1, 1],
        row_weights: &[1],
    };
    assert_eq!(
        MaskRule::landsat_qa("q")
            .count(block)
            .unwrap_err()
            .to_string(),
        "landsat-qa reads whole numbers, the mask holds float32"
    );
}
