//! A PostgreSQL server for the tests: the one of `HARBORLINE_TEST_POSTGRES_URL`, else a private
//! one started from installed binaries, else none.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection};
use tokio::sync::OnceCell;

use super::require;

static SERVER: OnceLock<Option<Server>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

struct Server {
    url: String,
    /// Holds the pipe whose end makes the watchdog stop the server: it outlives no test run.
    _watchdog: Option<Child>,
}

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");
static TEMPLATE: OnceCell<Option<String>> = OnceCell::const_new();

/// A new database with its tables, or `None` (said loudly) when there is no server. It is copied: making
/// the tables anew for each test takes longer than most tests.
pub(crate) async fn database() -> Option<String> {
    let template = TEMPLATE.get_or_init(template).await.as_deref()?;
    new(&format!("TEMPLATE {template}")).await
}

/// A new database without any table, or `None` (said loudly) when there is no server.
pub(crate) async fn empty_database() -> Option<String> {
    new("").await
}

/// Makes the database that the others are copied from, and says its name.
async fn template() -> Option<String> {
    let url = empty_database().await?;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    MIGRATIONS.run(&mut connection).await.unwrap();
    // Nobody may be in what is copied.
    connection.close().await.unwrap();
    url.rsplit('/').next().map(str::to_owned)
}

async fn new(how: &str) -> Option<String> {
    let server = tokio::task::spawn_blocking(|| SERVER.get_or_init(start).as_ref())
        .await
        .unwrap()?;
    let name = format!(
        "harborline_{}_{}",
        std::process::id(),
        DATABASES.fetch_add(1, Ordering::SeqCst)
    );
    let mut connection = PgConnection::connect(&format!("{}/postgres", server.url))
        .await
        .unwrap();
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name} {how}"));
    sqlx::query(create).execute(&mut connection).await.unwrap();
    Some(format!("{}/{name}", server.url))
}

#[expect(
    clippy::zombie_processes,
    reason = "the watchdog ends by itself when the pipe to this process does"
)]
fn start() -> Option<Server> {
    if let Ok(url) = std::env::var("HARBORLINE_TEST_POSTGRES_URL") {
        return Some(Server {
            url: url.trim_end_matches('/').to_owned(),
            _watchdog: None,
        });
    }
    let Some(bin) = binaries() else {
        require::missing(
            "postgres",
            "no initdb found; install the package postgresql",
        );
        return None;
    };
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let folder = std::env::temp_dir().join(format!("harborline-pg-{}", std::process::id()));
    let script = format!(
        r#"set -e
           bin='{bin}'; dir='{dir}'; port={port}
           rm -rf "$dir"; mkdir -p "$dir"
           as=''
           # setpriv becomes the server, so that its pid is the one to stop.
           if [ "$(id -u)" = 0 ]; then
               chown postgres "$dir"; as='setpriv --reuid=postgres --regid=postgres --clear-groups'
           fi
           $as "$bin/initdb" -D "$dir/data" -U postgres -A trust >"$dir/initdb.log" 2>&1
           $as "$bin/postgres" -D "$dir/data" -k "$dir" -h 127.0.0.1 -p $port \
               -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off \
               -c max_connections=400 >"$dir/postgres.log" 2>&1 </dev/null &
           pid=$!
           until "$bin/pg_isready" -q -h 127.0.0.1 -p $port; do kill -0 $pid || exit 1; sleep 0.1; done
           echo ready
           read -r _ || true
           kill -QUIT $pid; wait $pid || true; rm -rf "$dir""#,
        bin = bin.display(),
        dir = folder.display(),
    );
    let mut watchdog = Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let out = watchdog.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
    if line.trim() != "ready" {
        let _ = writeln!(std::io::stderr(), "the private PostgreSQL did not start");
        require::missing("postgres", "the private server did not start");
        return None;
    }
    Some(Server {
        url: format!("postgres://postgres@127.0.0.1:{port}"),
        _watchdog: Some(watchdog),
    })
}

pub(super) fn binaries() -> Option<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql")
        .ok()
        .into_iter()
        .flatten();
    let mut versions: Vec<PathBuf> = installed
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    versions
        .into_iter()
        .rev()
        .chain(std::env::split_paths(&path))
        .find(|bin| has_server(bin))
}

fn has_server(bin: &Path) -> bool {
    bin.join("initdb").is_file()
        && bin.join("postgres").is_file()
        && bin.join("pg_isready").is_file()
}

/// A program that comes with the server.
pub(crate) fn tool(name: &str) -> PathBuf {
    let bin = binaries();
    bin.map_or_else(|| PathBuf::from(name), |bin| bin.join(name))
}
