//! In place of what reads certificates: what nobody has looked at is not served.

use gateway_model::Hostname;

use super::{AuthoritiesError, KeyPairError};
use crate::ir::PrivateKey;

pub(super) fn names(_: &[Vec<u8>], _: &PrivateKey) -> Result<Vec<Hostname>, KeyPairError> {
    Err(KeyPairError::Unread)
}

pub(super) fn authorities(_: &[Vec<u8>]) -> Result<(), AuthoritiesError> {
    Err(AuthoritiesError::Unread)
}

#[cfg(test)]
mod tests {
    use super::super::{authorities, key_pair};

    #[test]
    fn certificates_that_nobody_reads_are_refused_with_a_word_on_why() {
        let block = |label| format!("-----BEGIN {label}-----\naGVsbG8=\n-----END {label}-----\n");
        let (certificate, key) = (block("CERTIFICATE"), block("PRIVATE KEY"));
        let pair = key_pair(certificate.as_bytes(), key.as_bytes()).unwrap_err();
        let authorities = authorities(certificate.as_bytes()).unwrap_err();
        for said in [pair.to_string(), authorities.to_string()] {
            assert!(said.contains("without the feature certificates"), "{said}");
        }
    }
}
