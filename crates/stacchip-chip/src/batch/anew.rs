//! Chips of assets that were replaced while the list was read.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::try_join_all;
use stacchip_model::Pixels;

use super::{
    FailedChip, ReadyChip,
    engine::Lost,
    planned::Planned,
    preparing::Preparing,
    step::{Step, StepCut, all_answers},
};
use crate::{
    ChipError,
    chip_reader::{caught, on_a_thread, with_scratch},
};

/// Where blocks are decoded that are read anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoding {
    /// On the thread that asks, which may be one of rayon's: then nobody else may come to it.
    Here,
    /// On one of rayon's.
    OnAThread,
}

impl Lost {
    /// Whether it failed only because an asset is another than its header was read from.
    pub(super) fn may_be_read_anew(&self) -> bool {
        self.chip.is_some() && self.failed.cause.changed_asset().is_some()
    }
}

/// The chip that was lost, read by itself from what is there now. Each of its assets may have changed
/// once.
pub(super) async fn read_anew(
    preparing: &Preparing,
    lost: Lost,
    decoding: Decoding,
) -> Result<ReadyChip, FailedChip> {
    let Lost { mut failed, chip } = lost;
    let Some(mut chip) = chip else {
        return Err(failed);
    };
    for _ in 0..chip.arrays.len() {
        let Some(changed) = failed.cause.changed_asset() else {
            break;
        };
        let read = async {
            chip = Arc::new(preparing.prepare_anew(&chip, changed).await?);
            read(preparing, &chip, decoding).await
        };
        match read.await {
            Ok(pieces) => return Ok(ReadyChip::new(failed.number, chip, pieces)),
            Err(cause) => failed.cause = cause,
        }
    }
    Err(failed)
}

/// All pieces of a chip.
async fn read(
    preparing: &Preparing,
    chip: &Arc<Planned>,
    decoding: Decoding,
) -> Result<Vec<Pixels>, ChipError> {
    let pieces = (0..chip.pieces.len()).map(|piece| async move {
        let cut = StepCut {
            turn: 0,
            chip: Arc::clone(chip),
            piece,
        };
        let made = async {
            let Some(step) = Step::new(vec![cut]).map_err(|unplaced| unplaced.1)? else {
                return Err(ChipError::Stopped);
            };
            let bytes = match step.stored() {
                Some(stored) => {
                    let ranges = std::slice::from_ref(&stored.range);
                    let answers = all_answers(step.reader()?.as_ref(), ranges).await?;
                    answers.into_iter().next().unwrap_or_default()
                }
                None => Bytes::new(),
            };
            let codecs = Arc::clone(preparing.codecs());
            let decode = move || with_scratch(|scratch| step.decode(&bytes, &codecs, scratch));
            match decoding {
                Decoding::Here => caught(decode)?,
                Decoding::OnAThread => on_a_thread(decode).await?,
            }
        };
        let made: Result<Vec<Pixels>, ChipError> = made.await;
        let asset = chip.pieces.get(piece).map(|piece| piece.array);
        let asset = asset.and_then(|array| chip.wanted.like.assets.get(array));
        made.map_err(|error| match asset {
            Some(asset) => error.of_asset(&asset.key, &asset.address),
            None => error,
        })
    });
    let pieces = try_join_all(pieces).await?;
    Ok(pieces.into_iter().flatten().collect())
}
