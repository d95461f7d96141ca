use super::*;

#[test]
fn every_status_has_its_rank() {
    for (status, expected) in [
        ("accepted", Some(Delivery::Accepted)),
        ("scheduled", Some(Delivery::Accepted)),
        ("queued", Some(Delivery::Accepted)),
        ("sending", Some(Delivery::Accepted)),
        ("sent", Some(Delivery::Sent)),
        ("partially_delivered", Some(Delivery::Sent)),
        ("delivered", Some(Delivery::Delivered)),
        ("read", Some(Delivery::Delivered)),
        ("undelivered", Some(Delivery::Failed)),
        ("failed", Some(Delivery::Failed)),
        ("canceled", Some(Delivery::Failed)),
        ("received", None),
        ("something_new", None),
    ] {
        let url = format!("{STATUS}?ref={OUTBOX}");
        let body = format!(
            "MessageSid=SM1&SmsStatus={status}&MessageStatus={status}&To=%2B15005550006&From=%2B15005550001"
        );
        let event = Hook::post(&url, body).event();
        match (event, expected) {
            (Event::Receipt(receipt), Some(delivery)) => assert_eq!(receipt.delivery, delivery),
            (Event::Ignored(_), None) => {}
            (other, _) => panic!("{status}: {other:?}"),
        }
    }
}

#[test]
fn a_receipt_names_the_text_and_the_reason() {
    let url = format!("{STATUS}?ref={OUTBOX}");
    let receipt = Hook::post(
        &url,
        "MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003",
    )
    .receipt();
    assert_eq!(receipt.gateway_ref, "SM1");
    assert_eq!(receipt.outbox_id, Some(OUTBOX.parse().unwrap()));
    assert_eq!(receipt.code.as_deref(), Some("30003"));
    assert!(!receipt.opted_out);

    let receipt = Hook::post(
        STATUS,
        "MessageSid=SM1&MessageStatus=failed&ErrorCode=21610",
    )
    .receipt();
    assert!(receipt.opted_out);
    assert_eq!(receipt.outbox_id, None);

    for none in ["", "&ErrorCode=", "&ErrorCode=0"] {
        let body = format!("MessageSid=SM1&MessageStatus=delivered{none}");
        assert_eq!(Hook::post(STATUS, body).receipt().code, None);
    }
}

#[test]
fn only_a_busy_carrier_is_a_reason_to_send_again() {
    let twilio = gateway(&[TOKEN]);
    for code in ["30001", "30008", "30017", "30022", "30410"] {
        assert!(twilio.may_get_through(code), "{code}");
    }
    for code in [
        "30003", "30004", "30005", "30006", "30007", "21610", "", "x",
    ] {
        assert!(!twilio.may_get_through(code), "{code}");
    }
}

#[test]
fn a_receipt_with_words_or_without_the_new_field_is_still_a_receipt() {
    let with_words = "MessageSid=SM1&MessageStatus=sent&Body=hi&From=%2B15005550001";
    assert_eq!(
        Hook::post(STATUS, with_words).receipt().delivery,
        Delivery::Sent
    );
    let legacy = "SmsSid=SM1&SmsStatus=delivered&From=%2B15005550001&To=%2B15005550006";
    assert_eq!(
        Hook::post(STATUS, legacy).receipt().delivery,
        Delivery::Delivered
    );
    // The request to a TwiML `action` repeats fields of the text that was answered.
    let action = "SmsSid=SM1&SmsStatus=queued&Body=hi&From=%2B15005550006";
    let url = format!("{STATUS}?ref={OUTBOX}");
    assert_eq!(
        Hook::post(&url, action).receipt().delivery,
        Delivery::Accepted
    );
    assert_eq!(
        Hook::post(STATUS, "MessageStatus=sent").event(),
        Event::Ignored("a receipt without a message id")
    );
}
