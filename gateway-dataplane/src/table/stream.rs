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
