//! One chip of a list.

use std::sync::Arc;

use stacchip_model::Window;

use crate::ChipRequest;

/// One chip of a list: like a request that it shares with the other chips of its scene, at a window
/// of its own. A hundred thousand of them are four megabytes.
#[derive(Debug, Clone)]
pub struct WantedChip {
    /// What is asked, apart from the window, which is not looked at.
    pub like: Arc<ChipRequest>,
    /// The chip's pixels in the frame.
    pub window: Window,
}

impl WantedChip {
    /// What a reader of single chips is asked for.
    pub fn request(&self) -> ChipRequest {
        ChipRequest {
            window: self.window,
            ..ChipRequest::clone(&self.like)
        }
    }
}

/// The one chip of a scene of its own: such chips are opened one by one, and not sorted by place among
/// each other. Chips of one scene share [`like`](WantedChip::like).
impl From<ChipRequest> for WantedChip {
    fn from(request: ChipRequest) -> Self {
        Self {
            window: request.window,
            like: Arc::new(request),
        }
    }
}
