//! Reasons: each fixes the type and the status of the condition that it explains (the
//! Gateway API's condition types and reasons, one enum for each condition of each kind).

use gateway_model::ConditionStatus;

/// The reason of one condition.
pub trait Reason: Copy {
    /// The type of the condition.
    const CONDITION: &'static str;

    /// The status that goes with the reason.
    fn status(self) -> ConditionStatus;

    /// The reason as the API spells it.
    fn as_str(self) -> &'static str;
}

macro_rules! reasons {
    ($(
        $(#[$doc:meta])*
        $name:ident explains $condition:literal {
            $($(#[$variant_doc:meta])* $variant:ident => $status:ident $(as $spelling:literal)?,)+
        }
    )+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl Reason for $name {
            const CONDITION: &'static str = $condition;

            fn status(self) -> ConditionStatus {
                match self {
                    $(Self::$variant => ConditionStatus::$status,)+
                }
            }

            fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => spelled!($variant $($spelling)?),)+
                }
            }
        }
    )+};
}

macro_rules! spelled {
    ($variant:ident) => {
        stringify!($variant)
    };
    ($variant:ident $spelling:literal) => {
        $spelling
    };
}

reasons! {
    /// Is a GatewayClass accepted?
    ClassAccepted explains "Accepted" {
        /// It is.
        Accepted => True,
        /// Its `parametersRef` cannot be used.
        InvalidParameters => False,
    }

    /// Is an XMesh accepted?
    MeshAccepted explains "Accepted" {
        /// It is.
        Accepted => True,
        /// Its `parametersRef` cannot be used.
        InvalidParameters => False,
    }

    /// Is the version of the Gateway API that is installed one that is supported?
    ClassSupportedVersion explains "SupportedVersion" {
        /// It is.
        SupportedVersion => True,
        /// It is not.
        UnsupportedVersion => False,
    }

    /// Is a Gateway accepted?
    GatewayAccepted explains "Accepted" {
        /// It is, with all its listeners.
        Accepted => True,
        /// It is, without some of its listeners.
        ListenersPartlyNotValid => True as "ListenersNotValid",
        /// It is not: none of its listeners is valid.
        ListenersNotValid => False,
        /// It is not: parameters of it or of its class cannot be used.
        InvalidParameters => False,
        /// It is not: an address of it is of a type that is not supported.
        UnsupportedAddress => False,
        /// It is not: a field of it cannot be honoured.
        Invalid => False,
    }

    /// Is a Gateway served?
    GatewayProgrammed explains "Programmed" {
        /// It is.
        Programmed => True,
        /// It is not accepted.
        Invalid => False,
        /// No address could be found for it.
        AddressNotAssigned => False,
        /// An address that it asks for cannot be used.
        AddressNotUsable => False,
        /// The data plane could not open its listeners.
        NoResources => False,
    }

    /// Do the references of a Gateway resolve? Only written when it has one of its own.
    GatewayResolvedRefs explains "ResolvedRefs" {
        /// They do.
        ResolvedRefs => True,
        /// References of some listeners do not resolve.
        ListenersNotResolved => False,
        /// Its client certificate towards backends cannot be used.
        InvalidClientCertificateRef => False,
        /// No ReferenceGrant allows the reference.
        RefNotPermitted => False,
    }

    /// Does a Gateway serve clients whose certificate is not valid (GEP-91)? Only written when it does.
    GatewayInsecureFrontend explains "InsecureFrontendValidationMode" {
        /// It says so.
        ConfigurationChanged => True,
    }

    /// Do routes have a Gateway without naming it (GEP-3793)? Only written when they do.
    GatewayDefault explains "DefaultGateway" {
        /// Its `defaultScope` says so.
        DefaultGateway => True,
    }

    /// Is a ListenerSet accepted?
    ListenerSetAccepted explains "Accepted" {
        /// It is, with all its listeners.
        Accepted => True,
        /// It is, without some of its listeners.
        ListenersPartlyNotValid => True as "ListenersNotValid",
        /// It is not: none of its listeners is valid.
        ListenersNotValid => False,
        /// It is not: its Gateway does not let it in.
        NotAllowed => False,
        /// It is not: its Gateway is not accepted.
        ParentNotAccepted => False,
        /// It is not: a field of it cannot be honoured.
        Invalid => False,
    }

    /// Is a ListenerSet served?
    ListenerSetProgrammed explains "Programmed" {
        /// It is.
        Programmed => True,
        /// Its Gateway does not let it in.
        NotAllowed => False,
        /// Its Gateway is not accepted, or has no address.
        ParentNotProgrammed => False,
        /// None of its listeners is valid, or could be opened.
        ListenersNotValid => False,
        /// None of the ports of its listeners can be had.
        PortUnavailable => False,
        /// A field of it cannot be honoured.
        Invalid => False,
    }

    /// Is a listener accepted?
    ListenerAccepted explains "Accepted" {
        /// It is.
        Accepted => True,
        /// Its protocol is not supported.
        UnsupportedProtocol => False,
        /// A field of it has a value that is not supported.
        UnsupportedValue => False,
        /// Clients are to be validated, and no certificate of an authority can be used for it.
        NoValidCaCertificate => False as "NoValidCACertificate",
        /// Its port cannot be had.
        PortUnavailable => False,
        /// The Gateway has as many as it gets.
        TooManyListeners => False,
        /// Another listener on its port has the same hostname.
        HostnameConflict => False,
        /// Another listener on its port has another protocol.
        ProtocolConflict => False,
    }

    /// Do the references of a listener resolve?
    ListenerResolvedRefs explains "ResolvedRefs" {
        /// They do.
        ResolvedRefs => True,
        /// A certificate cannot be used.
        InvalidCertificateRef => False,
        /// No ReferenceGrant allows a certificate.
        RefNotPermitted => False,
        /// An object does not exist, or holds no certificates of authorities.
        InvalidCaCertificateRef => False as "InvalidCACertificateRef",
        /// Certificates of authorities are asked for from a kind that has none.
        InvalidCaCertificateKind => False as "InvalidCACertificateKind",
        /// A kind of route is not supported on it.
        InvalidRouteKinds => False,
    }

    /// Is a listener served?
    ListenerProgrammed explains "Programmed" {
        /// It is.
        Programmed => True,
        /// It, or its Gateway, is not valid.
        Invalid => False,
        /// It has no TLS configuration to serve with.
        InvalidTLSConfig => False,
        /// The data plane does not serve it (yet).
        Pending => False,
        /// Another listener on its port has the same hostname.
        HostnameConflict => False,
        /// Another listener on its port has another protocol.
        ProtocolConflict => False,
    }

    /// Does a listener clash with another?
    ListenerConflicted explains "Conflicted" {
        /// It does not.
        NoConflicts => False,
        /// Another listener on its port has the same hostname.
        HostnameConflict => True,
        /// Another listener on its port has another protocol.
        ProtocolConflict => True,
    }

    /// Can a client be given the certificate of another listener of the port (GEP-3567)? Only
    /// written when it can.
    ListenerOverlappingTls explains "OverlappingTLSConfig" {
        /// Hostnames overlap.
        OverlappingHostnames => True,
        /// Names inside certificates overlap.
        OverlappingCertificates => True,
    }

    /// Is a route accepted by a parent?
    RouteAccepted explains "Accepted" {
        /// It is.
        Accepted => True,
        /// Listeners match, but do not allow the route's namespace or kind.
        NotAllowedByListeners => False,
        /// Listeners allow it, but share no hostname with it.
        NoMatchingListenerHostname => False,
        /// No listener has the section name and port that it asks for.
        NoMatchingParent => False,
        /// None of its rules can be honoured.
        UnsupportedValue => False,
        /// None of its rules can be honoured, because of filters that exclude each other.
        IncompatibleFilters => False,
        /// Routes of another kind have what it asks for (GEP-1294).
        Conflicted => False,
    }

    /// Do the references of a route resolve?
    RouteResolvedRefs explains "ResolvedRefs" {
        /// They do.
        ResolvedRefs => True,
        /// No ReferenceGrant allows a reference.
        RefNotPermitted => False,
        /// A reference is to a kind that is not supported.
        InvalidKind => False,
        /// A backend does not exist.
        BackendNotFound => False,
        /// A backend asks for a protocol that is not supported.
        UnsupportedProtocol => False,
    }

    /// Is a policy accepted?
    PolicyAccepted explains "Accepted" {
        /// It is.
        Accepted => True,
        /// An older policy has its targets.
        Conflicted => False,
        /// It asks for what is not supported.
        Invalid => False,
        /// What it is for does not exist.
        TargetNotFound => False,
        /// None of its references to certificates of authorities resolves.
        NoValidCaCertificate => False as "NoValidCACertificate",
    }

    /// Do the references of a policy resolve?
    PolicyResolvedRefs explains "ResolvedRefs" {
        /// They do.
        ResolvedRefs => True,
        /// An object does not exist, or holds no certificates of authorities.
        InvalidCaCertificateRef => False as "InvalidCACertificateRef",
        /// A reference is to a kind that is not supported.
        InvalidKind => False,
        /// Something that a policy of an embedder's kind refers to does not exist.
        RefNotFound => False,
    }

    /// Are some rules of a route left out? Only written when there are.
    RoutePartiallyInvalid explains "PartiallyInvalid" {
        /// Some rules cannot be honoured.
        UnsupportedValue => True,
    }
}

#[cfg(feature = "k8s-gateway")]
reasons! {
    /// What is said of an option of K8sGateway.
    OptionReason explains "Accepted" {
        /// An option is wrong, and not in effect.
        Rejected => False,
        /// An option is known, and not in effect here.
        NotHonoured => False,
        /// Others leave it nothing to set somewhere.
        Warning => True,
        /// Others leave it nothing to set anywhere.
        Overridden => False,
        /// There is nothing that it is for.
        NotAttached => False,
    }
}
