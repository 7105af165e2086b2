//! A machine without PostgreSQL, for the processes that play a role there: their `PATH` holds what a test puts into it,
//! and the directories of packages are hidden from them in a mount namespace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::{Actor, TempDir};
use crate::users::is_root;

/// The programs of the system that starting and installing PostgreSQL needs.
const TOOLS: [&str; 22] = [
    "cat", "chmod", "cp", "df", "env", "gzip", "id", "ipcrm", "kill", "mkdir", "mkfifo", "mv", "node",
    "printf", "rm", "sed", "sh", "sleep", "tar", "tr", "true", "unshare",
];

/// Hides the programs and the cache of the real machine, and goes on as the user who has started it.
const HIDE: &str = r#"
set -e
caches=$1 path=$2 uid=$3 gid=$4
shift 4
for dir in /usr/lib/postgresql /usr/libexec/postgresql* /usr/pgsql-*; do
  if [ -d "$dir" ]; then mount -t tmpfs -o mode=755 none "$dir"; fi
done
if [ "$uid" = 0 ]; then
  mount --bind "$caches" /var/cache
  exec env PATH="$path" "$@"
fi
exec unshare --user --map-user="$uid" --map-group="$gid" -- env PATH="$path" XDG_CACHE_HOME="$caches" "$@"
"#;

pub(crate) struct Machine {
    home: TempDir,
}

impl Machine {
    /// Makes a machine with neither PostgreSQL nor a program that installs it. There is none where nothing may be
    /// mounted.
    pub(crate) fn new(name: &str) -> Option<Self> {
        let machine = Self { home: TempDir::new(name) };
        fs::create_dir(machine.caches()).unwrap();
        fs::create_dir(machine.path()).unwrap();
        for tool in TOOLS {
            machine.link(tool);
        }
        let mut probe = machine.command(Path::new("true"));
        if probe.stderr(Stdio::null()).status().unwrap().success() {
            return Some(machine);
        }
        eprintln!("not shown here: this system lets this user mount nothing in a namespace of its own");
        None
    }

    /// The directory of this machine's files.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The cache of programs, whose directory exists only after an installation.
    pub(crate) fn cache(&self) -> PathBuf {
        self.caches().join("taskmaster")
    }

    /// The names in the cache but for the lock.
    pub(crate) fn cached(&self) -> Vec<String> {
        let entries = fs::read_dir(self.cache()).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().into_string().unwrap());
        names.filter(|name| name != "lock").collect()
    }

    /// Puts a program of the real machine into `PATH`.
    pub(crate) fn link(&self, tool: &str) {
        let dirs = std::env::var_os("PATH").unwrap();
        let program =
            std::env::split_paths(&dirs).map(|dir| dir.join(tool)).find(|program| program.is_file());
        if let Some(program) = program {
            std::os::unix::fs::symlink(program, self.path().join(tool)).unwrap();
        }
    }

    /// Puts a script into `PATH`. Another process writes it: see `copy_for_all` in users.rs.
    pub(crate) fn script(&self, name: &str, text: &str) {
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$0.new" && chmod 755 "$0.new" && mv "$0.new" "$0""#;
        let mut command = Command::new("sh");
        command.args(["-c", write]).arg(self.path().join(name)).arg(text);
        assert!(command.status().unwrap().success());
    }

    /// Starts a process that plays `role` on this machine.
    pub(crate) fn play(&self, role: &str, variables: &[(&str, &str)]) -> Actor {
        Actor::play_by(self.command(&std::env::current_exe().unwrap()), role, variables)
    }

    /// The same with standard error in a file.
    pub(crate) fn play_logged(&self, role: &str, log: &Path) -> Actor {
        let mut command = self.command(&std::env::current_exe().unwrap());
        command.stderr(fs::File::create(log).unwrap());
        Actor::play_by(command, role, &[])
    }

    fn command(&self, program: &Path) -> Command {
        let id = |option: &str| {
            let id = Command::new("id").arg(option).output().unwrap();
            String::from_utf8(id.stdout).unwrap().trim().to_owned()
        };
        let mut command = Command::new("unshare");
        if !is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(["--mount", "--", "sh", "-c", HIDE, "sh"]);
        command.arg(self.caches()).arg(self.path()).arg(id("-u")).arg(id("-g")).arg(program);
        command.env_remove("TASKMASTER_OFFLINE");
        command
    }

    fn caches(&self) -> PathBuf {
        self.home().join("caches")
    }

    fn path(&self) -> PathBuf {
        self.home().join("bin")
    }
}
