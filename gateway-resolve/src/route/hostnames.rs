//! The hosts that a listener and a route have in common (HTTPRoute `spec.hostnames`).

use gateway_model::Hostname;

/// The hosts of a route on a listener, the most specific first; `None` takes any host. Empty when
/// the two have nothing in common.
///
/// A listener without a hostname leaves the route its own, and a route without hostnames takes the
/// listener's.
pub(crate) fn intersection(
    listener: Option<&Hostname>,
    route: &[Hostname],
) -> Vec<Option<Hostname>> {
    if route.is_empty() {
        return vec![listener.cloned()];
    }
    let mut common: Vec<_> = route
        .iter()
        .filter_map(|own| match listener {
            Some(listener) => listener.intersect(own),
            None => Some(own),
        })
        .cloned()
        .collect();
    common.sort();
    common.dedup();
    common.into_iter().map(Some).collect()
}

#[cfg(test)]
mod tests {
    use gateway_model::Hostname;

    use super::intersection;

    fn host(name: &str) -> Hostname {
        Hostname::new(name).unwrap()
    }

    #[test]
    fn hosts_are_those_of_both_listener_and_route() {
        // Section 5.2, hostname intersection; conformance test HTTPRouteHostnameIntersection.
        let rows: [(&str, &[&str], &[&str]); 10] = [
            (
                "very.specific.com",
                &["very.specific.com"],
                &["very.specific.com"],
            ),
            (
                "very.specific.com",
                &["non.matching.com", "*.nonmatchingwildcard.io"],
                &[],
            ),
            (
                "very.specific.com",
                &["*.specific.com"],
                &["very.specific.com"],
            ),
            (
                "*.wildcard.io",
                &["foo.wildcard.io", "foo.bar.wildcard.io"],
                &["foo.bar.wildcard.io", "foo.wildcard.io"],
            ),
            ("*.wildcard.io", &["wildcard.io"], &[]),
            (
                "*.anotherwildcard.io",
                &["*.anotherwildcard.io"],
                &["*.anotherwildcard.io"],
            ),
            ("*.a.example.com", &["*.example.com"], &["*.a.example.com"]),
            (
                "*.example.com",
                &["*.a.example.com", "b.example.com"],
                &["b.example.com", "*.a.example.com"],
            ),
            (
                "a.example.com",
                &["*.example.com", "a.example.com"],
                &["a.example.com"],
            ),
            ("a.example.com", &["b.example.com"], &[]),
        ];
        for (listener, route, want) in rows {
            let route: Vec<_> = route.iter().map(|name| host(name)).collect();
            let want: Vec<_> = want.iter().map(|name| Some(host(name))).collect();
            assert_eq!(
                intersection(Some(&host(listener)), &route),
                want,
                "{listener} with {route:?}"
            );
        }
    }

    #[test]
    fn a_side_without_hostnames_takes_those_of_the_other() {
        let name = host("a.example.com");
        assert_eq!(
            intersection(None, std::slice::from_ref(&name)),
            [Some(name.clone())]
        );
        assert_eq!(intersection(Some(&name), &[]), [Some(name)]);
        assert_eq!(intersection(None, &[]), [None]);
    }
}
