//! Which certificates the clients of HTTPS listeners have to show (GEP-91).

use std::collections::BTreeMap;

use gateway_model::{
    ConfigMap, FrontendTlsConfig, FrontendValidation, FrontendValidationMode, Gateway, Kind,
    ObjectRef, ObjectReference, Port, Secret,
};

use crate::authorities;
use crate::ir::ClientValidation;
use crate::problem::{Problem, Verdict};
use crate::reader::Reader;
use crate::reason::{GatewayInsecureFrontend, ListenerAccepted, ListenerResolvedRefs};

use super::certificates::{core_hint, not_permitted};

/// What a Gateway asks of clients.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Frontend {
    /// Those of the ports that are not listed.
    default: Option<Validation>,
    ports: BTreeMap<Port, Option<Validation>>,
}

/// What is asked of the clients of some listeners.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Validation {
    /// How they are validated; or why they cannot be, which keeps the listeners from being served.
    pub(crate) clients: Result<ClientValidation, Problem<ListenerAccepted>>,
    /// The references that do not resolve.
    pub(crate) unresolved: Vec<Problem<ListenerResolvedRefs>>,
    /// Are clients served whose certificate is not valid?
    is_insecure: bool,
}

/// Reads `spec.tls.frontend`.
pub(crate) fn frontend(gateway: &Gateway, reader: &Reader<'_>) -> Frontend {
    let tls = gateway.spec.tls.as_ref();
    let Some(written) = tls.and_then(|tls| tls.frontend.as_ref()) else {
        return Frontend::default();
    };
    let of = |config: &FrontendTlsConfig, field: &str| {
        let validation = config.validation.as_ref()?;
        let field = format!("spec.tls.frontend.{field}.validation");
        Some(validate(&gateway.reference(), validation, &field, reader))
    };
    let ports = written.per_port.iter().enumerate();
    let ports =
        ports.map(|(index, own)| (own.port, of(&own.tls, &format!("perPort[{index}].tls"))));
    Frontend {
        ports: ports.collect(),
        default: of(&written.default, "default"),
    }
}

impl Frontend {
    /// What is asked of the clients of a port.
    pub(crate) fn of(&self, port: Port) -> Option<&Validation> {
        let own = self.ports.get(&port);
        own.map_or(self.default.as_ref(), Option::as_ref)
    }

    /// Is there a port whose clients are served although their certificate is not valid?
    pub(crate) fn insecure(&self) -> Option<Verdict<GatewayInsecureFrontend>> {
        let all = self.ports.values().flatten().chain(&self.default);
        let is_insecure = all.into_iter().any(|validation| validation.is_insecure);
        let message = "mode AllowInsecureFallback: clients without a valid certificate are served";
        let reason = GatewayInsecureFrontend::ConfigurationChanged;
        is_insecure.then(|| Verdict::new(reason, message))
    }
}

/// One reference that resolves is enough; without any, nobody can be validated.
fn validate(
    gateway: &ObjectRef,
    written: &FrontendValidation,
    field: &str,
    reader: &Reader<'_>,
) -> Validation {
    let FrontendValidation {
        ca_certificate_refs,
        mode,
    } = written;
    let (mut authorities, mut unresolved) = (Vec::new(), Vec::new());
    let field = format!("{field}.caCertificateRefs");
    for (index, reference) in ca_certificate_refs.iter().enumerate() {
        match certificates(gateway, reference, &format!("{field}[{index}]"), reader) {
            Ok(found) => authorities.extend(found),
            Err(problem) => unresolved.push(problem),
        }
    }
    let is_insecure = *mode == FrontendValidationMode::AllowInsecureFallback;
    let clients = match authorities.is_empty() {
        false => Ok(ClientValidation {
            authorities,
            mandatory: !is_insecure,
        }),
        true => {
            let message = "none of the certificates of authorities can be used";
            let reason = ListenerAccepted::NoValidCaCertificate;
            Err(Problem::new(reason, field, message))
        }
    };
    Validation {
        clients,
        unresolved,
        is_insecure,
    }
}

/// In turn: kind, permission, existence.
fn certificates(
    gateway: &ObjectRef,
    reference: &ObjectReference,
    field: &str,
    reader: &Reader<'_>,
) -> Result<Vec<Vec<u8>>, Problem<ListenerResolvedRefs>> {
    let ObjectReference {
        group,
        kind,
        name,
        namespace,
    } = reference;
    let is_known = matches!(kind.as_str(), ConfigMap::KIND | Secret::KIND);
    if !group.is_empty() || !is_known {
        let message = format!(
            "expected a ConfigMap or Secret of the core group, found kind {kind:?} of group {group:?}{}",
            core_hint(group)
        );
        let reason = ListenerResolvedRefs::InvalidCaCertificateKind;
        return Err(Problem::new(reason, field, message));
    }
    let namespace = namespace.as_deref().unwrap_or(&gateway.namespace);
    let object = ObjectRef::new(group.clone(), kind.clone(), namespace, name.as_str());
    if !reader.permit(gateway, &object) {
        let message = not_permitted(gateway, &object);
        return Err(Problem::new(
            ListenerResolvedRefs::RefNotPermitted,
            field,
            message,
        ));
    }
    let reason = ListenerResolvedRefs::InvalidCaCertificateRef;
    authorities::certificates(&object, reader, reason, field)
}
