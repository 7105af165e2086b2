use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io};

use crate::EmbeddedError;

/// As whom PostgreSQL runs, given that it refuses to run as root or as a user without a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// As the user of this process.
    Current,
    /// As another user, since this process is root.
    User { uid: u32, gid: u32 },
    /// As the user of this process, who is called `nobody` in a user namespace of its own.
    Namespace,
}

impl Identity {
    /// For a cluster in `dir`: its owner when it is there already, so that a user who is added or removed later does not
    /// lock the data away.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError::NoIdentity`] when nothing works.
    pub(crate) fn of_cluster(dir: &Path) -> Result<Self, EmbeddedError> {
        let owner = fs::metadata(dir).ok().map(|dir| Self::User { uid: dir.uid(), gid: dir.gid() });
        if is_root() {
            let owner = owner.filter(|owner| !matches!(owner, Self::User { uid: 0, .. }));
            let candidates = [owner, user("postgres"), user("nobody"), Some(Self::Namespace)];
            candidates
                .into_iter()
                .flatten()
                .find(|candidate| candidate.works())
                .ok_or(EmbeddedError::NoIdentity)
        } else if id(&["-un"]).is_some() {
            Ok(Self::Current)
        } else if Self::Namespace.works() {
            Ok(Self::Namespace)
        } else {
            Err(EmbeddedError::NoIdentity)
        }
    }

    /// A command that runs under this identity, in `/` and with an empty environment but for `PATH`, in a process group of
    /// its own so that Ctrl-C does not reach it.
    pub(crate) fn command(self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = match self {
            Self::Current | Self::User { .. } => Command::new(program),
            Self::Namespace => {
                let mut unshare = Command::new("unshare");
                unshare.args(["--user", "--map-user=65534", "--map-group=65534", "--"]).arg(program);
                unshare
            }
        };
        if let Self::User { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
        command.env_clear().current_dir("/").process_group(0);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
    }

    /// Gives a file of ours to the user as whom PostgreSQL runs.
    pub(crate) fn give(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Current | Self::Namespace => Ok(()),
            Self::User { uid, gid } => chown(path, Some(uid), Some(gid)),
        }
    }

    /// Checks that the other user may enter `path`, as far as it exists, and every directory above it.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError::Forbidden`] names the first directory that keeps it out.
    pub(crate) fn check_may_enter(self, path: &Path) -> Result<(), EmbeddedError> {
        let Self::User { uid, .. } = self else { return Ok(()) };
        let mut dirs: Vec<_> = path.ancestors().collect();
        dirs.reverse();
        for dir in dirs {
            let Some(found) = fs::metadata(dir).ok().filter(Metadata::is_dir) else { return Ok(()) };
            if !self.may_enter(&found) {
                return Err(EmbeddedError::Forbidden {
                    uid,
                    dir: dir.to_owned(),
                    mode: found.mode() & 0o7777,
                });
            }
        }
        Ok(())
    }

    /// Returns `true` if the mode of one directory lets the other user in.
    pub(crate) fn may_enter(self, dir: &Metadata) -> bool {
        let Self::User { uid, gid } = self else { return true };
        let search_bit = if dir.uid() == uid {
            0o100
        } else if dir.gid() == gid {
            0o010
        } else {
            0o001
        };
        dir.mode() & search_bit != 0
    }

    fn works(self) -> bool {
        let mut probe = self.command("true");
        probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    }
}

/// Returns `true` if this process is root.
pub(crate) fn is_root() -> bool {
    own_uid() == Some(0)
}

/// Returns the number of the user as whom this process runs.
pub(crate) fn own_uid() -> Option<u32> {
    id(&["-u"])?.parse().ok()
}

fn user(name: &str) -> Option<Identity> {
    let uid = id(&["-u", name])?.parse().ok()?;
    let gid = id(&["-g", name])?.parse().ok()?;
    Some(Identity::User { uid, gid })
}

/// What the program `id` prints, which knows users that are not in `/etc/passwd` too.
fn id(arguments: &[&str]) -> Option<String> {
    let output = Command::new("id").args(arguments).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
