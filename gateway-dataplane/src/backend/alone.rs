//! Why there is no response.

mod error;
mod payload;

pub use error::{BackendError, BackendErrorKind};
pub use payload::Payload;
