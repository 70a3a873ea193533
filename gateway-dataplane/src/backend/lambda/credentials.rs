//! Where the keys come from that calls are signed with.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use gateway_resolve::ir::{AwsCredentials, AwsKeys, AwsRole, TokenService};
use tokio::sync::Mutex;

use super::AwsEnvironment;
use super::token_service::{Server, Taken};
use crate::backend::BoxBackend;

/// All that is in use; functions with the same credentials share what they come to, which outlives a reload.
pub(in crate::backend) struct Providers {
    environment: Arc<AwsEnvironment>,
    known: std::sync::Mutex<HashMap<AwsCredentials, Weak<Provider>>>,
}

impl Default for Providers {
    fn default() -> Self {
        Self::new(AwsEnvironment::of_process())
    }
}

impl Providers {
    pub(in crate::backend) fn new(environment: AwsEnvironment) -> Self {
        Self {
            environment: Arc::new(environment),
            known: std::sync::Mutex::default(),
        }
    }

    /// The one for `spec`; `reach` makes a backend of the token service that it may need.
    pub(in crate::backend) fn of(
        &self,
        spec: &AwsCredentials,
        reach: impl FnOnce(&TokenService) -> BoxBackend,
    ) -> Arc<Provider> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, provider| provider.strong_count() > 0);
        if let Some(provider) = known.get(spec).and_then(Weak::upgrade) {
            return provider;
        }
        let keys = self.environment.keys.as_ref();
        let new = Arc::new(match (spec, keys) {
            (AwsCredentials::Keys(keys), _) | (AwsCredentials::Environment(_), Some(keys)) => {
                Provider::Keys(credentials(keys))
            }
            (AwsCredentials::Environment(role) | AwsCredentials::WebIdentity(role), _) => {
                let server = Server::new(role.service.clone(), reach(&role.service));
                Provider::Role(Box::new(Role {
                    spec: role.clone(),
                    environment: Arc::clone(&self.environment),
                    server,
                    held: Mutex::default(),
                }))
            }
        });
        known.insert(spec.clone(), Arc::downgrade(&new));
        new
    }
}

fn credentials(keys: &AwsKeys) -> Credentials {
    let token = keys.session_token.as_deref().map(str::to_owned);
    let (id, secret) = (&*keys.access_key_id, &*keys.secret_access_key);
    Credentials::new(id, secret, token, None, "gateway")
}

/// Has credentials, or gets them.
pub(in crate::backend) enum Provider {
    /// These, which last.
    Keys(Credentials),
    /// Those of a role, which are taken again before they end.
    Role(Box<Role>),
}

impl Provider {
    /// The error is a message.
    pub(super) async fn credentials(&self, worker: usize) -> Result<Credentials, Arc<str>> {
        match self {
            Self::Keys(keys) => Ok(keys.clone()),
            Self::Role(role) => role.credentials(worker).await,
        }
    }
}

/// A role that is taken when it is needed.
pub(in crate::backend) struct Role {
    spec: AwsRole,
    environment: Arc<AwsEnvironment>,
    server: Server,
    /// Who takes the role holds this, so that it is taken once for all who wait.
    held: Mutex<Held>,
}

/// What is known of a role.
#[derive(Default)]
struct Held {
    taken: Option<Taken>,
    /// When it is to be taken again.
    renew: Option<Instant>,
    /// Why it was not taken, the last time.
    failed: Option<Arc<str>>,
}

/// A role is taken again as long before it ends.
const GRACE: Duration = Duration::from_secs(300);
/// After how long a role is tried again that could not be taken.
const AGAIN: Duration = Duration::from_secs(1);

impl Role {
    async fn credentials(&self, worker: usize) -> Result<Credentials, Arc<str>> {
        let mut held = self.held.lock().await;
        if held.renew.is_none_or(|at| at <= Instant::now()) {
            self.renew(&mut held, worker).await;
        }
        let now = SystemTime::now();
        let good = held.taken.as_ref().filter(|taken| taken.until > now);
        let failed = held.failed.clone();
        good.map(|taken| taken.credentials.clone())
            .ok_or_else(|| failed.unwrap_or_else(|| "the role has ended".into()))
    }

    /// Takes the role; what it was before stays where that fails.
    async fn renew(&self, held: &mut Held, worker: usize) {
        match self.take(worker).await {
            Ok(taken) => {
                let left = taken.until.duration_since(SystemTime::now());
                let good = left.unwrap_or_default().saturating_sub(GRACE);
                let asked = self.spec.refresh.filter(|every| !every.is_zero());
                let after = asked.map_or(good, |every| every.min(good)).max(AGAIN);
                held.renew = Some(Instant::now() + after);
                held.taken = Some(taken);
                held.failed = None;
            }
            Err(error) => {
                tracing::warn!(%error, "a role of AWS cannot be taken");
                held.renew = Some(Instant::now() + AGAIN);
                held.failed = Some(error.into());
            }
        }
    }

    /// The role that is asked for, by way of that of the environment where it is chained.
    async fn take(&self, worker: usize) -> Result<Taken, String> {
        let file = self.environment.token_file.as_deref();
        let file = file.ok_or("AWS_WEB_IDENTITY_TOKEN_FILE is not set")?;
        let token = read(file).await?;
        let own = self.environment.role.as_deref();
        let wanted = self.spec.role.as_deref().or(own);
        let wanted = wanted.ok_or("neither the Upstream nor AWS_ROLE_ARN names a role")?;
        let first = own.filter(|_| self.spec.chained).unwrap_or(wanted);
        let taken = self.server.by_token(first, &token, worker).await?;
        match first == wanted {
            true => Ok(taken),
            false => self.server.by_role(wanted, taken.credentials, worker).await,
        }
    }
}

/// Read anew each time, since tokens are replaced before they expire.
async fn read(file: &Path) -> Result<String, String> {
    let path = file.to_owned();
    let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(path)).await;
    let read = read.map_err(|error| error.to_string())?;
    let text = read.map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(text.trim().to_owned())
}
