use super::*;

fn sent(sender: &str, validity: Duration) -> (ApiRequest, Vec<(String, String)>) {
    let mut twilio = gateway(&["first", "second"]);
    twilio.account.sender = sender.to_owned();
    let request = twilio.build_send(&Outgoing {
        outbox_id: OUTBOX.parse().unwrap(),
        key: Uuid::nil(),
        to: &PhoneNumber::of_sender("+15005550006"),
        body: &MessageBody::new("You & me = 1+1 😔"),
        lane: Lane::Crisis,
        validity,
        receipts_url: "https://line.example.org/s?ref=1",
    });
    let fields = form_urlencoded::parse(&request.body).into_owned().collect();
    (request, fields)
}

#[test]
fn a_send_is_the_documented_request() {
    let (request, fields) = sent("+15005550001", Duration::from_mins(10));
    let account = format!("AC{}", "a".repeat(32));
    assert_eq!(
        request.url,
        format!("https://api.example.org/2010-04-01/Accounts/{account}/Messages.json")
    );
    assert_eq!(
        request.headers[CONTENT_TYPE],
        "application/x-www-form-urlencoded"
    );
    let authorization = &request.headers[AUTHORIZATION];
    assert!(authorization.is_sensitive());
    let credentials = STANDARD.encode(format!("{account}:first"));
    assert_eq!(
        authorization.to_str().unwrap(),
        format!("Basic {credentials}")
    );
    let expected = [
        ("To", "+15005550006"),
        ("From", "+15005550001"),
        ("Body", "You & me = 1+1 😔"),
        ("StatusCallback", "https://line.example.org/s?ref=1"),
        ("ValidityPeriod", "600"),
    ];
    assert_eq!(fields, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
}

#[test]
fn a_messaging_service_is_named_as_one_and_twilio_takes_one_second_to_ten_hours() {
    let service = format!("MG{}", "b".repeat(32));
    let (_, fields) = sent(&service, Duration::from_mins(5));
    assert_eq!(fields[1], ("MessagingServiceSid".to_owned(), service));
    for (validity, seconds) in [
        (Duration::ZERO, "1"),
        (Duration::from_mins(5), "300"),
        (Duration::from_hours(24), "36000"),
    ] {
        assert_eq!(sent("741741", validity).1[4].1, seconds);
    }
}

fn outcome(status: u16, body: &str) -> SendOutcome {
    gateway(&[TOKEN]).read_send(
        Uuid::nil(),
        ApiResult::Answered {
            status,
            retry_after_s: None,
            body: body.as_bytes(),
        },
    )
}

#[test]
fn an_accepted_send_has_an_id_and_one_without_is_in_doubt() {
    assert_eq!(
        outcome(
            201,
            r#"{"sid":"SM1","status":"queued","num_segments":"0","error_code":null}"#
        ),
        SendOutcome::Accepted {
            gateway_ref: "SM1".to_owned()
        }
    );
    for garbage in [
        "",
        "{}",
        "<html>",
        r#"{"sid":""}"#,
        r#"{"sid":1}"#,
        "[]",
        "{\"sid\":\"SM",
    ] {
        assert_eq!(outcome(201, garbage), SendOutcome::Ambiguous, "{garbage}");
        assert_eq!(outcome(200, garbage), SendOutcome::Ambiguous, "{garbage}");
    }
}

#[test]
fn every_error_code_has_its_meaning() {
    type Make = fn(String) -> SendOutcome;
    let retry: Make = |code| SendOutcome::Retry {
        after_s: None,
        code,
    };
    let permanent: Make = |code| SendOutcome::Permanent { code };
    let opted_out: Make = |code| SendOutcome::OptedOut { code };
    let misconfigured: Make = |code| SendOutcome::Misconfigured { code };
    let table: [(Make, &[u32]); 4] = [
        (
            retry,
            &[
                20429, 20500, 20503, 30001, 30008, 30017, 30022, 30410, 63018, 21611,
            ],
        ),
        (
            permanent,
            &[
                21211, 21214, 21217, 21408, 21612, 21614, 21602, 21617, 21620, 21623, 30003, 30004,
                30005, 30006, 30007, 30011, 30019, 99999,
            ],
        ),
        (opted_out, &[21610]),
        (
            misconfigured,
            &[
                20003, 20404, 21212, 21603, 21606, 21659, 21703, 21705, 30002, 30024, 30032, 30034,
                30023, 30027,
            ],
        ),
    ];
    for (expected, codes) in table {
        for code in codes {
            let body = format!(r#"{{"code":{code},"message":"…","status":400}}"#);
            assert_eq!(outcome(400, &body), expected(code.to_string()), "{code}");
        }
    }
}

#[test]
fn without_a_code_the_status_decides() {
    for (status, kind) in [
        (429, "Retry"),
        (408, "Retry"),
        (500, "Retry"),
        (502, "Retry"),
        (503, "Retry"),
        (504, "Retry"),
        (599, "Retry"),
        (401, "Misconfigured"),
        (403, "Misconfigured"),
        (404, "Misconfigured"),
        (405, "Misconfigured"),
        (302, "Misconfigured"),
        (400, "Permanent"),
        (422, "Permanent"),
    ] {
        let read = format!("{:?}", outcome(status, "<html>"));
        assert!(read.starts_with(kind), "{status}: {read}");
        assert!(read.contains(&format!("http-{status}")), "{read}");
    }
}

#[test]
fn a_wait_that_twilio_asks_for_is_kept() {
    let read = gateway(&[TOKEN]).read_send(
        Uuid::nil(),
        ApiResult::Answered {
            status: 429,
            retry_after_s: Some(7),
            body: br#"{"code":20429,"status":429}"#,
        },
    );
    let code = "20429".to_owned();
    assert_eq!(
        read,
        SendOutcome::Retry {
            after_s: Some(7),
            code
        }
    );
}

#[test]
fn what_was_not_sent_is_tried_again_and_what_may_have_been_is_in_doubt() {
    let twilio = gateway(&[TOKEN]);
    assert!(matches!(
        twilio.read_send(Uuid::nil(), ApiResult::NotConnected),
        SendOutcome::Retry { after_s: None, .. }
    ));
    assert_eq!(
        twilio.read_send(Uuid::nil(), ApiResult::Unanswered),
        SendOutcome::Ambiguous
    );
}

#[test]
fn no_code_stands_in_the_table_twice() {
    let mut codes: Vec<u32> = CODES
        .iter()
        .flat_map(|(_, codes)| codes.iter().copied())
        .collect();
    let count = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), count);
}
