//! What the environment of the process says of credentials.

use std::fmt;
use std::path::PathBuf;

use gateway_resolve::ir::AwsKeys;

/// What an environment says of credentials for AWS, in the variables that all clients of AWS read.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AwsEnvironment {
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
    pub keys: Option<AwsKeys>,
    /// `AWS_ROLE_ARN`: the role of the service account.
    pub role: Option<Box<str>>,
    /// `AWS_WEB_IDENTITY_TOKEN_FILE`: the file with the token of the service account.
    pub token_file: Option<PathBuf>,
}

impl AwsEnvironment {
    /// That of this process.
    pub fn of_process() -> Self {
        Self::of(|name| std::env::var(name).ok())
    }

    /// That of which `variable` tells the variables.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str| {
            let found = variable(name).filter(|text| !text.is_empty());
            found.map(String::into_boxed_str)
        };
        let keys = || {
            Some(AwsKeys {
                access_key_id: text("AWS_ACCESS_KEY_ID")?,
                secret_access_key: text("AWS_SECRET_ACCESS_KEY")?,
                session_token: text("AWS_SESSION_TOKEN"),
            })
        };
        Self {
            keys: keys(),
            role: text("AWS_ROLE_ARN"),
            token_file: text("AWS_WEB_IDENTITY_TOKEN_FILE").map(|file| PathBuf::from(&*file)),
        }
    }
}

impl fmt::Debug for AwsEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AwsEnvironment")
    }
}
