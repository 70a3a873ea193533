//! TLS towards backends (BackendTLSPolicy, GEP-1897): who they have to be, and what is spoken inside.

use std::sync::Arc;

use gateway_resolve::ir::{
    Authorities, Backend, BackendTls, Certificate, CipherSuite, Handshake, PeerName, PrivateKey,
    TlsVersion,
};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::support::client::{Raw, get};
use crate::support::origin::{self, Origin, raw};
use crate::support::tls::{connect, origin as greeter};
use crate::support::{
    backend, certificate, for_host, h2c, ir, ir_with, listener, passthrough, rule, serve, share,
    simple, tcp, terminated, to, to_id,
};

/// Answers with the name that it was asked for and the version that is spoken, over TLS.
async fn secure_origin(certificate: &Certificate) -> Origin {
    let PrivateKey::Pkcs8(key) = &certificate.key else {
        panic!("a key that is not PKCS#8");
    };
    let chain = vec![certificate.chain[0].clone().into()];
    let key = PrivateKeyDer::Pkcs8(key.clone().into());
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    raw(move |stream| {
        let handshake = acceptor.accept(stream);
        async move {
            let Ok(stream) = handshake.await else {
                return;
            };
            let name = stream.get_ref().1.server_name().unwrap_or("-").to_owned();
            let answer = service_fn(move |request: Request<Incoming>| {
                let text = format!("{name} {:?}", request.version());
                async move { Ok::<_, http::Error>(Response::new(Full::<Bytes>::from(text))) }
            });
            let server = auto::Builder::new(TokioExecutor::new());
            let _gone = server.serve_connection(TokioIo::new(stream), answer).await;
        }
    })
    .await
}

/// A certificate with a URI and no name of the DNS.
fn with_uri(uri: &str) -> Certificate {
    let mut params = rcgen::CertificateParams::default();
    params.subject_alt_names = vec![rcgen::SanType::URI(uri.try_into().unwrap())];
    let key = rcgen::KeyPair::generate().unwrap();
    let made = params.self_signed(&key).unwrap();
    Certificate {
        chain: vec![made.der().to_vec()],
        key: PrivateKey::Pkcs8(key.serialize_der()),
        ..certificate("uri", &["unused.example"])
    }
}

fn secured(
    backend: Backend,
    trusted: &Certificate,
    server_name: &str,
    names: &[PeerName],
) -> Backend {
    Backend {
        tls: Some(BackendTls {
            server_name: Some(server_name.parse().unwrap()),
            handshake: Handshake::default(),
            alpn: Vec::new(),
            names: names.to_vec(),
            authorities: Authorities::Certificates(trusted.chain.clone()),
            identity: None,
        }),
        ..backend
    }
}

/// What a request to `backend` is answered with.
async fn answer(backend: Backend) -> (u16, String) {
    let routes = vec![("/", rule(vec![to("a")]))];
    let (_proxy, at) = serve(&ir(vec![listener("http", routes)], vec![backend]));
    let answer = get(at, "/").await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn a_backend_is_spoken_to_by_tls_under_the_name_of_its_policy() {
    let shown = certificate("a", &["web.example"]);
    let origin = secure_origin(&shown).await;
    let plain = || backend("a", &[origin.address]);
    let http1 = secured(plain(), &shown, "web.example", &[]);
    assert_eq!(
        answer(http1).await,
        (200, "web.example HTTP/1.1".to_owned())
    );
    let http2 = secured(h2c(plain()), &shown, "web.example", &[]);
    assert_eq!(
        answer(http2).await,
        (200, "web.example HTTP/2.0".to_owned())
    );
}

/// Functions are called by TLS, as other backends are spoken to.
#[cfg(feature = "lambda")]
#[tokio::test]
async fn functions_are_called_by_tls() {
    let own = certificate("own", &["lambda.us-east-1.amazonaws.com"]);
    let origin = secure_origin(&own).await;
    let mut called = backend("a", &[origin.address]);
    called.settings.lambda = crate::support::set(crate::support::lambda::echo());
    let name = "lambda.us-east-1.amazonaws.com";
    let (status, body) = answer(secured(called.clone(), &own, name, &[])).await;
    assert_eq!((status, body), (200, format!("{name} HTTP/1.1")));
    let other = certificate("other", &[name]);
    let (status, _) = answer(secured(called, &other, name, &[])).await;
    assert_eq!(status, 502);
}

#[tokio::test]
async fn connections_by_tls_are_reused_and_carry_bodies() {
    let shown = certificate("a", &["web.example"]);
    let origin = secure_origin(&shown).await;
    let backend = secured(backend("a", &[origin.address]), &shown, "web.example", &[]);
    let routes = vec![("/", rule(vec![to("a")]))];
    let (_proxy, at) = serve(&ir(vec![listener("http", routes)], vec![backend]));
    let mut client = Raw::connect(at).await;
    for _ in 0..5 {
        client
            .send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi")
            .await;
        assert_eq!(client.answer().await.status, 200);
    }
    assert_eq!(origin.connections(), 1);
}

/// GEP-1897: a backend that doesn't prove who it is gets no request, over TLS or in clear.
#[tokio::test]
async fn a_backend_that_is_not_who_it_should_be_is_answered_for_with_502() {
    let shown = certificate("a", &["web.example"]);
    let origin = secure_origin(&shown).await;
    let other = certificate("other", &["web.example"]);
    let dns = |name: &str| PeerName::Dns(name.parse().unwrap());
    let plain = || backend("a", &[origin.address]);
    let refused = [
        ("another name", secured(plain(), &shown, "api.example", &[])),
        (
            "another authority",
            secured(plain(), &other, "web.example", &[]),
        ),
        // Where there are other names, that of the server isn't looked at.
        (
            "other names",
            secured(plain(), &shown, "web.example", &[dns("api.example")]),
        ),
        (
            "a wildcard",
            secured(plain(), &shown, "web.example", &[dns("*.example")]),
        ),
        (
            "a URI",
            secured(
                plain(),
                &shown,
                "web.example",
                &[PeerName::Uri("spiffe://a/b".into())],
            ),
        ),
    ];
    for (what, backend) in refused {
        assert_eq!(answer(backend.clone()).await.0, 502, "{what}");
        assert_eq!(answer(h2c(backend)).await.0, 502, "{what}, HTTP/2");
    }
    let clear = origin::says("in clear").await;
    let clear = secured(backend("a", &[clear.address]), &shown, "web.example", &[]);
    assert_eq!(answer(clear).await.0, 502);
}

#[tokio::test]
async fn a_certificate_is_held_against_the_names_of_the_policy() {
    let dns = |name: &str| PeerName::Dns(name.parse().unwrap());
    let wildcard = certificate("a", &["*.web.example"]);
    let origin = secure_origin(&wildcard).await;
    let with = |names: &[PeerName]| {
        secured(
            backend("a", &[origin.address]),
            &wildcard,
            "sni.example",
            names,
        )
    };
    for names in [
        vec![dns("*.web.example")],
        vec![dns("x.web.example")],
        vec![PeerName::Uri("spiffe://a/b".into()), dns("x.web.example")],
    ] {
        assert_eq!(
            answer(with(&names)).await.1,
            "sni.example HTTP/1.1",
            "{names:?}"
        );
    }
    let uri = with_uri("spiffe://a/b");
    let origin = secure_origin(&uri).await;
    let with = |name: &str| {
        let names = [PeerName::Uri(name.into())];
        secured(backend("a", &[origin.address]), &uri, "sni.example", &names)
    };
    assert_eq!(answer(with("spiffe://a/b")).await.0, 200);
    assert_eq!(answer(with("spiffe://a/c")).await.0, 502);
}

#[tokio::test]
async fn a_backend_that_gets_a_policy_is_not_spoken_to_in_clear_any_more() {
    let shown = certificate("a", &["web.example"]);
    let clear = origin::says("in clear").await;
    let (proxy, at) = serve(&simple(&[clear.address]));
    let mut client = Raw::connect(at).await;
    assert_eq!(client.get("/").await.body, "in clear");
    let routes = vec![("/", rule(vec![to("a")]))];
    let backend = secured(backend("a", &[clear.address]), &shown, "web.example", &[]);
    proxy.apply(&ir(vec![listener("http", routes)], vec![backend]));
    assert_eq!(client.get("/").await.status, 502);
}

/// GEP-2643, "TLSRoute with BackendTLSPolicy": what is terminated is encrypted again, under the name of the policy. TLS
/// that is passed on stays the client's own.
#[tokio::test]
async fn a_policy_is_for_bytes_in_clear_and_not_for_tls_that_is_passed_on() {
    let shown = certificate("a", &["policy.example"]);
    let origin = greeter(&shown, "").await;
    let listeners = vec![
        terminated(
            for_host(listener("end", vec![]), "end.example"),
            &shown,
            &[("", "a")],
        ),
        passthrough(
            for_host(listener("pass", vec![]), "pass.example"),
            &[("", "a")],
        ),
    ];
    let to_a = || {
        secured(
            backend("a", &[origin.address]),
            &shown,
            "policy.example",
            &[],
        )
    };
    let (_proxy, at) = serve(&ir_with(listeners, vec![to_a()], vec![shown.clone()]));
    for (name, asked) in [
        ("end.example", "policy.example"),
        ("pass.example", "pass.example"),
    ] {
        let mut text = String::new();
        let mut stream = connect(at, name).await.unwrap();
        stream.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, asked);
    }
    let over_tcp = tcp(listener("tcp", vec![]), vec![share(1, to_id("a"))]);
    let (_proxy, at) = serve(&ir(vec![over_tcp], vec![to_a()]));
    let mut text = String::new();
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "policy.example");
}

fn unverified(server_name: Option<&str>) -> BackendTls {
    BackendTls {
        server_name: server_name.map(|name| name.parse().unwrap()),
        names: vec![],
        authorities: Authorities::Unverified,
        handshake: Handshake::default(),
        alpn: Vec::new(),
        identity: None,
    }
}

fn over(tls: BackendTls, backend: Backend) -> Backend {
    Backend {
        tls: Some(tls),
        ..backend
    }
}

/// `sslConfig` of the Upstream API: without an authority any certificate is taken; an endpoint may be asked for by a name of its own.
#[tokio::test]
async fn an_endpoint_is_asked_for_by_its_own_name_else_by_that_of_its_backend() {
    let shown = certificate("a", &["nobody.example"]);
    let origin = secure_origin(&shown).await;
    let plain = || backend("a", &[origin.address]);
    let mut named = plain();
    named.endpoints[0].server_name = Some("own.example".parse().unwrap());
    let cases = [
        (over(unverified(None), plain()), "- HTTP/1.1"),
        (
            over(unverified(Some("b.example")), plain()),
            "b.example HTTP/1.1",
        ),
        (
            over(unverified(Some("b.example")), named),
            "own.example HTTP/1.1",
        ),
    ];
    for (backend, said) in cases {
        assert_eq!(answer(backend).await, (200, said.to_owned()));
    }
}

/// `sslConfig` of the Upstream API: with an authority and no names, only the authority counts.
#[tokio::test]
async fn where_only_the_authority_counts_the_name_does_not() {
    let shown = certificate("a", &["web.example"]);
    let origin = secure_origin(&shown).await;
    let to = |trusted| {
        secured(
            backend("a", &[origin.address]),
            trusted,
            "b.example",
            &[PeerName::Any],
        )
    };
    assert_eq!(answer(to(&shown)).await.0, 200);
    let other = certificate("other", &["web.example"]);
    assert_eq!(answer(to(&other)).await.0, 502);
}

#[tokio::test]
async fn handshakes_with_backends_are_narrowed() {
    let shown = certificate("a", &["web.example"]);
    let origin = secure_origin(&shown).await;
    let with = |handshake| {
        let tls = BackendTls {
            handshake,
            ..unverified(None)
        };
        over(tls, backend("a", &[origin.address]))
    };
    // The certificate has an elliptic curve: of RSA there is nothing to agree on.
    let cases = [
        (CipherSuite::EcdheEcdsaAes128Gcm, 200),
        (CipherSuite::EcdheRsaAes128Gcm, 502),
    ];
    for (suite, status) in cases {
        let handshake = Handshake {
            version: Some(TlsVersion::V1_2),
            cipher_suites: vec![suite],
            groups: vec![],
        };
        assert_eq!(answer(with(handshake)).await.0, status, "{suite:?}");
    }
}
