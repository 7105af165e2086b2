use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::EmbeddedError;
use crate::identity::Identity;
use crate::programs::Programs;
use crate::settings::Place;
use crate::watchdog::end_of_log;

/// Obeys a line at a time, and removes everything when this process ends.
const SCRIPT: &str = include_str!("supervisor.sh");

/// A shell that keeps one cluster, or something else, as the user as whom PostgreSQL runs.
#[derive(Debug)]
pub(crate) struct Supervisor {
    pub(crate) dir: PathBuf,
    pub(crate) identity: Identity,
    shell: Mutex<Shell>,
}

#[derive(Debug)]
struct Shell {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Supervisor {
    /// Starts the shell, which makes the directory. `arguments` are those of every server that it starts. One that `mounts` is
    /// root in namespaces of its own.
    pub(super) fn spawn(
        mounts: bool,
        arguments: impl FnOnce(&Path) -> Vec<String>,
    ) -> Result<Self, EmbeddedError> {
        let place = Place::Throwaway;
        let dir = place.dir()?;
        let identity = Identity::of_cluster(&dir)?;
        identity.check_may_enter(dir.parent().unwrap_or(&dir))?;
        let programs = Programs::find(None)?;
        identity.check_may_enter(&programs.bin_dir)?;

        let mut command =
            if mounts { as_root_of_a_namespace(identity)? } else { identity.command("/bin/sh") };
        command.arg("-c").arg(SCRIPT).arg("taskmaster-supervisor");
        // Small segments are quickly copied, and a small disk holds several of them.
        let initdb_options = format!("{} --wal-segsize=1", place.initdb_options());
        command.arg(&dir).arg(&programs.bin_dir).arg(initdb_options);
        // PostgreSQL does not run as root, not even as one of a namespace.
        command.arg(if mounts { "unshare --user --map-user=65534 --map-group=65534 --" } else { "" });
        command.args(arguments(&dir));
        Self::run(command, dir, identity)
    }

    /// Starts a shell that makes the directory and answers each line of its input by `done` or `failed`.
    pub(crate) fn run(mut command: Command, dir: PathBuf, identity: Identity) -> Result<Self, EmbeddedError> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(EmbeddedError::io("run /bin/sh"))?;
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        Ok(Self { dir, identity, shell: Mutex::new(Shell { child, answers }) })
    }

    /// Has one thing done, a verb and its argument, and waits until it is.
    pub(crate) fn tell(&self, verb: &str, argument: &str) -> Result<(), EmbeddedError> {
        let doing = || EmbeddedError::io(format!("have the shell of the test server {verb}"));
        let mut shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner);
        let mut orders = shell.child.stdin.as_ref().expect("it is piped");
        orders.write_all(format!("{verb} {argument}\n").as_bytes()).map_err(doing())?;
        let mut answer = String::new();
        shell.answers.read_line(&mut answer).map_err(doing())?;
        if answer == "done\n" {
            return Ok(());
        }
        Err(doing()(io::Error::other(end_of_log(&self.dir))))
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // Waiting closes the pipe first. There is nobody to tell of an error, and nothing that could be done.
        let _ = self.shell.get_mut().unwrap_or_else(PoisonError::into_inner).child.wait();
    }
}

/// A shell that may mount what nobody else sees.
fn as_root_of_a_namespace(identity: Identity) -> Result<Command, EmbeddedError> {
    let command = || {
        let mut command = identity.command("unshare");
        command.args(["--user", "--map-root-user", "--mount", "--", "/bin/sh"]);
        command
    };
    let mut probe = command();
    probe.args(["-c", "mount -t tmpfs none /tmp"]);
    probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if probe.status().is_ok_and(|status| status.success()) {
        Ok(command())
    } else {
        Err(EmbeddedError::MayNotMount)
    }
}
