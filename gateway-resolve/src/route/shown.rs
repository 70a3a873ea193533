//! The rules of a route where a Gateway shows a certificate to its backends.

use std::sync::Arc;

use crate::ir::{BackendId, CertificateId};

use super::outcome::{ResolvedRule, RouteRules, RuleProblems, Rules};
use super::stream::StreamRules;

impl RouteRules {
    /// The same, with backends that are shown `certificate`: with another one, or with none, they are other backends.
    pub(crate) fn showing(&self, certificate: &CertificateId) -> Self {
        let shown = |id: &BackendId| id.transport.is_tcp().then(|| Box::new(certificate.clone()));
        let show = |id: &BackendId| BackendId {
            certificate: shown(id),
            ..id.clone()
        };
        let rules = match &self.rules {
            Rules::OverHttp(rules) => {
                let rules = rules.iter().map(|resolved| ResolvedRule {
                    rule: Arc::new(resolved.rule.with_backends(&show)),
                    matches: resolved.matches.clone(),
                });
                Rules::OverHttp(rules.collect())
            }
            // What is passed on is in the client's TLS, if it is in any.
            Rules::Stream(rules) => Rules::Stream(StreamRules {
                in_clear: Arc::new(rules.in_clear.with_backends(&show)),
                passed_on: Arc::clone(&rules.passed_on),
            }),
        };
        Self {
            rules,
            problems: RuleProblems::default(),
            failed: self.failed.clone(),
            #[cfg(feature = "k8s-gateway")]
            delegated: self
                .delegated
                .iter()
                .map(|one| one.showing(certificate))
                .collect(),
            #[cfg(feature = "k8s-gateway")]
            options: self.options.clone(),
            #[cfg(feature = "k8s-gateway")]
            looked_at: self.looked_at.clone(),
        }
    }
}
