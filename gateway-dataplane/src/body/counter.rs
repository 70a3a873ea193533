//! Counts the bytes of a body that is observed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Item;
use crate::observe::{Ended, Observed};

/// Who wants to know.
pub(super) enum Counter {
    /// The record of the request, which is elsewhere.
    Request(Arc<AtomicU64>),
    /// The record, which ends with the body.
    Response(Observed),
}

impl Counter {
    /// Notes what was read; `last`: there is nothing after it.
    pub(super) fn see(counter: &mut Option<Self>, item: &Item, last: bool) {
        let Some(live) = counter else {
            return;
        };
        let data = item
            .as_ref()
            .and_then(|item| item.as_ref().ok()?.data_ref());
        let count = data.map_or(0, |data| data.len() as u64);
        match live {
            Self::Request(bytes) => drop(bytes.fetch_add(count, Ordering::Relaxed)),
            Self::Response(observed) => {
                observed.moved(0, count);
                if let Some(Ok(frame)) = item
                    && let Some(trailers) = frame.trailers_ref()
                {
                    observed.trailed(trailers);
                }
                match item {
                    Some(Err(error)) if error.is_timeout() => observed.ended(Ended::TimedOut),
                    Some(Err(_)) => observed.ended(Ended::Broken),
                    Some(Ok(_)) if !last => return,
                    Some(Ok(_)) | None => observed.ended(Ended::Complete),
                }
                *counter = None;
            }
        }
    }
}
