//! XBackends (GEP-4894): hosts outside of the cluster.

use std::fs;

use crate::support::{Gateway, curl};

/// A Gateway by TLS that answers with a redirect, by this certificate and key.
fn outside(certificate: &str, key: &str) -> String {
    let indented = |pem: &str| pem.replace('\n', "\n    ");
    format!(
        "apiVersion: gateway.networking.k8s.io/v1\n\
         kind: Gateway\n\
         metadata: {{name: outside}}\n\
         spec:\n  \
           gatewayClassName: any\n  \
           listeners:\n  \
           - {{name: https, port: 8443, protocol: HTTPS, tls: {{certificateRefs: [{{name: cert}}]}}}}\n\
         ---\n\
         apiVersion: v1\n\
         kind: Secret\n\
         metadata: {{name: cert}}\n\
         type: kubernetes.io/tls\n\
         stringData:\n  \
           tls.crt: |\n    {}\n  \
           tls.key: |\n    {}\n\
         ---\n\
         apiVersion: gateway.networking.k8s.io/v1\n\
         kind: HTTPRoute\n\
         metadata: {{name: all}}\n\
         spec:\n  \
           parentRefs: [{{name: outside}}]\n  \
           rules:\n  \
           - filters:\n    \
             - {{type: RequestRedirect, requestRedirect: {{hostname: outside.example}}}}\n",
        indented(certificate),
        indented(key)
    )
}

/// A Gateway that sends everything to that port of this machine, by name and by TLS.
fn inside(port: u16) -> String {
    format!(
        "apiVersion: gateway.networking.k8s.io/v1\n\
         kind: Gateway\n\
         metadata: {{name: inside}}\n\
         spec:\n  \
           gatewayClassName: any\n  \
           listeners: [{{name: http, port: 8080, protocol: HTTP}}]\n\
         ---\n\
         apiVersion: gateway.networking.x-k8s.io/v1alpha1\n\
         kind: XBackend\n\
         metadata: {{name: outside}}\n\
         spec:\n  \
           type: ExternalHostname\n  \
           externalHostname: {{hostname: localhost}}\n  \
           port: {{port: {port}}}\n  \
           tls: {{mode: ServerOnly}}\n\
         ---\n\
         apiVersion: gateway.networking.k8s.io/v1\n\
         kind: HTTPRoute\n\
         metadata: {{name: all}}\n\
         spec:\n  \
           parentRefs: [{{name: inside}}]\n  \
           rules:\n  \
           - backendRefs: [{{group: gateway.networking.x-k8s.io, kind: XBackend, name: outside}}]\n"
    )
}

/// Its certificate is one of an authority that the system trusts, or there is a 502.
#[test]
fn a_host_outside_is_found_by_name_and_trusted_as_the_system_trusts() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (dir, pem) = (tempfile::tempdir().unwrap(), made.cert.pem());
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let manifest = outside(&pem, &made.signing_key.serialize_pem());
    let outside = Gateway::serving(&[&file("outside.yaml", &manifest)]);
    let manifest = file("inside.yaml", &inside(outside.port(8443)));
    let trusted = file("trusted.pem", &pem);
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let untrusted = file("untrusted.pem", &other.cert.pem());
    for (roots, status) in [(trusted, 302), (untrusted, 502)] {
        let roots = format!("export SSL_CERT_FILE={roots}");
        let mut inside = Gateway::start_under(&roots, &["--channel", "experimental", &manifest]);
        inside.wait_for("serving");
        assert_eq!(curl(&[&inside.url("/")]).status, status);
    }
}
