//! Requests that are read whole.

use serde::{Deserialize, Serialize};

/// Requests are read whole before they go on; with a longer body they are answered with 413.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Buffer {
    /// They are not: what a less specific level says does not count.
    Disabled,
    /// Up to so many bytes.
    UpTo(u32),
}
