//! Where requests come from: what they are told of it, and what of it is believed.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What requests are told of where they come from, and what of it is believed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Provenance {
    /// How the client's address is known; `None`: as the data plane knows it otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientAddress>,
    /// Is the listener's port told in `X-Forwarded-Port`?
    pub port: bool,
    /// What becomes of `X-Request-Id`; `None`: as the data plane does otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestIds>,
    /// What becomes of what is told of certificates of clients (`X-Forwarded-Client-Cert`); `None`: as of other headers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateNotice>,
    /// Whose requests get `X-Envoy-Internal: true`, which no others have then; `None`: it is a header like others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internal: Option<Vec<Network>>,
}

/// How the address of a client is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientAddress {
    /// Is it that of the connection, which is added to `X-Forwarded-For`? If not, what requests say is believed, and
    /// passed on as it is.
    pub of_connection: bool,
    /// How many proxies there are before this one, whose addresses in `X-Forwarded-For` are not the client's.
    pub trusted_hops: u32,
    /// Is `X-Forwarded-For` passed on as it is in any case?
    pub left_alone: bool,
}

/// What becomes of what requests tell of certificates of clients.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CertificateNotice {
    /// It is removed.
    Removed,
    /// It passes; only from clients that have shown a certificate themselves, if that is so.
    Passed {
        /// Is it?
        of_shown: bool,
    },
    /// The certificate that the client has shown is told of, beside those that it tells of or in their place.
    Told {
        /// Beside those?
        appended: bool,
        /// What is told beside its hash.
        parts: Vec<CertificatePart>,
    },
}

/// A part of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CertificatePart {
    /// It itself.
    Whole,
    /// With those that lead to an authority.
    Chain,
    /// Whom it is for.
    Subject,
    /// The URIs that it is for.
    Uris,
    /// The names that it is for.
    Names,
}

/// What becomes of the ids of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestIds {
    /// Do requests without one get one?
    pub generated: bool,
    /// Do those keep theirs that come from clients? (Those that come through proxies do.)
    pub kept: bool,
}

/// A network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// An address of it.
    pub address: IpAddr,
    /// How many bits all of its addresses share.
    pub bits: u8,
}

impl Network {
    /// Is it of this network?
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32_u32.saturating_sub(self.bits.into());
                let high = |address: u32| address.checked_shr(shift).unwrap_or(0);
                high(own.to_bits()) == high(other.to_bits())
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128_u32.saturating_sub(self.bits.into());
                let high = |address: u128| address.checked_shr(shift).unwrap_or(0);
                high(own.to_bits()) == high(other.to_bits())
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn a_network_has_the_addresses_that_share_its_bits() {
        let rows = [
            ("10.0.0.0", 8, "10.255.0.1", true),
            ("10.0.0.0", 8, "11.0.0.1", false),
            ("10.0.0.0", 8, "::ffff:10.1.2.3", true),
            ("10.0.0.1", 32, "10.0.0.1", true),
            ("10.0.0.1", 32, "10.0.0.2", false),
            ("0.0.0.0", 0, "192.0.2.1", true),
            ("0.0.0.0", 0, "2001:db8::1", false),
            ("2001:db8::", 32, "2001:db8:1::1", true),
            ("2001:db8::", 32, "2001:db9::1", false),
        ];
        for (network, bits, address, is_in) in rows {
            let network = Network {
                address: network.parse().unwrap(),
                bits,
            };
            assert_eq!(
                network.contains(address.parse().unwrap()),
                is_in,
                "{network:?} {address}"
            );
        }
    }
}
