//! Why a body has no end.

use std::borrow::Cow;
use std::time::Duration;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body broke off.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct BodyError {
    what: Cow<'static, str>,
    timeout: bool,
    source: Option<BoxError>,
}

impl BodyError {
    /// The stream of frames failed with `source`.
    pub fn new(source: impl Into<BoxError>) -> Self {
        match source.into().downcast::<Self>() {
            Ok(already) => *already,
            Err(source) => Self {
                what: "the stream broke off".into(),
                timeout: false,
                source: Some(source),
            },
        }
    }

    /// Its end was not reached within `limit`.
    pub(crate) fn timeout(limit: Duration) -> Self {
        Self {
            what: format!("its end was not reached within {limit:?}").into(),
            timeout: true,
            source: None,
        }
    }

    /// Did it take too long?
    pub fn is_timeout(&self) -> bool {
        self.timeout
    }
}
