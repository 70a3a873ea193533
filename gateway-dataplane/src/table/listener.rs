//! One listener, compiled.

use std::sync::Arc;

use gateway_model::Hostname;
use gateway_resolve::ir::{self, Stack};

use super::hosts::HostIndex;
use super::request::with_lower_case;
use super::routes::RouteIndex;
use crate::stage::Levels;

use super::{CompiledRule, Compiler, Head, Hit, Miss, StreamRoute};

/// A listener and the rules behind it.
#[derive(Debug)]
pub struct Listener<B> {
    ir: Arc<ir::Listener>,
    names: HostIndex,
    /// In the order of the IR.
    hosts: Box<[Host<B>]>,
    /// The names of `streams`.
    server_names: HostIndex,
    /// Where connections are passed on: by server name in the order of the IR, or just one.
    streams: Box<[StreamRoute<B>]>,
}

/// A virtual host. Its routes are those of the IR; `rules` runs in parallel to them.
#[derive(Debug)]
struct Host<B> {
    index: RouteIndex,
    rules: Box<[Arc<CompiledRule<B>>]>,
}

impl<B> Listener<B> {
    /// The listener as the IR has it; its certificates are named there.
    pub fn ir(&self) -> &Arc<ir::Listener> {
        &self.ir
    }

    /// The hosts it takes; `None` takes any.
    pub fn hostname(&self) -> Option<&Hostname> {
        self.ir.hostname.as_ref()
    }

    /// Where a connection goes whose bytes are passed on, as they come or out of TLS: to the route with the most
    /// specific name that matches `sni`. Without TLS there is one route for all.
    pub fn stream(&self, sni: Option<&str>) -> Option<&StreamRoute<B>> {
        self.streams.get(self.stream_position(sni)?)
    }

    /// The position of that route.
    pub(super) fn stream_position(&self, sni: Option<&str>) -> Option<usize> {
        with_lower_case(sni.unwrap_or_default(), |name| {
            self.server_names.first(name)
        })
    }

    /// Is TLS spoken on it?
    pub fn is_tls(&self) -> bool {
        self.ir.stack.begins_with_tls()
    }

    /// The route for a request for `host` (lower case): hosts are tried from the most specific to the
    /// least, the routes of each in order.
    pub(super) fn find(&self, host: &str, head: &Head<'_>) -> Option<Hit<'_, B>> {
        self.names.find_map(host, |at| {
            let position = self.hosts[at]
                .index
                .find(&self.ir.hosts()[at].routes, head)?;
            Some(self.hit(at, position))
        })
    }

    /// Why a request for `host` (lower case) got no route.
    pub(super) fn miss(&self, host: &str) -> Miss {
        match self.names.first(host) {
            Some(_) => Miss::NoRule,
            None => Miss::NoRoute,
        }
    }

    /// As [`find`](Self::find), for the first route on the way whose path matches and which `meets` the rest.
    pub(super) fn find_where(
        &self,
        host: &str,
        path: &str,
        meets: impl Fn(Hit<'_, B>) -> bool,
    ) -> Option<Hit<'_, B>> {
        self.names.find_map(host, |at| {
            let (routes, compiled) = (&self.ir.hosts()[at].routes, &self.hosts[at]);
            let meets = |position| meets(self.hit(at, position));
            let position = compiled.index.find_where(routes, path, meets)?;
            Some(self.hit(at, position))
        })
    }

    fn hit(&self, host: usize, position: usize) -> Hit<'_, B> {
        let (virtual_host, compiled) = (&self.ir.hosts()[host], &self.hosts[host]);
        Hit {
            listener: self,
            host: virtual_host,
            route: &virtual_host.routes[position],
            rule: &compiled.rules[position],
        }
    }
}

impl<B: Clone> Listener<B> {
    pub(super) fn compile(ir: &Arc<ir::Listener>, compiler: &mut Compiler<'_, B>) -> Self {
        let hosts = ir.hosts().iter().map(|host| {
            let levels = |route: &'_ ir::Route| {
                compiler.rule(&Levels {
                    rule: &route.rule,
                    host,
                    listener: ir,
                })
            };
            Host {
                index: RouteIndex::new(&host.routes),
                rules: host.routes.iter().map(levels).collect(),
            }
        });
        Self {
            hosts: hosts.collect(),
            streams: match &ir.stack {
                Stack::Http { .. } | Stack::Https { .. } => [].into(),
                Stack::TlsPassthrough { names } | Stack::TlsTerminate { names, .. } => {
                    let rules = names.iter().map(|name| Some(&name.rule));
                    rules.map(|rule| compiler.stream(rule).behind(ir)).collect()
                }
                Stack::Tcp { rule } | Stack::Udp { rule } => {
                    [compiler.stream(rule.as_ref()).behind(ir)].into()
                }
            },
            names: HostIndex::new(ir.hosts().iter().map(|host| host.hostname.as_ref())),
            server_names: server_names(&ir.stack),
            ir: Arc::clone(ir),
        }
    }
}

/// What connections are told apart by.
fn server_names(stack: &Stack) -> HostIndex {
    match stack {
        Stack::Http { .. } | Stack::Https { .. } => HostIndex::default(),
        Stack::TlsPassthrough { names } | Stack::TlsTerminate { names, .. } => {
            HostIndex::new(names.iter().map(|name| name.hostname.as_ref()))
        }
        Stack::Tcp { .. } | Stack::Udp { .. } => HostIndex::new([None].into_iter()),
    }
}
