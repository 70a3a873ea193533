//! Names and numbers with rules of their own.

use std::fmt;
use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// A port number, 1 to 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "u16")]
pub struct Port(NonZeroU16);

impl Port {
    /// A port out of any integer.
    ///
    /// # Errors
    /// Numbers outside 1 to 65535.
    pub fn new(number: i64) -> Result<Self, Invalid> {
        u16::try_from(number)
            .ok()
            .and_then(NonZeroU16::new)
            .map(Self)
            .ok_or_else(|| Invalid::new("a port from 1 to 65535", number.to_string()))
    }

    /// The number.
    pub fn get(self) -> u16 {
        self.0.get()
    }
}

impl TryFrom<i64> for Port {
    type Error = Invalid;

    fn try_from(number: i64) -> Result<Self, Invalid> {
        Self::new(number)
    }
}

impl From<Port> for u16 {
    fn from(port: Port) -> Self {
        port.get()
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of a listener, of a route rule or of a Service port as a `sectionName` refers to it:
/// a lower-case DNS subdomain of at most 253 bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SectionName(Box<str>);

impl SectionName {
    /// Parses a name.
    ///
    /// # Errors
    /// Anything but lower-case labels of letters, digits and hyphens, joined by dots.
    pub fn new(name: &str) -> Result<Self, Invalid> {
        let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let label = |label: &str| {
            let bytes = label.as_bytes();
            bytes.first().is_some_and(|b| alphanumeric(*b))
                && bytes.last().is_some_and(|b| alphanumeric(*b))
                && bytes.iter().all(|b| alphanumeric(*b) || *b == b'-')
        };
        match name.len() <= 253 && name.split('.').all(label) {
            true => Ok(Self(name.into())),
            false => Err(Invalid::new(
                "a name of lower-case letters, digits, '-' and '.'",
                name,
            )),
        }
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SectionName {
    type Error = Invalid;

    fn try_from(name: String) -> Result<Self, Invalid> {
        Self::new(&name)
    }
}

impl From<SectionName> for String {
    fn from(name: SectionName) -> Self {
        name.0.into()
    }
}

impl fmt::Display for SectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}
