//! Rendering of samples that lie in planes apart: of a window at once, as no block has all of a pixel.

use bytes::Bytes;

use crate::{BlockError, Codecs, Scratch, Strides, WindowPlan};

impl WindowPlan {
    /// As [`WindowPlan::decode_into`], where the level is rendered of planes.
    pub(crate) fn decode_apart(
        &self,
        blocks: &[Bytes],
        codecs: &Codecs,
        scratch: &mut Scratch,
        out: &mut [u8],
        strides: Strides,
    ) -> Result<(), BlockError> {
        let stored = self.as_stored();
        let held = stored.strides();
        let [samples, ..] = stored.shape();
        let mut planes = vec![0; held.band.saturating_mul(samples)];
        stored.decode_into(blocks, codecs, scratch, &mut planes, held)?;
        self.render_planes(&planes, out, strides)
    }

    /// Makes bands of `planes`, the pixels of [`planes`](Self::planes): one byte a sample, `[sample,
    /// row, column]`. They go where [`decode_into`](Self::decode_into) writes them. A plan whose bands
    /// are not rendered writes nothing.
    ///
    /// # Errors
    /// [`BlockError::Buffer`].
    pub fn render_planes(
        &self,
        planes: &[u8],
        out: &mut [u8],
        strides: Strides,
    ) -> Result<(), BlockError> {
        let Some(rendering) = &self.level().encoding.rendering else {
            return Ok(());
        };
        let samples = usize::from(self.level().encoding.samples);
        let [_, rows, width] = self.shape();
        let plane = rows.saturating_mul(width);
        let mut line = vec![0; width.saturating_mul(samples)];
        let bands = usize::from(rendering.bands());
        let mut rendered = vec![0; width.saturating_mul(bands)];
        let len = out.len();
        for row in 0..rows {
            for (sample, plane) in planes.chunks_exact(plane.max(1)).enumerate() {
                let values = plane
                    .chunks_exact(width.max(1))
                    .nth(row)
                    .unwrap_or_default();
                let places = line.iter_mut().skip(sample).step_by(samples.max(1));
                places
                    .zip(values)
                    .for_each(|(place, &value)| *place = value);
            }
            rendering.row(&line, samples, &mut rendered);
            for (slot, &band) in self.bands().iter().enumerate() {
                let start = slot
                    .saturating_mul(strides.band)
                    .saturating_add(row.saturating_mul(strides.row));
                let out = out
                    .get_mut(start..start.saturating_add(width))
                    .ok_or(BlockError::Buffer { bytes: len })?;
                let values = rendered.iter().skip(band).step_by(bands.max(1));
                out.iter_mut()
                    .zip(values)
                    .for_each(|(o, &value)| *o = value);
            }
        }
        Ok(())
    }
}
