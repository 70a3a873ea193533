//! Messages that templates change on their way.

use std::net::SocketAddr;
use std::sync::Arc;

use gateway_dataplane::Proxy;
use gateway_model::HeaderName;
use gateway_resolve::ir::{
    BodyTransformation, FieldMatch, FieldTest, Ir, Match, MetadataValue, PathMatch,
    RequestTransformation, ResponseTransformation, Rule, Template, TextMatch, TextMatchKind,
    Transformation, TransformationStage, Transformations,
};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use crate::support::client::{Answer, Raw, http2};
use crate::support::origin::{self, Origin};
use crate::support::{backend, ir, listener, rule, serve, set, to};

/// Answers with the request line, some headers and the body that it gets, as JSON; by status where the path asks.
async fn echo() -> Origin {
    origin::http(|request: Request<Incoming>| async move {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        let field = |name: &str| {
            let value = head.headers.get(name);
            value.map_or("", |value| value.to_str().unwrap()).to_owned()
        };
        let seen = format!(
            "{{\"asked\":\"{} {}\",\"user\":\"{}\",\"length\":\"{}\",\"body\":{:?}}}",
            head.method,
            head.uri.path(),
            field("x-user"),
            field("content-length"),
            text
        );
        let status = if head.uri.path().ends_with("404") {
            404
        } else {
            200
        };
        Response::builder()
            .status(status)
            .header("content-type", "application/json")
            .header("x-inner", "1")
            .body(Full::from(seen))
            .unwrap()
    })
    .await
}

fn template(text: &str) -> Template {
    Template::new(text, false).unwrap()
}

fn stage(request: Option<Transformation>, response: Option<Transformation>) -> TransformationStage {
    TransformationStage {
        requests: vec![RequestTransformation {
            matches: Vec::new(),
            headers: Vec::new(),
            reroutes: false,
            request,
            response,
        }],
        responses: Vec::new(),
    }
}

fn body(text: &str) -> Transformation {
    Transformation {
        body: BodyTransformation::Text(template(text)),
        ..Transformation::default()
    }
}

fn changed(regular: TransformationStage) -> Rule {
    let mut rule = rule(vec![to("a")]);
    rule.settings.transformations = set(Transformations {
        regular,
        ..Transformations::default()
    });
    rule
}

fn served(rule: Rule, origin: &Origin) -> (Proxy, SocketAddr) {
    let routes = vec![("/set", rule), ("/", crate::support::rule(vec![to("a")]))];
    let ir: Arc<Ir> = ir(
        vec![listener("http", routes)],
        vec![backend("a", &[origin.address])],
    );
    serve(&ir)
}

async fn post(at: SocketAddr, path: &str, body: &str) -> Answer {
    let mut client = Raw::connect(at).await;
    let head = format!("POST {path} HTTP/1.1\r\nhost: a.example\r\nx-name: Ann\r\n");
    let length = body.len();
    client
        .send(&format!("{head}content-length: {length}\r\n\r\n{body}"))
        .await;
    client.answer().await
}

/// Status and body over HTTP/2.
async fn post2(at: SocketAddr, path: &str, body: &'static str) -> (u16, String) {
    let request = Request::post(format!("http://a.example{path}")).header("x-name", "Ann");
    let request = request.body(Full::from(body)).unwrap();
    let answer = http2(at).await.send_request(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_request_reaches_the_backend_as_the_template_says() {
    let origin = echo().await;
    let request = Transformation {
        headers: vec![
            (
                "x-user".into(),
                template("{{ header(\"x-name\") }} {{ user.id }}"),
            ),
            (":path".into(), template("/new/{{ user.id }}")),
            (":method".into(), template("PUT")),
        ],
        ..body("{{ user.id }}!")
    };
    let (_proxy, at) = served(changed(stage(Some(request), None)), &origin);
    let sent = r#"{"user":{"id":7}}"#;
    let seen = r#"{"asked":"PUT /new/7","user":"Ann 7","length":"2","body":"7!"}"#;
    let answer = post(at, "/set", sent).await;
    assert_eq!((answer.status, &*answer.body), (200, seen));
    assert_eq!(post2(at, "/set", sent).await, (200, seen.to_owned()));
    let plain = post(at, "/", "x").await;
    assert!(
        plain.body.contains("\"asked\":\"POST /\""),
        "{}",
        plain.body
    );
}

#[tokio::test]
async fn a_response_reaches_the_client_as_the_template_says() {
    let origin = echo().await;
    let response = Transformation {
        headers: vec![
            (
                ":status".into(),
                template("{% if header(\":status\") == \"404\" %}410{% else %}201{% endif %}"),
            ),
            ("x-inner".into(), template("")),
            ("x-by".into(), template("{{ request_header(\"x-name\") }}")),
        ],
        append: vec![(HeaderName::new("x-by").unwrap(), template("two"))],
        ..body("<{{ asked }}>")
    };
    let (_proxy, at) = served(changed(stage(None, Some(response))), &origin);
    let answer = post(at, "/set", "x").await;
    assert_eq!((answer.status, &*answer.body), (201, "<POST /set>"));
    assert!(!answer.head.contains("x-inner"));
    assert!(answer.head.contains("x-by: ann\r\n") && answer.head.contains("x-by: two\r\n"));
    assert_eq!(
        post2(at, "/set/404", "x").await,
        (410, "<POST /set/404>".to_owned())
    );
    assert_eq!(post(at, "/", "x").await.header("x-inner"), Some("1"));
}

#[tokio::test]
async fn what_cannot_be_transformed_is_a_bad_request() {
    let origin = echo().await;
    let (_proxy, at) = served(changed(stage(Some(body("{{ a }}")), None)), &origin);
    let answer = post(at, "/set", "{}").await;
    assert_eq!(
        (answer.status, &*answer.body),
        (400, "bad request: variable 'a' not found")
    );
    assert_eq!(post2(at, "/set", "no json").await.0, 400);
    assert_eq!(origin.connections(), 0);
    let (_proxy, at) = served(changed(stage(None, Some(body("{{ a }}")))), &origin);
    let answer = post(at, "/set", "").await;
    assert_eq!(
        (answer.status, &*answer.body),
        (400, "bad request: variable 'a' not found")
    );
    assert_eq!(answer.header("content-type"), None);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_unless_it_streams_through() {
    let origin = echo().await;
    let routes = |rule| {
        ir(
            vec![listener("http", vec![("/", rule)])],
            vec![backend("a", &[origin.address])],
        )
    };
    let limited = || crate::support::limited(|limits| limits.transformed_body = 8);
    let proxy = limited();
    let at = crate::support::address(&proxy.apply(&routes(changed(stage(Some(body("x")), None)))));
    let answer = post(at, "/", "\"123456789\"").await;
    assert_eq!((answer.status, &*answer.body), (413, "payload too large"));
    let streams = Transformation {
        headers: vec![("x-user".into(), template("me"))],
        body: BodyTransformation::PassThrough,
        ..Transformation::default()
    };
    let proxy = limited();
    let at = crate::support::address(&proxy.apply(&routes(changed(stage(Some(streams), None)))));
    let answer = post(at, "/", "0123456789").await;
    assert!(answer.body.contains("\"user\":\"me\""), "{}", answer.body);
    assert!(answer.body.contains("0123456789"), "{}", answer.body);
}

/// The first that matches counts, for the request and its response; else the first that takes the response.
#[tokio::test]
async fn the_first_that_matches_is_done() {
    let origin = echo().await;
    let path = |path: &str| Match {
        path: PathMatch::prefix(path),
        method: None,
        headers: Vec::new(),
        query: Vec::new(),
    };
    let one = |at: &str, response: Option<Transformation>| RequestTransformation {
        matches: vec![path(at)],
        headers: Vec::new(),
        reroutes: false,
        request: None,
        response,
    };
    let by_status = |status: &str, text: &str| ResponseTransformation {
        headers: vec![has(":status", status)],
        details: None,
        response: body(text),
    };
    let stage = TransformationStage {
        requests: vec![
            one("/set/a", Some(body("first"))),
            one("/set/a", Some(body("second"))),
            one("/set/b", None),
        ],
        responses: vec![by_status("404", "none"), by_status("404", "never")],
    };
    let (_proxy, at) = served(changed(stage), &origin);
    assert_eq!(post(at, "/set/a/404", "").await.body, "first");
    assert_eq!(post(at, "/set/b/404", "").await.body, "none");
    assert_eq!(post(at, "/set/404", "").await.body, "none");
    assert!(post(at, "/set/c", "").await.body.contains("POST /set/c"));
}

fn has(name: &str, value: &str) -> FieldMatch {
    let kind = TextMatchKind::Exact(value.into());
    FieldMatch {
        name: name.into(),
        test: FieldTest::Text(TextMatch {
            kind,
            ignores_case: false,
        }),
        inverted: false,
    }
}

#[tokio::test]
async fn a_change_may_be_for_what_is_not_so_and_for_why_there_is_an_answer() {
    let origin = echo().await;
    let not = FieldMatch {
        inverted: true,
        ..has("x-kind", "plain")
    };
    let of_requests = RequestTransformation {
        matches: Vec::new(),
        headers: vec![not],
        reroutes: false,
        request: None,
        response: Some(body("not plain")),
    };
    let because = |details: &str, text: &str| ResponseTransformation {
        headers: Vec::new(),
        details: Some(details.into()),
        response: body(text),
    };
    let stage = TransformationStage {
        requests: vec![of_requests],
        responses: vec![
            because("cluster_not_found", "gone"),
            because("via_upstream", "a backend's"),
        ],
    };
    let (_proxy, at) = served(changed(stage), &origin);
    let ask = async |line: &str| {
        let mut client = Raw::connect(at).await;
        let head = format!("GET /set HTTP/1.1\r\nhost: a.example\r\n{line}\r\n");
        client.send(&head).await;
        client.answer().await.body
    };
    assert_eq!(ask("x-kind: other\r\n").await, "not plain");
    assert_eq!(ask("x-kind: plain\r\n").await, "a backend's");
    assert_eq!(ask("").await, "a backend's");
}

#[tokio::test]
async fn a_whole_message_may_become_json() {
    let origin = echo().await;
    let message = |with_target| Transformation {
        body: BodyTransformation::Message { with_target },
        ..Transformation::default()
    };
    let (_proxy, at) = served(changed(stage(Some(message(true)), None)), &origin);
    let told = post(at, "/set?a=1&a=%20&b", "hi").await.body;
    let told = told.replace('\\', "");
    for part in [
        r#""body":"hi""#,
        r#""httpMethod":"POST""#,
        r#""path":"/set""#,
        r#""queryString":"a=1&a=%20&b""#,
        r#""queryStringParameters":{"a":" ","b":""}"#,
        r#""multiValueQueryStringParameters":{"a":["1"," "]}"#,
        r#"":authority":"a.example""#,
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let (_proxy, at) = served(changed(stage(None, Some(message(false)))), &origin);
    let answer = post(at, "/set", "hi").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(
        answer.body.contains(r#"":status":"200""#),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn what_a_transformation_keeps_is_there_for_those_after_it() {
    let origin = echo().await;
    let kept = |key: &str, text: &str, is_json| MetadataValue {
        namespace: "io.solo.transformation".into(),
        key: key.into(),
        value: template(text),
        is_json,
    };
    let early = Transformation {
        metadata: vec![
            kept("user", "{{ user }}", false),
            kept("all", "{{ context() }}", true),
            kept("nothing", "", false),
        ],
        ..Transformation::default()
    };
    let text = "{{ dynamic_metadata(\"user\") }} {{ dynamic_metadata(\"all:a:b\") }}\
                {{ dynamic_metadata(\"nothing\") }}{{ dynamic_metadata(\"user\", \"other\") }}";
    let mut rule = changed(stage(None, Some(body(text))));
    if let Some(set) = &mut rule.settings.transformations {
        set.value.early = stage(Some(early), None);
    }
    let (_proxy, at) = served(rule, &origin);
    let told = post(at, "/set", r#"{"user": "ann", "a": {"b": 7}}"#).await;
    assert_eq!(told.body, "ann 7");
}

/// The path becomes `/`, and the rule of that is looked for, which has a limit of its own.
#[tokio::test]
async fn a_request_that_was_changed_may_look_for_its_rule_again() {
    let origin = echo().await;
    let to_root = Transformation {
        headers: vec![(":path".into(), template("/found"))],
        body: BodyTransformation::PassThrough,
        ..Transformation::default()
    };
    for (reroutes, wanted) in [(true, "second"), (false, "POST /found")] {
        let mut early = stage(Some(to_root.clone()), None);
        early.requests[0].reroutes = reroutes;
        let mut first = rule(vec![to("a")]);
        first.settings.transformations = set(Transformations {
            early,
            ..Transformations::default()
        });
        let second = changed(stage(None, Some(body("second"))));
        let routes = vec![("/set", first), ("/found", second)];
        let backends = vec![backend("a", &[origin.address])];
        let (_proxy, at) = serve(&ir(vec![listener("http", routes)], backends));
        let told = post(at, "/set", "").await.body;
        assert!(told.contains(wanted), "{told}");
    }
}
