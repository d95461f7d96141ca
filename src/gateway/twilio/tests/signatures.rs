//! Signatures of hooks: what is accepted, and that nothing signed can be changed.

use super::*;

/// The token and the form of Twilio's own published examples.
const OLD: &str = "12345";
const P: &str = "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";

/// Token, URL as received, body, signature. Those with [`OLD`] were recomputed with twilio-node
/// 6.2.0 and twilio-python 9.13.0, the others made with them.
#[rustfmt::skip]
const VECTORS: &[(&str, &str, &str, &str)] = &[
    (OLD, "https://mycompany.com/myapp.php?foo=1&bar=2", P, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    (OLD, "https://mycompany.com:1234/myapp.php?foo=1&bar=2", P, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    (OLD, "http://mycompany.com:1234/myapp.php?foo=1&bar=2", P, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
    (OLD, "https://mycompany.com/myapp.php?foo=1&bar=2", P, "kvajT1Ptam85bY51eRf/AJRuM3w="),
    (OLD, "http://mycompany.com/myapp.php?foo=1&bar=2", P, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    (OLD, "https://user:pass@mycompany.com/myapp.php?foo=1&bar=2", P, "CukzLTc1tT5dXEDIHm/tKBanW10="),
    (OLD, "https://user:pass@mycompany.com/myapp.php?foo=1&bar=2", P, "ZQFR1PTIZXF2MXB8ZnKCvnnA+rI="),
    (OLD, "https://user@mycompany.com/myapp.php?foo=1&bar=2", P, "2YRLlVAflCqxaNicjMpJcSTgzSs="),
    (OLD, "https://mycompany.com/myapp.php?foo=1&bar=2&Body=It's+amazing", P, "TfZzewPq8wqrGlMfyAud8+/IvJ0="),
    (OLD, "https://mycompany.com/myapp.php?foo=1&bar=2&Body=It's+amazing", P, "dsq4Ehbj6cs+KdTkpF5sSSplOWw="),
    (OLD, "https://mycompany.com/myapp.php?foo=1&bar=2", "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234", "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
    (OLD, "https://mycompany.com/myapp.php?foo=1&bar=2", "MessagingBinding.Address=%2B1325xxxxxxx&MessagingBinding.Address=%2B1415xxxxxxx", "83O6e2vORAoJHUNzJjDWN1jz+BA="),
    (OLD, "https://mycompany.com/myapp.php?foo=1&bar=2", "MessagingBinding.Address=%2B1415xxxxxxx&MessagingBinding.Address=%2B1325xxxxxxx", "83O6e2vORAoJHUNzJjDWN1jz+BA="),
    (OLD, "https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620", r#"{"property": "value", "boolean": true}"#, "a9nBmqA0ju/hNViExpshrM61xv4="),
    (OLD, "https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "{}", "Ldidvp12m26NI7eqEvxnEpkd9Hc="),
    (OLD, "https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "{}", "rw/jVviOgicj2+kHZULvebnA4ag="),
    (OLD, "https://mycompany.com/myapp.php?bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620", r#"{"property": "value", "boolean": true}"#, "y77kIzt2vzLz71DgmJGsen2scGs="),
    (TOKEN, "https://line.example.org/gw/twilio/inbound", "MessageSid=SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&SmsSid=SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&SmsMessageSid=SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&AccountSid=ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&From=%2B15005550006&To=%2B15005550001&Body=I+feel+alone+%F0%9F%98%94+%26+can%27t+sleep&NumMedia=0&NumSegments=1&SmsStatus=received&ApiVersion=2010-04-01&FromCity=&FromState=&FromZip=&FromCountry=US", "4tKshqLjrUCl4OHOPztTYdnagE8="),
    (TOKEN, "https://line.example.org/gw/twilio/inbound?tenant=a%20b&x=1", "MessageSid=SM1&AccountSid=AC1&From=%2B15005550006&To=741741&Body=STOP&OptOutType=STOP", "jMJv1+tCJq2NcxX8h3yiChKGWhY="),
    (TOKEN, "https://line.example.org:8443/gw/twilio/inbound", "Body=HELP&From=%2B15005550006&To=%2B15005550001", "X3sJsf2sUa7POf3sjxWM4ATcyyY="),
    (TOKEN, "https://line.example.org/gw/twilio/status", "MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003&To=%2B15005550006&From=%2B15005550001&AccountSid=AC1&ApiVersion=2010-04-01", "r//DkI01+6WfW/BaKq1UPgiVfjM="),
    (TOKEN, "https://line.example.org/gw/twilio/inbound", "", "5IB0okBljwR6W+yMK4QAQoqMt6w="),
];

#[test]
fn every_vector_is_accepted_with_its_token_and_refused_with_another() {
    for &(token, url, body, signature) in VECTORS {
        let hook = Hook::post(url, body).signed_with(signature);
        assert_eq!(hook.verified_by(&[token]), Ok(()), "{url} {signature}");
        assert_eq!(hook.verified_by(&["other"]), Err(VerifyError::Mismatch));
    }
}

#[test]
fn no_signed_part_can_be_changed() {
    for &(token, url, body, signature) in VECTORS {
        let separator = if url.contains('?') { '&' } else { '?' };
        let mut changed = vec![
            (
                url.replace(".com", ".net").replace(".org", ".net"),
                body.to_owned(),
            ),
            (
                url.replace("/my", "/your").replace("/gw", "/wg"),
                body.to_owned(),
            ),
            (format!("{url}{separator}ref=1"), body.to_owned()),
            (url.to_owned(), format!("{body}&Extra=1")),
        ];
        if let Some((first, rest)) = body.split_once('&') {
            changed.push((url.to_owned(), rest.to_owned()));
            changed.push((url.to_owned(), format!("{first}0&{rest}")));
            changed.push((url.to_owned(), format!("X{body}")));
            changed.push((url.to_owned(), body.to_ascii_lowercase()));
        }
        for (url, body) in changed {
            let hook = Hook::post(&url, body.as_str()).signed_with(signature);
            let verified = hook.verified_by(&[token]);
            assert_eq!(verified, Err(VerifyError::Mismatch), "{url} {body}");
        }
        let good = STANDARD.decode(signature).unwrap();
        for bit in 0..160 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let hook = Hook::post(url, body).signed_with(&STANDARD.encode(bad));
            assert_eq!(hook.verified_by(&[token]), Err(VerifyError::Mismatch));
        }
    }
}

#[test]
fn a_port_that_is_not_ours_and_another_scheme_are_refused() {
    let body = form(&[
        ("From", "+15005550006"),
        ("Body", "hi"),
        ("MessageSid", "SM1"),
    ]);
    let signed = Hook::post("https://line.example.org:8443/in", body.as_str()).signed(TOKEN);
    let signature = signed.headers["x-twilio-signature"].to_str().unwrap();
    for url in [
        "https://line.example.org:8444/in",
        "https://line.example.org/in",
        "http://line.example.org:8443/in",
        "https://line.example.org:8443/in/",
        "https://line.example.org:8443/IN",
    ] {
        let hook = Hook::post(url, body.as_str()).signed_with(signature);
        assert_eq!(
            hook.verified_by(&[TOKEN]),
            Err(VerifyError::Mismatch),
            "{url}"
        );
    }
    assert_eq!(signed.verified_by(&[TOKEN]), Ok(()));
}

#[test]
fn two_tokens_are_accepted_while_they_are_rotated_and_a_third_is_not() {
    for (token, expected) in [
        ("old", Ok(())),
        ("new", Ok(())),
        ("third", Err(VerifyError::Mismatch)),
    ] {
        let hook = Hook::post(INBOUND, "Body=hi").signed(token);
        assert_eq!(hook.verified_by(&["new", "old"]), expected, "{token}");
    }
}

#[test]
fn an_empty_token_verifies_nothing() {
    let hook = Hook::post(INBOUND, "Body=hi").signed("");
    assert_eq!(hook.verified_by(&[""]), Err(VerifyError::Mismatch));
    assert_eq!(hook.verified_by(&[]), Err(VerifyError::Mismatch));
}

#[test]
fn a_signature_that_cannot_be_read_is_named_as_such() {
    let hook = || Hook::post(INBOUND, "Body=hi");
    assert_eq!(hook().verified_by(&[TOKEN]), Err(VerifyError::Missing));
    for bad in [
        "",
        "no",
        "5IB0okBljwR6W+yMK4QAQoqMt6w",
        "é",
        "AAAA",
        "5IB0okBljwR6W+yMK4QAQoqMt6x=",
    ] {
        let hook = hook().signed_with(bad);
        assert_eq!(
            hook.verified_by(&[TOKEN]),
            Err(VerifyError::Malformed),
            "{bad}"
        );
    }
    let mut twice = hook().signed(TOKEN);
    let signature = twice.headers["x-twilio-signature"].clone();
    twice.headers.append("x-twilio-signature", signature);
    assert_eq!(twice.verified_by(&[TOKEN]), Err(VerifyError::Malformed));
}

#[test]
fn a_get_is_signed_by_its_url_alone() {
    let mut hook = Hook::get(&format!(
        "{INBOUND}?MessageSid=SM1&From=%2B15005550006&Body=hi"
    ));
    hook = hook.signed(TOKEN);
    hook.body = b"Body=forged&From=%2B15005559999".to_vec();
    assert_eq!(hook.verified_by(&[TOKEN]), Ok(()));
    assert_eq!(hook.inbound().body.reveal(), "hi");
    assert_eq!(hook.inbound().from.reveal(), "+15005550006");
}

#[test]
fn a_body_with_a_hash_in_the_url_is_covered_by_the_hash() {
    let body = "MessageSid=SM1&From=%2B15005550006&Body=hi";
    let hash = hex::encode(Sha256::digest(body));
    for (hash, body, expected) in [
        (hash.as_str(), body, Ok(())),
        (hash.as_str(), "Body=forged", Err(VerifyError::Mismatch)),
        (hash.as_str(), "", Err(VerifyError::Mismatch)),
        ("", body, Err(VerifyError::Mismatch)),
        ("zz", body, Err(VerifyError::Mismatch)),
    ] {
        let url = format!("{INBOUND}?bodySHA256={hash}");
        let signature = STANDARD.encode(sign(&TOKEN.into(), &url, b""));
        let hook = Hook::post(&url, body).signed_with(&signature);
        assert_eq!(hook.verified_by(&[TOKEN]), expected, "{hash} {body}");
    }
}

#[test]
fn an_address_with_a_literal_ipv6_host_is_spelled_with_and_without_port() {
    for (received, signed) in [
        ("https://[2001:db8::1]:8443/in", "https://[2001:db8::1]/in"),
        ("https://[2001:db8::1]/in", "https://[2001:db8::1]:443/in"),
    ] {
        let signature = STANDARD.encode(sign(&TOKEN.into(), signed, b""));
        let hook = Hook::post(received, "").signed_with(&signature);
        assert_eq!(hook.verified_by(&[TOKEN]), Ok(()), "{received}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_signed_as_sent() {
    for body in [
        &b"Body=caf%E9"[..],
        b"Body=caf\xe9",
        b"Body=\xff\xfe%00&From=x",
    ] {
        let hook = Hook::post(INBOUND, body).signed(TOKEN);
        assert_eq!(hook.verified_by(&[TOKEN]), Ok(()));
    }
    let hook = Hook::post(INBOUND, &b"Body=caf%E9"[..]).signed(TOKEN);
    let mut other = Hook::post(INBOUND, &b"Body=caf%E8"[..]);
    other.headers = hook.headers.clone();
    assert_eq!(other.verified_by(&[TOKEN]), Err(VerifyError::Mismatch));
}
