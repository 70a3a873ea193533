//! Redirects (HTTPRoute `requestRedirect`).

use std::fmt::Write;

use gateway_resolve::ir::Redirect;
use http::uri::Scheme;
use http::{HeaderValue, StatusCode};

use super::rewrite::{InvalidTarget, rewritten_path};
use crate::head::{Known, RequestHead, ResponseHead};
use crate::table::host_of;

/// What a redirect takes from the connection of a request.
#[derive(Debug, Clone, Copy)]
pub struct Connection<'a> {
    /// `http` or `https`.
    pub scheme: &'a Scheme,
    /// The port of the listener, as clients see it.
    pub port: u16,
}

/// The answer to a request in canonical form (see [`head`](crate::head)). `prefix` is the prefix that
/// the route matched.
///
/// # Errors
/// The new target cannot be put into a header.
pub fn redirect(
    redirect: &Redirect,
    head: &RequestHead,
    connection: Connection<'_>,
    prefix: Option<&str>,
) -> Result<ResponseHead, InvalidTarget> {
    let status = StatusCode::from_u16(redirect.status).unwrap_or(StatusCode::FOUND);
    let mut response = ResponseHead::new(status);
    let location = location(redirect, head, connection, prefix)?;
    response.fields.append(Known::Location, location.as_bytes());
    Ok(response)
}

/// The `Location` of a redirect: what it does not replace stays as in the request. A request that
/// names no host (HTTP/1.0) is given a path only.
///
/// # Errors
/// The new target cannot be put into a header.
pub fn location(
    redirect: &Redirect,
    head: &RequestHead,
    connection: Connection<'_>,
    prefix: Option<&str>,
) -> Result<HeaderValue, InvalidTarget> {
    let requested = head.host().map(host_of);
    let hostname = redirect.hostname.as_ref().map(|name| name.as_str());
    let mut location = String::with_capacity(128);
    if let Some(host) = hostname.or(requested).filter(|host| !host.is_empty()) {
        let scheme = redirect.scheme.as_deref();
        let scheme = scheme.unwrap_or(connection.scheme.as_str());
        location.extend([scheme, "://", host]);
        if let Some(port) = shown_port(redirect, scheme, connection.port) {
            // Writing to a string cannot fail.
            let _ = write!(location, ":{port}");
        }
    }
    match &redirect.path {
        Some(change) => location += &rewritten_path(change, head.path(), prefix),
        None => location += head.path(),
    }
    if let Some(query) = head.query() {
        location.extend(["?", query]);
    }
    HeaderValue::try_from(location).map_err(|_| InvalidTarget)
}

/// The port to be shown: none when it is the scheme's own.
fn shown_port(redirect: &Redirect, scheme: &str, listener: u16) -> Option<u16> {
    let given = redirect.port.map(u16::from);
    let implied = redirect.scheme.as_deref().and_then(well_known_port);
    let port = given.or(implied).unwrap_or(listener);
    (well_known_port(scheme) != Some(port)).then_some(port)
}

fn well_known_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use gateway_model::{HeaderValue, Port};
    use gateway_resolve::ir::{PathRewrite, Redirect};
    use http::Request;
    use http::uri::Scheme;

    use super::{Connection, RequestHead, redirect};

    const UNCHANGED: Redirect = Redirect {
        scheme: None,
        hostname: None,
        path: None,
        port: None,
        status: 302,
    };

    fn change(scheme: &str, host: &str, port: u16) -> Redirect {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Redirect {
            scheme: given(scheme).map(Into::into),
            hostname: given(host).map(|host| HeaderValue::new(&host).unwrap()),
            port: Port::new(port.into()).ok(),
            ..UNCHANGED
        }
    }

    /// Status and `Location` for a request over `scheme` to a listener on `port`.
    fn answer(change: &Redirect, scheme: &Scheme, port: u16, host: &str) -> (u16, String) {
        let request = Request::builder().uri("/foo/a?q=1").header("host", host);
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let connection = Connection { scheme, port };
        let head = RequestHead::from(&parts);
        let response = redirect(change, &head, connection, Some("/foo")).unwrap();
        let location = response.fields.text("location").unwrap();
        (response.status.as_u16(), location.to_owned())
    }

    /// HTTPRequestRedirectFilter `port`: given, else of the given scheme, else the listener's; the
    /// scheme's own port is left out.
    #[test]
    fn scheme_host_and_port_follow_the_table() {
        let (http, https) = (&Scheme::HTTP, &Scheme::HTTPS);
        let rows = [
            (("", "", 0), http, 80, "http://a.example/foo/a?q=1"),
            (("", "", 0), http, 8080, "http://a.example:8080/foo/a?q=1"),
            (("", "", 0), https, 443, "https://a.example/foo/a?q=1"),
            (("", "", 0), https, 8443, "https://a.example:8443/foo/a?q=1"),
            (("", "", 0), http, 443, "http://a.example:443/foo/a?q=1"),
            (("", "b.example", 0), http, 80, "http://b.example/foo/a?q=1"),
            (("https", "", 0), http, 80, "https://a.example/foo/a?q=1"),
            (("https", "", 0), http, 8080, "https://a.example/foo/a?q=1"),
            (("http", "", 0), https, 443, "http://a.example/foo/a?q=1"),
            (
                ("https", "", 8443),
                http,
                80,
                "https://a.example:8443/foo/a?q=1",
            ),
            (("https", "", 443), http, 80, "https://a.example/foo/a?q=1"),
            (
                ("https", "", 80),
                http,
                80,
                "https://a.example:80/foo/a?q=1",
            ),
            (("", "", 8080), http, 80, "http://a.example:8080/foo/a?q=1"),
            (("", "", 80), http, 8080, "http://a.example/foo/a?q=1"),
        ];
        for ((scheme, host, port), over, listener, want) in rows {
            let got = answer(&change(scheme, host, port), over, listener, "a.example:99");
            assert_eq!(
                got,
                (302, want.to_owned()),
                "{scheme} {host} {port} {listener}"
            );
        }
    }

    #[test]
    fn the_path_changes_and_the_query_stays() {
        let rows = [
            (PathRewrite::Full("/new".into()), "http://a.example/new?q=1"),
            (
                PathRewrite::Prefix("/new".into()),
                "http://a.example/new/a?q=1",
            ),
            (PathRewrite::Prefix("/".into()), "http://a.example/a?q=1"),
        ];
        for (path, want) in rows {
            let path = Some(path);
            let change = Redirect { path, ..UNCHANGED };
            assert_eq!(answer(&change, &Scheme::HTTP, 80, "a.example").1, want);
        }
    }

    #[test]
    fn the_status_is_the_one_asked_for() {
        for status in [301, 302, 303, 307, 308] {
            let change = Redirect {
                status,
                ..UNCHANGED
            };
            assert_eq!(answer(&change, &Scheme::HTTP, 80, "a.example").0, status);
        }
    }

    #[test]
    fn a_request_without_a_host_gets_a_path() {
        let got = answer(&UNCHANGED, &Scheme::HTTP, 80, "").1;
        assert_eq!(got, "/foo/a?q=1");
    }

    #[test]
    fn ipv6_hosts_keep_their_brackets() {
        let got = answer(&change("", "", 8080), &Scheme::HTTP, 80, "[::1]:80").1;
        assert_eq!(got, "http://[::1]:8080/foo/a?q=1");
    }
}
