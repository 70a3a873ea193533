//! What a Gateway's `spec.tls` comes to on the wire: from manifests to clients and backends with certificates of
//! their own (GEP-91, GEP-3155).

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use gateway_dataplane::Proxy;
use gateway_model::{Timestamp, parse};
use gateway_resolve::ir::{Certificate, Ir};
use gateway_resolve::{Config, Snapshot, resolve};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, NamedGroup, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use crate::support::builder;
use crate::support::client::{Answer, Raw, get};
use crate::support::origin::{self, Origin, raw};
use crate::support::tls::{builder_for, client, handshake};

/// A certificate that signs itself, for one name.
struct Pair {
    made: rcgen::Certificate,
    key: rcgen::KeyPair,
}

impl Pair {
    fn new(name: &str) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        let made = params.self_signed(&key).unwrap();
        Self { made, key }
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.serialize_der().into())
    }

    /// As a Secret that has it as the certificate of an authority, too.
    fn secret(&self, name: &str) -> String {
        let (chain, key) = (
            indented(&self.made.pem()),
            indented(&self.key.serialize_pem()),
        );
        format!(
            "---\napiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata: {{name: {name}}}\n\
             stringData:\n  tls.crt: |\n{chain}  tls.key: |\n{key}  ca.crt: |\n{chain}"
        )
    }

    /// As a ConfigMap that has it as the certificate of an authority.
    fn config_map(&self, name: &str) -> String {
        let chain = indented(&self.made.pem());
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata:\n  ca.crt: |\n{chain}"
        )
    }
}

fn indented(pem: &str) -> String {
    pem.lines().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "    {line}");
        text
    })
}

/// A Service of one endpoint, and a route to it from all Gateways.
fn service(at: SocketAddr) -> String {
    let (ip, port) = (at.ip(), at.port());
    format!(
        "
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: route}}
spec:
  parentRefs: [{{name: gateway}}, {{name: other}}]
  rules: [{{backendRefs: [{{name: web, port: 80}}]}}]
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{ports: [{{port: 80}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: web, labels: {{kubernetes.io/service-name: web}}}}
addressType: IPv4
ports: [{{port: {port}}}]
endpoints: [{{addresses: [{ip}]}}]
"
    )
}

fn resolved(manifests: &str) -> Arc<Ir> {
    let manifests = parse("tls.yaml", manifests.as_bytes());
    let problems: Vec<_> = manifests.problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{problems:?}");
    let resources = manifests
        .resources
        .into_iter()
        .map(|loaded| loaded.resource);
    let snapshot = Snapshot::from_resources(resources);
    Arc::new(resolve(&snapshot, &Config::default(), Timestamp::UNIX_EPOCH).ir)
}

/// Where a listener is served.
fn bound(proxy: &Proxy, ir: &Arc<Ir>, gateway: &str, listener: &str) -> SocketAddr {
    let applied = proxy.apply(ir);
    let mut reports = applied.listeners().iter();
    let report = reports
        .find(|report| *report.id.parent.name == *gateway && report.id.name.as_str() == listener);
    report.unwrap().bound[0]
}

/// The answer to a request. With TLS 1.3 a client is told only after its handshake that it is refused.
async fn ask(config: &ClientConfig, at: SocketAddr) -> io::Result<Answer> {
    let stream = handshake(config, at, "web.example").await?;
    let mut client = Raw::over(stream);
    client
        .send("GET / HTTP/1.1\r\nhost: web.example\r\n\r\n")
        .await;
    client
        .try_answer()
        .await
        .ok_or_else(|| io::Error::other("no answer"))
}

fn with(pair: &Pair) -> ClientConfig {
    let builder = builder_for(rustls::ALL_VERSIONS);
    builder
        .with_client_auth_cert(vec![pair.made.der().clone()], pair.key())
        .unwrap()
}

/// Gateway `spec.tls.frontend`: the validation of a port takes the place of the default one.
#[tokio::test]
async fn clients_are_validated_as_the_gateway_asks_for_their_port() {
    let origin = origin::says("hello").await;
    let (shown, first, second) = (Pair::new("web.example"), Pair::new("a"), Pair::new("b"));
    let ir = |mode: &str| {
        let gateway = format!(
            "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: gateway}}
spec:
  gatewayClassName: any
  tls:
    frontend:
      default:
        validation: {{caCertificateRefs: [{{group: '', kind: ConfigMap, name: first}}], mode: {mode}}}
      perPort:
      - port: 8443
        tls: {{validation: {{caCertificateRefs: [{{group: '', kind: Secret, name: second}}]}}}}
      - port: 9443
        tls: {{}}
  listeners:
  - {{name: default, port: 443, protocol: HTTPS, tls: {{certificateRefs: [{{name: shown}}]}}}}
  - {{name: port, port: 8443, protocol: HTTPS, tls: {{certificateRefs: [{{name: shown}}]}}}}
  - {{name: open, port: 9443, protocol: HTTPS, tls: {{certificateRefs: [{{name: shown}}]}}}}
"
        );
        let objects = [
            gateway,
            service(origin.address),
            shown.secret("shown"),
            first.config_map("first"),
            second.secret("second"),
        ];
        resolved(&objects.concat())
    };
    let proxy = builder().start().unwrap();
    let strict = ir("AllowValidOnly");
    let nobody = client(&[], rustls::ALL_VERSIONS);
    let serves = async |ir: &Arc<Ir>, listener: &str, config: &ClientConfig| {
        let at = bound(&proxy, ir, "gateway", listener);
        ask(config, at)
            .await
            .is_ok_and(|answer| answer.status == 200)
    };
    assert!(serves(&strict, "default", &with(&first)).await);
    assert!(!serves(&strict, "default", &with(&second)).await);
    assert!(!serves(&strict, "default", &nobody).await);
    assert!(serves(&strict, "port", &with(&second)).await);
    assert!(!serves(&strict, "port", &with(&first)).await);
    assert!(serves(&strict, "open", &nobody).await);
    let fallback = ir("AllowInsecureFallback");
    for config in [&with(&first), &with(&second), &nobody] {
        assert!(serves(&fallback, "default", config).await);
    }
    assert!(!serves(&fallback, "port", &nobody).await);
}

/// K8sGateway's options of a listener's TLS: versions, cipher suites and groups narrow what is agreed to, and
/// `one-way-tls: "false"` asks for certificates of the authorities in the Secret.
#[tokio::test]
async fn options_narrow_the_handshakes_of_a_listener() {
    const SSL: &str = "gateway.gloo.solo.io/ssl";
    let origin = origin::says("hello").await;
    let shown = Pair::new("web.example");
    let listener = |name: &str, port: u16, options: &str| {
        format!(
            "  - {{name: {name}, port: {port}, protocol: HTTPS, tls: {{certificateRefs: [{{name: shown}}], options: {{{options}}}}}}}\n"
        )
    };
    let gateway = [
        "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gateway}
spec:
  gatewayClassName: any
  listeners:
"
        .to_owned(),
        listener("old", 443, &format!("{SSL}/maximum-tls-version: TLSv1_2")),
        listener("new", 8443, &format!("{SSL}/minimum-tls-version: TLSv1_3")),
        listener(
            "rsa",
            9443,
            &format!("{SSL}/cipher-suites: ECDHE-RSA-AES128-GCM-SHA256"),
        ),
        listener("p384", 9444, &format!("{SSL}/ecdh-curves: P-384")),
        listener("both", 9445, &format!("{SSL}/one-way-tls: 'false'")),
        listener("partly", 9446, &format!("{SSL}/one-way-tls: 'false'"))
            .replace("[{name: shown}]", "[{name: shown}, {name: missing}]"),
    ]
    .concat();
    let objects = [gateway, service(origin.address), shown.secret("shown")];
    let ir = resolved(&objects.concat());
    let proxy = builder().start().unwrap();
    let serves = async |listener: &str, config: &ClientConfig| {
        let at = bound(&proxy, &ir, "gateway", listener);
        ask(config, at)
            .await
            .is_ok_and(|answer| answer.status == 200)
    };
    let (tls12, tls13): (&[_], &[_]) = (&[&TLS12], &[&TLS13]);
    for (listener, of_12, of_13) in [
        ("old", true, false),
        ("new", false, true),
        // The key is for ECDSA, so that no suite of TLS 1.2 is left.
        ("rsa", false, true),
        ("p384", true, true),
        ("both", false, false),
        ("partly", false, false),
    ] {
        assert_eq!(
            serves(listener, &client(&[], tls12)).await,
            of_12,
            "{listener}, TLS 1.2"
        );
        assert_eq!(
            serves(listener, &client(&[], tls13)).await,
            of_13,
            "{listener}, TLS 1.3"
        );
    }
    let at = bound(&proxy, &ir, "gateway", "p384");
    let stream = handshake(&client(&[], tls13), at, "web.example")
        .await
        .unwrap();
    let group = stream.get_ref().1.negotiated_key_exchange_group().unwrap();
    assert_eq!(group.name(), NamedGroup::secp384r1);
    assert!(serves("both", &with(&shown)).await);
    assert!(serves("partly", &with(&shown)).await);
}

/// Answers to clients of an authority alone, with the serial number of the certificate that they show.
async fn guarded_origin(own: &Pair, trusted: &[&Pair]) -> Origin {
    let mut roots = RootCertStore::empty();
    for pair in trusted {
        roots.add(pair.made.der().clone()).unwrap();
    }
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![own.made.der().clone()], own.key())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    raw(move |stream| {
        let handshake = acceptor.accept(stream);
        async move {
            let Ok(mut stream) = handshake.await else {
                return;
            };
            let shown = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
            let mut buffer = [0; 4096];
            while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                let body: String = shown.iter().map(|byte| format!("{byte:02x}")).collect();
                let length = body.len();
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
                let _gone = stream.write_all(answer.as_bytes()).await;
            }
        }
    })
    .await
}

/// GEP-3155: the Gateway shows its certificate to backends that are connected to by TLS, and another Gateway, whose
/// routes lead to the same backend, does not. One that is renewed is shown at once.
#[tokio::test]
async fn backends_are_shown_the_certificate_of_the_gateway() {
    let (own, first, second) = (Pair::new("web.example"), Pair::new("a"), Pair::new("b"));
    let origin = guarded_origin(&own, &[&first, &second]).await;
    let manifests = |client: &Pair| {
        let gateways = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gateway}
spec:
  gatewayClassName: any
  tls: {backend: {clientCertificateRef: {name: client}}}
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: other}
spec:
  gatewayClassName: any
  listeners: [{name: http, port: 81, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: web}
spec:
  targetRefs: [{group: '', kind: Service, name: web}]
  validation:
    hostname: web.example
    caCertificateRefs: [{group: '', kind: ConfigMap, name: own}]
";
        let objects = [
            gateways.to_owned(),
            service(origin.address),
            client.secret("client"),
            own.config_map("own"),
        ];
        resolved(&objects.concat())
    };
    let proxy = builder().start().unwrap();
    let shows = |pair: &Pair| -> String {
        let der = pair.made.der().iter();
        der.map(|byte| format!("{byte:02x}")).collect()
    };
    for client in [&first, &second, &first] {
        let ir = manifests(client);
        let answer = get(bound(&proxy, &ir, "gateway", "http"), "/").await;
        assert_eq!((answer.status, answer.body), (200, shows(client)));
        let without = get(bound(&proxy, &ir, "other", "http"), "/").await;
        assert_eq!(without.status, 502);
    }
    let known = manifests(&first);
    let identities = known.backends().values().filter_map(|backend| {
        let tls = backend.tls.as_ref()?;
        tls.identity.as_ref()
    });
    let identities: Vec<&Certificate> = identities.collect();
    assert_eq!(
        identities.len(),
        1,
        "one of the two backends has an identity"
    );
}
