//! The channels of the Gateway API.

use std::fmt;

/// A channel of the Gateway API: which CustomResourceDefinitions objects are held against. The
/// experimental one has every field of the standard one, and more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// What is stable; fields of the other channel are unknown.
    #[default]
    Standard,
    /// What may still change as well.
    Experimental,
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard",
            Self::Experimental => "experimental",
        })
    }
}
