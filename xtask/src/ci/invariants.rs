//! Rules of the workspace that no compiler checks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::imports;
use crate::process;

/// The crates of the workspace, and those of them that each may depend on.
const DIRECTION: [(&str, &[&str]); 15] = [
    ("taskmaster-models", &[]),
    ("taskmaster-repository", &["taskmaster-models"]),
    ("taskmaster-security", &["taskmaster-models"]),
    ("taskmaster-guard", &[]),
    ("taskmaster-import", &["taskmaster-models"]),
    ("taskmaster-connection", &[]),
    (
        "taskmaster-postgres",
        &[
            "taskmaster-connection",
            "taskmaster-guard",
            "taskmaster-models",
            "taskmaster-repository",
            "taskmaster-security",
        ],
    ),
    ("taskmaster-embedded", &[]),
    ("taskmaster-cli", &["taskmaster-connection", "taskmaster-embedded"]),
    ("taskmaster-migration", &["taskmaster-cli", "taskmaster-connection"]),
    (
        "taskmaster-maintenance",
        &[
            "taskmaster-cli",
            "taskmaster-connection",
            "taskmaster-models",
            "taskmaster-postgres",
            "taskmaster-repository",
        ],
    ),
    (
        "taskmaster-testkit",
        &[
            "taskmaster-embedded",
            "taskmaster-migration",
            "taskmaster-models",
            "taskmaster-repository",
            "taskmaster-security",
        ],
    ),
    (
        "taskmaster-examples",
        &[
            "taskmaster-cli",
            "taskmaster-connection",
            "taskmaster-embedded",
            "taskmaster-guard",
            "taskmaster-import",
            "taskmaster-maintenance",
            "taskmaster-migration",
            "taskmaster-models",
            "taskmaster-postgres",
            "taskmaster-repository",
            "taskmaster-security",
            "taskmaster-testkit",
        ],
    ),
    ("xtask", &["taskmaster-embedded"]),
    (
        "xtask-database",
        &["taskmaster-cli", "taskmaster-connection", "taskmaster-embedded", "taskmaster-migration"],
    ),
];

/// Crates that no service links, so they may be built on what serves tests.
const NOT_LINKED: [&str; 4] = ["taskmaster-testkit", "taskmaster-examples", "xtask", "xtask-database"];

/// The crate that depends on the SQL parser, and those that link it through that one.
const PARSER: &str = "taskmaster-guard";
const LINKS_PARSER: [&str; 4] =
    [PARSER, "taskmaster-postgres", "taskmaster-maintenance", "taskmaster-examples"];

/// Crates whose files must not import each other in a circle, and the folders that they are in.
const WITHOUT_CIRCLES: [(&str, &str); 3] = [
    ("taskmaster-connection", "crates/connection"),
    ("taskmaster-postgres", "crates/postgres"),
    ("taskmaster-migration", "migration"),
];

/// Variables of the system, of its programs and of cargo, which are not set for this project.
const FOREIGN_VARIABLES: [&str; 6] =
    ["CARGO", "CARGO_MANIFEST_DIR", "DEBIAN_FRONTEND", "HOME", "OUT_DIR", "PATH"];

/// Checks all of them, and fails with the list of what is wrong.
pub(super) fn check() -> Result<()> {
    let members = members()?;
    let mut faults = Vec::new();
    for member in &members {
        check_dependencies(member, &members, &mut faults)?;
        check_lints(member, &mut faults)?;
    }
    check_imports(&members, &mut faults)?;
    check_variables(&members, &mut faults)?;
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    println!("{} crates keep them", members.len());
    Ok(())
}

pub(super) struct Member {
    pub(super) name: String,
    dir: PathBuf,
}

/// The packages of the workspace, from lines such as `taskmaster-models v0.1.0 (/src/crates/models)`.
pub(super) fn members() -> Result<Vec<Member>> {
    let tree = tree(&["--workspace", "--depth", "0"])?;
    tree.lines()
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (name, rest) =
                line.split_once(' ').context("cargo tree names a package without a version")?;
            let dir = rest
                .split_once('(')
                .and_then(|(_, dir)| dir.split_once(')'))
                .context("a member has no path")?
                .0;
            Ok(Member { name: name.to_owned(), dir: PathBuf::from(dir) })
        })
        .collect()
}

fn tree(arguments: &[&str]) -> Result<String> {
    let output =
        process::cargo().args(["tree", "--edges", "normal", "--prefix", "none"]).args(arguments).output()?;
    ensure!(output.status.success(), "cargo tree failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(String::from_utf8(output.stdout)?)
}

/// The names of the packages below the first line of a tree.
fn dependencies(tree: &str) -> BTreeSet<&str> {
    tree.lines().skip(1).filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty()).collect()
}

fn check_dependencies(member: &Member, members: &[Member], faults: &mut Vec<String>) -> Result<()> {
    let name = member.name.as_str();
    let Some((_, allowed)) = DIRECTION.iter().find(|(crate_name, _)| *crate_name == name) else {
        faults.push(format!("{name} is not in the table of dependencies: say there what it may depend on"));
        return Ok(());
    };
    let direct = tree(&["--package", name, "--all-features", "--depth", "1"])?;
    let own = |dependency: &&str| members.iter().any(|member| member.name == *dependency);
    for dependency in dependencies(&direct).into_iter().filter(own) {
        if !allowed.contains(&dependency) && dependency != name {
            faults.push(format!("{name} must not depend on {dependency}"));
        }
    }

    if dependencies(&direct).contains("sqlparser") && name != PARSER {
        faults.push(format!("{name} must not depend on sqlparser: only {PARSER} reads statements"));
    }

    let whole = tree(&["--package", name])?;
    let mut forbidden = Vec::new();
    if !NOT_LINKED.contains(&name) {
        forbidden.extend(["mockall", "taskmaster-testkit"]);
    }
    if ["taskmaster-models", "taskmaster-repository"].contains(&name) {
        forbidden.extend(["sea-orm", "sqlx", "tokio"]);
    }
    if !LINKS_PARSER.contains(&name) {
        forbidden.push("sqlparser");
    }
    for dependency in dependencies(&whole) {
        for forbidden in &forbidden {
            // With the parts that a library is split into, such as sqlx-core.
            if dependency.strip_prefix(forbidden).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            {
                faults.push(format!("{name} must not link {dependency}, not even through another crate"));
            }
        }
    }
    Ok(())
}

fn check_lints(member: &Member, faults: &mut Vec<String>) -> Result<()> {
    let manifest = read(&member.dir.join("Cargo.toml"))?;
    if !manifest.contains("[lints]\nworkspace = true\n") {
        faults.push(format!("{} must have the workspace's lints: [lints] workspace = true", member.name));
    }
    Ok(())
}

/// No files of a crate import each other in a circle.
fn check_imports(members: &[Member], faults: &mut Vec<String>) -> Result<()> {
    for (name, folder) in WITHOUT_CIRCLES {
        let src = process::root().join(folder).join("src");
        if !src.is_dir() && !members.iter().any(|member| member.name == name) {
            continue;
        }
        let mut sources = imports::Sources::new();
        for file in rust_files(&src)? {
            sources.insert(file.strip_prefix(&src)?.to_owned(), read(&file)?);
        }
        let circles = imports::circles(&sources).with_context(|| format!("cannot read {name}"))?;
        faults.extend(circles.iter().map(|circle| format!("{folder}/src: {circle}")));
    }
    Ok(())
}

/// `.env.example` names the variables that the programs read, all of them and no others.
fn check_variables(members: &[Member], faults: &mut Vec<String>) -> Result<()> {
    let mut read_somewhere = BTreeSet::new();
    for member in members {
        for file in rust_files(&member.dir.join("src"))? {
            read_somewhere.extend(variables_read(&read(&file)?));
        }
    }
    read_somewhere.retain(|name| !FOREIGN_VARIABLES.contains(&name.as_str()));
    let example = read(&process::root().join(".env.example"))?;
    let told: BTreeSet<String> = example.lines().filter_map(variable_of_line).map(str::to_owned).collect();
    for name in read_somewhere.difference(&told) {
        faults.push(format!(".env.example must tell of {name}, which the code reads"));
    }
    for name in told.difference(&read_somewhere) {
        faults.push(format!(".env.example must not tell of {name}, which no code reads"));
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn rust_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

/// Returns the variables that a file reads: where it reads the environment at all, each of its literals that looks like
/// a variable, since names are also constants and are handed to functions that read them.
fn variables_read(code: &str) -> Vec<String> {
    let code = code.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    if !["env::var", "env = \"", "var_os(", "vars_os(", "from_env("]
        .iter()
        .any(|reading| code.contains(reading))
    {
        return Vec::new();
    }
    // Code between two literals never looks like a variable, so it does not matter which pieces are the literals.
    let pieces: Vec<&str> = code.split('"').collect();
    let read = pieces.windows(3).filter(|around| {
        let is_handed_over = around[0].ends_with('(') && around[2].starts_with(')');
        let is_constant = around[0].ends_with(": &str = ") && around[2].starts_with(';');
        // Without an underscore it may be any word in capitals, and with one at its end it is a prefix.
        is_variable(around[1])
            && !around[1].ends_with('_')
            && (around[1].contains('_') || is_handed_over || is_constant)
    });
    read.map(|around| around[1].to_owned()).collect()
}

/// Returns `true` if a text is written like a variable.
fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// The variable that a line of `.env.example` sets, also when it is commented out.
fn variable_of_line(line: &str) -> Option<&str> {
    let (name, _) = line.trim_start_matches(['#', ' ']).split_once('=')?;
    is_variable(name).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_of_a_file_are_found_however_they_are_read() {
        let code = r#"
            let url = env::var("DATABASE_URL").ok();
            let dir = variable("TASKMASTER_DATA_DIR").or_else(|| variable("HOME"));
            #[arg(long, env = "LOG_LEVEL", value_name = "LEVEL")]
            println!("PG_BIN is not set");
        "#;
        assert_eq!(variables_read(code), ["DATABASE_URL", "TASKMASTER_DATA_DIR", "HOME", "LOG_LEVEL"]);
    }

    #[test]
    fn a_variable_without_an_underscore_is_found_where_it_is_handed_over_or_named() {
        let code = r#"
            const PASSFILE: &str = "PGPASSFILE";
            let program = env::var_os("PGBOUNCER").filter(|program| program != "NONE");
            let words = ["SELECT", "INSERT"];
        "#;
        assert_eq!(variables_read(code), ["PGPASSFILE", "PGBOUNCER"]);
    }

    #[test]
    fn a_file_that_does_not_read_the_environment_has_none() {
        assert!(variables_read(r#"const KEYWORD: &str = "SELECT";"#).is_empty());
    }

    #[test]
    fn a_line_of_the_example_may_be_commented_out() {
        assert_eq!(variable_of_line("DATABASE_URL=postgres://db/app"), Some("DATABASE_URL"));
        assert_eq!(variable_of_line("# PG_BIN=/usr/lib/postgresql/17/bin"), Some("PG_BIN"));
        assert_eq!(variable_of_line("#PGBOUNCER=/usr/sbin/pgbouncer"), Some("PGBOUNCER"));
        assert_eq!(variable_of_line("# In words: a = b"), None);
    }

    #[test]
    fn the_first_line_of_a_tree_is_the_package_itself() {
        let tree = "a v1.0.0 (/src/a)\nserde v1.0.0\nb v1.0.0 (/src/b) (*)\n";
        assert_eq!(dependencies(tree).into_iter().collect::<Vec<_>>(), ["b", "serde"]);
    }
}
