//! What requests are told of the certificate that their client has shown, in the form of Envoy's
//! `X-Forwarded-Client-Cert`
//! (<https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert>).

use gateway_resolve::ir::CertificateNotice;

use crate::head::Fields;

/// The header.
pub(crate) const NAME: &str = "x-forwarded-client-cert";

/// Puts it on a request, whose client has shown what `shown` tells of.
pub(crate) fn put_on(fields: &mut Fields, notice: &CertificateNotice, shown: Option<&str>) {
    match (notice, shown) {
        (CertificateNotice::Passed { of_shown: false }, _) => {}
        (CertificateNotice::Passed { of_shown: true }, Some(_)) => {}
        (CertificateNotice::Told { appended, .. }, Some(shown)) => match appended {
            true => fields.join(NAME, b",", shown.as_bytes()),
            false => fields.set(NAME, shown.as_bytes()),
        },
        (CertificateNotice::Removed, _)
        | (CertificateNotice::Passed { of_shown: true }, None)
        | (CertificateNotice::Told { .. }, None) => fields.remove(NAME),
    }
}

#[cfg(test)]
mod tests {
    use gateway_resolve::ir::CertificateNotice;

    use super::{Fields, NAME, put_on};

    /// Envoy, `forward_client_cert_details`.
    #[test]
    fn what_is_told_passes_is_removed_replaced_or_extended() {
        let passed = |of_shown| CertificateNotice::Passed { of_shown };
        let told = |appended| {
            let parts = Vec::new();
            CertificateNotice::Told { appended, parts }
        };
        let rows = [
            (CertificateNotice::Removed, Some("Hash=b"), None),
            (passed(true), Some("Hash=b"), Some("Hash=a")),
            (passed(true), None, None),
            (passed(false), None, Some("Hash=a")),
            (told(true), Some("Hash=b"), Some("Hash=a,Hash=b")),
            (told(true), None, None),
            (told(false), Some("Hash=b"), Some("Hash=b")),
            (told(false), None, None),
        ];
        for (notice, shown, want) in rows {
            let mut fields = Fields::new();
            fields.append(NAME, b"Hash=a");
            put_on(&mut fields, &notice, shown);
            assert_eq!(fields.text(NAME), want, "{notice:?} {shown:?}");
        }
    }
}
