//! Requests that change something have to come from the site that they are for.

use gateway_resolve::ir;
use http::{Method, StatusCode};

use super::fault::falls_into;
use crate::admit::{Admit, Admitted, Asking, Refusal};
use crate::head::{Known, RequestHead};
use crate::observe::Reason;

/// The stage of an [`ir::Csrf`].
pub(super) struct Csrf(pub(super) ir::Csrf);

impl Admit for Csrf {
    fn admit<'a>(&'a self, request: Asking<'a>) -> Admitted<'a> {
        Box::pin(std::future::ready(self.check(request.head)))
    }

    fn admit_now(&self, request: &mut Asking<'_>) -> Option<Result<(), Refusal>> {
        Some(self.check(request.head))
    }
}

impl Csrf {
    fn check(&self, head: &RequestHead) -> Result<(), Refusal> {
        let changes = [Method::POST, Method::PUT, Method::DELETE, Method::PATCH];
        if !changes.contains(&head.method) || !falls_into(self.0.share) || self.is_at_home(head) {
            return Ok(());
        }
        Err(super::answer(
            StatusCode::FORBIDDEN,
            "Invalid origin",
            Reason::Csrf,
        ))
    }

    fn is_at_home(&self, head: &RequestHead) -> bool {
        let said = |name| head.fields.text(name).filter(|said| !said.is_empty());
        let Some(origin) = said(Known::Origin).or_else(|| said(Known::Referer)) else {
            return false;
        };
        let origin = host_and_port(origin);
        let host = head.host().unwrap_or_default();
        let additional = &self.0.additional_origins;
        origin.eq_ignore_ascii_case(host) || additional.iter().any(|known| known.matches(origin))
    }
}

/// The host and port of a URL; what is none stays as it is.
fn host_and_port(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("://") else {
        return url;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::host_and_port;

    #[test]
    fn an_origin_is_held_against_a_host_by_its_authority() {
        let rows = [
            ("https://a.example", "a.example"),
            ("https://a.example:8443", "a.example:8443"),
            ("https://a.example/b?c#d", "a.example"),
            ("https://a.example?b", "a.example"),
            ("https://b.example@a.example/", "a.example"),
            ("null", "null"),
        ];
        for (url, want) in rows {
            assert_eq!(host_and_port(url), want, "{url}");
        }
    }
}
