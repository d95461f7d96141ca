//! Gateways that cannot work.

use super::refused;
use crate::support::binary::GATEWAY;

/// The key of a gateway that is refused, for what it holds.
#[test]
fn a_gateway_that_cannot_work_is_refused_with_its_key() {
    let of = |section: &str| {
        let head = GATEWAY.split("kind =").next().unwrap();
        let tail = GATEWAY.split("sender = \"+15550100\"").nth(1).unwrap();
        format!("{head}{section}\nsender = \"+15550100\"{tail}")
    };
    let signalwire = "kind = \"signalwire\"\nproject_id = \"p\"\napi_token = \"secret-token\"\nsigning_key = \"k\"\napi_url = \"https://example.signalwire.com\"";
    let telnyx = "kind = \"telnyx\"\napi_key = \"secret-token\"\npublic_key = \"A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\"";
    let plivo = "kind = \"plivo\"\nauth_id = \"MA1\"\nauth_token = \"secret-token\"";
    let vonage = "kind = \"vonage\"\napi_key = \"a\"\napi_secret = \"secret-token\"\nsignature_secret = \"s\"\nsignature_method = \"sha256\"";
    let android = "kind = \"android\"\nusername = \"u\"\npassword = \"secret-token\"\nsigning_key = \"12345678\"\nmessages_url = \"http://phone:8080/message\"";
    for (section, parts) in [
        (
            signalwire.replace("\"k\"", "\"\""),
            vec!["gateways.main.signing_key", "empty"],
        ),
        (
            signalwire.replace("https://example.signalwire.com", "example.signalwire.com"),
            vec!["gateways.main.api_url", "https://example.signalwire.com"],
        ),
        (
            telnyx.replace("A6EHv", "A6EH"),
            vec!["gateways.main", "public_key", "Telnyx portal"],
        ),
        (
            telnyx.replace("secret-token", "secret-token\\n"),
            vec!["gateways.main.api_key", "line break"],
        ),
        (
            plivo.replace("MA1", ""),
            vec!["gateways.main.auth_id", "empty"],
        ),
        (
            format!("{plivo}\nallow_v1 = true"),
            vec!["gateways.main", "`allow_v1`", "allow_v2"],
        ),
        (
            vonage.replace("sha256", "sha3"),
            vec!["gateways.main", "sha3", "sha256"],
        ),
        (
            vonage.replace("\"s\"", "\"\""),
            vec![
                "gateways.main.signature_secret",
                "signing must be switched on",
            ],
        ),
    ] {
        let said = refused(&of(&section));
        for part in parts {
            assert!(
                said.contains(part),
                "{part:?} is missing in: {said}\nfor: {section}"
            );
        }
        assert!(!said.contains("secret-token"), "{said}");
    }
    // The phone has its own number.
    let android = |from: &str, to: &str| {
        refused(&of(&android.replace(from, to)).replacen("sender = \"+15550100\"", "", 1))
    };
    let said = android("?", "?");
    assert!(
        said.contains("gateways.main.signing_key") && said.contains("8 digits"),
        "{said}"
    );
    let said = android("\"12345678\"", "\"a-long-random-signing-key\"\nsim = 0");
    assert!(said.contains("gateways.main.sim"), "{said}");
    let http =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/gateways/kannel.toml");
    let http = std::fs::read_to_string(http).unwrap();
    for (from, to, part) in [
        (
            "password = \"replace-by-a-long-random-password\"",
            "password = \"short\"",
            "gateways.main.auth: a secret is shorter than 16",
        ),
        (
            "?password={secrets.status}",
            "?text={body}",
            "gateways.main.check.url: it cannot be filled",
        ),
        ("{body}", "{boddy}", "{boddy}"),
        (
            "{secrets.password}",
            "{secrets.pasword}",
            "gateways.main.secrets: there is no secret `pasword`",
        ),
        ("means = \"accepted\"", "means = \"fine\"", "fine"),
        (
            "[gateways.main.ack]",
            "[gateways.main.acknowledge]",
            "acknowledge",
        ),
    ] {
        let said = refused(&http.replace(from, to));
        assert!(said.contains(part), "{part:?} is missing in: {said}");
        assert!(!said.contains("the password of"), "{said}");
    }
}

#[test]
fn a_sender_without_a_speed_and_a_stand_in_that_is_not_there_are_refused() {
    for (key, parts) in [
        (
            "segments_per_second = -1",
            ["segments_per_second", "0 to 10000"],
        ),
        ("burst = 0", ["burst", "1 or more"]),
        ("failover = \"main\"", ["failover", "a second gateway"]),
        ("failover = \"second\"", ["failover", "`second`"]),
    ] {
        let said = refused(&GATEWAY.replace("sender =", &format!("{key}\nsender =")));
        assert!(said.contains("gateways.main."), "{said}");
        for part in parts {
            assert!(said.contains(part), "{part:?} is missing in: {said}");
        }
    }
}
