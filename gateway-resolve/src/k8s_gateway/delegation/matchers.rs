//! What a rule that delegates leaves of the matches of its children.

use std::collections::BTreeMap;

use crate::ir::{HeaderMatch, Match, PathMatch, QueryMatch};
use crate::route::patterns::RoutePatterns;

use super::Under;

/// The annotation of a child that wants the parent's match added to its own.
const INHERIT: &str = "delegation.gateway.solo.io/inherit-parent-matcher";

type Matches = Vec<(usize, Match)>;

impl Under<'_> {
    /// The matches of a child's rule that lie within those of the rule above, or the two joined, where the child
    /// asks for it.
    pub(crate) fn narrow(
        &self,
        annotations: &BTreeMap<String, String>,
        own: &[(usize, Match)],
        patterns: &mut RoutePatterns<'_>,
    ) -> Matches {
        let annotation = annotations.get(INHERIT);
        let inherits = annotation.is_some_and(|value| {
            matches!(
                value.trim().to_ascii_lowercase().as_str(),
                "true" | "yes" | "enabled"
            )
        });
        let mut kept: Matches = Vec::new();
        for (_, parent) in self.matches {
            let PathMatch::Prefix(prefix) = &parent.path else {
                continue;
            };
            for (index, one) in own {
                let narrowed = match inherits {
                    true => joined(prefix, parent, one, patterns),
                    false => conforms(prefix, parent, one).then(|| one.clone()),
                };
                let narrowed = narrowed.map(|narrowed| (*index, narrowed));
                kept.extend(narrowed.filter(|narrowed| !kept.contains(narrowed)));
            }
        }
        kept
    }
}

/// The path as it is written.
fn text(path: &PathMatch) -> &str {
    match path {
        PathMatch::Exact(text) | PathMatch::Prefix(text) | PathMatch::Method(text) => text,
        PathMatch::Regex(pattern) => pattern.as_str(),
    }
}

/// Paths are compared as texts; what else the parent asks for, the child has to ask for as well.
fn conforms(prefix: &str, parent: &Match, child: &Match) -> bool {
    text(&child.path).starts_with(prefix)
        && parent
            .headers
            .iter()
            .all(|header| child.headers.contains(header))
        && parent.query.iter().all(|query| child.query.contains(query))
        && (parent.method.is_none() || parent.method == child.method)
}

fn joined(
    prefix: &str,
    parent: &Match,
    child: &Match,
    patterns: &mut RoutePatterns<'_>,
) -> Option<Match> {
    let path = join(prefix, text(&child.path));
    Some(Match {
        path: match &child.path {
            PathMatch::Exact(_) => PathMatch::Exact(path.into()),
            PathMatch::Regex(_) => PathMatch::Regex(patterns.get(&path).ok()?),
            PathMatch::Prefix(_) | PathMatch::Method(_) => PathMatch::prefix(&path),
        },
        method: parent.method.clone().or_else(|| child.method.clone()),
        headers: headers(&parent.headers, &child.headers),
        query: query(&parent.query, &child.query),
    })
}

/// Joins two paths with one slash between them.
fn join(prefix: &str, rest: &str) -> String {
    let (prefix, rest) = (prefix.trim_end_matches('/'), rest.trim_start_matches('/'));
    match (prefix, rest) {
        ("", rest) => format!("/{rest}"),
        (prefix, "") => prefix.to_owned(),
        (prefix, rest) => format!("{prefix}/{rest}"),
    }
}

/// Those of both, the parent's where both have one of a name.
fn headers(parent: &[HeaderMatch], child: &[HeaderMatch]) -> Vec<HeaderMatch> {
    let own = child
        .iter()
        .filter(|own| parent.iter().all(|above| above.name != own.name));
    let mut all: Vec<_> = parent.iter().chain(own).cloned().collect();
    all.sort_by(|a, b| a.name.as_http().as_str().cmp(b.name.as_http().as_str()));
    all
}

fn query(parent: &[QueryMatch], child: &[QueryMatch]) -> Vec<QueryMatch> {
    let own = child
        .iter()
        .filter(|own| parent.iter().all(|above| above.name != own.name));
    let mut all: Vec<_> = parent.iter().chain(own).cloned().collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}
