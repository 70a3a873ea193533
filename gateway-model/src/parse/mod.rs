//! From bytes to resources.

use crate::Manifests;

/// Reads a file's resources.
pub fn parse(file: &str, bytes: &[u8]) -> Manifests {
    let _ = (file, bytes);
    Manifests::default()
}
