//! Functions of AWS Lambda.

use serde::Deserialize;

use super::ResourceRef;
use crate::k8s_gateway::proto::{Span, at_most_one, numbered};

/// The functions of an account, in a region of AWS.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AwsUpstream {
    /// The region.
    pub region: String,
    /// The Secret that has the keys that requests are signed with.
    pub secret_ref: Option<ResourceRef>,
    /// The functions.
    pub lambda_functions: Vec<LambdaFunction>,
    /// The role that functions are called in.
    pub role_arn: String,
    /// The account that the functions are of, where it is another one than that of the keys.
    pub aws_account_id: String,
    /// Is the role taken by the identity of the service account itself, rather than by way of that one's own role?
    pub disable_role_chaining: bool,
    /// How functions are called.
    pub destination_overrides: DestinationOverrides,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LambdaFunction {
    /// What routes call it.
    pub logical_name: String,
    /// What AWS calls it.
    pub lambda_function_name: String,
    /// Which version of it.
    pub qualifier: String,
}

/// How the functions of an Upstream are called.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DestinationOverrides {
    /// The function of routes that name none.
    pub logical_name: String,
    /// Is the end of it waited for?
    pub invocation_style: InvocationStyle,
    /// Is the function given the whole request, as JSON?
    pub request_transformation: bool,
    /// The same as `unwrapAsApiGateway`.
    pub response_transformation: bool,
    /// Is the response what a function answers to a load balancer?
    pub unwrap_as_alb: bool,
    /// Is the response what a function answers to an API Gateway?
    pub unwrap_as_api_gateway: bool,
    /// Is the response made as an API Gateway makes it?
    pub wrap_as_api_gateway: bool,
}

numbered! {
    /// Is the end of a function waited for?
    InvocationStyle {
        /// It is.
        Sync = 0 "SYNC",
        /// It isn't.
        Async = 1 "ASYNC",
    }
}

/// What holds for the data plane as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GlooOptions {
    /// How functions of AWS Lambda are called.
    pub aws_options: AwsOptions,
}

/// What holds for all functions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "WrittenAwsOptions")]
pub struct AwsOptions {
    /// Where keys come from that no Secret has; nowhere, when it is not set.
    pub credentials: Option<CredentialsFetcher>,
    /// After how long keys are fetched again.
    pub credential_refresh_delay: Option<Span>,
    /// Are functions told what was asked for originally?
    pub propagate_original_routing: bool,
    /// Is the first function called where the one that is asked for is not there?
    pub fallback_to_first_function: bool,
}

/// Where keys come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialsFetcher {
    /// The environment of the gateway.
    Discovery,
    /// The identity of its service account.
    ServiceAccount(ServiceAccountCredentials),
}

/// How keys are had for the identity of a service account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceAccountCredentials {
    /// The cluster of Envoy that leads to the token service; it is found by `uri` here.
    pub cluster: String,
    /// The token service.
    pub uri: String,
    /// How long it is waited for.
    pub timeout: Option<Span>,
    /// Its region.
    pub region: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WrittenAwsOptions {
    enable_credentials_discovey: Option<bool>,
    service_account_credentials: Option<ServiceAccountCredentials>,
    credential_refresh_delay: Option<Span>,
    propagate_original_routing: Option<bool>,
    fallback_to_first_function: Option<bool>,
}

impl TryFrom<WrittenAwsOptions> for AwsOptions {
    type Error = serde::de::value::Error;

    fn try_from(written: WrittenAwsOptions) -> Result<Self, Self::Error> {
        let discovered = written.enable_credentials_discovey == Some(true);
        let of_account = written.service_account_credentials;
        at_most_one(&[
            ("enableCredentialsDiscovey", discovered),
            ("serviceAccountCredentials", of_account.is_some()),
        ])?;
        let of_account = of_account.map(CredentialsFetcher::ServiceAccount);
        Ok(Self {
            credentials: of_account.or(discovered.then_some(CredentialsFetcher::Discovery)),
            credential_refresh_delay: written.credential_refresh_delay,
            propagate_original_routing: written.propagate_original_routing == Some(true),
            fallback_to_first_function: written.fallback_to_first_function == Some(true),
        })
    }
}
