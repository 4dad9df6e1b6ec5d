//! STAC items: from JSON to the grid of chips.

use stacchip_adapters::stac::read_items;
use stacchip_index::{ChipGrid, ChipOptions, Edge, SceneColumns, SceneGrid};
use stacchip_model::{Platform, Size};

use crate::memory;

/// Reads items, finds their grids and lays chips over them.
pub fn item(text: &[u8]) {
    memory::within("reading items", MEMORY + 200 * text.len(), || {
        let items = match read_items(text, Some("https://example.org/a/item.json")) {
            Ok(items) => items,
            Err(error) => return assert!(!error.to_string().is_empty()),
        };
        for item in items {
            let scene = match item {
                Ok(item) => item.scene,
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    continue;
                }
            };
            let _ = Platform::of(&scene);
            for shape in [None, Some(Size::new(1000, 700))] {
                match SceneGrid::of(&scene, &[], shape) {
                    Ok(found) => {
                        for contradiction in &found.contradictions {
                            assert!(!contradiction.to_string().is_empty());
                        }
                        chips(&scene, &found);
                    }
                    Err(missing) => assert!(!missing.to_string().is_empty()),
                }
            }
        }
    });
}

fn chips(scene: &stacchip_model::Scene, found: &SceneGrid) {
    for edge in [Edge::Drop, Edge::Keep] {
        let options = ChipOptions {
            chip_size: 256,
            stride: Some(200),
            edge,
        };
        let Ok(chips) = ChipGrid::new(found.grid.clone(), options) else {
            continue;
        };
        let _ = SceneColumns::of(scene, &chips);
        let last = (chips.columns().checked_sub(1), chips.rows().checked_sub(1));
        for (x, y) in [(Some(0), Some(0)), last] {
            let (Some(x), Some(y)) = (x, y) else { continue };
            // One of the two may have none.
            let Ok(cell) = chips.cell(x, y) else { continue };
            let window = chips.window(cell);
            assert!(
                window.fits(found.grid.size) && !window.is_empty(),
                "{window:?} of {:?}",
                found.grid.size
            );
            assert!(chips.full_window(cell).contains(window));
        }
    }
}

const MEMORY: usize = 8 << 20;
