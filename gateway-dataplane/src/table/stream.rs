//! Rules of layer 4 as connections want them.

use std::sync::Arc;

use gateway_resolve::ir::{self, BackendId, Stack, StreamTarget, Target};

use super::shares::Shares;
use crate::backend::Payload;
use crate::forward::entropy;

/// A layer-4 rule with its backends at hand.
#[derive(Debug)]
pub struct StreamRoute<B> {
    listener: Option<Arc<ir::Listener>>,
    rule: Option<Arc<ir::StreamRule>>,
    /// `None`: its connections are refused. There are no shares where there is nothing to choose from.
    shares: Option<Shares<Option<B>>>,
}

impl<B> StreamRoute<B> {
    /// Compiles `rule`; `backend` finds the backends that it names.
    pub(super) fn compile(
        rule: Option<&Arc<ir::StreamRule>>,
        backend: impl Fn(&BackendId) -> Option<B>,
    ) -> Self {
        let targets = rule.map_or(&[][..], |rule| rule.targets());
        let backend = |target: &StreamTarget| match &target.target {
            Target::Backend(id) => backend(id),
            Target::Refused(_) => None,
        };
        Self {
            shares: Shares::new(targets, backend),
            rule: rule.cloned(),
            listener: None,
        }
    }

    /// The rule as the IR has it; `None`: no route is attached.
    pub fn ir(&self) -> Option<&Arc<ir::StreamRule>> {
        self.rule.as_ref()
    }

    /// Chooses a backend by weight. `random` is uniform over all of `u64`. `None`: the connection is
    /// refused; a bad reference keeps its weight.
    pub fn pick(&self, random: u64) -> Option<&B> {
        let (_, backend) = self.shares.as_ref()?.pick(random);
        backend.as_ref()
    }

    /// The same, as it is behind `listener`.
    pub(super) fn behind(self, listener: &Arc<ir::Listener>) -> Self {
        let listener = Some(Arc::clone(listener));
        Self { listener, ..self }
    }
}

impl<B> StreamRoute<B> {
    /// The backends that it may choose.
    pub(crate) fn backends(&self) -> impl Iterator<Item = &B> {
        let shares = self.shares.iter().flat_map(Shares::iter);
        shares.filter_map(|(weight, backend)| backend.as_ref().filter(|_| weight > 0))
    }
}

impl<B: Clone> StreamRoute<B> {
    /// [Picks](Self::pick) at random.
    pub(crate) fn choose(&self) -> Chosen<B> {
        let shares = self.shares.as_ref();
        let picked = shares.map(|shares| shares.pick(entropy::random()));
        Chosen {
            listener: self.listener.clone(),
            rule: self.rule.clone(),
            target: picked.map(|(at, _)| at),
            backend: picked.and_then(|(_, backend)| backend.clone()),
        }
    }
}

/// What was chosen for a connection.
pub(crate) struct Chosen<B> {
    pub(crate) listener: Option<Arc<ir::Listener>>,
    pub(crate) rule: Option<Arc<ir::StreamRule>>,
    /// The position of the target in the rule.
    pub(crate) target: Option<usize>,
    /// `None`: the connection is refused.
    pub(crate) backend: Option<B>,
}

impl<B> Chosen<B> {
    /// What comes on the connection.
    pub(crate) fn payload(&self) -> Payload {
        let stack = self.listener.as_ref().map(|listener| &listener.stack);
        match matches!(stack, Some(Stack::TlsPassthrough { .. })) {
            true => Payload::Tls,
            false => Payload::Clear,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gateway_model::{ObjectRef, Port, Source};
    use gateway_resolve::ir::{
        BackendId, Refusal, RefusalReason, RuleSource, StreamAction, StreamRule, StreamSettings,
        StreamSplit, StreamTarget, Target,
    };

    use super::StreamRoute;

    /// Weights are proportions, 0 gets nothing, and a bad reference keeps its share.
    #[test]
    fn a_target_gets_its_share_and_a_bad_reference_keeps_its_own() {
        let object = |kind, name| ObjectRef::new("", kind, "default", name);
        let backend = |name| {
            let (object, port) = (object("Service", name), Port::new(80).unwrap());
            Target::Backend(BackendId::new(object, port))
        };
        let refused = Refusal::new(RefusalReason::BackendNotFound, "");
        let targets = [
            (60, backend("a")),
            (0, backend("never")),
            (30, Target::Refused(refused)),
            (10, backend("b")),
        ];
        let targets = targets.map(|(weight, target)| StreamTarget { weight, target });
        let route = Source {
            object: object("TCPRoute", "route"),
            generation: 1,
        };
        let rule = StreamRule {
            source: RuleSource::new(route, 0),
            action: StreamAction::Forward(StreamSplit::new(targets.into()).unwrap()),
            settings: StreamSettings::default(),
        };
        let name = |id: &BackendId| Some(id.object.name.to_string());
        let route = StreamRoute::compile(Some(&Arc::new(rule)), name);
        let picked = |percent: u64| route.pick(u64::MAX / 100 * percent).map(String::as_str);
        for (percent, want) in [
            (1, Some("a")),
            (59, Some("a")),
            (61, None),
            (89, None),
            (91, Some("b")),
            (99, Some("b")),
        ] {
            assert_eq!(picked(percent), want, "{percent}");
        }
        assert_eq!(route.pick(u64::MAX).map(String::as_str), Some("b"));
        assert_eq!(StreamRoute::<()>::compile(None, |_| None).pick(0), None);
    }
}
