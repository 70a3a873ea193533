//! Bytes that must not be shown.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value of a Secret. Base64 when serialised; never in `Debug` output or errors.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretBytes(Box<[u8]>);

impl SecretBytes {
    /// Takes bytes in.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes themselves.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl Serialize for SecretBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for SecretBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        decode(&text)
            .map(Self)
            .ok_or_else(|| D::Error::custom("expected base64"))
    }
}

/// Reads base64 as Go does: line breaks are skipped.
pub(crate) fn decode(text: &str) -> Option<Box<[u8]>> {
    let joined: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    STANDARD.decode(joined).ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::SecretBytes;

    #[test]
    fn secrets_are_hidden_from_debug_output_and_errors() {
        let bytes: SecretBytes = serde_json::from_str("\"aHVudGVyMg==\"").unwrap();
        assert_eq!(bytes.as_bytes(), b"hunter2");
        assert_eq!(format!("{bytes:?}"), "[hidden]");
        let error = serde_json::from_str::<SecretBytes>("\"hunter2!\"").unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
