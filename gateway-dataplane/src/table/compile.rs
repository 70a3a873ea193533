//! Compiling, with what was compiled before at hand.

use std::collections::BTreeSet;
use std::ptr;
use std::sync::Arc;

use gateway_resolve::ir::{self, BackendId, VirtualHost};
use hashbrown::HashMap;

use super::listener::Host;
use super::{Besides, CompiledRule, Listener, StreamRoute};
use crate::conduct::Conduct;
use crate::stage::Levels;

/// The backends that rules lead to.
pub(crate) struct Backends<'a, B> {
    find: Box<Find<'a, B>>,
    /// Those that are others than when the table before was compiled: rules that name them are compiled anew.
    replaced: BTreeSet<BackendId>,
}

impl<'a, B> Backends<'a, B> {
    pub(crate) fn new(find: impl Fn(&BackendId) -> Option<B> + 'a) -> Self {
        Self {
            find: Box::new(find),
            replaced: BTreeSet::new(),
        }
    }

    /// The same, of which these are others than before.
    pub(crate) fn replacing(self, replaced: BTreeSet<BackendId>) -> Self {
        Self { replaced, ..self }
    }

    fn are_same<'i>(&self, mut ids: impl Iterator<Item = &'i BackendId>) -> bool {
        self.replaced.is_empty() || !ids.any(|id| self.replaced.contains(id))
    }
}

/// Finds what stands for a backend.
type Find<'a, B> = dyn Fn(&BackendId) -> Option<B> + 'a;

/// What a rule has beside its filters and backends.
pub(super) type BesidesOf<'a> = dyn Fn(&Levels<'_>) -> Besides + 'a;

/// How a listener deals with its clients, and has dealt with them before.
type ConductOf<'a> = dyn Fn(&ir::ListenerSettings, Option<&Conduct>) -> Option<Arc<Conduct>> + 'a;

/// What rules and listeners have beside what the table needs.
pub(crate) struct Fittings<'a> {
    besides: &'a BesidesOf<'a>,
    conduct: &'a ConductOf<'a>,
}

impl<'a> Fittings<'a> {
    /// Those of listeners that tell no server anything.
    pub(crate) fn new(besides: &'a BesidesOf<'a>) -> Self {
        let conduct = &Conduct::of;
        Self { besides, conduct }
    }

    /// The same with listeners that deal so with their clients.
    pub(crate) fn conducted(self, conduct: &'a ConductOf<'a>) -> Self {
        Self { conduct, ..self }
    }
}

/// What is shared while a table is compiled.
pub(super) struct Compiler<'a, B> {
    fittings: &'a Fittings<'a>,
    backends: &'a Backends<'a, B>,
    /// Rules by their addresses in the IR, which outlives the compiler.
    rules: HashMap<Addresses, Arc<CompiledRule<B>>>,
}

/// A rule, and the host and listener where these have settings of their own: others share what is compiled.
type Addresses = (
    *const ir::Rule,
    Option<*const VirtualHost>,
    Option<*const ir::Listener>,
);

/// The rules of a host as they were compiled before, by their addresses in the IR.
type Known<'k, B> = HashMap<*const ir::Rule, &'k Arc<CompiledRule<B>>>;

fn addresses(levels: &Levels<'_>) -> Addresses {
    let Levels {
        rule,
        host,
        listener,
    } = *levels;
    let listener = has_settings(listener).then_some(ptr::from_ref(listener));
    let host_counts = *host.settings != Default::default() || listener.is_some();
    let host = host_counts.then_some(ptr::from_ref(host));
    (Arc::as_ptr(rule), host, listener)
}

fn has_settings(listener: &ir::Listener) -> bool {
    *listener.settings != Default::default()
}

impl<'a, B: Clone> Compiler<'a, B> {
    pub(super) fn new(fittings: &'a Fittings<'a>, backends: &'a Backends<'a, B>) -> Self {
        Self {
            fittings,
            backends,
            rules: HashMap::new(),
        }
    }

    /// A listener; `before` is what it was.
    pub(super) fn listener(
        &mut self,
        ir: &Arc<ir::Listener>,
        before: Option<&Arc<Listener<B>>>,
    ) -> Arc<Listener<B>> {
        match before {
            Some(before)
                if Arc::ptr_eq(before.ir(), ir) && self.backends.are_same(ir.backends()) =>
            {
                Arc::clone(before)
            }
            before => Arc::new(Listener::compile(ir, before.map(|before| &**before), self)),
        }
    }

    /// A host of a listener; `before` is what it was, where the listener's settings are the same.
    pub(super) fn host(
        &mut self,
        ir: &Arc<VirtualHost>,
        listener: &ir::Listener,
        before: Option<&Arc<Host<B>>>,
    ) -> Arc<Host<B>> {
        let before = before.filter(|before| self.has_settings_of(before, ir, listener));
        let mut backends = ir.routes.iter().flat_map(|route| route.rule.backends());
        if let Some(before) = before
            && Arc::ptr_eq(before.ir(), ir)
            && self.backends.are_same(&mut backends)
        {
            return Arc::clone(before);
        }
        let known = before.map(|before| self.known(before)).unwrap_or_default();
        let rules = ir.routes.iter().map(|route| {
            let levels = Levels {
                rule: &route.rule,
                host: ir,
                listener,
            };
            self.rule(&levels, &known)
        });
        Arc::new(Host::new(
            ir,
            rules.collect(),
            before.map(|before| &**before),
        ))
    }

    /// Do settings say the same of the rules of both, and ask the same backends?
    fn has_settings_of(
        &self,
        before: &Host<B>,
        host: &VirtualHost,
        listener: &ir::Listener,
    ) -> bool {
        let has_own = *host.settings != Default::default() || has_settings(listener);
        before.ir().settings == host.settings && (self.backends.replaced.is_empty() || !has_own)
    }

    /// The rules of a host that are good still.
    fn known<'k>(&self, host: &'k Host<B>) -> Known<'k, B> {
        let rules = host.rules().iter();
        let rules = rules.filter(|rule| self.backends.are_same(rule.ir().backends()));
        rules.map(|rule| (Arc::as_ptr(rule.ir()), rule)).collect()
    }

    fn rule(&mut self, levels: &Levels<'_>, known: &Known<'_, B>) -> Arc<CompiledRule<B>> {
        let (backends, besides) = (self.backends, self.fittings.besides);
        let compile = || match known.get(&Arc::as_ptr(levels.rule)) {
            Some(known) => Arc::clone(known),
            None => {
                let compiled = CompiledRule::compile(levels.rule, &backends.find);
                Arc::new(compiled.with(besides(levels)))
            }
        };
        let compiled = self.rules.entry(addresses(levels));
        Arc::clone(compiled.or_insert_with(compile))
    }

    /// How a listener deals with its clients.
    pub(super) fn conduct(
        &self,
        settings: &ir::ListenerSettings,
        before: Option<&Conduct>,
    ) -> Option<Arc<Conduct>> {
        (self.fittings.conduct)(settings, before)
    }

    pub(super) fn stream(&self, rule: Option<&Arc<ir::StreamRule>>) -> StreamRoute<B> {
        StreamRoute::compile(rule, &self.backends.find)
    }
}
