//! Interim responses (RFC 9110 section 15.2).

use gateway_resolve::ir::{Filter, Fraction, Mirror, Target};

use crate::ir::{address, backend, builder, filtered, id, ir, listener, retried, rule, to};
use crate::support::backend::{Backend, Reply};
use crate::support::client::{Client, status};
use crate::support::h2::{GET, H2, Outcome};
use crate::support::{Rig, get};

const HINTS: &str = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nconnection: x\r\n\r\n\
                     HTTP/1.1 102 Processing\r\n\r\n\
                     HTTP/1.1 100 Continue\r\n\r\n\
                     HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A proxy forwards all but those that it asked for itself.
#[tokio::test]
async fn interim_responses_are_passed_on_in_order() {
    let rig = Rig::answering(Reply::of(HINTS)).await;
    let mut client = rig.connect().await;
    for _ in 0..2 {
        client.send(get("/")).await;
        let hints = client.head().await;
        assert_eq!(status(&hints), 103);
        assert!(hints.contains("link: </a.css>; rel=preload\r\n"), "{hints}");
        assert!(!hints.contains("connection"), "{hints}");
        assert_eq!(status(&client.head().await), 102);
        assert_eq!(client.answer().await.body, "ok");
    }
}

/// Whatever else is asked for: retries, mirrors, other protocols.
#[tokio::test]
async fn interim_responses_are_passed_on_whatever_the_way() {
    let backend_of = |reply| Backend::start(Reply::of(reply));
    let (main, copy) = (backend_of(HINTS).await, backend_of(HINTS).await);
    let mirror = Filter::Mirror(Mirror {
        target: Target::Backend(id("b")),
        share: Fraction::ALL,
        host_suffix: None,
    });
    let plain = || rule(vec![to("a")]);
    let upgrade = "connection: upgrade\r\nupgrade: x\r\n";
    for (rule, more) in [
        (retried(plain(), 1, &[500]), ""),
        (filtered(plain(), vec![mirror.clone()]), ""),
        (plain(), upgrade),
    ] {
        let backends = vec![backend("a", &[main.address]), backend("b", &[copy.address])];
        let proxy = builder().workers(1).start().unwrap();
        let at = address(&proxy.apply(&ir(vec![listener("http", vec![("/", rule)])], backends)));
        let mut client = Client::connect(at).await;
        for _ in 0..2 {
            client
                .send(get("/").replace("\r\n\r\n", &format!("\r\n{more}\r\n")))
                .await;
            for interim in [103, 102] {
                let head = client.head().await;
                assert_eq!(status(&head), interim);
                assert!(!head.contains("connection"), "{head}");
            }
            assert_eq!(client.answer().await.body, "ok");
        }
    }
}

/// The same over HTTP/2 (RFC 9113 section 8.1).
#[tokio::test]
async fn interim_responses_are_passed_on_over_http_2() {
    let rig = Rig::answering(Reply::of(HINTS)).await;
    let mut h2 = H2::connect(&rig).await;
    h2.request(1, &GET).await;
    for status in [103, 102, 200] {
        assert_eq!(h2.outcome(1).await, Outcome::Status(status));
    }
}

/// A server does not send them to clients of HTTP/1.0.
#[tokio::test]
async fn http_1_0_clients_get_no_interim_responses() {
    let rig = Rig::answering(Reply::of(HINTS)).await;
    let mut client = rig.connect().await;
    client.send(get("/").replace("1.1", "1.0")).await;
    assert_eq!(status(&client.head().await), 200);
}

/// Whoever sends them without end costs nobody more than a few.
#[tokio::test]
async fn too_many_interim_responses_are_a_bad_gateway() {
    let many = "HTTP/1.1 102 Processing\r\n\r\n".repeat(1_000).leak();
    let rig = Rig::answering(Reply::of(many)).await;
    let mut client = rig.connect().await;
    client.send(get("/")).await;
    assert_eq!(client.answer().await.status, 502);
    rig.backend.is_left().await;
}
