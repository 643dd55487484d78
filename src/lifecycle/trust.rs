//! Commands that this user did not write are not run.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::error::{Error, Result};
use super::hub::Hub;

impl Hub {
    /// Refuses to run `command` when the file it stands in came with a clone, or is another user's.
    ///
    /// The hub directory ignores itself, so a file of it that git tracks was put there on
    /// purpose by whoever made the repository. `HUB_TRUST=all` runs it all the same.
    pub(super) fn check_trust(&self, command: &str, file: &Path) -> Result<()> {
        if std::env::var_os("HUB_TRUST").is_some_and(|value| value == "all") {
            return Ok(());
        }
        let refuse = |why| Error::Untrusted {
            command: command.to_owned(),
            path: file.to_path_buf(),
            why,
        };
        let own = rustix::process::geteuid().as_raw();
        match std::fs::metadata(file) {
            Ok(meta) if meta.uid() != own && meta.uid() != 0 => {
                return Err(refuse("belongs to another user"));
            }
            Ok(_) => {}
            Err(error) => return Err(Error::io("look at", file)(error)),
        }
        let inside = file
            .strip_prefix(self.repository.home())
            .is_ok_and(|path| path.starts_with(crate::store::HubDir::NAME));
        if inside {
            let path = Path::new(crate::store::HubDir::NAME);
            if self.repository.tracks(path)? {
                return Err(refuse("came with the repository"));
            }
        }
        Ok(())
    }

    /// The same for a command that may come from the project's configuration file.
    pub(super) fn check_setting_trust(&self, command: &str) -> Result<()> {
        let file = self.dir.settings_file();
        let layer = crate::store::read_settings(&file)?;
        let lists = [layer.setup, layer.teardown].into_iter().flatten();
        let lines = lists.flat_map(|list| list.0);
        let from_file = [layer.agent_cmd, layer.eval_cmd, layer.judge_cmd]
            .into_iter()
            .flatten()
            .chain(lines.map(|line| line.to_string()))
            .any(|setting| setting == command);
        if from_file {
            self.check_trust(command, &file)?;
        }
        Ok(())
    }
}
