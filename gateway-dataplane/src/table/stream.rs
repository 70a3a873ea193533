//! Rules of layer 4 as connections want them.

use std::sync::Arc;

use gateway_resolve::ir::{self, BackendId, StreamTarget, Target};

/// A layer-4 rule with its backends at hand.
#[derive(Debug)]
pub struct StreamRoute<B> {
    rule: Option<Arc<ir::StreamRule>>,
    /// In the order of the rule's targets.
    shares: Box<[Share<B>]>,
}

#[derive(Debug)]
struct Share<B> {
    /// The sum of the weights up to and including this one.
    up_to: u64,
    /// `None`: its connections are refused.
    backend: Option<B>,
}

impl<B> StreamRoute<B> {
    /// Compiles `rule`; `backend` finds the backends that it names.
    pub(super) fn compile(
        rule: Option<&Arc<ir::StreamRule>>,
        backend: impl Fn(&BackendId) -> Option<B>,
    ) -> Self {
        let targets = rule.map_or(&[][..], |rule| rule.targets());
        let share = |sum: &mut u64, target: &StreamTarget| {
            *sum += u64::from(target.weight);
            Some(Share {
                up_to: *sum,
                backend: match &target.target {
                    Target::Backend(id) => backend(id),
                    Target::Refused(_) => None,
                },
            })
        };
        Self {
            shares: targets.iter().scan(0, share).collect(),
            rule: rule.cloned(),
        }
    }

    /// The rule as the IR has it; `None`: no route is attached.
    pub fn ir(&self) -> Option<&Arc<ir::StreamRule>> {
        self.rule.as_ref()
    }

    /// Chooses a backend by weight. `random` is uniform over all of `u64`. `None`: the connection is
    /// refused; a bad reference keeps its weight.
    pub fn pick(&self, random: u64) -> Option<&B> {
        let total = self.shares.last()?.up_to;
        let scaled = (u128::from(random) * u128::from(total)) >> 64;
        let at = self
            .shares
            .partition_point(|share| u128::from(share.up_to) <= scaled);
        self.shares.get(at)?.backend.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gateway_model::{ObjectRef, Port, Source};
    use gateway_resolve::ir::{
        BackendId, Refusal, RefusalReason, StreamAction, StreamRule, StreamSplit, StreamTarget,
        Target,
    };

    use super::StreamRoute;

    /// Weights are proportions, 0 gets nothing, and a bad reference keeps its share.
    #[test]
    fn a_target_gets_its_share_and_a_bad_reference_keeps_its_own() {
        let object = |kind, name| ObjectRef::new("", kind, "default", name);
        let backend = |name| {
            let (object, port) = (object("Service", name), Port::new(80).unwrap());
            Target::Backend(BackendId { object, port })
        };
        let refused = Refusal::new(RefusalReason::BackendNotFound, "");
        let targets = [
            (60, backend("a")),
            (0, backend("never")),
            (30, Target::Refused(refused)),
            (10, backend("b")),
        ];
        let targets = targets.map(|(weight, target)| StreamTarget { weight, target });
        let rule = StreamRule {
            source: Source {
                object: object("TCPRoute", "route"),
                generation: 1,
            },
            created: None,
            index: 0,
            name: None,
            action: StreamAction::Forward(StreamSplit::new(targets.into()).unwrap()),
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
