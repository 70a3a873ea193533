//! The options by what they are for.

use gateway_model::k8s_gateway::{
    HttpListenerOption, ListenerOption, OptionStatuses, PolicySpec, RouteOption, VirtualHostOption,
};
use gateway_model::{Kind, Object, ObjectRef, PolicyTarget, Resource};

use crate::policy::Targeting;
use crate::policy::index::{ByTarget, own_targets};

impl<O> Targeting for Object<PolicySpec<O>, OptionStatuses>
where
    Self: Kind,
{
    fn targets(&self) -> &[PolicyTarget] {
        &self.spec.target_refs
    }
}

/// The options of a snapshot by what they are for.
#[derive(Debug, Clone, Default)]
pub(crate) struct OptionsByTarget {
    pub(super) routes: ByTarget<RouteOption>,
    pub(super) virtual_hosts: ByTarget<VirtualHostOption>,
    pub(super) http_listeners: ByTarget<HttpListenerOption>,
    pub(super) listeners: ByTarget<ListenerOption>,
}

impl OptionsByTarget {
    /// Puts an object in the place of what it was; what either is for.
    pub(crate) fn put(&mut self, old: Option<&Resource>, new: Option<&Resource>) -> Vec<ObjectRef> {
        let mut touched = Vec::new();
        for (resource, is_new) in [(old, false), (new, true)] {
            match resource {
                Some(Resource::RouteOption(option)) => {
                    change(&mut self.routes, option, is_new, &mut touched);
                }
                Some(Resource::VirtualHostOption(option)) => {
                    change(&mut self.virtual_hosts, option, is_new, &mut touched);
                }
                Some(Resource::HttpListenerOption(option)) => {
                    change(&mut self.http_listeners, option, is_new, &mut touched);
                }
                Some(Resource::ListenerOption(option)) => {
                    change(&mut self.listeners, option, is_new, &mut touched);
                }
                _ => {}
            }
        }
        touched
    }
}

fn change<P: Targeting>(
    index: &mut ByTarget<P>,
    policy: &std::sync::Arc<P>,
    is_new: bool,
    touched: &mut Vec<ObjectRef>,
) {
    touched.extend(own_targets(&**policy));
    match is_new {
        true => index.add(policy),
        false => index.take(policy),
    }
}
