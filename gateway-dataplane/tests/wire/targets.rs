//! Forms of the request target, and the `Host` header.

use crate::support::Rig;

fn request(line: &str, host: &str) -> String {
    format!("{line} HTTP/1.1\r\n{host}\r\n")
}

const HOST: &str = "host: a.example\r\n";

/// What arrives for a request: target and host.
async fn arrives(request: String) -> (String, String) {
    let rig = Rig::new().await;
    let mut client = rig.connect().await;
    client.send(request).await;
    assert_eq!(client.answer().await.status, 200);
    let arrived = rig.backend.request();
    let target = arrived.split(' ').nth(1).unwrap().to_owned();
    let hosts: Vec<_> = arrived
        .lines()
        .filter(|l| l.starts_with("host: "))
        .collect();
    assert_eq!(hosts.len(), 1, "{arrived}");
    (target, hosts[0]["host: ".len()..].to_owned())
}

/// RFC 9112 section 3.2.2: a proxy ignores the `Host` header and puts the target's in its place.
#[tokio::test]
async fn of_an_absolute_target_the_authority_wins_over_the_host() {
    let rows = [
        ("GET http://b.example/x?y", ("/x?y", "b.example")),
        ("GET HTTP://b.example:81/x", ("/x", "b.example:81")),
        ("GET https://b.example", ("/", "b.example")),
        ("GET http://b.example?y", ("/?y", "b.example")),
        ("OPTIONS http://b.example/x", ("/x", "b.example")),
    ];
    for (line, (target, host)) in rows {
        let arrived = arrives(request(line, HOST)).await;
        assert_eq!(arrived, (target.to_owned(), host.to_owned()), "{line}");
    }
}

/// RFC 9112 section 3.2.2 and RFC 9110 section 4.2.4: other schemes and user information.
#[tokio::test]
async fn absolute_targets_that_are_not_served_are_refused() {
    let rig = Rig::new().await;
    for line in [
        "GET ftp://b.example/",
        "GET file:///etc/passwd",
        "GET http://me@b.example/",
        "GET http://me:secret@b.example/",
        "GET http:///x",
        "GET http://",
        "GET http://b.example:99999/",
        "GET //b.example@c.example:x/",
        "GET http://[::1/",
    ] {
        let mut client = rig.connect().await;
        let refused = request(line, HOST);
        if line.starts_with("GET //") {
            // A path that only looks like an authority.
            client.send(refused).await;
            assert_eq!(client.answer().await.status, 200);
            continue;
        }
        rig.refuses(400, refused).await;
    }
}

/// RFC 9112 section 3.2: an absolute target does not make up for a bad or missing `Host`.
#[tokio::test]
async fn an_absolute_target_needs_a_host_as_well() {
    let rig = Rig::new().await;
    for host in ["", "host: a b\r\n", "host:\r\n", "host: a\r\nhost: a\r\n"] {
        rig.refuses(400, request("GET http://b.example/", host))
            .await;
    }
}

/// RFC 9110 section 9.3.6: this is no tunnel, and 501 says so.
#[tokio::test]
async fn connect_is_refused() {
    let rig = Rig::new().await;
    for line in ["CONNECT a.example:80", "CONNECT a.example:443"] {
        rig.refuses(501, request(line, HOST)).await;
    }
    let body = "host: a.example:80\r\ncontent-length: 40\r\n";
    rig.refuses(501, request("CONNECT a.example:80", body))
        .await;
}

/// RFC 9112 section 3.2.3: the authority form is for `CONNECT` alone.
#[tokio::test]
async fn targets_that_are_neither_path_nor_uri_are_refused() {
    let rig = Rig::new().await;
    for line in [
        "GET a.example:80",
        "GET a.example",
        "GET a/b",
        "GET ?x",
        "GET #x",
        "POST *",
        "GET *",
        "OPTIONS *x",
        "OPTIONS */",
    ] {
        rig.refuses(400, request(line, HOST)).await;
    }
}

/// RFC 9112 section 3.2.4.
#[tokio::test]
async fn the_asterisk_is_forwarded_with_options() {
    let arrived = arrives(request("OPTIONS *", HOST)).await;
    assert_eq!(arrived, ("*".to_owned(), "a.example".to_owned()));
}

/// RFC 9112 section 3.2: 400 for a request without `Host`, with more than one, or an invalid one.
#[tokio::test]
async fn hosts_that_are_missing_doubled_or_invalid_are_refused() {
    let rig = Rig::new().await;
    for host in [
        "",
        "host:\r\n",
        "host: \t \r\n",
        "host: a.example\r\nhost: a.example\r\n",
        "host: a.example\r\nx: y\r\nHost: b.example\r\n",
        "host: a.example, b.example\r\n",
        "host: a b\r\n",
        "host: a/b\r\n",
        "host: a?b\r\n",
        "host: a#b\r\n",
        "host: a\\b\r\n",
        "host: a<b\r\n",
        "host: a\u{e9}\r\n",
        "host: me@a.example\r\n",
        "host: me:secret@a.example\r\n",
        "host: http://a.example\r\n",
        "host: a.example:\u{20}80\r\n",
        "host: a.example:http\r\n",
        "host: a.example:-1\r\n",
        "host: a.example:65536\r\n",
        "host: a.example:80:80\r\n",
        "host: [::1\r\n",
        "host: ::1\r\n",
        "host: [zz]\r\n",
        "host: :80\r\n",
    ] {
        rig.refuses(400, request("GET /", host)).await;
    }
}

/// RFC 9110 section 7.2: host and port as they are.
#[tokio::test]
async fn valid_hosts_are_forwarded() {
    for host in [
        "a.example",
        "a.example:8080",
        "[::1]:80",
        "127.0.0.1",
        "A.Example.",
    ] {
        let (_, arrived) = arrives(request("GET /", &format!("host: {host}\r\n"))).await;
        assert_eq!(arrived, host);
    }
}

/// RFC 9112 section 2.3: a hop sends its own version; section 3.2: with a `Host` then.
#[tokio::test]
async fn http_1_0_without_a_host_is_forwarded_as_http_1_1_with_one() {
    let rig = Rig::new().await;
    for request in [
        "GET / HTTP/1.0\r\n\r\n",
        "POST / HTTP/1.0\r\ncontent-length: 5\r\n\r\nhello",
    ] {
        let mut client = rig.connect().await;
        client.send(request).await;
        assert_eq!(client.answer().await.status, 200);
        client.closes().await;
        let arrived = rig.backend.requests().pop().unwrap();
        assert!(arrived.contains(" / HTTP/1.1\r\n"), "{arrived}");
        let host = format!("\r\nhost: {}\r\n", rig.backend.address);
        assert!(arrived.contains(&host), "{arrived}");
    }
}
