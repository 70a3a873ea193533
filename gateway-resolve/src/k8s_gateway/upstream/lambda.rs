//! Upstreams whose functions are called.

use std::time::Duration;

use gateway_model::k8s_gateway::values::{
    AwsOptions, AwsUpstream, CredentialsFetcher, DestinationOverrides, GlooOptions,
    InvocationStyle, LambdaFunction, ResourceRef, ServiceAccountCredentials,
};
use gateway_model::k8s_gateway::{FieldError, Upstream};
use gateway_model::{Kind, ObjectRef, Secret};

use crate::ir::{AwsCredentials, AwsKeys, AwsRole, Lambda, LambdaAnswer, TokenService};
use crate::k8s_gateway::globals::of_all;
use crate::reader::Reader;

use super::place::Place;
use super::web_server::{WebServer, web_server};

/// Says where Lambda is, in place of `https://lambda.<region>.amazonaws.com`.
const ENDPOINT: &str = "gateway.example.dev/aws-lambda-endpoint";

/// Where Lambda is, and the function that is called there, if one was chosen.
pub(super) fn place(
    aws: &AwsUpstream,
    upstream: &Upstream,
    chosen: Option<&str>,
    reader: &Reader<'_>,
) -> Result<(Place, Option<Lambda>), FieldError> {
    let region = region(&aws.region).map_err(|error| error.within("region"))?;
    let said = upstream.metadata.annotations.get(ENDPOINT);
    let usual = || format!("https://lambda.{region}.amazonaws.com");
    let url = said.cloned().unwrap_or_else(usual);
    let server = web_server(&url).map_err(|message| {
        let what = format!("metadata.annotations[{ENDPOINT}]: {message}");
        FieldError::new(what)
    })?;
    let options = options(reader)?;
    let how = &aws.destination_overrides;
    let answer = answer(how).map_err(|error| error.within("destinationOverrides"))?;
    let credentials = credentials(aws, region, &options, reader)?;
    let WebServer {
        authority,
        endpoint,
        port,
        tls,
    } = server;
    let lambda = |function: &LambdaFunction| Lambda {
        authority,
        region: region.into(),
        function: full_name(aws, function),
        qualifier: text(&function.qualifier),
        waits: how.invocation_style == InvocationStyle::Sync,
        wraps: how.request_transformation,
        answer,
        tells_routing: options.propagate_original_routing,
        credentials,
    };
    let function = chosen.and_then(|chosen| named(aws, chosen));
    Ok((
        Place {
            port: Some(port),
            tls,
            endpoints: vec![endpoint],
        },
        function.map(lambda),
    ))
}

/// The function of a route that asks for `wanted`, by its logical name.
pub(super) fn chosen(
    aws: &AwsUpstream,
    wanted: Option<&str>,
    reader: &Reader<'_>,
) -> Result<Box<str>, FieldError> {
    let wanted = wanted.or(Some(&*aws.destination_overrides.logical_name));
    let wanted = wanted.unwrap_or_default();
    if let Some(function) = named(aws, wanted) {
        return Ok(function.logical_name.as_str().into());
    }
    match aws.lambda_functions.first() {
        Some(first) if options(reader)?.fallback_to_first_function => {
            Ok(first.logical_name.as_str().into())
        }
        _ if wanted.is_empty() => Err(FieldError::new(
            "upstreams must have a logical name specified in the backend ref via the parameters \
             extensionRef",
        )),
        _ => Err(FieldError::new(format!("unknown lambda function {wanted}"))),
    }
}

fn named<'a>(aws: &'a AwsUpstream, name: &str) -> Option<&'a LambdaFunction> {
    let mut functions = aws.lambda_functions.iter();
    functions.find(|function| function.logical_name == name)
}

/// The ARN of a function of another account, or else its name.
fn full_name(aws: &AwsUpstream, function: &LambdaFunction) -> Box<str> {
    let name = &function.lambda_function_name;
    match aws.aws_account_id.as_str() {
        "" => name.as_str().into(),
        account => format!("arn:aws:lambda:{}:{account}:function:{name}", aws.region).into(),
    }
}

fn options(reader: &Reader<'_>) -> Result<AwsOptions, FieldError> {
    match of_all::<GlooOptions>("gloo", reader) {
        None => Ok(AwsOptions::default()),
        Some((Ok(options), _)) => Ok(options.aws_options),
        Some((Err(error), origin)) => {
            let what = format!("Settings: {}: {error}", origin.field);
            Err(FieldError::new(what))
        }
    }
}

fn answer(how: &DestinationOverrides) -> Result<LambdaAnswer, FieldError> {
    let of_api_gateway = how.unwrap_as_api_gateway || how.response_transformation;
    if how.wrap_as_api_gateway {
        return Err(FieldError::new("is not supported").within("wrapAsApiGateway"));
    }
    match (how.unwrap_as_alb, of_api_gateway) {
        (true, true) => Err(FieldError::new(
            "only one of unwrapAsAlb and unwrapAsApiGateway/responseTransformation may be set",
        )),
        (true, false) => Ok(LambdaAnswer::OfLoadBalancer),
        (false, true) => Ok(LambdaAnswer::OfApiGateway),
        (false, false) => Ok(LambdaAnswer::Body),
    }
}

/// The keys of a Secret go before what Settings say of where others come from.
fn credentials(
    aws: &AwsUpstream,
    region: &str,
    options: &AwsOptions,
    reader: &Reader<'_>,
) -> Result<AwsCredentials, FieldError> {
    if let Some(secret) = &aws.secret_ref {
        let keys = keys(secret, reader).map_err(|error| error.within("secretRef"))?;
        return Ok(AwsCredentials::Keys(keys));
    }
    let role = |account: &ServiceAccountCredentials| {
        Ok(AwsRole {
            role: text(&aws.role_arn),
            chained: !aws.disable_role_chaining,
            service: token_service(account, region)?,
            refresh: options.credential_refresh_delay.map(|delay| delay.0),
        })
    };
    match &options.credentials {
        Some(CredentialsFetcher::Discovery) => {
            role(&ServiceAccountCredentials::default()).map(AwsCredentials::Environment)
        }
        Some(CredentialsFetcher::ServiceAccount(account)) => {
            role(account).map(AwsCredentials::WebIdentity)
        }
        None => Err(FieldError::new(
            "no aws secret provided. consider setting enableCredentialsDiscovey to true or \
             enabling service account credentials if running in EKS",
        )),
    }
}

/// Reads a Secret of any namespace, without a grant.
fn keys(named: &ResourceRef, reader: &Reader<'_>) -> Result<AwsKeys, FieldError> {
    let (namespace, name) = (named.namespace.as_str(), named.name.as_str());
    let object = ObjectRef::new(Secret::GROUP, Secret::KIND, namespace, name);
    let secret = reader.secret(&object);
    let secret = secret.ok_or_else(|| FieldError::new(format!("{object} does not exist")))?;
    let entry = |name: &str| -> Result<Option<Box<str>>, FieldError> {
        let Some(bytes) = secret.data.get(name) else {
            return Ok(None);
        };
        let found = str::from_utf8(bytes.as_bytes()).map(str::trim);
        let is_visible = |text: &&str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let found = found.ok().filter(is_visible);
        let found = found
            .ok_or_else(|| FieldError::new(format!("{object}: {name} is not a valid string")))?;
        Ok(text(found))
    };
    let must = |name: &str| {
        let missing = || FieldError::new(format!("{object}: expected {name}, found none"));
        entry(name)?.ok_or_else(missing)
    };
    Ok(AwsKeys {
        access_key_id: must("aws_access_key_id")?,
        secret_access_key: must("aws_secret_access_key")?,
        session_token: entry("aws_session_token")?,
    })
}

/// How long the token service is waited for, unless something is said.
const TIMEOUT: Duration = Duration::from_secs(5);

fn token_service(
    account: &ServiceAccountCredentials,
    of_functions: &str,
) -> Result<TokenService, FieldError> {
    let wrong = |message: String| {
        let at = "spec.gloo.awsOptions.serviceAccountCredentials";
        FieldError::new(format!("Settings: {at}.{message}"))
    };
    let region = match account.region.as_str() {
        "" => of_functions,
        own => region(own).map_err(|error| wrong(format!("region: {error}")))?,
    };
    let url = match account.uri.as_str() {
        "" => format!("https://sts.{region}.amazonaws.com"),
        // Envoy takes the name alone.
        name if !name.contains("://") => format!("https://{name}"),
        url => url.to_owned(),
    };
    let server = web_server(&url).map_err(|message| wrong(format!("uri: {message}")))?;
    Ok(TokenService {
        authority: server.authority,
        region: region.into(),
        endpoint: server.endpoint,
        tls: server.tls,
        timeout: account.timeout.map_or(TIMEOUT, |span| span.0),
    })
}

/// A region, which becomes part of a name.
fn region(text: &str) -> Result<&str, FieldError> {
    let is_label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    match !text.is_empty() && text.bytes().all(is_label) {
        true => Ok(text),
        false => Err(FieldError::new(format!(
            "expected a region, such as us-east-1, found {text:?}"
        ))),
    }
}

fn text(text: &str) -> Option<Box<str>> {
    (!text.is_empty()).then(|| text.into())
}
