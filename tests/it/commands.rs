//! `harborline triage`, `segments` and `chat`, as a user runs them.

use serde_json::Value;

use crate::support::binary::{GATEWAY, run};

fn lines(arguments: &[&str], input: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), arguments, input);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn triage_prints_one_object_a_line_with_its_reasons() {
    let input = "i want to die\n{\"text\": \"MENU\"}\n\nquiero hablar con alguien\n";
    let out = lines(&["triage"], input);
    assert_eq!(out.len(), 4);
    assert_eq!(out[0]["text"], "i want to die");
    assert_eq!(
        (out[0]["tier"].as_str(), out[0]["action"].as_str()),
        (Some("high"), Some("page"))
    );
    let hit = &out[0]["hits"][0];
    assert!(
        hit["rule"].is_string() && hit["why"].is_string() && hit["via"].is_array(),
        "{hit}"
    );
    assert_eq!(
        hit["span"],
        serde_json::json!([2, 13]),
        "the words themselves"
    );
    assert_eq!(out[1]["text"], "MENU");
    assert_eq!(
        (out[1]["action"].as_str(), out[1]["model"].is_null()),
        (Some("none"), true)
    );
    assert_eq!(out[2]["tier"], "none");
    assert_eq!(out[3]["wants_human"], true);
    for line in &out {
        assert_eq!(line["ruleset"].as_str().unwrap().len(), 64);
    }
}

#[test]
fn triage_reads_a_file_and_survives_any_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("texts");
    std::fs::write(
        &file,
        b"i want to die\n\xff\xfe\x00{\"text\"\n{\"text\": 3}\n",
    )
    .unwrap();
    let out = lines(&["triage", file.to_str().unwrap()], "");
    assert_eq!(out.len(), 3);
    assert_eq!(out[0]["action"], "page");
}

#[test]
fn segments_counts_json_strings() {
    let input = format!(
        "\"{}\"\n\"{}\"\n\"\\u00f3\"\n",
        "a".repeat(160),
        "a".repeat(161)
    );
    let out = lines(&["segments", "-"], &input);
    let expected = [("GSM-7", 1, 160), ("GSM-7", 2, 161), ("UCS-2", 1, 1)];
    for (line, (encoding, segments, units)) in out.iter().zip(expected) {
        assert_eq!(
            *line,
            serde_json::json!({"encoding": encoding, "segments": segments, "units": units})
        );
    }
}

#[test]
fn segments_names_the_line_that_is_no_json_string() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["segments"], "\"ok\"\nnot json\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.contains("line 2") && !said.contains("not json"),
        "{said}"
    );
}

#[test]
fn chat_is_a_phone_in_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    // A port of its own: another Harborline may serve on the default one.
    std::fs::write(
        folder.path().join("harborline.toml"),
        "[listen]\naddress = \"127.0.0.1:1\"\n",
    )
    .unwrap();
    let output = run(folder.path(), &["chat"], "MENU\ni want to die\n");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        said.contains("Automatic") && said.contains("1 What self-harm is"),
        "{said}"
    );
    assert!(
        said.contains("988") && said.contains("[on-call phone]") && said.contains("CRISIS"),
        "{said}"
    );
}

/// A line whose name must be escaped in XML.
fn provider() -> String {
    format!("{GATEWAY}[line]\nname = \"A & B Line\"\n")
}

#[test]
fn a_fallback_is_a_static_reply_with_988_and_says_where_to_put_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("harborline.toml"), provider()).unwrap();
    let output = run(folder.path(), &["fallback", "export", "--out", "there"], "");
    assert_eq!(output.status.code(), Some(0));
    let read =
        |name: &str| std::fs::read_to_string(folder.path().join("there").join(name)).unwrap();
    let reply = read("main.xml");
    assert!(
        reply.starts_with("<?xml") && reply.contains("<Response><Message>"),
        "{reply}"
    );
    assert!(reply.contains("988") && reply.contains("911"), "{reply}");
    assert!(
        reply.contains("A &amp; B Line") && reply.contains("escribe al 988"),
        "{reply}"
    );
    let readme = read("README.txt");
    assert!(
        readme.contains("ANOTHER host") && readme.contains("main.xml"),
        "{readme}"
    );
    assert!(!readme.contains("secret-token") && !reply.contains("secret-token"));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(!folder.path().join("data").exists(), "it needs no database");
}

#[test]
fn a_fallback_without_a_provider_is_refused_with_the_names_that_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["fallback", "export"], "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.contains("sandbox") && said.contains("--gateway"),
        "{said}"
    );
    std::fs::write(folder.path().join("harborline.toml"), provider()).unwrap();
    let output = run(
        folder.path(),
        &["fallback", "export", "--gateway", "other"],
        "",
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code() == Some(2) && said.contains("main"),
        "{said}"
    );
}

#[test]
fn the_quarantine_is_listed_and_a_text_that_is_not_there_is_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["quarantine", "list", "--words"], "");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout, b"nothing is held\n");
    for act in ["release", "discard"] {
        let id = "01900000-0000-7000-8000-000000000001";
        let output = run(folder.path(), &["quarantine", act, id], "");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("quarantine list"), "{said}");
    }
}
