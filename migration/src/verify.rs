use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use sea_orm_migration::sea_orm::TransactionTrait;

use crate::catalogue::{catalogue, checksum};
use crate::record::pending;
use crate::scaffold::{is_migration_name, version_of};
use crate::split::statements;
use crate::{MigrateError, Target};

/// The text of a migration's two files, where they are there.
struct Files {
    up: Option<String>,
    down: Option<String>,
}

impl Target {
    /// Compares the files with what has been applied, and the schema with what the migrations make. Returns one
    /// sentence for each fault.
    ///
    /// `folder` is the folder of migrations to look at; without it, the files that this program was built from. A fault is: a
    /// file changed since it was applied, a missing file, two migrations of one version, a name that sorts wrongly, an
    /// empty file, a program built from other files, and records of the database that contradict one another.
    ///
    /// Once all migrations are applied, these are faults, too: a missing role, grant, table, view, function,
    /// constraint, index or trigger; one that is disabled or not validated; a function that names another schema.
    ///
    /// # Errors
    ///
    /// When the database or the folder cannot be read.
    pub async fn verify(&self, folder: Option<&Path>) -> Result<Vec<String>, MigrateError> {
        let files = folder.map_or_else(|| Ok(built_in()), read_folder)?;
        let mut faults = faults_of_files(&files);
        if folder.is_some() {
            faults.extend(faults_of_build(&files));
        }
        let records = self.records().await?;
        for (version, record) in &records {
            match files.get(version) {
                None => faults.push(format!("{version} is applied, but its folder is missing: restore it")),
                Some(Files { up: Some(up), down: Some(down) }) if record.is_changed(&checksum(up, down)) => {
                    faults.push(format!("{version} changed after being applied: restore its files"));
                }
                Some(_) => {}
            }
            if record.counts_as_applied && record.details.is_none() {
                faults.push(format!("{version} is in seaql_migrations, but not in schema_migrations"));
            }
            if !record.counts_as_applied {
                faults.push(format!(
                    "{version} is in schema_migrations, but not in seaql_migrations: run it again"
                ));
            }
        }
        // A newer program may have changed what the schema holds.
        let is_newer = records.iter().any(|(version, record)| {
            record.counts_as_applied && catalogue().iter().all(|it| it.name != version)
        });
        if pending(&records).is_empty() && !is_newer {
            let transaction = self.db.begin().await?;
            faults.extend(self.differences(&transaction).await?.into_iter().map(|it| it.text));
            transaction.rollback().await?;
        }
        Ok(faults)
    }
}

fn built_in() -> BTreeMap<String, Files> {
    let files = |text: &str| Some(text.to_owned());
    catalogue()
        .iter()
        .map(|it| (it.name.to_owned(), Files { up: files(it.up), down: files(it.down) }))
        .collect()
}

fn read_folder(folder: &Path) -> Result<BTreeMap<String, Files>, MigrateError> {
    let fault = |path: &Path| {
        let path = path.display().to_string();
        move |source| MigrateError::File { path, source }
    };
    let read = |path: &Path| match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fault(path)(error)),
    };
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(fault(folder))? {
        let entry = entry.map_err(fault(folder))?;
        let path = entry.path();
        if path.is_dir() {
            let name = entry.file_name().to_string_lossy().into_owned();
            files
                .insert(name, Files { up: read(&path.join("up.sql"))?, down: read(&path.join("down.sql"))? });
        }
    }
    Ok(files)
}

fn faults_of_files(files: &BTreeMap<String, Files>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut first_of: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, Files { up, down }) in files {
        if !is_migration_name(name) {
            faults.push(format!(
                "{name} is no name of a migration: it would be m20261231_000001_words, 50 bytes at most"
            ));
        } else if let Some(first) = first_of.insert(version_of(name), name) {
            faults.push(format!("{first} and {name} have one version: give one of them the next number"));
        }
        for (file, text) in [("up.sql", up), ("down.sql", down)] {
            match text {
                None => faults.push(format!("{name}/{file} is missing")),
                Some(text) if statements(text).is_empty() => {
                    faults.push(format!("{name}/{file} holds no statement"));
                }
                Some(_) => {}
            }
        }
    }
    faults
}

fn faults_of_build(files: &BTreeMap<String, Files>) -> Vec<String> {
    let on_disk: BTreeMap<&str, String> = files
        .iter()
        .filter_map(|(name, files)| Some((name.as_str(), checksum(files.up.as_ref()?, files.down.as_ref()?))))
        .collect();
    let built: BTreeMap<&str, String> = catalogue().iter().map(|it| (it.name, it.checksum())).collect();
    let mut faults = Vec::new();
    for name in built.keys().filter(|name| !files.contains_key(**name)) {
        faults.push(format!("{name} is part of this program, but its folder is missing"));
    }
    for name in
        on_disk.iter().filter(|(name, checksum)| built.get(*name) != Some(checksum)).map(|(name, _)| name)
    {
        faults.push(format!("{name} is not what this program was built from: build it again"));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_migrations_of_this_program_have_no_faults() {
        assert_eq!(faults_of_files(&built_in()), Vec::<String>::new());
    }
}
