//! The kinds that are modelled, written once.

/// Hands the list of kinds to a macro: each as its type and its variant of [`Resource`](crate::Resource) are called,
/// after the feature that brings it, whether it has a status, and how it is parsed (`parse/kinds.rs`).
macro_rules! with_kinds {
    ($then:ident) => {
        $then! {
            /// A GatewayClass.
            GatewayClass: status { Subdomain, Gaps::Entries(&[]), "crds/standard/gatewayclasses.json", "crds/experimental/gatewayclasses.json" }
            /// A Gateway.
            Gateway: status { Subdomain, Gaps::Spec, "crds/standard/gateways.json", "crds/experimental/gateways.json" }
            /// An HTTPRoute.
            HttpRoute: status { Subdomain, Gaps::Rules, "crds/standard/httproutes.json", "crds/experimental/httproutes.json" }
            /// A GRPCRoute.
            GrpcRoute: status { Subdomain, Gaps::Rules, "crds/standard/grpcroutes.json", "crds/experimental/grpcroutes.json" }
            /// A TLSRoute.
            TlsRoute: status { Subdomain, Gaps::Rules, "crds/standard/tlsroutes.json", "crds/experimental/tlsroutes.json", "v1alpha3", "v1alpha2" = "crds/experimental/tlsroutes.v1alpha2.json" }
            /// A TCPRoute.
            TcpRoute: status { Subdomain, Gaps::Rules, "crds/standard/tcproutes.json", "crds/experimental/tcproutes.json", "v1alpha2" = "crds/experimental/tcproutes.v1alpha2.json" }
            /// A UDPRoute.
            UdpRoute: status { Subdomain, Gaps::Rules, "crds/standard/udproutes.json", "crds/experimental/udproutes.json", "v1alpha2" = "crds/experimental/udproutes.v1alpha2.json" }
            /// A BackendTLSPolicy.
            BackendTlsPolicy: status { Subdomain, Gaps::Spec, "crds/standard/backendtlspolicies.json", "crds/experimental/backendtlspolicies.json", "v1alpha3" }
            /// A ListenerSet.
            ListenerSet: status { Subdomain, Gaps::Spec, "crds/standard/listenersets.json", "crds/experimental/listenersets.json" }
            /// A ReferenceGrant.
            ReferenceGrant: status { Subdomain, Gaps::Grants, "crds/standard/referencegrants.json", "crds/experimental/referencegrants.json" }
            /// An XBackend.
            XBackend: status { Subdomain, Gaps::Spec, "crds/experimental/xbackends.json", "crds/experimental/xbackends.json", "v1alpha1" }
            /// An XBackendTrafficPolicy.
            XBackendTrafficPolicy: status { Subdomain, Gaps::Spec, "crds/experimental/xbackendtrafficpolicies.json", "crds/experimental/xbackendtrafficpolicies.json", "v1alpha1" }
            /// An XMesh.
            XMesh: status { Subdomain, Gaps::Entries(&[]), "crds/experimental/xmeshes.json", "crds/experimental/xmeshes.json", "v1alpha1" }
            /// A Namespace.
            Namespace: plain { Label, Gaps::Entries(&[]), "core/namespace.json", "core/namespace.json" }
            /// A Service.
            Service: status { Label, Gaps::Entries(&["spec.ports"]), "core/service.json", "core/service.json" }
            /// An EndpointSlice.
            EndpointSlice: plain { Subdomain, Gaps::Entries(&["endpoints", "ports"]), "core/endpoint_slice.json", "core/endpoint_slice.json" }
            /// A Secret.
            Secret: plain { Subdomain, Gaps::Entries(&[]), "core/secret.json", "core/secret.json" }
            /// A ConfigMap.
            ConfigMap: plain { Subdomain, Gaps::Entries(&[]), "core/config_map.json", "core/config_map.json" }
            /// A RouteOption.
            ["k8s-gateway"] RouteOption: status { Subdomain, Gaps::Entries(&[]), "crds/k8sgateway/routeoptions.json", "crds/k8sgateway/routeoptions.json" }
            /// A VirtualHostOption.
            ["k8s-gateway"] VirtualHostOption: status { Subdomain, Gaps::Entries(&[]), "crds/k8sgateway/virtualhostoptions.json", "crds/k8sgateway/virtualhostoptions.json" }
            /// An HttpListenerOption.
            ["k8s-gateway"] HttpListenerOption: status { Subdomain, Gaps::Entries(&[]), "crds/k8sgateway/httplisteneroptions.json", "crds/k8sgateway/httplisteneroptions.json" }
            /// A ListenerOption.
            ["k8s-gateway"] ListenerOption: status { Subdomain, Gaps::Entries(&[]), "crds/k8sgateway/listeneroptions.json", "crds/k8sgateway/listeneroptions.json" }
            /// A DirectResponse.
            ["k8s-gateway"] DirectResponse: status { Subdomain, Gaps::Entries(&[]), "crds/k8sgateway/directresponses.json", "crds/k8sgateway/directresponses.json" }
            /// An Upstream.
            ["k8s-gateway"] Upstream: status { Subdomain, Gaps::Entries(&[]), "crds/k8sgateway/upstreams.json", "crds/k8sgateway/upstreams.json" }
            /// A Settings.
            ["k8s-gateway"] Settings: status { Subdomain, Gaps::Entries(&[]), "crds/k8sgateway/settings.json", "crds/k8sgateway/settings.json" }
            /// A GatewayParameters.
            ["k8s-gateway"] GatewayParameters: status { Subdomain, Gaps::Entries(&[]), "crds/k8sgateway/gatewayparameters.json", "crds/k8sgateway/gatewayparameters.json" }
        }
    };
}
pub(crate) use with_kinds;

#[cfg(test)]
mod tests {
    use crate::Kind;
    #[cfg(feature = "k8s-gateway")]
    use crate::k8s_gateway::*;
    use crate::*;

    macro_rules! plurals {
        ($($(#[$doc:meta])* $([$feature:literal])? $kind:ident: $status:ident { $names:ident, $gaps:expr, $crd:literal, $($more:tt)* })*) => {
            [$($(#[cfg(feature = $feature)])? ($crd, <$kind as Kind>::PLURAL),)*]
        };
    }

    /// A CustomResourceDefinition is found by the plural of its kind, by which the files are named as well.
    #[test]
    fn plurals_are_those_of_the_definitions() {
        for (file, plural) in with_kinds!(plurals) {
            if let Some((_, name)) = file.strip_prefix("crds/").and_then(|f| f.split_once('/')) {
                assert_eq!(name, format!("{plural}.json"));
            }
        }
    }
}
