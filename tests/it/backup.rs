//! Backups are made beside a running server, found out when they are damaged, and put back whole.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use harborline::disk;
use serde_json::Value;
use sqlx::Connection as _;

use crate::support::binary::{Serving, command, run, said};
use crate::support::{Engine, World, postgres};

/// The findings of `restore --check`, by id: whether each is well.
fn checked(folder: &Path, arguments: &[&str], code: i32) -> Vec<(String, String)> {
    let arguments = [&["restore", "--check", "--json"], arguments].concat();
    let output = run(folder, &arguments, "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let words = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    for finding in &findings {
        assert!(
            finding["state"] == "ok" || finding["state"] == "warn" || finding["fix"] != "",
            "{finding}"
        );
    }
    findings
        .iter()
        .map(|one| (words(one, "id"), words(one, "state")))
        .collect()
}

fn well(findings: &[(String, String)]) -> bool {
    findings.iter().all(|(_, state)| state == "ok")
}

/// What stands in a folder, by name.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Takes the database of a folder away, with its journals, and leaves the keys.
fn lose_the_database(folder: &Path) {
    for file in std::fs::read_dir(folder.join("data")).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() && path.file_name().unwrap() != "master.key" {
            std::fs::remove_file(path).unwrap();
        }
    }
}

/// A line with a text in it, which runs.
fn a_line_with_texts() -> Serving {
    let folder = tempfile::tempdir().unwrap();
    // A port of its own: another Harborline may serve on the default one.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let settings = format!("[listen]\naddress = \"{free}\"\n");
    std::fs::write(folder.path().join("harborline.toml"), settings).unwrap();
    let chat = run(folder.path(), &["chat"], "MENU\n");
    assert_eq!(
        chat.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&chat.stderr)
    );
    Serving::start_in(folder, &[])
}

#[test]
fn a_backup_of_a_running_line_is_whole_private_without_the_key_and_comes_back() {
    let serving = a_line_with_texts();
    let folder = serving.folder.path();
    let made = run(folder, &["backup", "night"], "");
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    assert_eq!(
        made.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    assert!(
        said.contains("The key is not in it") && said.contains("data/master.key"),
        "{said}"
    );
    let night = folder.join("night");
    for entry in std::fs::read_dir(&night).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o077,
            0,
            "{entry:?}"
        );
    }
    assert!(!night.join("master.key").exists());
    let findings = checked(folder, &["night"], 0);
    let ids: Vec<&str> = findings.iter().map(|(id, _)| id.as_str()).collect();
    let all = [
        "note",
        "checksum",
        "spool",
        "integrity",
        "references",
        "content",
        "key",
        "audit",
    ];
    assert_eq!(ids, all.map(|id| format!("backup.{id}")));
    assert!(well(&findings), "{findings:?}");
    // A second one does not write into the first.
    let again = run(folder, &["backup", "night"], "");
    assert_eq!(again.status.code(), Some(1));
    // Nothing that is there is overwritten.
    let refused = run(folder, &["restore", "night"], "");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        refused.status.code() == Some(1) && said.contains("is there already"),
        "{said}"
    );
    let (_, kept) = serving.stop();
    let data = kept.path().join("data");
    lose_the_database(kept.path());
    assert_eq!(
        names(&night),
        ["backup.json", "harborline.db"],
        "checking it leaves nothing there"
    );
    let restored = run(kept.path(), &["restore", "night"], "");
    assert_eq!(
        restored.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&restored.stderr)
    );
    let rights = std::fs::metadata(data.join("harborline.db"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(rights & 0o777, 0o600);
    assert!(well(&checked(kept.path(), &[], 0)), "the database in use");
    assert_eq!(Serving::start_in(kept, &[]).stop().0, Some(0));
}

#[test]
fn a_backup_that_cannot_be_used_says_what_is_wrong_with_it() {
    let serving = a_line_with_texts();
    let (_, folder) = serving.stop();
    let folder = folder.path();
    assert_eq!(run(folder, &["backup", "night"], "").status.code(), Some(0));
    let failing = |arguments: &[&str]| -> Vec<String> {
        let findings = checked(folder, arguments, 1);
        findings
            .into_iter()
            .filter(|(_, state)| state == "fail")
            .map(|(id, _)| id)
            .collect()
    };
    let database = folder.join("night/harborline.db");
    let whole = std::fs::read(&database).unwrap();
    // One page in the middle is noise.
    let mut damaged = whole.clone();
    let middle = (damaged.len() / 4096 / 2) * 4096;
    damaged[middle..middle + 4096].fill(0xa5);
    std::fs::write(&database, &damaged).unwrap();
    let found = failing(&["night"]);
    assert!(
        found.contains(&"backup.checksum".to_owned())
            && found.contains(&"backup.integrity".to_owned()),
        "{found:?}"
    );
    std::fs::write(&database, &whole).unwrap();
    // Somebody else's key.
    let (key, kept) = (folder.join("data/master.key"), folder.join("kept.key"));
    std::fs::rename(&key, &kept).unwrap();
    assert_eq!(failing(&["night"]), ["backup.key"], "without one");
    std::fs::write(&key, format!("{}\n", "ab".repeat(32))).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(failing(&["night"]), ["backup.key"], "with another");
    std::fs::rename(&kept, &key).unwrap();
    // Not finished, not there, not a database.
    std::fs::remove_file(folder.join("night/backup.json")).unwrap();
    assert_eq!(failing(&["night"]), ["backup.note"]);
    assert_eq!(failing(&["nowhere"]), ["backup.database"]);
    std::fs::write(folder.join("words"), "these are words").unwrap();
    assert!(failing(&["words"]).contains(&"backup.integrity".to_owned()));
}

#[test]
fn a_backup_that_cannot_be_used_is_refused_in_one_sentence_and_nothing_stays() {
    let serving = a_line_with_texts();
    let (_, folder) = serving.stop();
    let folder = folder.path();
    assert_eq!(run(folder, &["backup", "night"], "").status.code(), Some(0));
    lose_the_database(folder);
    let before = names(&folder.join("data"));
    let database = folder.join("night/harborline.db");
    let whole = std::fs::read(&database).unwrap();
    let refused = |why: &str| {
        let output = run(folder, &["restore", "night"], "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{why}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        assert!(said.contains("night: nothing was put back: "), "{said}");
        assert_eq!(names(&folder.join("data")), before, "{why}");
        said
    };
    std::fs::write(&database, &whole[..whole.len() / 2]).unwrap();
    assert!(refused("truncated").contains("changed or damaged since"));
    let mut altered = whole.clone();
    let last = altered.len() - 1;
    altered[last] ^= 1;
    std::fs::write(&database, &altered).unwrap();
    assert!(refused("one bit").contains("changed or damaged since"));
    std::fs::write(&database, &whole).unwrap();
    let key = folder.join("data/master.key");
    let right = std::fs::read(&key).unwrap();
    std::fs::write(&key, format!("{}\n", "ab".repeat(32))).unwrap();
    assert!(refused("another key").contains("is not the key that sealed it"));
    std::fs::write(&key, right).unwrap();
    // Half of it is there, and the disk refuses the rest: what was made goes again.
    let spool = folder.join("night/spool");
    std::fs::create_dir(&spool).unwrap();
    std::fs::write(spool.join("one"), "x").unwrap();
    let note = folder.join("night/backup.json");
    let text = std::fs::read_to_string(&note).unwrap();
    std::fs::write(&note, text.replace("\"spooled\": 0", "\"spooled\": 1")).unwrap();
    std::fs::remove_dir_all(folder.join("data/spool")).unwrap();
    std::fs::write(folder.join("data/spool"), "a file in the way").unwrap();
    let before = names(&folder.join("data"));
    let output = run(folder, &["restore", "night"], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(1) && said.contains("data/spool"),
        "{said}"
    );
    assert_eq!(names(&folder.join("data")), before);
}

/// The master key moves to another place, and a new one waits in front of it, as while it is replaced.
#[test]
fn a_backup_is_checked_and_put_back_with_the_key_from_wherever_it_comes() {
    let serving = a_line_with_texts();
    let (_, folder) = serving.stop();
    let folder = folder.path();
    assert_eq!(run(folder, &["backup", "night"], "").status.code(), Some(0));
    let old = std::fs::read_to_string(folder.join("data/master.key")).unwrap();
    let both = format!("{}\n{old}", "ab".repeat(32));
    let elsewhere = folder.join("elsewhere.key");
    disk::write_new(&elsewhere, both.as_bytes()).unwrap();
    let elsewhere = elsewhere.display().to_string();
    std::fs::remove_file(folder.join("data/master.key")).unwrap();
    let command_of_keys = format!("[\"/bin/cat\", \"{elsewhere}\"]");
    for settings in [
        vec![("HARBORLINE__KEYS__FILE", elsewhere.as_str())],
        vec![("HARBORLINE__KEYS__COMMAND", command_of_keys.as_str())],
        vec![
            ("HARBORLINE__KEYS__VARIABLE", "LINE_KEY"),
            ("LINE_KEY", both.as_str()),
        ],
    ] {
        lose_the_database(folder);
        let works = |arguments: &[&str], code: i32| {
            let mut program = command(folder);
            program.args(arguments).envs(settings.iter().copied());
            let output = program.output().unwrap();
            let said = said(&output);
            assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
            said
        };
        works(&["restore", "--check", "night"], 0);
        works(&["restore", "night"], 0);
        works(&["migrate", "--check"], 0);
        works(&["migrate"], 0);
        assert!(!folder.join("data/master.key").exists(), "{settings:?}");
    }
    // Another key in the variable is told by its name, and what it holds is not.
    let mut program = command(folder);
    program.args(["restore", "--check", "night"]);
    program.env("HARBORLINE__KEYS__VARIABLE", "LINE_KEY");
    let other = "cd".repeat(32);
    let output = program.env("LINE_KEY", &other).output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("what LINE_KEY holds is not the key that sealed it")
            && !said.contains(&other),
        "{said}"
    );
}

#[test]
fn an_audit_log_that_was_changed_is_found_in_the_backup_and_the_line_can_go_on_all_the_same() {
    let serving = a_line_with_texts();
    let (_, folder) = serving.stop();
    let folder = folder.path();
    let database = folder.join("data/harborline.db");
    let change = async {
        let url = format!("sqlite://{}", database.display());
        let mut c = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let change = "UPDATE audit_log SET actor = 'linf' WHERE seq = 1";
        let done = sqlx::query(change).execute(&mut c).await.unwrap();
        c.close().await.unwrap();
        done.rows_affected()
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    assert_eq!(runtime.block_on(change), 1);
    assert_eq!(run(folder, &["backup", "night"], "").status.code(), Some(0));
    let output = run(folder, &["restore", "--check", "night"], "");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("FAIL     backup.audit") && said.contains("entry 1 ("),
        "{said}"
    );
    lose_the_database(folder);
    let output = run(folder, &["restore", "night"], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("entry 1 (") && said.contains("so that the line can go on"),
        "{said}"
    );
}

/// Texts that come in while a copy is made, until it is.
async fn while_texts_come_in<T>(world: &World, work: impl Future<Output = T>) -> (T, usize) {
    let mut work = std::pin::pin!(work);
    let mut texts = 0;
    loop {
        let number = format!("+1555012{:04}", texts % 40);
        let one = async {
            world
                .phone(&number)
                .delivers(&world.new_sid(), "i want to die")
                .await;
        };
        tokio::select! {
            biased;
            done = &mut work => return (done, texts),
            () = one => texts += 1,
        }
    }
}

/// A copy is of one moment: each text has its obligation, and the end of the audit log is its last entry.
const TORN: &str = "SELECT (SELECT COUNT(*) FROM messages m WHERE m.author = 'texter'
            AND NOT EXISTS (SELECT 1 FROM obligations o WHERE o.message_id = m.id))
      + (SELECT ABS(h.seq - (SELECT COUNT(seq) FROM audit_log)) FROM audit_head h)";

#[tokio::test]
async fn a_backup_made_while_texts_come_in_is_of_one_moment() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let place = tempfile::tempdir().unwrap();
    let mut came = 0;
    for round in 0..3 {
        let to = place.path().join(round.to_string());
        let copying = harborline::backup::make(&world.config, &to, world.now(), &|_, _, _| {});
        let (made, texts) = while_texts_come_in(&world, copying).await;
        made.unwrap();
        came += texts;
        let findings =
            harborline::backup::check(&world.config, Some(&to), world.now(), &|_, _, _| {}).await;
        for finding in &findings {
            let well = finding.fix.is_empty() || finding.id == "backup.content";
            assert!(well, "{}: {}", finding.id, finding.finding);
        }
        let url = format!("sqlite://{}", to.join("harborline.db").display());
        let mut c = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let torn: i64 = sqlx::query_scalar(TORN).fetch_one(&mut c).await.unwrap();
        assert_eq!(torn, 0, "round {round}");
    }
    assert!(came > 0, "no text came in meanwhile");
}

#[tokio::test]
async fn a_dump_made_while_texts_come_in_is_of_one_moment() {
    let Some(world) = World::on(Engine::Postgres).await else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    world.phone("+15550123").texts("hello").await;
    let dump = place.path().join("line.dump");
    let tool = |name: &str, arguments: &[&str]| {
        let mut command = Command::new(postgres::tool(name));
        command.args(arguments);
        let run = tokio::task::spawn_blocking(move || command.status().unwrap().success());
        async move { run.await.unwrap() }
    };
    let shown = dump.display().to_string();
    let dumping = tool(
        "pg_dump",
        &[
            "--format=custom",
            "--no-owner",
            "--file",
            &shown,
            &world.config.database.url,
        ],
    );
    let (made, texts) = while_texts_come_in(&world, dumping).await;
    assert!(made && texts > 0, "{texts} texts came in meanwhile");
    let copy = postgres::empty_database().await.unwrap();
    assert!(tool("pg_restore", &["--no-owner", "--dbname", &copy, &shown]).await);
    let mut c = sqlx::PgConnection::connect(&copy).await.unwrap();
    let torn: i64 = sqlx::query_scalar(TORN).fetch_one(&mut c).await.unwrap();
    assert_eq!(torn, 0);
    let mut config = world.config.clone();
    config.database.url = copy;
    let findings = harborline::backup::check(&config, None, world.now(), &|_, _, _| {}).await;
    let ids: Vec<&str> = findings.iter().map(|finding| finding.id.as_str()).collect();
    assert_eq!(ids, ["backup.key", "backup.audit"]);
    assert!(
        findings.iter().all(|finding| finding.fix.is_empty()),
        "{:?}",
        findings[1].finding
    );
}

#[test]
fn of_postgresql_the_exact_command_is_said_and_nobody_takes_it_for_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let settings = "[database]\nurl = \"postgres://line:secret-canary@db.example.org/harborline?sslmode=verify-full\"\n";
    std::fs::write(folder.path().join("harborline.toml"), settings).unwrap();
    let output = run(folder.path(), &["backup", "night"], "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains(
            "PGSSLMODE=verify-full pg_dump --format=custom --no-owner --host=db.example.org"
        ),
        "{said}"
    );
    assert!(
        said.contains("--file=night.dump") && !said.contains("secret-canary"),
        "{said}"
    );
    assert!(!folder.path().join("night").exists());
}

#[test]
fn migrate_says_whether_there_is_something_to_do_and_does_it() {
    let folder = tempfile::tempdir().unwrap();
    let code = |arguments: &[&str]| run(folder.path(), arguments, "").status.code();
    assert_eq!(
        code(&["migrate", "--check"]),
        Some(2),
        "there is no key, and it makes none"
    );
    assert!(!folder.path().join("data").exists());
    assert_eq!(code(&["migrate"]), Some(0));
    assert_eq!(code(&["migrate", "--check"]), Some(0));
    let again = run(folder.path(), &["migrate"], "");
    assert!(String::from_utf8_lossy(&again.stdout).contains("nothing to do"));
}
