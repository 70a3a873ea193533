//! Backends that are functions of AWS Lambda: how they are called.

use std::sync::Arc;

use bytes::Bytes;
use gateway_resolve::ir::{Backend, Ir, Lambda};
use http::{Request, Version};
use http_body_util::{BodyExt, Full};
use serde_json::json;

use crate::support::client::{Answer, Raw, http2};
use crate::support::lambda::{SECRET, echo, function, keys, service, status};
use crate::support::{
    address, attempt_timeout, ir, limited, listener, retried, rule, serve, set, to,
};

fn only(backend: Backend) -> Arc<Ir> {
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    ir(vec![listener], vec![backend])
}

async fn post(client: &mut Raw, path: &str, headers: &str, body: &str) -> Answer {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: a.example\r\ncontent-length: {length}\r\n");
    client.send(&format!("{head}{headers}\r\n{body}")).await;
    client.answer().await
}

/// AWS Lambda, Invoke: the body is the event, whatever was asked for, and what the client says of itself stays here.
#[tokio::test]
async fn a_request_becomes_a_signed_call_of_the_function() {
    let service = service(SECRET, |_| status(200, "\"said\"")).await;
    let (_proxy, at) = serve(&only(function(&service, echo())));
    let mut client = Raw::connect(at).await;
    let headers = "content-type: text/plain\r\nauthorization: own\r\ncookie: a=b\r\n";
    let answer = post(&mut client, "/a?b=c", headers, "event").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "\"said\""));
    let call = service.call();
    assert_eq!(call.head.method, "POST");
    assert_eq!(call.head.uri, "/2015-03-31/functions/echo/invocations");
    assert_eq!(call.body, "event");
    for (name, value) in [
        ("host", Some("lambda.us-east-1.amazonaws.com")),
        ("content-type", Some("text/plain")),
        ("x-amz-invocation-type", Some("RequestResponse")),
        ("x-amz-log-type", Some("None")),
        ("x-amz-security-token", None),
        ("cookie", None),
        ("x-forwarded-for", None),
    ] {
        assert_eq!(call.header(name), value, "{name}");
    }
    let signed = call.header("authorization").unwrap();
    let headers = "content-type;host;x-amz-date;x-amz-invocation-type;x-amz-log-type";
    assert!(
        signed.contains(&format!("SignedHeaders={headers}, ")),
        "{signed}"
    );
    assert!(
        signed.contains("/us-east-1/lambda/aws4_request, "),
        "{signed}"
    );
}

#[tokio::test]
async fn bodies_are_read_whole_and_signed_whatever_the_version_of_http() {
    let service = service(SECRET, |call| {
        let length = call.body.len().to_string();
        http::Response::new(Full::from(length))
    })
    .await;
    let (_proxy, at) = serve(&only(function(&service, echo())));
    let mut client = Raw::connect(at).await;
    assert_eq!(client.get("/").await.body, "0");
    let long = "x".repeat(300_000);
    assert_eq!(post(&mut client, "/", "", &long).await.body, "300000");
    let chunked = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    client.send(chunked).await;
    assert_eq!(client.answer().await.body, "5");
    let mut sender = http2(at).await;
    for body in ["", "event", &long] {
        let mut request = Request::new(Full::from(Bytes::copy_from_slice(body.as_bytes())));
        *request.version_mut() = Version::HTTP_2;
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = format!("http://{at}/").parse().unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        let said = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(said, body.len().to_string());
    }
    // A head alone is answered with a head alone.
    client.send("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let head = client.until("\r\n\r\n").await.unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(client.get("/").await.body, "0");
}

/// AWS Lambda, Invoke, `FunctionName` and `Qualifier`; Signature Version 4, `CanonicalUri`: encoded once more.
#[tokio::test]
async fn arns_and_qualifiers_are_encoded_and_tokens_go_along_unsigned() {
    let service = service("other", |_| status(202, "")).await;
    let lambda = Lambda {
        function: "arn:aws:lambda:us-east-1:123456789012:function:e cho".into(),
        qualifier: Some("$LATEST".into()),
        waits: false,
        credentials: keys("other", Some("token")),
        ..echo()
    };
    let (_proxy, at) = serve(&only(function(&service, lambda)));
    let answer = Raw::connect(at).await.get("/").await;
    assert_eq!((answer.status, answer.body.as_str()), (202, ""));
    let call = service.call();
    let name = "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Ae%20cho";
    let target = format!("/2015-03-31/functions/{name}/invocations?Qualifier=%24LATEST");
    assert_eq!(call.head.uri, *target);
    assert_eq!(call.header("x-amz-invocation-type"), Some("Event"));
    assert_eq!(call.header("x-amz-security-token"), Some("token"));
    assert!(
        !call
            .header("authorization")
            .unwrap()
            .contains("security-token")
    );
}

#[tokio::test]
async fn keys_that_are_not_those_of_the_service_get_its_refusal() {
    let service = service("other", |_| status(200, "")).await;
    let (_proxy, at) = serve(&only(function(&service, echo())));
    assert_eq!(Raw::connect(at).await.get("/").await.status, 403);
}

#[tokio::test]
async fn bodies_beyond_the_limit_call_nothing() {
    let service = service(SECRET, |_| status(200, "called")).await;
    let proxy = limited(|limits| limits.function_body = 10);
    let at = address(&proxy.apply(&only(function(&service, echo()))));
    let mut client = Raw::connect(at).await;
    assert_eq!(
        post(&mut client, "/", "", "0123456789").await.body,
        "called"
    );
    let refused = post(&mut client, "/", "", "0123456789a").await;
    assert_eq!(
        (refused.status, refused.body.as_str()),
        (413, "payload too large")
    );
    assert_eq!(service.calls().len(), 1);
}

/// Gloo, `requestTransformation` and `propagateOriginalRouting`.
#[tokio::test]
async fn functions_may_be_given_the_whole_request() {
    let service = service(SECRET, |_| status(200, "")).await;
    let lambda = Lambda {
        wraps: true,
        tells_routing: true,
        ..echo()
    };
    let (_proxy, at) = serve(&only(function(&service, lambda)));
    let mut client = Raw::connect(at).await;
    let headers = "x-one: 1\r\nx-two: a\r\nX-Two: b\r\ncontent-type: text/plain\r\n";
    post(&mut client, "/a%20b?x=1&y=%26&x=2", headers, "event").await;
    client.get("/empty").await;
    let [full, empty] = &service.calls()[..] else {
        panic!("two calls");
    };
    assert_eq!(full.header("content-type"), Some("application/json"));
    assert_eq!(
        full.header("x-envoy-original-path"),
        Some("/a%20b?x=1&y=%26&x=2")
    );
    assert_eq!(full.header("x-envoy-original-method"), Some("POST"));
    let event = full.json();
    for (pointer, value) in [
        ("/body", json!("event")),
        ("/httpMethod", json!("POST")),
        ("/path", json!("/a%20b")),
        ("/queryString", json!("x=1&y=%26&x=2")),
        ("/queryStringParameters", json!({"x": "2", "y": "&"})),
        ("/multiValueQueryStringParameters", json!({"x": ["1", "2"]})),
        ("/headers/x-one", json!("1")),
        ("/headers/x-two", json!("b")),
        ("/headers/host", json!("a.example")),
        ("/headers/x-envoy-original-method", json!("POST")),
        ("/multiValueHeaders", json!({"x-two": ["a", "b"]})),
    ] {
        assert_eq!(event.pointer(pointer), Some(&value), "{pointer}: {event}");
    }
    let event = empty.json();
    assert_eq!(event.get("body"), None, "{event}");
    assert_eq!(event["httpMethod"], "GET");
}

#[tokio::test]
async fn bodies_that_are_no_text_are_given_in_base64() {
    let service = service(SECRET, |_| status(200, "")).await;
    let lambda = Lambda {
        wraps: true,
        ..echo()
    };
    let (_proxy, at) = serve(&only(function(&service, lambda)));
    let mut sender = http2(at).await;
    let mut request = Request::new(Full::from(Bytes::from_static(b"\xff\x00")));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = format!("http://{at}/").parse().unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status(), 200);
    let event = service.call().json();
    assert_eq!(
        (&event["body"], &event["isBase64Encoded"]),
        (&json!("/wA="), &json!(true))
    );
}

/// A call is made, and signed, for each attempt; the time of an attempt holds for it.
#[tokio::test]
async fn calls_are_retried_as_requests_are() {
    let turns = std::sync::atomic::AtomicUsize::new(0);
    let service = service(SECRET, move |_| {
        let turn = turns.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        if turn == 0 {
            status(500, "")
        } else {
            status(200, "at last")
        }
    })
    .await;
    let rule = retried(rule(vec![to("a")]), 2, &[500]);
    let rule = attempt_timeout(rule, std::time::Duration::from_secs(30));
    let listener = listener("http", vec![("/", rule)]);
    let (_proxy, at) = serve(&ir(vec![listener], vec![function(&service, echo())]));
    let answer = post(&mut Raw::connect(at).await, "/", "", "event").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "at last"));
    let calls = service.calls();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call.body == "event"));
}

/// A function that is changed is called as it is now; another backend of the same service stays as it is.
#[tokio::test]
async fn a_change_of_the_function_holds_for_the_next_request() {
    let service = service(SECRET, |call| {
        let path = call.head.uri.path().to_owned();
        http::Response::new(Full::from(path))
    })
    .await;
    let (proxy, at) = serve(&only(function(&service, echo())));
    let mut client = Raw::connect(at).await;
    assert_eq!(
        client.get("/").await.body,
        "/2015-03-31/functions/echo/invocations"
    );
    let mut other = function(&service, echo());
    other.settings.lambda = set(Lambda {
        function: "other".into(),
        ..echo()
    });
    address(&proxy.apply(&only(other)));
    assert_eq!(
        client.get("/").await.body,
        "/2015-03-31/functions/other/invocations"
    );
}
