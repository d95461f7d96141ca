//! What is taken out of the program: whole, private, written down, and without a number or a word unless
//! somebody says so.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;

use harborline::export::{Export, NotExported, Of, Request, Subject, Why};
use harborline::phone::PhoneNumber;
use harborline::store::{Column, LEFT_OUT, SECRET, TABLES, With};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{Connection, Row};
use uuid::Uuid;

use crate::support::world::minutes;
use crate::support::{World, both};

const NUMBER: &str = "+15550177123";
const OTHER: &str = "+15550177124";
const WORDS: &str = "canarybird sings and i want to die";

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn of(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn export(world: &World) -> Export {
    Export {
        store: world.app.store.clone(),
        clock: Arc::clone(&world.app.clock),
        line: "Example Line".to_owned(),
    }
}

fn request(why: Why) -> Request {
    Request {
        by: "operator".to_owned(),
        why,
        file_number: Some("12/2026".to_owned()),
    }
}

/// A line on which somebody was in a crisis, and another only looked at the menu.
async fn lived_in(engine: crate::support::Engine) -> Option<World> {
    let world = World::on(engine).await?;
    world.phone(NUMBER).texts(WORDS).await;
    world.phone(OTHER).texts("MENU").await;
    world.settle().await;
    Some(world)
}

/// Every file of a folder, with its bytes as far as they are text.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let bytes = std::fs::read(&path).unwrap();
            (name, String::from_utf8_lossy(&bytes).into_owned())
        })
        .collect()
}

fn rows(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

async fn conversation_of(world: &World, text: &str) -> Uuid {
    let place = Place::new();
    let to = place.of("all");
    let with = With {
        bodies: true,
        numbers: false,
    };
    export(world)
        .line(with, &request(Why::Audit), &to, &|_, _| {})
        .await
        .unwrap();
    let messages = rows(&files(&to)["messages.jsonl"]);
    let found = messages.iter().find(|row| row["body"] == text).unwrap();
    found["conversation_id"].as_str().unwrap().parse().unwrap()
}

both! { in lived_in;
    async fn the_whole_line_is_there_private_and_without_a_number_or_a_word(world: World) {
        let place = Place::new();
        let to = place.of("deep/all");
        let told = Mutex::new(Vec::new());
        let tell = |done, total| told.lock().unwrap().push((done, total));
        let manifest = export(&world).line(With::default(), &request(Why::Leaving), &to, &tell).await.unwrap();
        assert_eq!(std::fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o700);
        let files = files(&to);
        for (name, text) in &files {
            for canary in ["canarybird", "5550177", "5550199", "SM0000", "want to die"] {
                assert!(!text.contains(canary), "{canary} in {name}");
            }
        }
        assert_eq!(files.len(), TABLES.len() + 4);
        let messages = rows(&files["messages.jsonl"]);
        let all = world.count("SELECT COUNT(*) FROM messages").await;
        assert_eq!(i64::try_from(messages.len()).unwrap(), all);
        assert_eq!(messages[0]["body_is"], "left_out");
        assert_eq!((&messages[0]["author"], &messages[0]["tier"]), (&"texter".into(), &"high".into()));
        assert!(messages[0]["at"].as_str().unwrap().starts_with("2026-01-01T00:00:0"));
        // What the manifest and the sums say is what is there.
        let said: Value = serde_json::from_str(&files["manifest.json"]).unwrap();
        assert_eq!((&said["bodies"], &said["numbers"], &said["why"]), (&false.into(), &false.into(), &"leaving".into()));
        let tables = said["tables"].as_array().unwrap();
        assert_eq!(tables.len(), TABLES.len());
        for table in tables {
            let text = &files[table["file"].as_str().unwrap()];
            assert_eq!(table["rows"], rows(text).len());
            assert_eq!(table["sha256"], hex::encode(Sha256::digest(text)));
        }
        assert_eq!(files["SHA256SUMS"].lines().count(), TABLES.len() + 3);
        for line in files["SHA256SUMS"].lines() {
            let (sum, name) = line.split_once("  ").unwrap();
            assert_eq!(sum, hex::encode(Sha256::digest(&files[name])), "{name}");
        }
        let (done, total) = *told.lock().unwrap().last().unwrap();
        assert!(done == total && total == manifest.rows(), "{done} of {total}");
        let audited = world.count("SELECT COUNT(*) FROM audit_log WHERE action = 'line.exported' AND actor = 'operator'
            AND detail LIKE '%leaving%' AND detail LIKE '%12/2026%' AND detail LIKE '%\"bodies\":false%'").await;
        assert_eq!(audited, 1);
        // Nothing is overwritten, and nothing half-written stays.
        let again = export(&world).line(With::default(), &request(Why::Leaving), &to, &|_, _| {}).await;
        assert!(matches!(again, Err(NotExported::InTheWay(_))));
        assert_eq!(std::fs::read_dir(place.of("deep")).unwrap().count(), 1);
    }

    async fn every_row_is_as_the_schema_says(world: World) {
        let place = Place::new();
        let to = place.of("all");
        export(&world).line(With::ALL, &request(Why::Leaving), &to, &|_, _| {}).await.unwrap();
        let files = files(&to);
        let schema: Value = serde_json::from_str(&files["schema.json"]).unwrap();
        for table in TABLES {
            let properties = schema["$defs"][table.name]["properties"].as_object().unwrap();
            for row in rows(&files[&format!("{}.jsonl", table.name)]) {
                let row = row.as_object().unwrap();
                let (has, may): (BTreeSet<_>, BTreeSet<_>) = (row.keys().collect(), properties.keys().collect());
                assert_eq!(has, may, "{}", table.name);
            }
        }
        let texters = rows(&files["texters.jsonl"]);
        assert_eq!((&texters[0]["number"], &texters[0]["number_is"]), (&NUMBER.into(), &"kept".into()));
        assert_eq!(rows(&files["messages.jsonl"])[0]["body"], WORDS);
        let pages = rows(&files["pages.jsonl"]);
        assert!(pages.iter().any(|page| page["address"] == "+15550199" && page["body"].as_str().unwrap().contains("CRISIS")));
        for text in files.values() {
            assert!(!text.contains("no password") && !text.contains("wrapped"), "a secret is in it");
        }
    }

    async fn whoever_has_the_export_can_check_the_audit_log(world: World) {
        let place = Place::new();
        let to = place.of("all");
        export(&world).line(With::default(), &request(Why::Audit), &to, &|_, _| {}).await.unwrap();
        let files = files(&to);
        let mut log = rows(&files["audit_log.jsonl"]);
        log.sort_by_key(|row| row["seq"].as_i64());
        let mut before = [0_u8; 32];
        for row in &log {
            let id = |name: &str| row[name].as_str().map_or_else(Vec::new, |id| id.parse::<Uuid>().unwrap().as_bytes().to_vec());
            let words = |name: &str| row[name].as_str().unwrap().as_bytes().to_vec();
            let at: jiff::Timestamp = row["at"].as_str().unwrap().parse().unwrap();
            let mut hash = Sha256::new();
            hash.update(b"harborline audit 1\0");
            hash.update(before);
            hash.update(row["seq"].as_i64().unwrap().to_be_bytes());
            hash.update(at.as_millisecond().to_be_bytes());
            for part in [id("id"), words("actor"), words("action"), id("subject"), words("detail")] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            before = hash.finalize().into();
            assert_eq!(row["hash"], hex::encode(before), "entry {}", row["seq"]);
        }
        let said: Value = serde_json::from_str(&files["manifest.json"]).unwrap();
        assert_eq!(said["audit_head"], format!("{}:{}", log.len(), hex::encode(before)));
    }

    async fn one_conversation_is_handed_out_with_its_words_and_without_the_number(world: World) {
        let conversation = conversation_of(&world, WORDS).await;
        let place = Place::new();
        let to = place.of("record");
        let ask = |subject: Subject, to: PathBuf| async {
            let (subject, to) = (subject, to);
            export(&world).subject(Of::Conversation, &subject, false, &request(Why::RecordsRequest), &to).await
        };
        let done = ask(Subject::Id(conversation), to.clone()).await.unwrap();
        assert!(done.texts >= 2, "{done:?}");
        let files = files(&to);
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(names, ["conversation.json", "conversation.txt"]);
        let (json, paper) = (&files["conversation.json"], &files["conversation.txt"]);
        let read: Value = serde_json::from_str(json).unwrap();
        assert_eq!(read["why"], "records-request");
        assert_eq!(read["tables"]["messages"][0]["body"], WORDS);
        assert_eq!(read["tables"]["conversations"].as_array().unwrap().len(), 1);
        for words in [WORDS, "the texter; judged: high", "the line, by itself", "988", "12/2026", "records-request"] {
            assert!(paper.contains(words), "{words} in {paper}");
        }
        for text in [json, paper] {
            assert!(!text.contains("5550177"), "its number was not asked for: {text}");
        }
        let said = world.count("SELECT COUNT(*) FROM audit_log WHERE action = 'conversation.exported' AND subject IS NOT NULL
            AND detail LIKE '%records-request%'").await;
        assert_eq!(said, 1);
        assert!(matches!(ask(Subject::Id(conversation), to).await, Err(NotExported::InTheWay(_))));
        let nobody = ask(Subject::Id(Uuid::from_u128(7)), place.of("none")).await;
        assert!(matches!(nobody, Err(NotExported::Unknown)));
        assert!(!place.of("none").exists() && !place.of("none.half").exists());
        // Found by the code of the case, too.
        let code = world.cases().await[0].code.clone();
        ask(Subject::Code(code), place.of("by-code")).await.unwrap();
    }

    async fn who_asks_for_what_is_kept_of_them_gets_all_of_it_and_nothing_of_others(world: World) {
        let place = Place::new();
        let subject = Subject::Number(PhoneNumber::parse(NUMBER).unwrap());
        let to = place.of("mine");
        export(&world).subject(Of::Texter, &subject, false, &request(Why::SubjectAccess), &to).await.unwrap();
        let files = files(&to);
        let (json, paper) = (&files["texter.json"], &files["texter.txt"]);
        for text in [json, paper] {
            assert!(text.contains(NUMBER) && text.contains(WORDS), "{text}");
            assert!(!text.contains(OTHER), "somebody else's: {text}");
        }
        let read: Value = serde_json::from_str(json).unwrap();
        for table in ["texters", "conversations", "messages", "obligations", "outbox", "alerts", "pages", "audit_log"] {
            assert!(!read["tables"][table].as_array().unwrap().is_empty(), "{table}");
        }
        let stranger = Subject::Number(PhoneNumber::parse("+15550177999").unwrap());
        let to = place.of("nobody");
        let nobody = export(&world).subject(Of::Texter, &stranger, false, &request(Why::SubjectAccess), &to).await;
        assert!(matches!(nobody, Err(NotExported::Unknown)) && !to.exists());
        let asked = world.count("SELECT COUNT(*) FROM audit_log WHERE action = 'texter.exported'").await;
        assert_eq!(asked, 2, "that somebody asked in vain, too");
        let numbers = world.count("SELECT COUNT(*) FROM audit_log WHERE detail LIKE '%5550177%'").await;
        assert_eq!(numbers, 0);
    }

    async fn who_was_erased_and_what_is_held_is_shown_as_such(world: World) {
        let conversation = conversation_of(&world, WORDS).await;
        let quiet = conversation_of(&world, "MENU").await;
        let who = harborline::retention::Who::Id(conversation);
        world.app.retention.hold(&who, false, "order 7", "operator").await.unwrap().unwrap();
        for _ in 0..2 {
            world.phone(OTHER).texts("DELETE").await;
        }
        world.advance(minutes(2)).await;
        let place = Place::new();
        let to = place.of("all");
        let manifest = export(&world).line(With::ALL, &request(Why::Audit), &to, &|_, _| {}).await.unwrap();
        assert_eq!((manifest.erased_texters, manifest.held_texters, manifest.unreadable), (1, 1, 0));
        let files = files(&to);
        let of = |name: &str, key: &str, id: Uuid| -> Value {
            let all = rows(&files[name]);
            all.into_iter().find(|row| row[key] == id.to_string()).unwrap()
        };
        assert_eq!(of("conversations.jsonl", "id", conversation)["held"], true);
        assert_eq!(of("messages.jsonl", "conversation_id", quiet)["body_is"], "erased");
        assert_eq!(of("legal_holds.jsonl", "conversation_id", conversation)["reason"], "order 7");
        // What is left of them is found by its id alone, and says that it was erased.
        let to = place.of("left");
        export(&world).subject(Of::Conversation, &Subject::Id(quiet), true, &request(Why::Order), &to).await.unwrap();
        let paper = std::fs::read_to_string(to.join("conversation.txt")).unwrap();
        assert!(paper.contains("[erased]") && paper.contains("Erased"), "{paper}");
    }

    async fn many_rows_are_written_batch_by_batch(world: World) {
        world.damage("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
            INSERT INTO shadow_counts (rule, day, hits) SELECT 'a', i, i FROM n").await;
        let place = Place::new();
        let to = place.of("all");
        export(&world).line(With::default(), &request(Why::Research), &to, &|_, _| {}).await.unwrap();
        let days: BTreeSet<i64> = rows(&files(&to)["shadow_counts.jsonl"]).iter().map(|row| row["day"].as_i64().unwrap()).collect();
        assert_eq!(days.len(), 2500);
    }
}

#[tokio::test]
async fn every_table_and_column_is_exported_or_left_out_for_a_reason() {
    let world = World::on(crate::support::Engine::Sqlite).await.unwrap();
    let mut c = sqlx::SqliteConnection::connect(&world.config.database.url)
        .await
        .unwrap();
    let found = sqlx::query(
        "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
          WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    );
    let found: BTreeSet<(String, String)> = found
        .fetch_all(&mut c)
        .await
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    let mut known: BTreeSet<(String, String)> = BTreeSet::new();
    for table in TABLES {
        let stored = table.columns.iter().filter_map(Column::stored);
        known.extend(stored.map(|column| (table.name.to_owned(), column.to_owned())));
    }
    known.extend(
        SECRET
            .iter()
            .map(|(table, column)| ((*table).to_owned(), (*column).to_owned())),
    );
    let left_out = |table: &str| LEFT_OUT.iter().any(|(name, _)| *name == table);
    let forgotten: Vec<_> = found
        .iter()
        .filter(|(table, column)| {
            !left_out(table) && !known.contains(&(table.clone(), column.clone()))
        })
        .collect();
    assert!(forgotten.is_empty(), "no export knows of {forgotten:?}");
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(gone.is_empty(), "an export asks for {gone:?}");
    // What belongs to a texter is in what they get when they ask.
    for table in TABLES {
        let leads = ["texter_id", "conversation_id", "alert_id", "message_id"];
        let theirs = table
            .columns
            .iter()
            .any(|column| leads.contains(&column.name));
        assert!(!theirs || table.is_of_texters(), "{}", table.name);
    }
}
