//! Whether an item's bbox and its grid agree.

use stacchip_model::{Bounds, ProjectError, Projector, Scene};

use crate::{
    Contradiction, Disagreement, SceneGrid,
    footprint::{Surface, grid_bounds},
};

impl SceneGrid {
    /// Compares the grid with the item's `bbox`: a [`Disagreement::Bbox`] is added where the grid
    /// reaches more than a pixel beyond it, or where the `bbox` reaches beyond the grid by more than
    /// a tenth of the grid's extent. (Less is usual: a bbox around slanted data, rounded outwards.)
    ///
    /// # Errors
    /// [`ProjectError::UnknownCrs`] where the grid's reference system cannot be understood.
    pub fn check_bbox(
        &mut self,
        scene: &Scene,
        projector: &dyn Projector,
    ) -> Result<(), ProjectError> {
        let Some(item) = scene.bbox else {
            return Ok(());
        };
        let Some(grid) = grid_bounds(&self.grid, projector)? else {
            return Ok(());
        };
        let pixel = Surface::new(&self.grid, projector)?.pixel_degrees();
        let (out, lack) = (beyond(grid, item), beyond(item, grid));
        let tall = grid.ymax - grid.ymin;
        let wide = width(grid) * grid_cosine(grid);
        let reaches = out.0.max(out.1);
        let lacks = if lack.0 > SLACK * wide || lack.1 > SLACK * tall {
            lack.0.max(lack.1)
        } else {
            0.0
        };
        if reaches > pixel || lacks > pixel {
            self.contradictions.push(Contradiction {
                item: scene.id.clone(),
                about: Disagreement::Bbox {
                    item,
                    grid,
                    pixels: reaches.max(lacks) / pixel,
                },
            });
        }
        Ok(())
    }
}

/// How far `inner` reaches beyond `outer`, east or west and north or south, in degrees of a great
/// circle at `inner`'s latitude.
fn beyond(inner: Bounds, outer: Bounds) -> (f64, f64) {
    let north_south = (outer.ymin - inner.ymin)
        .max(inner.ymax - outer.ymax)
        .max(0.0);
    let (inner_width, outer_width) = (width(inner), width(outer));
    // All around the world is how many say "across the antimeridian".
    if outer_width >= 360.0 || (inner_width >= 360.0 && outer.xmin > outer.xmax) {
        return (0.0, north_south);
    }
    // From the outer box's western edge to the inner one's, the shorter way around.
    let offset = (inner.xmin - outer.xmin + 180.0).rem_euclid(360.0) - 180.0;
    let west = -offset;
    let east = offset + inner_width - outer_width;
    let east_west = west.max(east).max(0.0) * grid_cosine(inner);
    (east_west, north_south)
}

/// Degrees from its western edge to its eastern, across the antimeridian where it says so.
fn width(bounds: Bounds) -> f64 {
    let width = bounds.xmax - bounds.xmin;
    if width < 0.0 { width + 360.0 } else { width }
}

/// How much shorter a degree of longitude is than one of latitude, where it is longest.
fn grid_cosine(bounds: Bounds) -> f64 {
    let nearest_equator = if bounds.ymin > 0.0 {
        bounds.ymin
    } else {
        bounds.ymax.min(0.0)
    };
    nearest_equator.to_radians().cos()
}

/// Share of the grid's extent.
const SLACK: f64 = 0.1;

#[cfg(test)]
mod tests {
    use stacchip_model::{Affine, Grid, Size};

    use super::*;
    use crate::{Source, sphere::Sphere};

    /// What is said of a grid of 1000² pixels of a thousandth of a degree, from `west` eastwards and
    /// from 45° southwards, in an item with that box.
    fn said(west: f64, bbox: [f64; 4]) -> Vec<String> {
        let mut found = SceneGrid {
            grid: Grid {
                crs: "TEST:GEOGRAPHIC".parse().unwrap(),
                size: Size::new(1000, 1000),
                transform: Affine::new(0.001, 0.0, west, 0.0, -0.001, 45.0),
            },
            source: Source::Item,
            contradictions: Vec::new(),
        };
        let scene = Scene {
            id: "i".to_owned(),
            bbox: Some(Bounds::new(bbox[0], bbox[1], bbox[2], bbox[3])),
            ..Scene::default()
        };
        found.check_bbox(&scene, &Sphere).unwrap();
        found
            .contradictions
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn within_a_pixel_is_the_same_place() {
        assert_eq!(said(10.0, [10.0, 44.0, 11.0, 45.0]), [""; 0]);
        assert_eq!(said(10.0, [10.0009, 44.0009, 10.9991, 44.9991]), [""; 0]);
        assert_eq!(said(10.0, [9.95, 43.95, 11.05, 45.05]), [""; 0]);
        assert_eq!(said(10.0, [-180.0, -90.0, 180.0, 90.0]).len(), 1);
        assert_eq!(
            said(10.0, [10.0, 44.01, 11.0, 45.0]),
            [
                "item i: its grid and its bbox are 10.0 pixels apart ([10.000000, 44.000000, \
              11.000000, 45.000000] and [10.000000, 44.010000, 11.000000, 45.000000]); the grid is used"
            ]
        );
        assert_eq!(said(10.0, [40.0, 44.0, 41.0, 45.0]).len(), 1);
    }

    #[test]
    fn around_the_antimeridian() {
        assert_eq!(said(179.5, [179.5, 44.0, -179.5, 45.0]), [""; 0]);
        assert_eq!(said(-180.5, [179.5, 44.0, -179.5, 45.0]), [""; 0]);
        assert_eq!(said(179.5, [179.5, 44.0, 180.5, 45.0]), [""; 0]);
        assert_eq!(said(179.5, [-180.0, 44.0, 180.0, 45.0]), [""; 0]);
        assert_eq!(said(179.5, [-179.5, 44.0, 179.5, 45.0]).len(), 1);
        assert_eq!(said(178.0, [179.5, 44.0, -179.5, 45.0]).len(), 1);
    }
}
