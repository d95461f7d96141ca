//! Our arithmetic against software that nobody here wrote: the providers' own libraries, under Node
//! and Python.

mod api;
mod mail;
mod sbom;
mod sdks;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use axum::http::{HeaderMap, Method};
use harborline::clock::At;
use harborline::content::{Fill, Key, Packs, PageId};
use harborline::gateway::twilio::{Twilio, TwilioConfig};
use harborline::gateway::{Gateway, RawRequest};
use harborline::id::{IdSource, SeededIds};
use harborline::locale::Locale;
use harborline::segment::segments;
use serde_json::{Value, json};

use crate::support::require;

/// Starts an oracle of Python's.
fn python(script: &str) -> Option<Child> {
    let why = "run: python3 -m venv tests/oracles/venv && tests/oracles/venv/bin/pip install -r tests/oracles/requirements.txt";
    start(&folder().join("venv/bin/python"), "venv", script, why)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles")
}

/// Starts an oracle; `None` (said loudly) when it, or the `part` that it needs, is not there.
fn start(program: &Path, part: &str, script: &str, why: &str) -> Option<Child> {
    let folder = folder();
    if !folder.join(part).is_dir() {
        require::missing("oracles", why);
        return None;
    }
    let started = Command::new(program)
        .arg(folder.join(script))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(oracle) = started else {
        require::missing(
            "oracles",
            &format!("{} cannot be started", program.display()),
        );
        return None;
    };
    Some(oracle)
}

/// Asks an oracle, one JSON value a line; `None` (said loudly) when it cannot be asked.
pub(crate) fn ask(script: &str, questions: &[Value]) -> Option<Vec<Value>> {
    let mut oracle = if Path::new(script)
        .extension()
        .is_some_and(|kind| kind == "py")
    {
        python(script)?
    } else {
        let why = "run: npm install --no-package-lock --prefix tests/oracles";
        start(Path::new("node"), "node_modules", script, why)?
    };
    let mut input = oracle.stdin.take().unwrap();
    let lines: Vec<String> = questions.iter().map(Value::to_string).collect();
    let lines = lines.join("\n");
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = oracle.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{script} failed");
    let answers: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), questions.len());
    Some(answers)
}

/// Chance, the same on every run.
struct Chance(SeededIds);

impl Chance {
    fn below(&self, end: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_be_bytes(bytes) % u64::try_from(end).unwrap()).unwrap()
    }

    /// A string of up to `longest` pieces.
    fn string(&self, pieces: &[&str], longest: usize) -> String {
        (0..self.below(longest + 1))
            .map(|_| pieces[self.below(pieces.len())])
            .collect()
    }
}

/// Characters that are hard to count: of one and two septets, none, and of two UTF-16 units.
const GSM: &[&str] = &[
    "a", "Z", "0", " ", "\n", "@", "é", "ñ", "¿", "Ç", "Δ", "ß", "€", "[", "~", "^", "|", "\\",
];
const UNICODE: &[&str] = &[
    "a",
    " ",
    "€",
    "á",
    "ç",
    "я",
    "’",
    "“",
    "…",
    "漢",
    "\u{1f614}",
    "\u{1f600}",
    "\u{a0}",
    "`",
];

#[test]
fn texts_cost_what_twilios_own_calculator_says() {
    let chance = Chance(SeededIds::new(1));
    let mut texts: Vec<String> = (0..500)
        .map(|n| match n % 4 {
            0 => chance.string(GSM, 40),
            1 => chance.string(GSM, 500),
            2 => chance.string(UNICODE, 200),
            // Around the places where a text becomes one part longer.
            _ => format!(
                "{}{}",
                "a".repeat(150 + chance.below(12)),
                chance.string(GSM, 4)
            ),
        })
        .collect();
    let packs = Packs::builtin().unwrap();
    for free_to_end_user in [true, false] {
        let fill = Fill {
            line: "Example Line",
            contact: "help@example.org",
            free_to_end_user,
            topic: "MBT-A for teens",
            choices: "",
            care: "example.org/care",
        };
        for locale in Locale::ALL {
            texts.extend(Key::ALL.map(|key| packs.message(locale, key, &fill)));
            let ends = packs.chooser(locale).ends();
            texts.extend(
                ends.iter()
                    .map(|answers| packs.chosen(locale, answers, &fill)),
            );
            for page in PageId::ALL {
                let parts = packs.page(locale, page).parts();
                texts.extend((0..parts).map(|part| packs.page_part(locale, page, part, &fill)));
            }
        }
    }
    // An empty text is nothing to the calculator, and one SMS to a gateway.
    texts.retain(|text| !text.is_empty());
    let questions: Vec<Value> = texts.iter().map(|text| json!(text)).collect();
    let Some(answers) = ask("segments.mjs", &questions) else {
        return;
    };
    let (mut gsm, mut compared) = (0, 0);
    for (text, answer) in texts.iter().zip(answers) {
        let ours = segments(text);
        assert_eq!(answer["encoding"], ours.encoding.to_string(), "{text:?}");
        if let Some(units) = answer["units"].as_u64() {
            assert_eq!(units, ours.units as u64, "{text:?}");
            gsm += 1;
        }
        if answer.get("graphemes").is_none() {
            assert_eq!(answer["segments"], ours.segments, "{text:?}");
            compared += 1;
        }
    }
    assert!(gsm > 300 && compared > 500, "{gsm} {compared}");
}

/// One signed request.
#[derive(Clone)]
struct Signed {
    token: String,
    url: String,
    fields: Vec<(String, String)>,
    signature: String,
}

impl Signed {
    fn question(&self) -> Value {
        let mut params = serde_json::Map::new();
        for (name, value) in &self.fields {
            let values = params.entry(name.clone()).or_insert_with(|| json!([]));
            values.as_array_mut().unwrap().push(json!(value));
        }
        for values in params.values_mut() {
            if let [one] = values.as_array().unwrap().as_slice() {
                *values = one.clone();
            }
        }
        let mut question = json!({"token": self.token, "url": self.url, "params": params});
        if !self.signature.is_empty() {
            question["signature"] = json!(self.signature);
        }
        question
    }

    fn is_taken(&self) -> bool {
        let twilio = Twilio::new(TwilioConfig {
            name: "main".to_owned(),
            account_sid: "AC00000000000000000000000000000000".to_owned(),
            auth_tokens: vec![self.token.as_str().into()],
            sender: "+15550100".to_owned(),
            calls_from: None,
            api_url: "https://api.example.org".to_owned(),
        });
        let mut headers = HeaderMap::new();
        headers.insert("x-twilio-signature", self.signature.parse().unwrap());
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.fields)
            .finish();
        let request = RawRequest {
            method: &Method::POST,
            url: &self.url,
            headers: &headers,
            body: body.as_bytes(),
            now: At(0),
        };
        twilio.verify(&request).is_ok()
    }
}

fn random_request(chance: &Chance) -> Signed {
    let names = [
        "Body",
        "From",
        "To",
        "MessageSid",
        "body",
        "Zebra",
        "Añb",
        "\u{1f600}",
        "\u{ff5e}",
        "A1",
    ];
    let words = [
        "a",
        "b",
        " ",
        "+",
        "&",
        "=",
        "%",
        "é",
        "\u{1f600}",
        "\u{ff5e}",
        "\n",
        "'",
        "\"",
        "0",
    ];
    let path = ["a", "b", "-", ".x", "~", "%20", "'", "(", "/c", "_"];
    let query = [
        "x=1", "&", "y=it's", "&y=2", "z=%C3%A9", "+", "%27", "=", "&a=b c",
    ];
    let hosts = [
        "https://line.example.org",
        "https://line.example.org:443",
        "https://line.example.org:8443",
        "http://line.example.org",
        "http://line.example.org:80",
    ];
    let mut url = format!(
        "{}/{}",
        hosts[chance.below(hosts.len())],
        chance.string(&path, 6)
    );
    if chance.below(2) == 0 {
        url = format!("{url}?{}", chance.string(&query, 6).replace(' ', "%20"));
    }
    let fields = (0..=chance.below(8))
        .map(|_| {
            let name = names[chance.below(names.len())].to_owned();
            (name, chance.string(&words, 12))
        })
        .collect();
    Signed {
        token: format!("token{}", chance.below(1_000)),
        url,
        fields,
        signature: String::new(),
    }
}

/// The same request, changed in one place, perhaps to no effect.
fn tampered(request: &Signed, chance: &Chance) -> Signed {
    let mut changed = request.clone();
    match chance.below(7) {
        0 => changed.token.push('x'),
        1 => changed.url.push('x'),
        2 => changed.url = changed.url.replace("https", "http"),
        3 => changed.fields[0].1.push('x'),
        4 => changed.fields.push(("More".to_owned(), String::new())),
        // A pair that is sent twice is signed once: no change for either library.
        5 => changed.fields.push(request.fields[0].clone()),
        _ => changed.url = changed.url.replace("line.", "other."),
    }
    changed
}

#[test]
fn signatures_are_judged_as_by_twilios_own_library() {
    let chance = Chance(SeededIds::new(2));
    let mut requests: Vec<Signed> = (0..200).map(|_| random_request(&chance)).collect();
    let questions: Vec<Value> = requests.iter().map(Signed::question).collect();
    let Some(answers) = ask("twilio-sign.mjs", &questions) else {
        return;
    };
    for (request, answer) in requests.iter_mut().zip(answers) {
        answer["signature"]
            .as_str()
            .unwrap()
            .clone_into(&mut request.signature);
    }
    let changed: Vec<Signed> = requests.iter().map(|r| tampered(r, &chance)).collect();
    let all: Vec<Signed> = requests.into_iter().chain(changed).collect();
    let questions: Vec<Value> = all.iter().map(Signed::question).collect();
    let judged = ask("twilio-sign.mjs", &questions).unwrap();
    let mut taken = 0;
    for (request, answer) in all.iter().zip(judged) {
        let valid = answer["valid"].as_bool().unwrap();
        assert_eq!(
            request.is_taken(),
            valid,
            "{} {:?}",
            request.url,
            request.fields
        );
        taken += usize::from(valid);
    }
    assert!(
        (200..300).contains(&taken),
        "{taken} of {} are good",
        all.len()
    );
}
