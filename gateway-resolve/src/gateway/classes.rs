//! Which GatewayClasses are served.

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_model::GatewayClass;

use crate::problem::Problem;
use crate::reader::Reader;
use crate::reason::ClassAccepted;
use crate::{ClassSelection, Config};

/// The classes that are served.
#[derive(Debug)]
pub(crate) struct Classes<'a> {
    objects: BTreeMap<&'a str, Class>,
    config: &'a Config,
}

/// A GatewayClass that is served, or the stand-in for one that has no object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Class {
    /// The object; `None` when there is none.
    pub(crate) object: Option<Arc<GatewayClass>>,
    /// The controller that statuses of its Gateways and their routes are written for.
    pub(crate) controller: Arc<str>,
    /// Why it is not accepted.
    pub(crate) refused: Option<Problem<ClassAccepted>>,
}

/// Picks the classes that `config` selects.
pub(crate) fn classes<'a>(reader: &Reader<'a>, config: &'a Config) -> Classes<'a> {
    let ours = |class: &GatewayClass| class.spec.controller_name == config.controller_name;
    let selected = reader
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

fn class(object: &Arc<GatewayClass>) -> Class {
    let refused = object.spec.parameters_ref.as_ref().map(|parameters| {
        let message = format!(
            "expected no parameters, found a reference to {} {}; no kind of parameters is supported",
            parameters.kind, parameters.name
        );
        Problem::new(ClassAccepted::InvalidParameters, "spec.parametersRef", message)
    });
    Class {
        object: Some(Arc::clone(object)),
        controller: object.spec.controller_name.as_str().into(),
        refused,
    }
}

impl Classes<'_> {
    /// The classes that have an object, ordered by name.
    pub(crate) fn objects(&self) -> impl Iterator<Item = (&Arc<GatewayClass>, &Class)> {
        self.objects
            .values()
            .filter_map(|class| Some((class.object.as_ref()?, class)))
    }

    /// The class that a Gateway names; `None` when it is not served.
    pub(crate) fn get(&self, reader: &Reader<'_>, name: &str) -> Option<Class> {
        let object = reader.gateway_class(name);
        if let Some(class) = self.objects.get(name) {
            return Some(class.clone());
        }
        let stand_in = match &self.config.classes {
            ClassSelection::Any => object.is_none(),
            ClassSelection::Controller | ClassSelection::NamedOfController(_) => false,
            ClassSelection::Named(selected) => selected == name,
        };
        stand_in.then_some(Class {
            object: None,
            controller: self.config.controller_name.as_str().into(),
            refused: None,
        })
    }
}
