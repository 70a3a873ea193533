//! The task of a name.

use std::io;
use std::sync::{Arc, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use gateway_model::Hostname;
use tokio::time::{sleep, timeout};

use super::{Answer, Looking, Roll};
use crate::backend::upstream::{Connect, Upstream};

impl<C: Connect> Upstream<C> {
    pub(in crate::backend::upstream) fn roll(&self) -> MutexGuard<'_, Roll> {
        self.roll.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has those of its names looked up for which nobody does yet.
    pub(in crate::backend::upstream) fn look_up_names(self: &Arc<Self>, roll: &mut Roll) {
        for (host, name) in &mut roll.names {
            if name.task.is_none() {
                let (backend, looking) = (Arc::downgrade(self), Arc::clone(&self.looking));
                let asked = name.asked_for(host);
                let task = refresh(host.clone(), asked, backend, looking);
                name.task = self.looking.spawn(task);
            }
        }
    }

    /// Waits for the first answer about its names, where there is nobody to ask before.
    pub(in crate::backend::upstream) async fn names_known(&self) {
        if self.pending.is() {
            let known = Box::pin(timeout(self.settings.connect, self.pending.over()));
            _ = known.await;
        }
    }
}

/// Looks a name of a backend up, until that has ended or has no such name any more.
async fn refresh<C: Connect>(
    host: Hostname,
    asked: String,
    backend: Weak<Upstream<C>>,
    looking: Arc<Looking>,
) {
    let mut trouble = Trouble::default();
    loop {
        let found = ask(&asked, &looking).await;
        let Some(backend) = backend.upgrade() else {
            return;
        };
        let wait = backend.take_in(&host, found, &mut trouble);
        drop(backend);
        sleep(wait).await;
    }
}

async fn ask(name: &str, looking: &Looking) -> io::Result<Answer> {
    let _turn = looking.turns.acquire().await.map_err(io::Error::other)?;
    match &looking.lookup {
        Some(lookup) => lookup.lookup(name).await,
        None => Err(io::Error::other("names are not looked up here")),
    }
}

/// What went wrong since the last answer.
#[derive(Default)]
struct Trouble {
    failures: u32,
    /// Since when it is said that there is no such name.
    gone: Option<Instant>,
}

impl<C: Connect> Upstream<C> {
    /// Takes an answer in; says how long it is good for.
    fn take_in(
        self: &Arc<Self>,
        host: &Hostname,
        found: io::Result<Answer>,
        trouble: &mut Trouble,
    ) -> Duration {
        let least = self.settings.names.refresh;
        let (addresses, wait) = match found {
            Ok(answer) if !answer.addresses.is_empty() => {
                *trouble = Trouble::default();
                let wait = self.settings.names.every.unwrap_or(answer.valid_for);
                (Ok(answer.addresses), wait.max(least))
            }
            Ok(_) => {
                let since = *trouble.gone.get_or_insert_with(Instant::now);
                let is_gone = since.elapsed() >= self.settings.names.gone;
                let why = "there is no such name".to_owned();
                (if is_gone { Ok(Vec::new()) } else { Err(why) }, least)
            }
            Err(error) => {
                trouble.failures += 1;
                let more = 1 << trouble.failures.min(5);
                (Err(error.to_string()), (least * more).min(SLOWEST))
            }
        };
        let mut roll = self.roll();
        match addresses {
            Ok(addresses) => roll.stands_for(host, addresses),
            Err(why) => {
                if roll.unanswered(host, why.clone()) {
                    tracing::warn!(backend = %self.spec.id, name = %host, why, "a name is not found");
                }
            }
        }
        self.settle(&roll);
        wait
    }
}

/// The longest time between attempts that fail.
const SLOWEST: Duration = Duration::from_secs(30);
