use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::EmbeddedError;
use crate::identity::{Identity, is_root, own_uid};
use crate::settings::CLUSTER;

/// Makes `dir` and whatever is missing above it, whatever this process's umask is. Only the user of this process may
/// look into what is made. Root lets others pass, because PostgreSQL then runs as another user.
///
/// A shell sets the umask of `mkdir`: a mode that is set afterwards would come too late for a process that begins now,
/// too.
///
/// # Errors
///
/// [`EmbeddedError::NotADirectory`] when a file is in the way; the system's own reasons.
pub(crate) fn make(dir: &Path) -> Result<(), EmbeddedError> {
    let existing = dir.ancestors().find_map(|above| Some((above, fs::metadata(above).ok()?)));
    match existing {
        Some((above, found)) if !found.is_dir() => {
            return Err(EmbeddedError::NotADirectory { path: above.to_owned() });
        }
        Some((above, _)) if above == dir => return Ok(()),
        _ => {}
    }
    let failed = || EmbeddedError::io(format!("make the directory {}", dir.display()));
    let mut command = Command::new("/bin/sh");
    command.args(["-c", r#"umask "$0" && exec mkdir -p -- "$1""#, if is_root() { "066" } else { "077" }]);
    let output = command.arg(dir).stdin(Stdio::null()).output().map_err(failed())?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed()(io::Error::other(String::from_utf8_lossy(&output.stderr).trim_end().to_owned())))
}

/// Ensures that no other user can replace the cluster in the data directory `dir`, and that the user as whom PostgreSQL
/// runs may pass. The mode is changed only if the directory is this user's and holds nothing but the cluster.
///
/// # Errors
///
/// [`EmbeddedError::WritableByOthers`] when others may write and the mode is not for this process to change.
pub(crate) fn secure(dir: &Path, identity: Identity) -> Result<(), EmbeddedError> {
    let failed = || EmbeddedError::io(format!("set the mode of {}", dir.display()));
    let found = fs::metadata(dir).map_err(failed())?;
    let mode = found.mode() & 0o7777;
    let passing = if identity.may_enter(&found) { 0 } else { 0o011 };
    let wanted = (mode & !0o022) | passing;
    if wanted == mode {
        return Ok(());
    }
    // A sticky directory is shared on purpose, like /tmp.
    let is_shared = mode & 0o1000 != 0;
    if !is_shared && own_uid() == Some(found.uid()) && holds_only_cluster(dir).map_err(failed())? {
        return fs::set_permissions(dir, Permissions::from_mode(wanted)).map_err(failed());
    }
    refuse_writable(dir, mode)
}

/// Keeps all other users out of the cluster's own directory.
///
/// # Errors
///
/// [`EmbeddedError::WritableByOthers`] as for [`secure`].
pub(crate) fn close(dir: &Path, identity: Identity, is_cluster: bool) -> Result<(), EmbeddedError> {
    let failed = || EmbeddedError::io(format!("set the mode of {}", dir.display()));
    let found = fs::metadata(dir).map_err(failed())?;
    let mode = found.mode() & 0o7777;
    if mode | 0o700 == 0o700 {
        return Ok(());
    }
    let owner = match identity {
        Identity::User { uid, .. } => Some(uid),
        Identity::Current | Identity::Namespace => own_uid(),
    };
    if is_cluster && owner == Some(found.uid()) {
        return fs::set_permissions(dir, Permissions::from_mode(0o700)).map_err(failed());
    }
    refuse_writable(dir, mode)
}

fn refuse_writable(dir: &Path, mode: u32) -> Result<(), EmbeddedError> {
    if mode & 0o022 == 0 {
        return Ok(());
    }
    Err(EmbeddedError::WritableByOthers { dir: dir.to_owned(), mode })
}

fn holds_only_cluster(dir: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(dir)? {
        if entry?.file_name() != CLUSTER {
            return Ok(false);
        }
    }
    Ok(true)
}
