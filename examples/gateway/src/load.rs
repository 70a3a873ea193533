//! From the paths of the command line to manifests.

use std::path::{Path, PathBuf};

use gateway_model::{Channel, Manifests, Timestamp, files};
use gateway_resolve::{ClassSelection, Config};

use crate::cli::Selection;

/// The manifests that the command line names. They can be loaded again, save for standard input,
/// which ends once.
#[derive(Debug)]
pub(crate) struct Input {
    channel: Channel,
    paths: Vec<PathBuf>,
    /// What standard input had, when it is among the paths.
    stdin: Option<Manifests>,
}

impl Input {
    /// Reads standard input if the paths name it (`-`).
    pub(crate) fn new(selection: &Selection) -> Self {
        let channel = selection.channel.into();
        let (stdin, files): (Vec<_>, Vec<_>) = selection
            .paths
            .iter()
            .cloned()
            .partition(|path| path == Path::new("-"));
        Self {
            channel,
            stdin: (!stdin.is_empty()).then(|| files::load(channel, &stdin[..1])),
            paths: files,
        }
    }

    /// The manifests as they are now.
    pub(crate) fn load(&self) -> Manifests {
        let mut manifests = files::load(self.channel, &self.paths);
        manifests.extend(self.stdin.clone().unwrap_or_default());
        manifests
    }

    /// The paths that can be watched.
    pub(crate) fn files(&self) -> &[PathBuf] {
        &self.paths
    }
}

/// What to serve of the manifests.
pub(crate) fn config(selection: &Selection) -> Config {
    let Selection {
        paths: _,
        channel: _,
        controller_name,
        class,
    } = selection.clone();
    let mut config = Config::default();
    config.classes = match (&controller_name, class) {
        (None, None) => ClassSelection::Any,
        (None, Some(class)) => ClassSelection::Named(class),
        (Some(_), None) => ClassSelection::Controller,
        (Some(_), Some(class)) => ClassSelection::NamedOfController(class),
    };
    if let Some(name) = controller_name {
        config.controller_name = name;
    }
    config
}

/// What tells a gateway that serves these files from one that serves others.
pub(crate) fn name(selection: &Selection) -> String {
    let text = |option: &Option<String>| option.clone().unwrap_or_default();
    let mut parts = vec!["run".to_owned(), text(&selection.controller_name)];
    parts.push(text(&selection.class));
    let paths = selection.paths.iter();
    parts.extend(paths.map(|path| path.display().to_string()));
    parts.join(" ")
}

/// The time, to the second, as conditions have it.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}
