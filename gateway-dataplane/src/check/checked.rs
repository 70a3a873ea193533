//! Manifests, resolved.

use std::fmt::Write as _;
use std::path::PathBuf;

use gateway_model::{Channel, Manifests, Timestamp, files};
use gateway_resolve::ir::Ir;
use gateway_resolve::{Config, Resolution, Snapshot, Statuses, advise, resolve};
use http::{Method, Request};

use super::{Asked, Places, Problem, problem};
use crate::table::Table;

/// Manifests, resolved, and what is wrong with them.
#[derive(Debug)]
pub struct Checked {
    problems: Vec<Problem>,
    statuses: Statuses,
    ir: Ir,
    table: Table<()>,
}

impl Checked {
    /// Loads files and directories, and resolves what is in them: every Gateway, by the CRDs of the standard channel.
    pub fn load<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Self {
        let paths: Vec<_> = paths.into_iter().map(Into::into).collect();
        let mut config = Config::default();
        // A cluster gives each Gateway an address.
        config.default_is_shared = false;
        let manifests = files::load(Channel::Standard, &paths);
        Self::of(manifests, &config, Timestamp::UNIX_EPOCH)
    }

    /// Resolves manifests that were parsed already.
    pub fn of(mut manifests: Manifests, config: &Config, now: Timestamp) -> Self {
        let (resources, places) = Places::take(&mut manifests);
        let snapshot = Snapshot::from_resources(resources);
        let Resolution { ir, statuses, .. } = resolve(&snapshot, config, now);
        let findings = statuses.findings().cloned();
        let advice = advise(&snapshot, &ir);
        Self {
            problems: problem::all(&manifests, findings, advice, &places),
            table: Table::compile(&ir, |_| ()),
            statuses,
            ir,
        }
    }

    /// What is wrong, in the order of the files.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What the authors of the resources are told.
    pub fn statuses(&self) -> &Statuses {
        &self.statuses
    }

    /// What would be served.
    pub fn ir(&self) -> &Ir {
        &self.ir
    }

    /// What would be served, by socket.
    pub fn table(&self) -> &Table<()> {
        &self.table
    }

    /// Nothing is wrong.
    ///
    /// # Panics
    /// Something is, warnings included: the message has a line for each, with its file and line.
    #[track_caller]
    pub fn assert_clean(&self) {
        let mut lines = String::new();
        for problem in &self.problems {
            let _ = write!(lines, "\n{problem}");
        }
        assert!(lines.is_empty(), "the manifests have problems:{lines}");
    }

    /// What becomes of a `GET` of this URL.
    ///
    /// # Panics
    /// It is no absolute `http` or `https` URL.
    #[track_caller]
    pub fn get(&self, url: &str) -> Asked {
        self.ask(Method::GET, url, &[])
    }

    /// What becomes of a request with these headers. Over `https` the host is the server name of the connection.
    ///
    /// # Panics
    /// As [`get`](Self::get), or a header is none.
    #[track_caller]
    pub fn ask(&self, method: Method, url: &str, headers: &[(&str, &str)]) -> Asked {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match request.body(()) {
            Ok(request) => Asked::new(&self.table, request.into_parts().0),
            Err(error) => panic!("{url}: {error}"),
        }
    }
}
