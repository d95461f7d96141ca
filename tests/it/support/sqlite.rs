//! SQLite databases for the tests, copied from one that has its tables: making them anew for each test
//! takes longer than many a test.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use sqlx::migrate::Migrator;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::OnceCell;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();

/// A new database with its tables in a folder; its URL.
pub(crate) async fn database(folder: &Path) -> String {
    let template = TEMPLATE.get_or_init(template).await;
    let path = folder.join("harborline.db");
    let mut made = std::fs::File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .unwrap();
    made.write_all(template).unwrap();
    format!("sqlite://{}", path.display())
}

/// Makes the database that the others are copies of. Its journal is not yet the one of the program, so
/// that it is one file.
async fn template() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.db");
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    MIGRATIONS.run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    std::fs::read(path).unwrap()
}
