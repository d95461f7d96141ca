//! What is shipped beside the program: settings that it understands, files that the tools for them take,
//! and containers that are closed where they can be.

mod alerts;
mod proxies;

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use harborline::{config, disk};
use regex::Regex;
use serde_json::{Value, json};

use crate::oracles;
use crate::support::binary::{GATEWAY, command, said};
use crate::support::require;

pub(super) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    std::fs::read_to_string(repository().join(file)).unwrap()
}

/// Runs a tool; `None` (said loudly) when it is not installed.
fn tool(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Option<Output> {
    let ran = Command::new(name)
        .args(arguments)
        .envs(environment.iter().copied())
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        )
        .output();
    if ran.is_err() {
        require::missing("deploy", &format!("{name} is not installed"));
    }
    ran.ok()
}

/// The line, where nothing listens.
fn line() -> String {
    format!("{GATEWAY}[listen]\naddress = \"127.0.0.1:1\"\n")
}

/// Whether the program knows a setting: another mistake in it is none here.
fn knows(folder: &Path, name: &str) -> bool {
    let value = folder.join("value");
    let mut program = command(folder);
    program.arg("heartbeat").arg("--alive");
    if name.ends_with("_FILE") {
        program.env(name, value);
    } else {
        program.env(name, "1");
    }
    let output = program.output().unwrap();
    let said = said(&output);
    // A server that is not there is a finding; a configuration that cannot work has the code 2.
    assert!(
        matches!(output.status.code(), Some(1 | 2)),
        "{name}: {said}"
    );
    !said.contains("there is no key or section")
}

/// Every variable that a text names, `…__KEY` after a whole name included.
fn variables(text: &str) -> BTreeSet<String> {
    let name = Regex::new("(HARBORLINE|…)__([A-Z0-9_]+)").unwrap();
    let mut last = String::new();
    let mut found = BTreeSet::new();
    for one in name.captures_iter(text) {
        let (start, rest) = (&one[1], &one[2]);
        let whole = match (start, last.rsplit_once("__")) {
            ("…", Some((section, _))) => format!("{section}__{rest}"),
            ("…", None) => continue,
            _ => one[0].to_owned(),
        };
        last.clone_from(&whole);
        found.insert(whole);
    }
    found.retain(|name| !name.starts_with("HARBORLINE__SECTION"));
    found
}

#[test]
fn every_variable_that_a_file_or_a_document_names_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("harborline.toml"), line()).unwrap();
    std::fs::write(folder.path().join("value"), "1").unwrap();
    for nonsense in [
        "HARBORLINE__LINE__NONSENSE",
        "HARBORLINE__GATEWAYS__MAIN__NONSENSE",
    ] {
        assert!(!knows(folder.path(), nonsense), "{nonsense}");
    }
    let mut files = vec!["README.md".to_owned(), "Dockerfile".to_owned()];
    files.extend(["docker-compose.yml", "harborline.example.toml"].map(str::to_owned));
    for beside in ["deploy", "docs"] {
        for entry in std::fs::read_dir(repository().join(beside)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if repository().join(beside).join(&name).is_file() {
                files.push(format!("{beside}/{name}"));
            }
        }
    }
    let mut count = 0;
    for file in files {
        for name in variables(&read(&file)) {
            // Prose: `HARBORLINE__SMTP__…` and a list of sections.
            let name = name.trim_end_matches('_');
            if name.matches("__").count() == 0 || name == "HARBORLINE__PUBLIC" {
                continue;
            }
            assert!(
                knows(folder.path(), name),
                "{file} names {name}, which the program refuses"
            );
            count += 1;
        }
    }
    assert!(
        count > 50,
        "only {count} were found: is the reading of names right?"
    );
}

#[test]
fn a_variable_with_a_number_or_with_yes_or_no_is_read_as_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("harborline.toml"), line()).unwrap();
    for (name, value) in [
        ("SPOOL__MAX_ENTRIES", "200000"),
        ("SPOOL__MAX_BYTES", "2000000"),
        ("GATEWAYS__MAIN__SEGMENTS_PER_SECOND", "0.5"),
        ("GATEWAYS__MAIN__BURST", "3"),
        ("ONCALL__BY_PHONE", "false"),
        ("ONCALL__REPAGE_S", "60"),
        ("LINE__FREE_TO_END_USER", "true"),
        ("LINE__NAME", "12345"),
        ("WEBHOOKS__ALLOW_PRIVATE", "true"),
        ("LISTEN__METRICS", "127.0.0.1:9090"),
        ("LISTEN__PROXIES", "[\"172.28.88.0/24\"]"),
        ("STAFF__REQUIRE_TOTP", "[\"administrator\"]"),
    ] {
        let mut program = command(folder.path());
        program.env(format!("HARBORLINE__{name}"), value);
        let output = program.arg("heartbeat").arg("--alive").output().unwrap();
        // It was read, and no server is there.
        assert_eq!(output.status.code(), Some(1), "{name}: {}", said(&output));
    }
}

/// The example with one more of its commented keys or sections switched on, each time.
fn variations(example: &str) -> Vec<(String, String)> {
    let key = Regex::new("^# ([a-z_]+) = ").unwrap();
    let header = Regex::new(r"^# (\[\[?([a-z_.]+)\]\]?)").unwrap();
    let lines: Vec<&str> = example.lines().collect();
    let mut made = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if let Some(section) = header.captures(lines[at]) {
            let name = section[2].to_owned();
            let end = lines[at..].iter().position(|line| !line.starts_with('#'));
            let end = end.map_or(lines.len(), |length| at + length);
            let block = lines[at..end]
                .iter()
                .filter(|line| key.is_match(line) || header.is_match(line));
            let block: Vec<&str> = block.map(|line| &line[2..]).collect();
            let mut text = example.to_owned();
            if name == "gateways.main" {
                let from = text.find("\n[gateways.main]").unwrap();
                let to = from + text[from..].find("\n[triage]").unwrap();
                text.replace_range(from..to, "");
            }
            made.push((
                format!("[{name}]"),
                format!("{text}\n{}\n", block.join("\n")),
            ));
            at = end;
        } else {
            if key.is_match(lines[at]) {
                let mut with = lines.clone();
                with[at] = &lines[at][2..];
                made.push((lines[at].to_owned(), with.join("\n")));
            }
            at += 1;
        }
    }
    made
}

#[test]
fn every_key_of_the_example_configuration_is_understood_the_commented_ones_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("harborline.toml");
    let load = |text: &str| {
        std::fs::write(&file, text).unwrap();
        config::load(Some(&file)).map_err(|why| why.to_string())
    };
    let example = read("harborline.example.toml");
    load(&example).unwrap();
    let made = variations(&example);
    assert!(made.len() >= 25, "only {} were found", made.len());
    for (what, text) in made {
        // A folder that is not there, or a key that is shortened to `…`, is no unknown key.
        if let Err(why) = load(&text) {
            assert!(!why.contains("there is no key or section"), "{what}: {why}");
            assert!(
                !why.contains("duplicate") && !why.contains("TOML"),
                "{what}: {why}"
            );
        }
    }
}

#[test]
fn the_compose_file_holds_to_the_specification_and_is_closed_where_it_can_be() {
    let path = repository().join("docker-compose.yml");
    let Some(answers) = oracles::ask("compose.py", &[json!({ "file": path })]) else {
        return;
    };
    assert_eq!(answers[0]["valid"], true, "{}", answers[0]["said"]);
    let file = &answers[0]["file"];
    let services = file["services"].as_object().unwrap();
    let (mut folders, mut open_ports) = (BTreeSet::new(), BTreeSet::new());
    for (name, service) in services {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
        assert_eq!(
            service["security_opt"],
            json!(["no-new-privileges:true"]),
            "{name}"
        );
        assert_eq!(service["restart"], "unless-stopped", "{name}");
        // Ours comes with the image.
        assert!(
            service["healthcheck"].is_object() || service["image"] == "harborline",
            "{name}"
        );
        for secret in service["secrets"].as_array().into_iter().flatten() {
            let from = &file["secrets"][secret.as_str().unwrap()]["file"];
            assert!(
                from.as_str()
                    .is_some_and(|from| from.starts_with("./secrets/")),
                "{name}: {secret}"
            );
        }
        for (key, value) in service["environment"].as_object().into_iter().flatten() {
            let secret = ["PASSWORD", "TOKEN", "SECRET"]
                .iter()
                .any(|word| key.contains(word));
            assert!(
                !secret || key.ends_with("_FILE"),
                "{name}: {key} is {value}"
            );
        }
        for (on, how) in service["depends_on"].as_object().into_iter().flatten() {
            assert_eq!(how["condition"], "service_healthy", "{name} on {on}");
        }
        let mounts = service["volumes"].as_array().into_iter().flatten();
        let data = mounts
            .filter_map(Value::as_str)
            .filter_map(|mount| mount.strip_suffix(":/data"));
        for volume in data {
            assert!(folders.insert(volume), "{name} shares its spool: {volume}");
            assert!(
                file["volumes"].as_object().unwrap().contains_key(volume),
                "{volume}"
            );
        }
        let ports = service["ports"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        if ports
            .into_iter()
            .any(|port| !port.starts_with("127.0.0.1:"))
        {
            open_ports.insert(name.as_str());
        }
    }
    assert_eq!(open_ports, BTreeSet::from(["caddy"]));
    assert!(services.contains_key("harborline-1") && services.contains_key("harborline-2"));
    assert_eq!(file["networks"]["back"]["internal"], true);
    assert_eq!(services["postgres"]["networks"], json!(["back"]));
}

#[test]
fn the_image_runs_as_nobody_and_asks_the_program_whether_it_lives() {
    let dockerfile = read("Dockerfile");
    let last = dockerfile.rsplit("\nFROM ").next().unwrap();
    for line in [
        "USER 10001:10001",
        "HEALTHCHECK",
        "ENTRYPOINT [\"harborline\"]",
        "VOLUME /data",
        "COPY --from=builder --chown=10001:10001 /rooms/ /",
    ] {
        assert!(last.contains(line), "{line}");
    }
    assert!(dockerfile.contains("install -d -m 0700 /rooms/data /rooms/keystore"));
    assert!(
        !last.contains("\nRUN "),
        "there is no shell that could run it"
    );
    // The compiler of the image is the one that this house is tested with.
    let toolchain: toml::Table = read("rust-toolchain.toml").parse().unwrap();
    let channel = toolchain["toolchain"]["channel"].as_str().unwrap();
    let (version, _) = channel.rsplit_once('.').unwrap();
    assert!(
        dockerfile.contains(&format!("FROM rust:{version}-")),
        "{channel}"
    );
}

/// The last stage of the Dockerfile has the C library and its neighbours, and no others.
#[test]
fn the_program_needs_no_library_that_the_image_does_not_have() {
    let program = env!("CARGO_BIN_EXE_harborline");
    let Some(listed) = tool("ldd", &[program], &[]) else {
        return;
    };
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("libc.so"), "{listed}");
    let there = [
        "linux-vdso",
        "ld-linux",
        "libc",
        "libm",
        "libgcc_s",
        "libpthread",
        "libdl",
        "librt",
    ];
    for line in listed.lines() {
        let library = line.split_whitespace().next().unwrap_or_default();
        let file = library.rsplit('/').next().unwrap_or_default();
        let name = file.split(".so").next().unwrap_or_default();
        // ld-linux-x86-64, ld-linux-aarch64
        let name = if name.starts_with("ld-linux") {
            "ld-linux"
        } else {
            name
        };
        assert!(there.contains(&name), "{line}");
    }
}

#[test]
fn what_is_released_is_built_from_the_lock_file_and_names_no_folder() {
    let (image, script) = (read("Dockerfile"), read(".ci/release"));
    for file in [&image, &script] {
        for part in [
            "cargo build --release --locked",
            "SOURCE_DATE_EPOCH",
            "CARGO_INCREMENTAL=0",
            "=/harborline",
            "=/cargo",
            "=/rust",
            "-ffile-prefix-map=",
        ] {
            assert!(file.contains(part), "{part}: {file}");
        }
    }
}

/// A copy of a shipped file in a folder, with some words replaced as on the machine where it will be.
fn placed(folder: &Path, file: &str, replaced: &[(&str, &str)]) -> PathBuf {
    let text = replaced.iter().fold(read(file), |text, (from, to)| {
        assert!(text.contains(from), "{file} has no {from}");
        text.replace(from, to)
    });
    let path = folder.join(Path::new(file).file_name().unwrap());
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn the_systemd_unit_is_sound_and_gives_the_program_little() {
    let folder = tempfile::tempdir().unwrap();
    let here = [(
        "/usr/local/bin/harborline",
        env!("CARGO_BIN_EXE_harborline"),
    )];
    let unit = placed(folder.path(), "deploy/harborline.service", &here);
    let unit = unit.to_str().unwrap();
    let Some(verified) = tool("systemd-analyze", &["verify", "--man=no", unit], &[]) else {
        return;
    };
    let complaints = said(&verified);
    let ours: Vec<&str> = complaints
        .lines()
        .filter(|line| line.contains("harborline"))
        .collect();
    assert!(ours.is_empty(), "{complaints}");
    // From 0 (closed) to 10 (open), in tenths.
    let security = ["security", "--offline=true", "--threshold=20", unit];
    let rated = tool("systemd-analyze", &security, &[]).unwrap();
    assert!(rated.status.success(), "{}", said(&rated));
}

/// A machine with the unit, its files, and a folder of data that belongs to somebody else, where that can be.
fn machine_with_the_unit(folder: &Path) -> PathBuf {
    let (etc, data, bin) = (folder.join("etc"), folder.join("line"), folder.join("bin"));
    for folder in [&etc, &data, &bin] {
        std::fs::create_dir(folder).unwrap();
    }
    // Only root gives a folder away.
    let _ = std::os::unix::fs::chown(&data, Some(12_345), Some(12_345));
    let without_token = line().replace("auth_token = \"secret-token\"\n", "");
    for (name, text) in [
        ("harborline.toml", without_token),
        ("master.key", format!("{}\n", "ab".repeat(32))),
        ("gateway.token", "secret-token".to_owned()),
    ] {
        disk::write_new(&etc.join(name), text.as_bytes()).unwrap();
    }
    let unit = placed(folder, "deploy/harborline.service", &[]);
    let text = std::fs::read_to_string(&unit).unwrap();
    let drop_in = "[Service]\nEnvironment='HARBORLINE__LISTEN__PROXIES=[\"10.9.8.7\", \"::1\"]'\n";
    std::fs::write(&unit, text + drop_in).unwrap();
    let script = placed(
        folder,
        "deploy/harborline-admin",
        &[
            ("/etc/harborline", etc.to_str().unwrap()),
            ("/var/lib/harborline", data.to_str().unwrap()),
            (
                "/usr/local/bin/harborline",
                env!("CARGO_BIN_EXE_harborline"),
            ),
        ],
    );
    let systemctl = format!(
        "#!/bin/sh\n[ \"$*\" = \"cat harborline.service\" ] && cat {}\n",
        unit.display()
    );
    std::fs::write(bin.join("systemctl"), systemctl).unwrap();
    Command::new("chmod")
        .args(["755", &bin.join("systemctl").display().to_string()])
        .status()
        .unwrap();
    script
}

#[test]
fn a_command_beside_the_unit_works_on_its_data_with_its_key_and_leaves_nothing_that_it_cannot_read()
{
    let folder = tempfile::tempdir().unwrap();
    let script = machine_with_the_unit(folder.path());
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let night = elsewhere.join("night").display().to_string();
    let admin = |arguments: &[&str], code: i32| {
        let path = format!("{}:/usr/bin:/bin", folder.path().join("bin").display());
        let mut shell = Command::new("sh");
        shell.arg(&script).args(arguments).current_dir(&elsewhere);
        shell.env_clear().env("PATH", path);
        let output = shell.output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        said
    };
    admin(&["migrate"], 0);
    admin(&["backup", &night], 0);
    admin(&["restore", "--check", &night], 0);
    assert!(admin(&["restore", &night], 1).contains("is there already"));
    let data = folder.path().join("line");
    std::fs::remove_dir_all(data.join("data")).unwrap();
    admin(&["restore", &night], 0);
    admin(&["key", "lost"], 0);
    // The service would seal and open with its copy of the old key: the new one is put there by hand.
    assert!(admin(&["key", "rotate"], 2).contains("docs/keys.md"));
    let key = folder.path().join("etc/master.key");
    let (old, new) = ("ab".repeat(32), "cd".repeat(32));
    std::fs::write(&key, format!("{new}\n{old}\n")).unwrap();
    admin(&["key", "rotate", "--wait", "0"], 0);
    admin(&["key", "retire"], 0);
    let left = std::fs::read_to_string(&key).unwrap();
    assert_eq!(left.trim(), new);
    // All of it is there, and belongs to whom the folder belongs to.
    let owner = std::fs::metadata(&data).unwrap().uid();
    let mut folders = vec![data.clone()];
    let mut names = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().uid(), owner, "{entry:?}");
            if entry.path().is_dir() {
                folders.push(entry.path());
            }
            names.insert(entry.file_name().into_string().unwrap());
        }
    }
    assert!(names.contains("harborline.db") && names.contains("keystore"));
    assert!(!names.contains("master.key"), "the key is that of the unit");
    let made: Vec<_> = std::fs::read_dir(&elsewhere).unwrap().collect();
    assert_eq!(
        made.len(),
        1,
        "but for the backup nothing is made where one stands"
    );
}
