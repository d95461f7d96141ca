//! That the documents name commands as they are, and that no command is in the way of another.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use super::Arguments;

/// README, and what lies in `docs`.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_dir(root.join("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = docs
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .chain(["README.md", "CONTRIBUTING.md"].map(|name| root.join(name)))
        .collect();
    found.sort();
    found
}

/// Every command in code, in a block or a line: what stands after the name of the program.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
            continue;
        }
        let code: Vec<&str> = if in_block {
            vec![line]
        } else {
            line.split('`').skip(1).step_by(2).collect()
        };
        for piece in code {
            let begun = piece
                .split(['|', ';', '#', '<', '>'])
                .filter_map(|part| {
                    let part = part.trim().trim_start_matches("$ ");
                    part.strip_prefix("harborline ")
                        .or_else(|| part.strip_prefix("cargo run -- "))
                        .or_else(|| part.strip_prefix("cargo run -q -- "))
                })
                .map(|part| part.split(" && ").next().unwrap_or(part).to_owned());
            found.extend(begun);
        }
    }
    found
}

/// Words as a shell takes them apart.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = None;
    for c in command.chars() {
        match (quoted, c) {
            (None, '"' | '\'') => quoted = Some(c),
            (Some(quote), c) if c == quote => quoted = None,
            (None, ' ') => words.push(String::new()),
            (_, c) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty() && word != "\\");
    words
}

#[test]
fn the_documents_name_only_commands_and_options_that_are_there() {
    let mut seen = 0;
    for file in documents() {
        let text = std::fs::read_to_string(&file).unwrap();
        for command in commands(&text) {
            // What is left out in a sentence, may be left out, or is the shell's.
            if command.contains(['…', '[', '$']) {
                continue;
            }
            let all = ["harborline".to_owned()].into_iter().chain(words(&command));
            seen += 1;
            let Err(error) = Arguments::try_parse_from(all) else {
                continue;
            };
            let wrong = [
                ErrorKind::InvalidSubcommand,
                ErrorKind::UnknownArgument,
                ErrorKind::TooManyValues,
            ];
            assert!(
                !wrong.contains(&error.kind()),
                "{}: harborline {command}\n{error}",
                file.display()
            );
        }
    }
    assert!(seen > 60, "only {seen} commands were found");
}

#[test]
fn no_command_has_an_option_of_the_name_of_one_of_all_commands() {
    fn look(command: &clap::Command, of_all: &[String]) {
        for argument in command.get_arguments() {
            let id = argument.get_id().to_string();
            assert!(
                argument.is_global_set() || !of_all.contains(&id),
                "{}: --{id}",
                command.get_name()
            );
        }
        for below in command.get_subcommands() {
            look(below, of_all);
        }
    }
    let whole = Arguments::command();
    let of_all = whole.get_arguments().filter(|one| one.is_global_set());
    let of_all: Vec<String> = of_all.map(|one| one.get_id().to_string()).collect();
    assert!(of_all.contains(&"config".to_owned()));
    look(&whole, &of_all);
}
