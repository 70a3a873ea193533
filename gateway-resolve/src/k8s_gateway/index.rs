//! The options by what they are for.

use gateway_model::k8s_gateway::{
    HttpListenerOption, ListenerOption, OptionStatuses, PolicySpec, RouteOption, VirtualHostOption,
};
use gateway_model::{Kind, Object, ObjectRef, PolicyTarget, Resource};

use crate::index::{Change, Index};
use crate::policy::Targeting;

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
    pub(super) routes: Index<RouteOption>,
    pub(super) virtual_hosts: Index<VirtualHostOption>,
    pub(super) http_listeners: Index<HttpListenerOption>,
    pub(super) listeners: Index<ListenerOption>,
}

impl OptionsByTarget {
    /// Adds an object, or takes one away; what it is for, if it is an option.
    pub(crate) fn change(&mut self, resource: &Resource, change: Change) -> Vec<ObjectRef> {
        match resource {
            Resource::RouteOption(option) => self.routes.change(option, change),
            Resource::VirtualHostOption(option) => self.virtual_hosts.change(option, change),
            Resource::HttpListenerOption(option) => self.http_listeners.change(option, change),
            Resource::ListenerOption(option) => self.listeners.change(option, change),
            _ => Vec::new(),
        }
    }
}
