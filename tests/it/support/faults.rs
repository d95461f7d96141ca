//! A PostgreSQL server of one test's own, to be stopped, frozen, filled up and slowed down.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::{postgres, require};

/// A server that does what it is told to, the wrong things too.
pub(crate) struct Breakable {
    bin: PathBuf,
    port: u16,
    running: Option<Running>,
    disk: Option<Disk>,
    folder: tempfile::TempDir,
}

struct Running {
    pid: u32,
    watchdog: Child,
    /// Its end makes the watchdog stop the server, frozen or not: it outlives no test run.
    stop: Option<ChildStdin>,
}

/// A small disk in memory.
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// A disk of this many megabytes at a place; `None` (said loudly) where this user cannot make one.
    pub(crate) fn mounted(place: &Path, megabytes: u32) -> Option<Self> {
        std::fs::create_dir(place).unwrap();
        let size = format!("size={megabytes}m,mode=0777");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(place)
            .stderr(Stdio::null())
            .status();
        if mount.is_ok_and(|status| status.success()) {
            return Some(Self(place.to_owned()));
        }
        require::missing("tmpfs", "only root can mount a small disk to fill up");
        None
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Fills it to the last byte.
    pub(crate) fn fill(&self) {
        let mut file = std::fs::File::create(self.0.join("filler")).unwrap();
        for size in [1 << 20, 1 << 12] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
    }

    /// Takes away what filled it.
    pub(crate) fn free(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }

    /// Takes no more writes, or takes them again.
    pub(crate) fn read_only(&self, yes: bool) {
        let how = if yes { "remount,ro" } else { "remount,rw" };
        let status = Command::new("mount")
            .args(["-o", how])
            .arg(&self.0)
            .status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // What is still open is let go of when it is closed.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

impl Breakable {
    /// A running server with an empty database; `None` (said loudly) where none is installed.
    pub(crate) async fn start() -> Option<Self> {
        let bin = Self::installed()?;
        let mut server = Self {
            bin,
            port: free_port(),
            running: None,
            disk: None,
            folder: tempfile::tempdir().unwrap(),
        };
        server.again().await;
        server.make_database().await;
        Some(server)
    }

    /// The same on a disk of its own of this many megabytes; `None` (said loudly) where this user
    /// cannot make one.
    pub(crate) async fn on_a_small_disk(megabytes: u32) -> Option<Self> {
        let bin = Self::installed()?;
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::mounted(&folder.path().join("disk"), megabytes)?;
        let mut server = Self {
            bin,
            port: free_port(),
            running: None,
            disk: Some(disk),
            folder,
        };
        server.again().await;
        server.make_database().await;
        Some(server)
    }

    fn installed() -> Option<PathBuf> {
        let bin = postgres::binaries();
        if bin.is_none() {
            require::missing(
                "postgres",
                "no initdb found; install the package postgresql",
            );
        }
        bin
    }

    async fn make_database(&self) {
        self.administer("CREATE DATABASE line").await;
    }

    /// Runs a statement as its administrator, past Harborline.
    async fn administer(&self, sql: &'static str) {
        let mut connection = PgConnection::connect(&self.url_of("postgres"))
            .await
            .unwrap();
        sqlx::query(sql).execute(&mut connection).await.unwrap();
    }

    /// Where Harborline finds it.
    pub(crate) fn url(&self) -> String {
        self.url_of("line")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    fn data(&self) -> &Path {
        self.disk
            .as_ref()
            .map_or(self.folder.path(), |disk| &disk.0)
    }

    /// Starts it, or starts it again after whatever happened to it.
    pub(crate) async fn again(&mut self) {
        self.stop();
        let script = format!(
            r#"set -e
               bin='{bin}'; dir='{dir}'; port={port}; as=''
               # setpriv becomes the server, so that its pid is the one to stop.
               if [ "$(id -u)" = 0 ]; then
                   chown postgres "$dir"; chmod 0755 '{folder}'
                   as='setpriv --reuid=postgres --regid=postgres --clear-groups'
               fi
               [ -d "$dir/data" ] ||
                   $as "$bin/initdb" -D "$dir/data" -U postgres -A trust --wal-segsize=1 >&2
               rm -f "$dir/data/postmaster.pid"
               $as "$bin/postgres" -D "$dir/data" -k "$dir" -h 127.0.0.1 -p $port -c fsync=off \
                   -c max_connections=60 -c min_wal_size=2MB -c max_wal_size=8MB >&2 </dev/null &
               pid=$!
               until "$bin/pg_isready" -q -h 127.0.0.1 -p $port; do kill -0 $pid || exit 1; sleep 0.1; done
               echo $pid
               read -r _ || true
               # Frozen, it would not hear that it is to stop.
               kill -CONT $pid $(cat /proc/$pid/task/$pid/children) 2>/dev/null || true
               kill -QUIT $pid 2>/dev/null || true
               wait $pid || true"#,
            bin = self.bin.display(),
            dir = self.data().display(),
            folder = self.folder.path().display(),
            port = self.port,
        );
        let log = self.folder.path().join("postgres.log");
        let (watchdog, pid) = tokio::task::spawn_blocking(move || {
            let log = std::fs::File::options().create(true).append(true).open(log);
            let mut watchdog = Command::new("sh")
                .args(["-c", &script])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(log.unwrap())
                .spawn()
                .unwrap();
            let mut line = String::new();
            let out = watchdog.stdout.take().unwrap();
            BufReader::new(out).read_line(&mut line).unwrap();
            (watchdog, line.trim().parse().expect("the server starts"))
        })
        .await
        .unwrap();
        let mut watchdog = watchdog;
        let stop = watchdog.stdin.take();
        self.running = Some(Running {
            pid,
            watchdog,
            stop,
        });
    }

    /// Stops it at once, as a power cut does.
    pub(crate) fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            drop(running.stop.take());
            running.watchdog.wait().unwrap();
        }
    }

    /// Freezes it: it takes connections and bytes, and never answers.
    pub(crate) fn freeze(&self) {
        // The parent first, so that no child is born behind our back.
        self.signal("-STOP", false);
        self.signal("-STOP", true);
    }

    pub(crate) fn thaw(&self) {
        self.signal("-CONT", true);
        self.signal("-CONT", false);
    }

    fn signal(&self, signal: &str, children: bool) {
        let pid = self.running.as_ref().unwrap().pid;
        let of_it = format!("/proc/{pid}/task/{pid}/children");
        let pids = if children {
            std::fs::read_to_string(of_it).unwrap()
        } else {
            pid.to_string()
        };
        // A child may have ended since: then there is nobody to signal.
        let _ = Command::new("kill")
            .arg(signal)
            .args(pids.split_whitespace())
            .stderr(Stdio::null())
            .status();
    }

    /// The disk that it is on, if it is one of its own.
    pub(crate) fn disk(&self) -> &Disk {
        self.disk.as_ref().unwrap()
    }

    /// Takes writes from now on, or none: a standby, and a primary that somebody has fenced off, take none.
    pub(crate) async fn takes_writes(&self, yes: bool) {
        let set = if yes {
            "ALTER SYSTEM RESET default_transaction_read_only"
        } else {
            "ALTER SYSTEM SET default_transaction_read_only = on"
        };
        self.administer(set).await;
        self.reloaded(
            if yes { "off" } else { "on" },
            "default_transaction_read_only",
        )
        .await;
    }

    /// Reads its settings again, and waits until new connections have this one.
    async fn reloaded(&self, value: &str, setting: &'static str) {
        self.administer("SELECT pg_reload_conf()").await;
        loop {
            let mut c = PgConnection::connect(&self.url_of("postgres"))
                .await
                .unwrap();
            let now: String = sqlx::query_scalar("SELECT current_setting($1)")
                .bind(setting)
                .fetch_one(&mut c)
                .await
                .unwrap();
            if now == value {
                return;
            }
        }
    }

    /// A standby of this server, to which each commit is carried before it counts.
    pub(crate) async fn standby(&self) -> Self {
        let standby = Self {
            bin: self.bin.clone(),
            port: free_port(),
            running: None,
            disk: None,
            folder: tempfile::tempdir().unwrap(),
        };
        let script = format!(
            r#"set -e
               dir='{dir}'; as=''
               if [ "$(id -u)" = 0 ]; then
                   chown postgres "$dir"; chmod 0755 "$dir"
                   as='setpriv --reuid=postgres --regid=postgres --clear-groups'
               fi
               $as '{bin}/pg_basebackup' -h 127.0.0.1 -p {port} -U postgres -D "$dir/data" -R -X stream -c fast"#,
            dir = standby.folder.path().display(),
            bin = self.bin.display(),
            port = self.port,
        );
        let copied = tokio::task::spawn_blocking(move || {
            Command::new("sh").args(["-c", &script]).output().unwrap()
        });
        let copied = copied.await.unwrap();
        assert!(copied.status.success(), "{copied:?}");
        let mut standby = standby;
        standby.again().await;
        // Set after the copy was made: promoted, it waits for no standby of its own.
        self.administer("ALTER SYSTEM SET synchronous_standby_names = '*'")
            .await;
        self.reloaded("*", "synchronous_standby_names").await;
        standby
    }

    /// Makes a standby the primary.
    pub(crate) async fn promote(&self) {
        self.administer("SELECT pg_promote()").await;
    }

    /// How many connections of Harborline are open.
    pub(crate) async fn connected(&self) -> i64 {
        let mut c = PgConnection::connect(&self.url_of("postgres"))
            .await
            .unwrap();
        let ours = "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'harborline'";
        sqlx::query_scalar(ours).fetch_one(&mut c).await.unwrap()
    }

    /// Drops every table of the line.
    pub(crate) async fn drop_schema(&self) {
        let mut connection = PgConnection::connect(&self.url()).await.unwrap();
        for sql in ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"] {
            sqlx::query(sql).execute(&mut connection).await.unwrap();
        }
    }
}

impl Drop for Breakable {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A way to whichever server is the primary: the address that stays the same, as a virtual address or a name
/// does.
pub(crate) struct Way {
    port: u16,
    leads_to: watch::Sender<SocketAddr>,
    open: watch::Sender<Open>,
}

/// What becomes of the connections that are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    /// They carry.
    Carry,
    /// They end.
    Cut,
    /// They carry nothing more, and do not end: the machine behind them is gone without a word.
    Silent,
}

impl Way {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (leads_to, target) = watch::channel(server);
        let (open, ends) = watch::channel(Open::Carry);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (target, mut ends) = (*target.borrow(), ends.clone());
                ends.mark_unchanged();
                tokio::spawn(async move {
                    let Ok(mut server) = TcpStream::connect(target).await else {
                        return;
                    };
                    let _ = (client.set_nodelay(true), server.set_nodelay(true));
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                        Ok(()) = ends.changed() => {
                            if *ends.borrow_and_update() == Open::Silent {
                                std::future::pending::<()>().await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            port,
            leads_to,
            open,
        }
    }

    /// Where Harborline finds the line.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/line", self.port)
    }

    /// New connections lead there. Those that are open stay what they are.
    pub(crate) fn lead_to(&self, server: SocketAddr) {
        self.leads_to.send_replace(server);
    }

    /// Ends the connections that are open.
    pub(crate) fn cut(&self) {
        self.open.send_replace(Open::Cut);
    }

    /// Carries nothing more on the connections that are open.
    pub(crate) fn fall_silent(&self) {
        self.open.send_replace(Open::Silent);
    }
}

/// A way to a server on which everything takes its time.
pub(crate) struct SlowWay {
    pub(crate) port: u16,
    delay: watch::Sender<Duration>,
}

impl SlowWay {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (delay, delayed) = watch::channel(Duration::ZERO);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let delayed = delayed.clone();
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(server).await else {
                        return;
                    };
                    // Only the delay that was asked for.
                    let _ = (client.set_nodelay(true), server.set_nodelay(true));
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = server.into_split();
                    let back = watch::channel(Duration::ZERO).1;
                    tokio::join!(
                        carry(from_client, to_server, delayed),
                        carry(from_server, to_client, back)
                    );
                });
            }
        });
        Self { port, delay }
    }

    /// Everything that is sent to the server takes this long from now on.
    pub(crate) fn delay(&self, by: Duration) {
        self.delay.send_replace(by);
    }
}

async fn carry(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut delay: watch::Receiver<Duration>,
) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count) = from.read(&mut bytes).await {
        let wait = *delay.borrow_and_update();
        // A sleep of no time would take a millisecond.
        if !wait.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                // Somebody has mended the way.
                Ok(()) = delay.changed() => {}
            }
        }
        if count == 0 || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
