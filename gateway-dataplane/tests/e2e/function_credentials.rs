//! Where the keys come from that calls of functions are signed with.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use gateway_dataplane::Proxy;
use gateway_dataplane::backend::AwsEnvironment;
use gateway_dataplane::backend::upstream::Upstreams;
use gateway_resolve::ir::{AwsCredentials, AwsRole, Endpoint, Lambda, TokenService};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::support::client::{Answer, get};
use crate::support::lambda::{SECRET, Service, echo, function, service, status};
use crate::support::origin::{self, Origin};
use crate::support::{address, builder, ir, listener, rule, to};

const OWN: &str = "arn:aws:iam::123456789012:role/own";
const OTHER: &str = "arn:aws:iam::123456789012:role/other";

/// What a token service answers, with keys that are good for so many seconds.
fn credentials(secret: &str, seconds: u64) -> Response<Full<Bytes>> {
    let until = SystemTime::now() + Duration::from_secs(seconds);
    let until = jiff::Timestamp::try_from(until)
        .unwrap()
        .strftime("%Y-%m-%dT%H:%M:%SZ");
    let text = format!(
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId>\
         <SecretAccessKey>{secret}</SecretAccessKey><SessionToken>token/+=</SessionToken>\
         <Expiration>{until}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    );
    Response::new(Full::from(text))
}

/// A token service, and the forms that it gets.
async fn token_service(
    answer: impl Fn(&str) -> Response<Full<Bytes>> + Send + Sync + 'static,
) -> (Origin, UnboundedReceiver<String>) {
    let (told, asked) = unbounded_channel();
    let answer = Arc::new(answer);
    let origin = origin::http(move |request: Request<Incoming>| {
        let (told, answer) = (told.clone(), Arc::clone(&answer));
        async move {
            assert_eq!(request.headers()["host"], "sts.us-east-1.amazonaws.com");
            let signed = request.headers().get("authorization");
            let signed = signed.map(|value| value.to_str().unwrap().to_owned());
            let form = request.into_body().collect().await.unwrap().to_bytes();
            let form = String::from_utf8(form.to_vec()).unwrap();
            let form = match signed {
                Some(signed) => format!("{form} by {signed}"),
                None => form,
            };
            let answer = answer(&form);
            told.send(form).unwrap();
            answer
        }
    })
    .await;
    (origin, asked)
}

fn role(at: SocketAddr, role: Option<&str>, chained: bool) -> AwsRole {
    AwsRole {
        role: role.map(Into::into),
        chained,
        service: TokenService {
            authority: "sts.us-east-1.amazonaws.com".into(),
            region: "us-east-1".into(),
            endpoint: Endpoint::at(at),
            tls: None,
            timeout: Duration::from_secs(5),
        },
        refresh: None,
    }
}

/// The environment of a service account whose token is in `file`.
fn account(file: &tempfile::NamedTempFile) -> AwsEnvironment {
    let path = file.path().to_str().unwrap().to_owned();
    AwsEnvironment::of(|name| match name {
        "AWS_ROLE_ARN" => Some(OWN.to_owned()),
        "AWS_WEB_IDENTITY_TOKEN_FILE" => Some(path.clone()),
        _ => None,
    })
}

fn token(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

/// A proxy in an environment, which calls a function of `service`.
fn calling(
    service: &Service,
    credentials: AwsCredentials,
    environment: AwsEnvironment,
) -> (Proxy<Upstreams>, SocketAddr) {
    let upstreams = Upstreams::new().in_environment(environment);
    let proxy = builder().start_with(upstreams).unwrap();
    let backend = function(
        service,
        Lambda {
            credentials,
            ..echo()
        },
    );
    let listener = listener("http", vec![("/", rule(vec![to("a")]))]);
    let at = address(&proxy.apply(&ir(vec![listener], vec![backend])));
    (proxy, at)
}

fn refused(answer: &Answer) {
    let text = "no credentials present for AWS upstream";
    assert_eq!((answer.status, answer.body.as_str()), (500, text));
}

#[tokio::test]
async fn keys_of_the_environment_go_before_its_account() {
    let service = service(SECRET, |_| status(200, "called")).await;
    let environment = AwsEnvironment::of(|name| match name {
        "AWS_ACCESS_KEY_ID" => Some("AKIDEXAMPLE".to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some(SECRET.to_owned()),
        "AWS_SESSION_TOKEN" => Some("session".to_owned()),
        _ => None,
    });
    let credentials = AwsCredentials::Environment(role(origin::nobody(), None, true));
    let (_proxy, at) = calling(&service, credentials, environment);
    assert_eq!(get(at, "/").await.body, "called");
    assert_eq!(
        service.call().header("x-amz-security-token"),
        Some("session")
    );
}

/// AWS STS, AssumeRoleWithWebIdentity: the role is taken once, and not again while it lasts.
#[tokio::test]
async fn the_account_of_the_environment_takes_its_role() {
    let (sts, mut asked) = token_service(|_| credentials("taken", 3600)).await;
    let service = service("taken", |_| status(200, "called")).await;
    let file = token("a.b+c\n");
    let credentials = AwsCredentials::Environment(role(sts.address, None, true));
    let (_proxy, at) = calling(&service, credentials, account(&file));
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..8 {
        all.spawn(async move { get(at, "/").await.body });
    }
    assert!(all.join_all().await.iter().all(|body| body == "called"));
    let form = asked.recv().await.unwrap();
    let own = "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fown";
    for part in [
        "Action=AssumeRoleWithWebIdentity&",
        own,
        "&Version=2011%2D06%2D15&",
        "WebIdentityToken=a%2Eb%2Bc",
    ] {
        assert!(form.contains(part), "{form}");
    }
    assert!(asked.try_recv().is_err(), "it is asked once");
    let calls = service.calls();
    assert_eq!(calls.len(), 8);
    assert_eq!(calls[0].header("x-amz-security-token"), Some("token/+="));
}

/// Gloo, `roleArn` and `disableRoleChaining`; AWS STS, AssumeRole, which is signed.
#[tokio::test]
async fn another_role_is_taken_by_way_of_the_accounts_own() {
    for chained in [true, false] {
        let (sts, mut asked) = token_service(|form| match form.contains("Identity&") {
            true => credentials("first", 3600),
            false => credentials("second", 3600),
        })
        .await;
        let secret = if chained { "second" } else { "first" };
        let service = service(secret, |_| status(200, "called")).await;
        let file = token("t");
        let credentials = AwsCredentials::WebIdentity(role(sts.address, Some(OTHER), chained));
        let (_proxy, at) = calling(&service, credentials, account(&file));
        assert_eq!(get(at, "/").await.body, "called");
        let first = asked.recv().await.unwrap();
        assert!(
            first.contains("Action=AssumeRoleWithWebIdentity&"),
            "{first}"
        );
        let (own, other) = (first.contains("role%2Fown"), first.contains("role%2Fother"));
        assert_eq!((own, other), (chained, !chained), "{first}");
        let second = asked.try_recv().ok();
        assert_eq!(second.is_some(), chained, "{second:?}");
        if let Some(form) = second {
            assert!(
                form.contains("Action=AssumeRole&") && form.contains("role%2Fother"),
                "{form}"
            );
            assert!(form.contains("/us-east-1/sts/aws4_request"), "{form}");
        }
    }
}

/// Credentials that are about to end are taken anew, with the token that there is then; so are those that are to be, as
/// often as is said (Gloo, `credentialRefreshDelay`).
#[tokio::test]
async fn a_role_is_taken_again_before_it_ends() {
    for (seconds, refresh) in [(301, None), (3600, Some(Duration::from_secs(1)))] {
        let (sts, mut asked) = token_service(move |_| credentials("taken", seconds)).await;
        let service = service("taken", |_| status(200, "called")).await;
        let file = token("first");
        let role = AwsRole {
            refresh,
            ..role(sts.address, None, true)
        };
        let credentials = AwsCredentials::WebIdentity(role);
        let (_proxy, at) = calling(&service, credentials, account(&file));
        assert_eq!(get(at, "/").await.body, "called");
        let first = asked.recv().await.unwrap();
        assert!(first.ends_with("WebIdentityToken=first"), "{first}");
        std::fs::write(file.path(), "second").unwrap();
        let second = loop {
            assert_eq!(get(at, "/").await.body, "called");
            if let Ok(form) = asked.try_recv() {
                break form;
            }
        };
        assert!(second.ends_with("WebIdentityToken=second"), "{second}");
    }
}

/// Gloo: 500 without credentials, and nothing is called.
#[tokio::test]
async fn without_credentials_nothing_is_called() {
    let service = service(SECRET, |_| status(200, "called")).await;
    let file = token("t");
    let denied = || status(403, "<Error><Code>AccessDenied</Code></Error>");
    let (sts, _asked) = token_service(move |_| denied()).await;
    for (at, environment) in [
        (sts.address, account(&file)),
        (origin::nobody(), account(&file)),
        (sts.address, AwsEnvironment::of(|_| None)),
    ] {
        for form in [AwsCredentials::Environment, AwsCredentials::WebIdentity] {
            let credentials = form(role(at, None, true));
            let (_proxy, at) = calling(&service, credentials, environment.clone());
            refused(&get(at, "/").await);
            refused(&get(at, "/").await);
        }
    }
    assert_eq!(service.calls().len(), 0);
}
