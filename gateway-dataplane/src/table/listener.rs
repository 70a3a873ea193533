//! One listener, compiled.

use std::sync::Arc;

use gateway_model::Hostname;
use gateway_resolve::ir::{self, Stack, VirtualHost};

use super::compile::Compiler;
use super::hosts::HostIndex;
use super::request::with_lower_case;
use super::routes::RouteIndex;
use super::{CompiledRule, Head, Hit, Miss, StreamRoute};
use crate::conduct::Conduct;

/// A listener and the rules behind it.
#[derive(Debug)]
pub struct Listener<B> {
    ir: Arc<ir::Listener>,
    names: Arc<HostIndex>,
    /// In the order of the IR.
    hosts: Box<[Arc<Host<B>>]>,
    /// The names of `streams`.
    server_names: HostIndex,
    /// Where connections are passed on: by server name in the order of the IR, or just one.
    streams: Box<[StreamRoute<B>]>,
    conduct: Option<Arc<Conduct>>,
}

/// A virtual host. Its routes are those of the IR; `rules` runs in parallel to them.
#[derive(Debug)]
pub(super) struct Host<B> {
    ir: Arc<VirtualHost>,
    index: RouteIndex,
    rules: Box<[Arc<CompiledRule<B>>]>,
}

impl<B> Host<B> {
    pub(super) fn ir(&self) -> &Arc<VirtualHost> {
        &self.ir
    }

    pub(super) fn rules(&self) -> &[Arc<CompiledRule<B>>] {
        &self.rules
    }
}

impl<B> Host<B> {
    /// A host whose rules are those of its routes; `before` is what it was.
    pub(super) fn new(
        ir: &Arc<VirtualHost>,
        rules: Box<[Arc<CompiledRule<B>>]>,
        before: Option<&Self>,
    ) -> Self {
        let index = RouteIndex::new(&ir.routes, before.map(|before| &before.index));
        Self {
            rules,
            index,
            ir: Arc::clone(ir),
        }
    }
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

    /// How it deals with its clients, as far as its settings say.
    pub(crate) fn conduct(&self) -> Option<&Arc<Conduct>> {
        self.conduct.as_ref()
    }

    /// Is TLS spoken on it?
    pub fn is_tls(&self) -> bool {
        self.ir.stack.begins_with_tls()
    }

    /// The route for a request for `host` (lower case): hosts are tried from the most specific to the
    /// least, the routes of each in order.
    pub(super) fn find(&self, host: &str, head: &Head<'_>) -> Option<Hit<'_, B>> {
        self.names.find_map(host, |at| {
            let host = &*self.hosts[at];
            let position = host.index.find(&host.ir.routes, head)?;
            Some(self.hit(host, position))
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
            let host = &*self.hosts[at];
            let meets = |position| meets(self.hit(host, position));
            let position = host.index.find_where(&host.ir.routes, path, meets)?;
            Some(self.hit(host, position))
        })
    }

    fn hit<'t>(&'t self, host: &'t Host<B>, position: usize) -> Hit<'t, B> {
        Hit {
            listener: self,
            host: &host.ir,
            route: &host.ir.routes[position],
            rule: &host.rules[position],
        }
    }

    /// The host that is likely the one of this IR: the same at this position, or else one of its name.
    fn host(&self, at: usize, ir: &Arc<VirtualHost>) -> Option<&Arc<Host<B>>> {
        let is_same = |known: &&Arc<Host<B>>| Arc::ptr_eq(&known.ir, ir);
        let named = || self.hosts.get(self.names.get(ir.hostname.as_ref())?);
        self.hosts.get(at).filter(is_same).or_else(named)
    }

    /// Does it have hosts of these names, in this order?
    fn has_names(&self, hosts: &[Arc<VirtualHost>]) -> bool {
        let same = |(known, host): (&Arc<Host<B>>, &Arc<VirtualHost>)| {
            Arc::ptr_eq(&known.ir, host) || known.ir.hostname == host.hostname
        };
        self.hosts.len() == hosts.len() && self.hosts.iter().zip(hosts).all(same)
    }
}

impl<B: Clone> Listener<B> {
    /// Compiles a listener; `before` is what it was.
    pub(super) fn compile(
        ir: &Arc<ir::Listener>,
        before: Option<&Self>,
        compiler: &mut Compiler<'_, B>,
    ) -> Self {
        let hosts = ir.hosts().iter().enumerate();
        let hosts = hosts.map(|(at, host)| {
            let before = before.filter(|before| before.ir.settings == ir.settings);
            let known = before.and_then(|before| before.host(at, host));
            compiler.host(host, ir, known)
        });
        Self {
            hosts: hosts.collect(),
            streams: streams(ir, compiler),
            names: match before.filter(|before| before.has_names(ir.hosts())) {
                Some(before) => Arc::clone(&before.names),
                None => Arc::new(HostIndex::new(
                    ir.hosts().iter().map(|host| host.hostname.as_ref()),
                )),
            },
            server_names: server_names(&ir.stack),
            conduct: compiler.conduct(
                &ir.settings,
                before.and_then(|before| before.conduct.as_deref()),
            ),
            ir: Arc::clone(ir),
        }
    }
}

/// Where connections are passed on.
fn streams<B: Clone>(ir: &Arc<ir::Listener>, compiler: &Compiler<'_, B>) -> Box<[StreamRoute<B>]> {
    match &ir.stack {
        Stack::Http { .. } | Stack::Https { .. } => [].into(),
        Stack::TlsPassthrough { names } | Stack::TlsTerminate { names, .. } => {
            let rules = names.iter().map(|name| Some(&name.rule));
            rules.map(|rule| compiler.stream(rule).behind(ir)).collect()
        }
        Stack::Tcp { rule } | Stack::Udp { rule } => {
            [compiler.stream(rule.as_ref()).behind(ir)].into()
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
