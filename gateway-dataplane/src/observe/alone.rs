//! Why a request was answered as it was.

mod reason;

pub use reason::{Ended, Reason};
