//! Lists the folders of `migrations/` in a table that the library includes, so that a new migration is registered by being
//! there.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=migrations");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("migrations");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(
                entry.file_name().into_string().map_err(|name| format!("{} is not UTF-8", name.display()))?,
            );
        }
    }
    names.sort();

    let mut table = String::from("&[\n");
    for name in &names {
        let (up, down) = (folder.join(name).join("up.sql"), folder.join(name).join("down.sql"));
        let (up, down) = (up.display().to_string(), down.display().to_string());
        writeln!(
            table,
            "SqlMigration {{ name: {name:?}, up: include_str!({up:?}), down: include_str!({down:?}) }},"
        )?;
    }
    table.push_str("]\n");
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("catalogue.rs"), table)?;
    Ok(())
}
