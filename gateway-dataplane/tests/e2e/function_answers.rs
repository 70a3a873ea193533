//! What the answers of functions come to.

use gateway_resolve::ir::{Lambda, LambdaAnswer};
use http::{HeaderValue, Response};
use http_body_util::Full;

use crate::support::client::{Answer, get};
use crate::support::lambda::{SECRET, echo, function, service, status};
use crate::support::{ir, listener, rule, serve, to};

/// The response that an answer of Lambda comes to.
async fn unwrapped(answer: LambdaAnswer, code: u16, text: &'static str) -> Answer {
    answered(answer, move || {
        let mut said = status(code, text);
        let headers = said.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("x-amzn-requestid", HeaderValue::from_static("1"));
        said
    })
    .await
}

async fn answered(
    answer: LambdaAnswer,
    said: impl Fn() -> Response<Full<bytes::Bytes>> + Send + Sync + 'static,
) -> Answer {
    let service = service(SECRET, move |_| said()).await;
    let backend = function(&service, Lambda { answer, ..echo() });
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let (_proxy, at) = serve(&ir(vec![listener], vec![backend]));
    get(at, "/").await
}

const ALL: [LambdaAnswer; 3] = [
    LambdaAnswer::Body,
    LambdaAnswer::OfLoadBalancer,
    LambdaAnswer::OfApiGateway,
];

/// Gloo: a function that fails is a bad upstream, and what it says of that is told.
#[tokio::test]
async fn a_function_that_fails_is_504_in_any_form() {
    for form in ALL {
        let answer = answered(form, || {
            let mut failed = status(200, r#"{"errorMessage":"no"}"#);
            let unhandled = HeaderValue::from_static("Unhandled");
            failed
                .headers_mut()
                .insert("x-amz-function-error", unhandled);
            failed
        })
        .await;
        assert_eq!(answer.status, 504, "{form:?}");
        assert_eq!(answer.body, r#"{"errorMessage":"no"}"#, "{form:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_a_body_is_passed_on_as_it_is() {
    let text = r#"{"statusCode":201,"body":"a"}"#;
    let answer = unwrapped(LambdaAnswer::Body, 200, text).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, text));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn a_call_that_is_not_waited_for_has_nothing_to_take_apart() {
    for form in ALL {
        let answer = unwrapped(form, 202, "").await;
        assert_eq!((answer.status, answer.body.as_str()), (202, ""), "{form:?}");
    }
}

/// Elastic Load Balancing, "Lambda functions as targets": respond to the load balancer.
#[tokio::test]
async fn answers_of_load_balancers_are_taken_apart() {
    let form = LambdaAnswer::OfLoadBalancer;
    let text = r#"{"statusCode":201,"body":"aGk=","isBase64Encoded":true,
        "headers":{"Content-Type":"text/plain","x-a":"1","transfer-encoding":"x","content-length":"9"},
        "multiValueHeaders":{"set-cookie":["a=1","b=2"]}}"#;
    let answer = unwrapped(form, 200, text).await;
    assert_eq!((answer.status, answer.body.as_str()), (201, "hi"));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert_eq!(answer.header("x-a"), Some("1"));
    assert_eq!(answer.header("content-length"), Some("2"));
    assert_eq!(answer.header("x-amzn-requestid"), Some("1"));
    assert!(
        answer.head.contains("set-cookie: a=1\r\nset-cookie: b=2"),
        "{}",
        answer.head
    );
    for (text, expected) in [
        (r#"{"body":"a"}"#, (200, "a")),
        (r#"{"statusCode":204.0}"#, (204, "")),
        (r#"{"statusCode":200}"#, (200, "")),
        ("no JSON", (500, "")),
        ("[]", (500, "")),
        (r#"{"statusCode":"200","body":"a"}"#, (500, "")),
        (r#"{"statusCode":99,"body":"a"}"#, (500, "")),
        (r#"{"isBase64Encoded":1,"body":"a"}"#, (500, "")),
        (r#"{"isBase64Encoded":true,"body":"?"}"#, (500, "")),
    ] {
        let answer = unwrapped(form, 200, text).await;
        assert_eq!((answer.status, answer.body.as_str()), expected, "{text}");
    }
    let refused = unwrapped(form, 403, r#"{"Message":"no"}"#).await;
    assert_eq!(
        (refused.status, refused.body.as_str()),
        (403, r#"{"Message":"no"}"#)
    );
}

/// API Gateway, "Output format of a Lambda function for proxy integration"; Gloo, `unwrapAsApiGateway`.
#[tokio::test]
async fn answers_of_api_gateways_are_taken_apart() {
    let form = LambdaAnswer::OfApiGateway;
    let text = r#"{"statusCode":201,"body":"aGk=","isBase64Encoded":true,
        "headers":{"content-type":"text/plain","x-number":7,"connection":"x"},
        "multiValueHeaders":{"x-many":["a",1]}}"#;
    let answer = unwrapped(form, 200, text).await;
    assert_eq!((answer.status, answer.body.as_str()), (201, "hi"));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert_eq!(answer.header("x-number"), Some("7"));
    assert_eq!(
        answer.header("x-amzn-requestid"),
        None,
        "headers of Lambda are cleared"
    );
    assert!(
        answer.head.contains("x-many: a\r\nx-many: 1"),
        "{}",
        answer.head
    );
    for (text, status, body) in [
        (r#"{"body":{"a":1}}"#, 200, r#"{"a":1}"#),
        (r#"{"statusCode":200}"#, 200, "{}"),
        ("no JSON", 500, "500: failed to parse response body as JSON"),
        (
            r#"{"statusCode":"200"}"#,
            500,
            "500: cannot parse non unsigned integer status code",
        ),
        (
            r#"{"statusCode":-1}"#,
            500,
            "500: cannot parse non unsigned integer status code",
        ),
        (r#"{"statusCode":1000}"#, 500, "500: invalid status code"),
        (r#"{"headers":[]}"#, 500, "500: invalid headers object"),
        (
            r#"{"multiValueHeaders":1}"#,
            500,
            "500: invalid multiValueHeaders object",
        ),
        (
            r#"{"multiValueHeaders":{"a":{}}}"#,
            500,
            "500: invalid multi header value object",
        ),
        (
            r#"{"body":"?","isBase64Encoded":true}"#,
            500,
            "500: Failed to transform response",
        ),
    ] {
        let answer = unwrapped(form, 200, text).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (status, body),
            "{text}"
        );
        let kind = (status == 500).then_some("500");
        assert_eq!(answer.header("x-amzn-errortype"), kind, "{text}");
    }
    let often = unwrapped(
        form,
        429,
        r#"{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded"}"#,
    );
    assert_eq!(often.await.status, 500);
}

#[tokio::test]
async fn answers_beyond_the_limit_are_not_taken_apart() {
    let service = service(SECRET, |_| status(200, r#"{"body":"0123456789"}"#)).await;
    let answer = LambdaAnswer::OfApiGateway;
    let backend = function(&service, Lambda { answer, ..echo() });
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let proxy = crate::support::limited(|limits| limits.function_body = 10);
    let at = crate::support::address(&proxy.apply(&ir(vec![listener], vec![backend])));
    let answer = get(at, "/").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (500, "500: Failed to transform response")
    );
}
