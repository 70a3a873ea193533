//! Which GatewayClasses are served.

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_model::GatewayClass;

use crate::problem::Problem;
use crate::reason::ClassAccepted;
use crate::{ClassSelection, Config, Snapshot};

/// The classes that are served.
#[derive(Debug)]
pub(crate) struct Classes<'a> {
    objects: BTreeMap<&'a str, Class<'a>>,
    config: &'a Config,
}

/// A GatewayClass that is served, or the stand-in for one that has no object.
#[derive(Debug, Clone)]
pub(crate) struct Class<'a> {
    /// The object; `None` when there is none.
    pub(crate) object: Option<&'a Arc<GatewayClass>>,
    /// The controller that statuses of its Gateways and their routes are written for.
    pub(crate) controller: &'a str,
    /// Why it is not accepted.
    pub(crate) refused: Option<Problem<ClassAccepted>>,
}

/// Picks the classes that `config` selects.
pub(crate) fn classes<'a>(snapshot: &'a Snapshot, config: &'a Config) -> Classes<'a> {
    let ours = |class: &GatewayClass| class.spec.controller_name == config.controller_name;
    let selected = snapshot
        .gateway_classes()
        .iter()
        .filter(|class| match &config.classes {
            ClassSelection::Any => true,
            ClassSelection::Controller => ours(class),
            ClassSelection::Named(name) => class.metadata.name == *name,
            ClassSelection::NamedOfController(name) => class.metadata.name == *name && ours(class),
        });
    Classes {
        objects: selected
            .map(|object| (&*object.metadata.name, class(object)))
            .collect(),
        config,
    }
}

fn class(object: &Arc<GatewayClass>) -> Class<'_> {
    let refused = object.spec.parameters_ref.as_ref().map(|parameters| {
        let message = format!(
            "expected no parameters, found a reference to {} {}; no kind of parameters is supported",
            parameters.kind, parameters.name
        );
        Problem::new(ClassAccepted::InvalidParameters, "spec.parametersRef", message)
    });
    Class {
        object: Some(object),
        controller: &object.spec.controller_name,
        refused,
    }
}

impl<'a> Classes<'a> {
    /// The classes that have an object, ordered by name.
    pub(crate) fn objects(&self) -> impl Iterator<Item = (&'a Arc<GatewayClass>, &Class<'a>)> {
        self.objects
            .values()
            .filter_map(|class| Some((class.object?, class)))
    }

    /// The class that a Gateway names; `None` when it is not served.
    pub(crate) fn get(&self, snapshot: &Snapshot, name: &str) -> Option<Class<'a>> {
        if let Some(class) = self.objects.get(name) {
            return Some(class.clone());
        }
        let stand_in = match &self.config.classes {
            ClassSelection::Any => snapshot.gateway_classes().get("", name).is_none(),
            ClassSelection::Controller | ClassSelection::NamedOfController(_) => false,
            ClassSelection::Named(selected) => selected == name,
        };
        stand_in.then_some(Class {
            object: None,
            controller: &self.config.controller_name,
            refused: None,
        })
    }
}
