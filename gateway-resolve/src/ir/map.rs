//! The same IR with other rules.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Backend, DanglingReference, Ir, Listener, Route, Rule, Stack, VirtualHost};

impl Ir {
    /// The same with these backends besides, for rules that are to lead there. One that is there under the same id is
    /// replaced.
    pub fn with_backends(&self, backends: impl IntoIterator<Item = Arc<Backend>>) -> Self {
        let mut ir = self.clone();
        for backend in backends {
            ir.backends.insert_mut(backend.id.clone(), backend);
        }
        ir
    }

    /// The same with what `map` makes of each rule for requests. What comes back as the same `Arc`, or equal, is shared:
    /// a host or listener of which no rule is another stays the same `Arc`. A rule that several routes lead to is asked
    /// for once.
    ///
    /// # Errors
    /// A rule names a backend that is not [there](Self::with_backends).
    pub fn map_rules(
        &self,
        map: impl FnMut(&Arc<Rule>) -> Arc<Rule>,
    ) -> Result<Self, DanglingReference> {
        let mut mapped = Mapped {
            map,
            known: HashMap::new(),
        };
        let listeners = self.listeners.iter().map(|one| mapped.listener(one));
        let ir = Self {
            listeners: Arc::new(listeners.collect()),
            ..self.clone()
        };
        ir.check()?;
        Ok(ir)
    }
}

struct Mapped<F> {
    map: F,
    /// Rules by their addresses in the IR, which outlives this.
    known: HashMap<*const Rule, Arc<Rule>>,
}

impl<F: FnMut(&Arc<Rule>) -> Arc<Rule>> Mapped<F> {
    fn listener(&mut self, listener: &Arc<Listener>) -> Arc<Listener> {
        let hosts: Vec<_> = listener
            .hosts()
            .iter()
            .map(|host| self.host(host))
            .collect();
        let mut both = hosts.iter().zip(listener.hosts());
        if both.all(|(new, old)| Arc::ptr_eq(new, old)) {
            return Arc::clone(listener);
        }
        let mut listener = Listener::clone(listener);
        if let Stack::Http { hosts: own } | Stack::Https { hosts: own, .. } = &mut listener.stack {
            *own = hosts;
        }
        Arc::new(listener)
    }

    fn host(&mut self, host: &Arc<VirtualHost>) -> Arc<VirtualHost> {
        let rules: Vec<_> = host
            .routes
            .iter()
            .map(|route| self.rule(&route.rule))
            .collect();
        let mut both = rules.iter().zip(&host.routes);
        if both.all(|(new, old)| Arc::ptr_eq(new, &old.rule)) {
            return Arc::clone(host);
        }
        let routes = host.routes.iter().zip(rules).map(|(route, rule)| Route {
            rule,
            ..route.clone()
        });
        Arc::new(VirtualHost {
            routes: routes.collect(),
            ..VirtualHost::clone(host)
        })
    }

    fn rule(&mut self, rule: &Arc<Rule>) -> Arc<Rule> {
        let Self { map, known } = self;
        let mapped = known.entry(Arc::as_ptr(rule)).or_insert_with(|| {
            let mapped = map(rule);
            match mapped == *rule {
                true => Arc::clone(rule),
                false => mapped,
            }
        });
        Arc::clone(mapped)
    }
}
