//! The options of a listener's TLS, `gateway.gloo.solo.io/ssl/...`.

use std::collections::BTreeMap;

use gateway_model::{Listener, ObjectRef};

use crate::authorities;
use crate::gateway::certificates::{not_permitted, target};
use crate::gateway::serving::Speaks;
use crate::gateway::tls::ListenerTlsOutcome;
use crate::ir::{CipherSuite, ClientValidation, Group, Handshake, TlsVersion};
use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::ListenerAccepted;

const PREFIX: &str = "gateway.gloo.solo.io/ssl/";
const CIPHER_SUITES: &str = "cipher-suites";
const GROUPS: &str = "ecdh-curves";
const MINIMUM: &str = "minimum-tls-version";
const MAXIMUM: &str = "maximum-tls-version";
const ONE_WAY: &str = "one-way-tls";

/// Options, by their keys.
type Written = BTreeMap<String, String>;

/// What options come to.
#[derive(Debug, Default, PartialEq, Eq)]
struct TlsOptions {
    /// What handshakes are narrowed to.
    handshake: Handshake,
    /// Do clients have to show certificates of the authorities that are in the first Secret, as its `ca.crt`?
    validates_clients: bool,
    /// What keeps the listener from being served: a bound that leaves nothing.
    refused: Vec<Problem<ListenerAccepted>>,
    /// Values that mean nothing, and have no effect.
    ignored: Vec<Problem<ListenerAccepted>>,
}

/// Is it one of these options?
pub(crate) fn is_tls_option(key: &str) -> bool {
    let known = [CIPHER_SUITES, GROUPS, MINIMUM, MAXIMUM, ONE_WAY];
    key.strip_prefix(PREFIX)
        .is_some_and(|name| known.contains(&name))
}

/// The TLS of the listener at `field`, which belongs to `owner`, narrowed to what its options say.
pub(crate) fn narrowed(
    mut outcome: ListenerTlsOutcome,
    listener: &Listener,
    owner: &ObjectRef,
    field: &str,
    reader: &Reader<'_>,
) -> ListenerTlsOutcome {
    let (Ok(Speaks::Https(tls) | Speaks::TlsTerminate(tls)), Some(written)) =
        (&mut outcome.speaks, &listener.tls)
    else {
        return outcome;
    };
    let options = tls_options(&written.options, &format!("{field}.tls.options"));
    tls.handshake = options.handshake;
    outcome.refused.extend(options.refused);
    outcome.ignored.extend(options.ignored);
    if options.validates_clients
        && tls.clients.is_none()
        && let Some(first) = written.certificate_refs.first()
    {
        let field = format!("{field}.tls.certificateRefs[0]");
        match authorities_in(&target(owner, first), owner, &field, reader) {
            Err(problem) => outcome.refused.push(problem),
            Ok(authorities) => {
                tls.clients = Some(ClientValidation {
                    authorities,
                    mandatory: true,
                });
            }
        }
    }
    outcome
}

/// Who may have signed the certificates of clients.
fn authorities_in(
    secret: &ObjectRef,
    owner: &ObjectRef,
    field: &str,
    reader: &Reader<'_>,
) -> Result<Vec<Vec<u8>>, Problem<ListenerAccepted>> {
    let reason = ListenerAccepted::NoValidCaCertificate;
    match reader.permit(owner, secret) {
        true => authorities::certificates(secret, reader, reason, field),
        false => Err(Problem::new(reason, field, not_permitted(owner, secret))),
    }
}

/// Reads the options at `field`.
fn tls_options(options: &Written, field: &str) -> TlsOptions {
    let mut reading = Reading {
        options,
        field,
        outcome: TlsOptions::default(),
    };
    reading.outcome.handshake = Handshake {
        version: reading.version(),
        cipher_suites: reading.list(CIPHER_SUITES, cipher_suite),
        groups: reading.list(GROUPS, group),
    };
    let one_way = reading.one(ONE_WAY, "true or false", |text| text.parse::<bool>().ok());
    reading.outcome.validates_clients = one_way == Some(false);
    reading.outcome
}

struct Reading<'a> {
    options: &'a Written,
    field: &'a str,
    outcome: TlsOptions,
}

impl Reading<'_> {
    /// The version that remains of those that are spoken, where it is one alone. A minimum above the maximum undoes both.
    fn version(&mut self) -> Option<TlsVersion> {
        let expected = "TLSv1_0, TLSv1_1, TLSv1_2 or TLSv1_3";
        let lowest = self.one(MINIMUM, expected, version).unwrap_or(0);
        let highest = self.one(MAXIMUM, expected, version).unwrap_or(3);
        if lowest > highest {
            let message = format!("expected a version of at most {MAXIMUM}; neither has an effect");
            let problem = self.problem(MINIMUM, message);
            self.outcome.ignored.push(problem);
            return None;
        }
        match (lowest, highest) {
            (_, 0 | 1) => {
                let message =
                    "expected TLSv1_2 or TLSv1_3: older versions are not spoken (RFC 8996)";
                let problem = self.problem(MAXIMUM, message.to_owned());
                self.outcome.refused.push(problem);
                None
            }
            (_, 2) => Some(TlsVersion::V1_2),
            (3, _) => Some(TlsVersion::V1_3),
            _ => None,
        }
    }

    /// What is known of a list; if it is nothing, there is nothing to agree on with anybody.
    fn list<T>(&mut self, name: &str, read: fn(&str) -> Option<T>) -> Vec<T> {
        let Some(text) = self.get(name) else {
            return Vec::new();
        };
        let separators = [',', ':', '|', '[', ']'];
        let parts = text.split(separators).map(str::trim);
        let known: Vec<_> = parts.filter_map(read).collect();
        if known.is_empty() {
            let message = format!("expected at least one that is implemented, found {text:?}");
            let problem = self.problem(name, message);
            self.outcome.refused.push(problem);
        }
        known
    }

    fn one<T>(&mut self, name: &str, expected: &str, read: fn(&str) -> Option<T>) -> Option<T> {
        let text = self.get(name)?;
        let value = read(text.trim());
        if value.is_none() {
            let message = format!("expected {expected}, found {text:?}; it has no effect");
            let problem = self.problem(name, message);
            self.outcome.ignored.push(problem);
        }
        value
    }

    fn get(&self, name: &str) -> Option<String> {
        self.options.get(&format!("{PREFIX}{name}")).cloned()
    }

    fn problem(&self, name: &str, message: String) -> Problem<ListenerAccepted> {
        let field = format!("{}[{PREFIX}{name}]", self.field);
        Problem::new(ListenerAccepted::UnsupportedValue, field, message)
    }
}

/// The minor version.
fn version(text: &str) -> Option<u8> {
    Some(match text {
        "TLSv1_0" => 0,
        "TLSv1_1" => 1,
        "TLSv1_2" => 2,
        "TLSv1_3" => 3,
        _ => return None,
    })
}

/// By the names of OpenSSL, which Envoy uses.
pub(super) fn cipher_suite(text: &str) -> Option<CipherSuite> {
    Some(match text {
        "ECDHE-ECDSA-AES128-GCM-SHA256" => CipherSuite::EcdheEcdsaAes128Gcm,
        "ECDHE-ECDSA-AES256-GCM-SHA384" => CipherSuite::EcdheEcdsaAes256Gcm,
        "ECDHE-ECDSA-CHACHA20-POLY1305" => CipherSuite::EcdheEcdsaChacha20Poly1305,
        "ECDHE-RSA-AES128-GCM-SHA256" => CipherSuite::EcdheRsaAes128Gcm,
        "ECDHE-RSA-AES256-GCM-SHA384" => CipherSuite::EcdheRsaAes256Gcm,
        "ECDHE-RSA-CHACHA20-POLY1305" => CipherSuite::EcdheRsaChacha20Poly1305,
        _ => return None,
    })
}

/// By the names that Envoy uses.
pub(super) fn group(text: &str) -> Option<Group> {
    Some(match text {
        "X25519" => Group::X25519,
        "P-256" => Group::P256,
        "P-384" => Group::P384,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(options: &[(&str, &str)]) -> TlsOptions {
        let options = options.iter();
        let written = options.map(|(name, value)| (format!("{PREFIX}{name}"), (*value).to_owned()));
        tls_options(&written.collect(), "tls.options")
    }

    #[test]
    fn versions_narrow_to_what_is_spoken() {
        let version = |min, max| read(&[(MINIMUM, min), (MAXIMUM, max)]).handshake.version;
        assert_eq!(version("TLSv1_0", "TLSv1_3"), None);
        assert_eq!(version("TLSv1_2", "TLSv1_2"), Some(TlsVersion::V1_2));
        assert_eq!(version("TLSv1_3", "TLSv1_3"), Some(TlsVersion::V1_3));
        assert_eq!(read(&[(MAXIMUM, "TLSv1_1")]).refused.len(), 1);
    }

    #[test]
    fn a_minimum_above_the_maximum_undoes_both() {
        let found = read(&[(MINIMUM, "TLSv1_3"), (MAXIMUM, "TLSv1_2")]);
        assert!(found.handshake.is_open() && found.refused.is_empty());
        assert_eq!(found.ignored.len(), 1);
    }

    #[test]
    fn values_that_mean_nothing_have_no_effect_and_are_told() {
        let found = read(&[(MINIMUM, "1.3"), (ONE_WAY, "yes")]);
        assert!(found.handshake.is_open() && !found.validates_clients);
        assert_eq!(found.ignored.len(), 2);
        let field = "tls.options[gateway.gloo.solo.io/ssl/minimum-tls-version]";
        assert_eq!(found.ignored[0].field, field);
    }

    #[test]
    fn lists_keep_what_is_known_and_are_refused_when_nothing_is() {
        let found = read(&[
            (CIPHER_SUITES, "AES128-SHA, ECDHE-RSA-AES128-GCM-SHA256"),
            (GROUPS, "P-521,P-256"),
        ]);
        let suites = [CipherSuite::EcdheRsaAes128Gcm];
        assert_eq!(found.handshake.cipher_suites, suites);
        assert_eq!(found.handshake.groups, [Group::P256]);
        assert_eq!(read(&[(CIPHER_SUITES, "AES128-SHA")]).refused.len(), 1);
    }
}
