//! HTTP vocabulary: thin wrappers that give the types of the `http` crate a serialised form.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// A header name (RFC 9110 token, 1 to 256 bytes). Compared without regard to case; the spelling
/// is kept for serialisation.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HeaderName {
    written: Box<str>,
    name: http::HeaderName,
}

impl HeaderName {
    /// Parses a name.
    ///
    /// # Errors
    /// Anything but 1 to 256 token characters.
    pub fn new(written: &str) -> Result<Self, Invalid> {
        match http::HeaderName::from_bytes(written.as_bytes()) {
            Ok(name) if written.len() <= 256 => Ok(Self {
                written: written.into(),
                name,
            }),
            _ => Err(Invalid::new(
                "a header name (letters, digits and !#$%&'*+-.^_`|~)",
                written,
            )),
        }
    }

    /// The name as the `http` crate has it: lower case, cheap to clone and to compare.
    pub fn as_http(&self) -> &http::HeaderName {
        &self.name
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.written
    }
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for HeaderName {}

impl std::hash::Hash for HeaderName {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl TryFrom<String> for HeaderName {
    type Error = Invalid;

    fn try_from(written: String) -> Result<Self, Invalid> {
        Self::new(&written)
    }
}

impl From<HeaderName> for String {
    fn from(name: HeaderName) -> Self {
        name.written.into()
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl fmt::Debug for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.written, f)
    }
}

/// A header value that can be put on the wire: visible characters, spaces and tabs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HeaderValue(http::HeaderValue);

impl HeaderValue {
    /// Parses a value.
    ///
    /// # Errors
    /// Control characters other than tab, and characters outside ASCII.
    pub fn new(value: &str) -> Result<Self, Invalid> {
        http::HeaderValue::from_str(value)
            .ok()
            .filter(|parsed| parsed.to_str().is_ok())
            .map(Self)
            .ok_or_else(|| Invalid::new("a header value of visible ASCII characters", value))
    }

    /// The value as the `http` crate has it.
    pub fn as_http(&self) -> &http::HeaderValue {
        &self.0
    }

    /// The value as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

impl TryFrom<String> for HeaderValue {
    type Error = Invalid;

    fn try_from(value: String) -> Result<Self, Invalid> {
        Self::new(&value)
    }
}

impl From<HeaderValue> for String {
    fn from(value: HeaderValue) -> Self {
        value.as_str().to_owned()
    }
}

/// A request method, case-sensitive (RFC 9110 section 9.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Method(http::Method);

impl Method {
    /// Parses a method.
    ///
    /// # Errors
    /// Anything but a token.
    pub fn new(method: &str) -> Result<Self, Invalid> {
        match http::Method::from_bytes(method.as_bytes()) {
            Ok(method) => Ok(Self(method)),
            Err(_) => Err(Invalid::new("an HTTP method", method)),
        }
    }

    /// The method as the `http` crate has it.
    pub fn as_http(&self) -> &http::Method {
        &self.0
    }
}

impl From<http::Method> for Method {
    fn from(method: http::Method) -> Self {
        Self(method)
    }
}

impl TryFrom<String> for Method {
    type Error = Invalid;

    fn try_from(method: String) -> Result<Self, Invalid> {
        Self::new(&method)
    }
}

impl From<Method> for String {
    fn from(method: Method) -> Self {
        method.0.as_str().to_owned()
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}
