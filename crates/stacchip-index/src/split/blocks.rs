//! Blocks of so many kilometres.

use stacchip_model::Point;

/// The number of the block at `point`: blocks lie in rows of one height from the south pole on, and
/// a row has as many as fit along its middle.
pub(super) fn block_at([lon, lat]: Point, km: f64) -> u64 {
    let rows = (180.0 * KM_PER_DEGREE / km).ceil().max(1.0);
    let height = 180.0 / rows;
    let row = ((lat + 90.0) / height).floor().clamp(0.0, rows - 1.0);
    let middle = (row + 0.5) * height - 90.0;
    let around = 360.0 * KM_PER_DEGREE * middle.to_radians().cos();
    let columns = (around / km).floor().max(1.0);
    let column = ((lon + 180.0) / 360.0 * columns)
        .floor()
        .rem_euclid(columns);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "blocks of a metre: 2e7 rows of at most 4e7 columns, none below 0"
    )]
    let number = |n: f64| n as u64;
    number(row) << 32 | number(column)
}

/// Kilometres of a degree of latitude, on the average.
const KM_PER_DEGREE: f64 = 111.195;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_so_wide() {
        assert_eq!(block_at([10.0, 50.0], 100.0), block_at([10.2, 50.2], 100.0));
        assert_ne!(block_at([10.0, 50.0], 100.0), block_at([11.6, 50.0], 100.0));
        assert_ne!(block_at([10.0, 50.0], 100.0), block_at([10.0, 51.0], 100.0));
        // The antimeridian is the first column.
        assert_eq!(block_at([180.0, 5.0], 50.0), block_at([-180.0, 5.0], 50.0));
        assert_eq!(block_at([0.0, 90.0], 10_000.0) >> 32, 2);
    }
}
