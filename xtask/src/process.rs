//! Running other programs.

use std::env;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result};

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// The cargo that runs this program, in the root of the workspace.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// A program of the workspace, built in the root and run in the directory of the caller, from which the files of its arguments
/// are named.
pub(crate) fn cargo_run(program: &str) -> Command {
    let mut command = Command::new(cargo().get_program());
    command.args(["run", "--quiet", "--manifest-path"]).arg(root().join("Cargo.toml"));
    command.args(["--bin", program, "--"]);
    command
}

/// Runs a command to its end and hands on its exit code.
pub(crate) fn exit_code(command: &mut Command) -> Result<ExitCode> {
    let status =
        command.status().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    Ok(code_of(status))
}

/// What a shell would tell: the exit code, or 128 and the number of the signal that ended the program.
pub(crate) fn code_of(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_the_workspace_runs_in_the_directory_of_the_caller() {
        let command = cargo_run("maintain");
        assert_eq!(command.get_current_dir(), None);
        assert!(command.get_args().any(|argument| argument == root().join("Cargo.toml")));
    }
}
