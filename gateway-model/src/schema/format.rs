//! Formats of texts and numbers. Those that an API server doesn't check admit anything.

use std::net::{Ipv4Addr, Ipv6Addr};

use jiff::Timestamp;

/// Does a text have a format?
///
/// # Errors
/// What it should be, as a noun phrase.
pub(super) fn check_text(format: &str, text: &str) -> Result<(), &'static str> {
    let (fits, expected) = match format {
        "ipv4" => (text.parse::<Ipv4Addr>().is_ok(), "an IPv4 address"),
        "ipv6" => (text.parse::<Ipv6Addr>().is_ok(), "an IPv6 address"),
        "date-time" => (
            text.parse::<Timestamp>().is_ok(),
            "a time such as \"2025-01-31T12:00:00Z\"",
        ),
        "byte" => (crate::core::decode_base64(text).is_some(), "base64"),
        _ => return Ok(()),
    };
    match fits {
        true => Ok(()),
        false => Err(expected),
    }
}

/// The least and the greatest number of a format.
pub(super) fn range(format: &str) -> (f64, f64) {
    match format {
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    }
}
