//! Which level of settings counts for a rule.

use std::borrow::Cow;
use std::sync::Arc;

use gateway_resolve::ir::{self, CorsPolicy, ListenerSettings, RuleSettings, VirtualHostSettings};

use crate::filter::Cors;
use crate::table::{Attempts, Besides};

/// A server that counts requests, and what it is told of them.
pub(super) type Counted<'a> = (&'a ir::RateLimitServer, Vec<&'a Vec<ir::DescriptorEntry>>);

/// The settings that hold for a rule behind a host of a listener.
#[derive(Clone, Copy)]
pub(crate) struct Levels<'a> {
    pub(crate) rule: &'a Arc<ir::Rule>,
    pub(crate) host: &'a ir::VirtualHost,
    pub(crate) listener: &'a ir::Listener,
}

/// The value of a setting at the most specific level that has it.
macro_rules! most_specific {
    ($levels:expr, $setting:ident) => {{
        let levels: &crate::stage::levels::Levels<'_> = $levels;
        let of_rule = levels.rule().$setting.as_deref();
        let of_host = || levels.host().$setting.as_deref();
        let of_listener = || levels.listener().$setting.as_deref();
        let set = of_rule.or_else(of_host).or_else(of_listener);
        set.map(|set| &set.value)
    }};
}

/// The same for a setting that listeners do not have.
macro_rules! rule_or_host {
    ($levels:expr, $setting:ident) => {{
        let levels: &crate::stage::levels::Levels<'_> = $levels;
        let of_rule = levels.rule().$setting.as_deref();
        let set = of_rule.or_else(|| levels.host().$setting.as_deref());
        set.map(|set| &set.value)
    }};
}

impl<'a> Levels<'a> {
    pub(super) fn rule(&self) -> &'a RuleSettings {
        &self.rule.settings
    }

    pub(super) fn host(&self) -> &'a VirtualHostSettings {
        &self.host.settings
    }

    pub(super) fn listener(&self) -> &'a ListenerSettings {
        &self.listener.settings
    }

    /// What a rule has of them that asks nobody and keeps no state.
    pub(crate) fn besides(&self) -> Besides {
        let (rule, host) = (self.rule(), self.host());
        let manipulations = [&rule.header_manipulation, &host.header_manipulation];
        let manipulations = manipulations.into_iter().flatten();
        Besides {
            retry: host.retry.as_ref().map(|set| set.value.clone()),
            manipulations: manipulations.map(|set| set.value.clone()).collect(),
            cors: self.cors(),
            attempts: self.attempts(),
            times: self.times(),
            is_unguarded: self.is_guarded(),
            ..Besides::default()
        }
    }

    /// What the listener says of streams.
    fn times(&self) -> Option<ir::ConnectionTimes> {
        let times = &self.listener().times.as_ref()?.value;
        let limits = [times.request, times.exchange, times.stalled];
        limits.iter().any(Option::is_some).then(|| times.clone())
    }

    /// Who is told of attempts.
    fn attempts(&self) -> Attempts {
        let host = self.host();
        let [to_backends, to_clients] =
            [&host.tells_backends_attempts, &host.tells_clients_attempts]
                .map(|set| set.as_ref().is_some_and(|set| set.value));
        Attempts {
            to_backends,
            to_clients,
        }
    }

    /// Who is asked whether a request may pass: by the rule itself, or else the listener's server, where the rule or
    /// its host wants that.
    pub(super) fn authorization(&self) -> Option<Cow<'a, ir::Authorization>> {
        if let Some(own) = &self.rule().authorization {
            return Some(Cow::Borrowed(&own.value));
        }
        let Some(ir::Authorized::ByListener(told)) = rule_or_host!(self, authorized) else {
            return None;
        };
        let mut asked = self.listener().authorizer.as_ref()?.value.clone();
        if let ir::AuthorizationProtocol::Grpc(grpc) = &mut asked.protocol {
            grpc.context.extend(told.iter().cloned());
        }
        Some(Cow::Owned(asked))
    }

    /// Who is asked how many requests pass, and what they are told; a rule that has nothing to tell leaves that to its
    /// host.
    pub(super) fn counted(&self) -> Option<Counted<'a>> {
        let server = &self.listener().rate_limit_server.as_ref()?.value;
        let (rule, host) = (self.rule(), self.host());
        let [rule, host] = [&rule.rate_limit_descriptors, &host.rate_limit_descriptors];
        let mut told: Vec<_> = rule.iter().flat_map(|set| &set.value.descriptors).collect();
        if told.is_empty() || rule.as_ref().is_some_and(|set| set.value.includes_host) {
            told.extend(host.iter().flat_map(|set| &set.value.descriptors));
        }
        (!told.is_empty()).then_some((server, told))
    }

    /// With which other origins responses are shared.
    fn cors(&self) -> Option<Cors> {
        let (rule, host) = (self.rule(), self.host());
        let merge = host.cors_merge.as_ref().map(|set| set.value);
        let [rule, host] = [&rule.cors, &host.cors].map(|set| set.as_ref().map(|set| &set.value));
        let rules = CorsPolicy::merged(rule, host, merge.unwrap_or_default())?;
        Some(Cors::of_rules(&rules))
    }

    /// Is it not for everybody, or not as often as they like?
    fn is_guarded(&self) -> bool {
        self.authorization().is_some()
            || most_specific!(self, local_rate_limit).is_some()
            || most_specific!(self, csrf).is_some()
            || self.counted().is_some()
    }

    /// What a state is kept under that belongs to the rule's own settings.
    pub(super) fn rule_key(&self) -> String {
        let id = &self.rule.source.id;
        format!("{} {}", id.route, id.index)
    }

    /// The same for those of the host.
    pub(super) fn host_key(&self) -> String {
        let name = self.host.hostname.as_ref();
        let name = name.map_or("*", |name| name.as_str());
        format!("{} {name}", self.listener.id)
    }

    /// The same for those of the listener.
    pub(super) fn listener_key(&self) -> String {
        self.listener.id.to_string()
    }
}

pub(super) use {most_specific, rule_or_host};
