//! `harborline init`: from nothing to a line that answers, by flags, by answers on standard input, and by the script
//! that is shipped.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use harborline::config;

use crate::support::binary::run;

const FLAGS: [&str; 21] = [
    "init",
    "--name",
    "First Line",
    "--contact",
    "help@example.net",
    "--language",
    "es",
    "--gateway",
    "twilio",
    "--public-url",
    "https://line.example.org",
    "--set",
    "account_sid=AC00000000000000000000000000000000",
    "--set",
    "auth_token=secret-canary",
    "--set",
    "sender=+15550100",
    "--duty",
    "Duty phone=+15550199",
    "--operator",
    "Operator=+15550177",
];

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn flags_make_a_private_configuration_and_key_and_name_the_webhook() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &FLAGS, "");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output.stderr));
    let (file, key) = (
        folder.path().join("harborline.toml"),
        folder.path().join("data/master.key"),
    );
    assert_eq!((mode(&file), mode(&key)), (0o600, 0o600));
    let told = said(&output.stdout);
    assert!(
        told.contains("https://line.example.org/hooks/main/inbound"),
        "{told}"
    );
    assert!(
        told.contains("Copy data/master.key") && told.contains("harborline doctor"),
        "{told}"
    );
    assert!(!told.contains("secret-canary"), "{told}");
    let config = config::load(Some(&file)).unwrap();
    assert_eq!(
        (config.line.name.as_str(), config.oncall.fallback.len()),
        ("First Line", 1)
    );
    assert_eq!(config.operator.contacts[0].name, "Operator");
    // A second run changes nothing.
    let before = std::fs::read(&file).unwrap();
    let again = run(folder.path(), &FLAGS, "");
    assert!(again.status.code() == Some(2) && said(&again.stderr).contains("already"));
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        2,
        "no trial is left"
    );
}

#[test]
fn answers_on_standard_input_do_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let answers = "First Line\nhelp@example.net\n\ntelnyx\nhttps://line.example.org\nKEY1\nA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n+15550100\n+15550199\n\n";
    let output = run(folder.path(), &["init"], answers);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output.stderr));
    let config = config::load(Some(&folder.path().join("harborline.toml"))).unwrap();
    assert!(config.gateways.contains_key("main"));
    assert_eq!(config.oncall.fallback.len(), 1);
    let asked = said(&output.stderr);
    assert!(
        asked.contains("Language of the first answer, en or es [en]:"),
        "{asked}"
    );
}

/// Of each kind, the answers to what it asks for: nothing else may be needed.
const ANSWERS: [(&str, &[&str]); 7] = [
    ("sandbox", &[]),
    (
        "twilio",
        &[
            "AC00000000000000000000000000000000",
            "secret-token",
            "+15550100",
        ],
    ),
    (
        "signalwire",
        &[
            "00000000-0000-4000-8000-000000000000",
            "PTsecret",
            "PSKsecret",
            "https://example.signalwire.com",
            "+15550100",
        ],
    ),
    (
        "telnyx",
        &[
            "KEY1",
            "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=",
            "+15550100",
        ],
    ),
    ("plivo", &["MA1", "secret-token", "+15550100"]),
    (
        "vonage",
        &["abcd1234", "secret", "secret", "sha256", "+15550100"],
    ),
    (
        "android",
        &[
            "user",
            "secret",
            "sixteen-or-more-secret",
            "http://192.168.1.20:8080/message",
        ],
    ),
];

#[test]
fn what_it_asks_for_is_enough_for_every_kind_of_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let begin = "First Line\nhelp@example.net\nen\n";
    let refused = run(folder.path(), &["init"], &format!("{begin}pigeon\n"));
    let kinds = ANSWERS.map(|(kind, _)| kind).join(", ");
    assert!(
        said(&refused.stderr).contains(&format!("write one of {kinds};")),
        "{}",
        said(&refused.stderr)
    );
    for (kind, answers) in ANSWERS {
        let folder = tempfile::tempdir().unwrap();
        let rest = match kind {
            "sandbox" => String::new(),
            _ => format!(
                "https://line.example.org\n{}\n+15550199\n\n",
                answers.join("\n")
            ),
        };
        let output = run(folder.path(), &["init"], &format!("{begin}{kind}\n{rest}"));
        assert_eq!(
            output.status.code(),
            Some(0),
            "{kind}: {}",
            said(&output.stderr)
        );
        let config = config::load(Some(&folder.path().join("harborline.toml"))).unwrap();
        assert_eq!(config.gateways["main"].kind(), kind);
    }
}

#[test]
fn the_sandbox_asks_for_nothing_more_and_serves() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(
        folder.path(),
        &["init"],
        "First Line\nhelp@example.net\nen\n\n",
    );
    assert_eq!(output.status.code(), Some(0), "{}", said(&output.stderr));
    let doctor = run(folder.path(), &["doctor"], "");
    assert_eq!(doctor.status.code(), Some(0), "{}", said(&doctor.stdout));
}

#[test]
fn what_is_missing_or_cannot_work_is_named_and_nothing_is_left() {
    let without = |flag: &str| {
        let at = FLAGS.iter().position(|one| *one == flag).unwrap();
        [&FLAGS[..at], &FLAGS[at + 2..]].concat()
    };
    let with = |flag: &str, value: &'static str| {
        let mut flags = FLAGS.to_vec();
        let at = flags.iter().position(|one| *one == flag).unwrap();
        flags[at + 1] = value;
        flags
    };
    let vonage = |method: &'static str| {
        let mut flags = with("--gateway", "vonage");
        flags.truncate(11);
        for setting in [
            "api_key=abcd1234",
            "api_secret=secret-canary",
            "signature_secret=secret-canary",
            method,
        ] {
            flags.extend(["--set", setting]);
        }
        flags
    };
    let mut unknown = FLAGS.to_vec();
    unknown.extend(["--set", "colour=blue"]);
    for (flags, parts) in [
        (without("--name"), vec!["--name", "no answer"]),
        (without("--public-url"), vec!["--public-url", "no answer"]),
        (with("--gateway", "pigeon"), vec!["--gateway", "twilio"]),
        (with("--language", "fr"), vec!["--language", "en or es"]),
        (
            with("--public-url", "line.example.org"),
            vec!["--public-url", "https://line.example.org"],
        ),
        (
            with("--public-url", "http://line.example.org"),
            vec!["--public-url", "encrypted", "https://line.example.org"],
        ),
        (with("--duty", "Duty phone"), vec!["--duty", "+15550199"]),
        (
            with("--set", "account_sid=AC1"),
            vec!["--set account_sid", "32 digits"],
        ),
        (with("--set", "account_sid"), vec!["--set", "KEY=VALUE"]),
        (
            vonage("signature_method=SHA-256"),
            vec!["--set signature_method", "md5_hash"],
        ),
        (
            with("--set", "account_sid=@nowhere"),
            vec!["--set account_sid", "nowhere"],
        ),
        (unknown, vec!["your answers", "`colour`"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let output = run(folder.path(), &flags, "");
        let why = said(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{why}");
        for part in parts {
            assert!(why.contains(part), "{part} is not in: {why}");
        }
        assert!(!why.contains("secret-canary"), "{why}");
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            0,
            "{why}"
        );
    }
}

#[test]
fn from_nothing_to_a_crisis_answer_through_a_signed_hook() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/first-answer.sh");
    let mut program = Command::new("bash");
    program.arg(script).arg(port.to_string());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HARBORLINE")) {
        program.env_remove(name);
    }
    let output = program
        .env("HARBORLINE", env!("CARGO_BIN_EXE_harborline"))
        .output()
        .unwrap();
    let all = said(&output.stdout) + &said(&output.stderr);
    assert!(output.status.success(), "{all}");
    assert!(all.contains("from init to a crisis answer"), "{all}");
}

#[test]
fn completions_and_man_pages_know_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let output = run(folder.path(), &["completions", shell], "");
        let script = said(&output.stdout);
        assert_eq!(output.status.code(), Some(0));
        for command in ["doctor", "backup", "quarantine"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    let page = said(&run(folder.path(), &["man"], "").stdout);
    assert!(page.contains(".TH") && page.contains("restore"), "{page}");
    assert_eq!(
        run(folder.path(), &["man", "--out", "pages"], "")
            .status
            .code(),
        Some(0)
    );
    let pages = std::fs::read_dir(folder.path().join("pages"))
        .unwrap()
        .count();
    assert!(pages > 15, "{pages}");
    assert_eq!(
        run(folder.path(), &["completions", "cobol"], "")
            .status
            .code(),
        Some(2)
    );
}
