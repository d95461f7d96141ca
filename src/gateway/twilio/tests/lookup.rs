//! What Twilio says when it is asked.

use super::*;

const DAY: At = At(1_767_225_600_000 + 3_600_000);

fn answered(body: &str) -> ApiResult<'_> {
    ApiResult::Answered {
        status: 200,
        retry_after_s: None,
        body: body.as_bytes(),
    }
}

#[test]
fn one_text_is_asked_for_by_its_id_and_nothing_else_by_it() {
    let request = gateway(&["first", "second"]).build_poll("SM1").unwrap();
    let account = format!("AC{}", "a".repeat(32));
    assert_eq!(request.method, Method::GET);
    assert_eq!(
        request.url,
        format!("https://api.example.org/2010-04-01/Accounts/{account}/Messages/SM1.json")
    );
    assert!(request.headers[AUTHORIZATION].is_sensitive());
    for odd in ["", "../Calls", "SM1?x=1", "SM1/Media", "made up"] {
        assert!(gateway(&[TOKEN]).build_poll(odd).is_none(), "{odd}");
    }
}

#[test]
fn the_status_of_one_text_is_a_receipt() {
    let twilio = gateway(&[TOKEN]);
    let read = |body| twilio.read_poll(answered(body));
    let receipt =
        read(r#"{"sid":"SM1","status":"undelivered","error_code":30003,"body":"x"}"#).unwrap();
    assert_eq!(receipt.gateway_ref, "SM1");
    assert_eq!(receipt.delivery, Delivery::Failed);
    assert_eq!(receipt.code.as_deref(), Some("30003"));
    assert!(
        read(r#"{"sid":"SM1","status":"failed","error_code":21610}"#)
            .unwrap()
            .opted_out
    );
    let delivered = read(r#"{"sid":"SM1","status":"delivered","error_code":null}"#).unwrap();
    assert_eq!(
        (delivered.delivery, delivered.code),
        (Delivery::Delivered, None)
    );
    for nothing in [
        "",
        "{}",
        r#"{"sid":"SM1","status":"received"}"#,
        r#"{"status":"sent"}"#,
    ] {
        assert_eq!(read(nothing), None, "{nothing}");
    }
    assert_eq!(twilio.read_poll(ApiResult::Unanswered), None);
}

#[test]
fn what_came_in_is_listed_for_our_number_from_that_day_on() {
    let twilio = gateway(&[TOKEN]);
    let first = twilio.build_list(DAY, None).unwrap();
    let query = first.url.split_once("Messages.json?").unwrap().1;
    assert_eq!(
        query,
        "To=%2B15005550001&DateSent%3E=2026-01-01&PageSize=100"
    );
    let page = "/2010-04-01/Accounts/AC1/Messages.json?Page=1&PageToken=x";
    let next = twilio.build_list(DAY, Some(page)).unwrap();
    assert_eq!(next.url, format!("https://api.example.org{page}"));
    for elsewhere in [
        "@evil.example.net/",
        "https://evil.example.net/",
        ".evil.example.net",
        "",
    ] {
        assert!(
            twilio.build_list(DAY, Some(elsewhere)).is_none(),
            "{elsewhere}"
        );
    }
}

#[test]
fn a_list_holds_inbound_texts_since_then_and_where_it_goes_on() {
    let body = r#"{"messages":[
        {"sid":"SM1","direction":"inbound","from":"+15005550006","to":"+15005550001","body":"I feel alone 😔",
         "num_media":"2","date_sent":"Thu, 01 Jan 2026 01:00:00 +0000"},
        {"sid":"SM2","direction":"outbound-api","from":"+15005550001","body":"ours"},
        {"sid":"SM3","direction":"inbound","from":"+15005550006","body":"before",
         "date_sent":"Thu, 01 Jan 2026 00:59:59 +0000"},
        {"sid":"SM4","direction":"inbound","from":"","body":null,"date_sent":"never","num_media":"0"},
        {"direction":"inbound","body":"without an id"}, 7
      ],"next_page_uri":"/2010-04-01/Accounts/AC1/Messages.json?Page=1"}"#;
    let twilio = gateway(&[TOKEN]);
    let listing = twilio.read_list(DAY, answered(body)).unwrap();
    let ids: Vec<&str> = listing
        .inbound
        .iter()
        .map(|i| i.inbound.gateway_ref.as_str())
        .collect();
    assert_eq!(ids, ["SM1", "SM4"]);
    assert_eq!(listing.inbound[0].at, Some(DAY));
    assert_eq!(listing.inbound[1].at, None);
    let first = &listing.inbound[0].inbound;
    assert_eq!(first.body.reveal(), "I feel alone 😔");
    assert_eq!((first.from.reveal(), first.media), ("+15005550006", 2));
    assert!(!listing.inbound[1].inbound.from.is_reachable());
    let next = "/2010-04-01/Accounts/AC1/Messages.json?Page=1";
    assert_eq!(listing.next.as_deref(), Some(next));
    let last = r#"{"messages":[],"next_page_uri":null}"#;
    assert_eq!(
        twilio.read_list(DAY, answered(last)),
        Some(Listing::default())
    );
    assert_eq!(twilio.read_list(DAY, answered("{}")), None);
    assert_eq!(twilio.read_list(DAY, ApiResult::NotConnected), None);
}

#[test]
fn a_listed_text_that_is_base64_is_read_as_one_of_a_hook() {
    let words = "I do not want to live any more, and I have a plan for tonight";
    let encoded = STANDARD.encode(words);
    let message = serde_json::json!({"sid": "SM1", "direction": "inbound", "body": encoded});
    let page = serde_json::json!({"messages": [message]}).to_string();
    let listing = gateway(&[TOKEN]).read_list(DAY, answered(&page)).unwrap();
    let body = &listing.inbound[0].inbound.body;
    assert_eq!(body.reveal(), format!("{encoded}\n{words}"));
}

#[test]
fn pages_of_what_came_in_before_are_not_asked_for() {
    let next = |dates: &[&str]| {
        let messages: Vec<_> = dates
            .iter()
            .map(|time| {
                let date = format!("Thu, 01 Jan 2026 {time} +0000");
                serde_json::json!({"sid": "SM1", "direction": "inbound", "date_sent": date})
            })
            .collect();
        let page = serde_json::json!({"messages": messages, "next_page_uri": "/next"});
        let listing = gateway(&[TOKEN]).read_list(DAY, answered(&page.to_string()));
        listing.unwrap().next.is_some()
    };
    assert!(next(&["01:00:01", "01:00:00"]), "all of it is wanted");
    assert!(
        !next(&["01:00:00", "00:59:59"]),
        "the next page is older still"
    );
    assert!(
        next(&["00:59:59", "01:00:00"]),
        "not in the order that is meant"
    );
    assert!(next(&["01:00:00", "never"]), "a date that cannot be read");
}

#[test]
fn a_messaging_service_lists_every_number_and_keeps_its_own_texts() {
    let mut twilio = gateway(&[TOKEN]);
    twilio.account.sender = "MG1".to_owned();
    assert!(!twilio.build_list(DAY, None).unwrap().url.contains("To="));
    let body = r#"{"messages":[
        {"sid":"SM1","direction":"inbound","messaging_service_sid":"MG1"},
        {"sid":"SM2","direction":"inbound","messaging_service_sid":"MG2"},
        {"sid":"SM3","direction":"inbound","messaging_service_sid":null}]}"#;
    let listing = twilio.read_list(DAY, answered(body)).unwrap();
    assert_eq!(listing.inbound.len(), 1);
}
