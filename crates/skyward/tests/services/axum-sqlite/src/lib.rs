//! The database of the notes.

use std::env;
use std::error::Error;
use std::path::PathBuf;

use rusqlite::Connection;

/// Opens the database that DATABASE names; without it, one in memory.
pub fn open() -> rusqlite::Result<Connection> {
    let connection = match env::var("DATABASE") {
        Ok(path) => Connection::open(path)?,
        Err(_) => Connection::open_in_memory()?,
    };
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(connection)
}

/// Runs the files of the folder whose number is higher than the database's, each in a transaction.
pub fn migrate(connection: &mut Connection) -> Result<(), Box<dyn Error>> {
    let folder = env::var("MIGRATIONS").unwrap_or_else(|_| "migrations".to_owned());
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{folder}: {error}"))?;
    let mut files: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.sort();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let number: u32 = name.split('_').next().unwrap_or_default().parse()?;
        if number <= version(connection)? {
            continue;
        }
        let transaction = connection.transaction()?;
        transaction
            .execute_batch(&std::fs::read_to_string(&file)?)
            .map_err(|error| format!("migration {name}: {error}"))?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
        println!("migrated by {name}");
    }
    Ok(())
}

/// The number of the last migration.
pub fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("SELECT user_version FROM pragma_user_version", [], |row| row.get(0))
}
