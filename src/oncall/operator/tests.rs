//! That the operator is told the place and the fix, and briefly.

use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::segment::{Encoding, segments};

fn of(kind: IncidentKind) -> Incident {
    Incident {
        id: Uuid::nil(),
        kind,
        subject: "main".to_owned(),
        opened_at: At(0),
        last_at: At(0),
        count: 12,
        told_at: None,
        detail: json!({"why": "the signature does not match", "policy": "enforce"}),
    }
}

#[test]
fn what_the_operator_is_told_names_the_place_and_is_short() {
    for kind in IncidentKind::ALL {
        let told = incident(&of(kind), "https://line.example.org", At(90_000));
        let over = incident_over(&of(kind), Duration::from_mins(15));
        for words in [&told, &over] {
            let cost = segments(words);
            assert_eq!(cost.encoding, Encoding::Gsm7, "{words}");
            assert!(cost.segments <= 2, "{words}");
            assert!(words.starts_with("Harborline"), "{words}");
        }
        let told_once = [
            IncidentKind::Heartbeat,
            IncidentKind::AuditLog,
            IncidentKind::Drill,
            IncidentKind::DrillMissed,
        ];
        if told_once.contains(&kind) {
            let names = kind == IncidentKind::AuditLog || told.contains("main");
            assert!(names, "{told}");
            continue;
        }
        // One phone is one, however often.
        let counts = kind != IncidentKind::ResponderUnreachable;
        assert!(!counts || told.contains("12"), "{told}");
        let elsewhere = [
            IncidentKind::Audit,
            IncidentKind::ResponderUnreachable,
            IncidentKind::PageFailed,
            IncidentKind::Stalled,
            IncidentKind::Exhausted,
            IncidentKind::SetAside,
            IncidentKind::Spooled,
            IncidentKind::ShiftNotTaken,
            IncidentKind::NobodyOnCall,
            IncidentKind::Uncovered,
        ];
        if !elsewhere.contains(&kind) {
            assert!(told.contains("gateway main"), "{told}");
        }
    }
}

#[test]
fn what_the_audit_found_is_told_in_two_segments_at_most() {
    for subject in ["ping", "late_pages", "stuck", "silent_workers", "triage"] {
        let mut found = of(IncidentKind::Audit);
        subject.clone_into(&mut found.subject);
        found.detail = json!({"names": ["dispatch", "followup", "incidents", "reconcile", "x"]});
        let told = incident(&found, "https://line.example.org", At(0));
        assert!(segments(&told).segments <= 2, "{told}");
        assert!(
            subject != "silent_workers" || told.contains("dispatch, followup"),
            "{told}"
        );
    }
}

#[test]
fn what_takes_a_day_to_mend_is_not_told_every_quarter_of_an_hour() {
    let quarter = Duration::from_mins(15);
    assert_eq!(IncidentKind::Overdue.pace(quarter), quarter);
    assert_eq!(
        IncidentKind::Heartbeat.pace(quarter),
        Duration::from_hours(6)
    );
    assert_eq!(IncidentKind::Drill.pace(quarter), Duration::from_hours(24));
    assert_eq!(span(Duration::from_secs(26 * 3600 + 59)), "26 h");
}

#[test]
fn a_failed_signature_says_what_became_of_the_texts() {
    let told = |policy: &str| {
        let mut incident = of(IncidentKind::Signature);
        incident.detail["policy"] = json!(policy);
        super::incident(&incident, "https://line.example.org", At(0))
    };
    assert!(told("enforce").contains("REFUSED"));
    assert!(told("observe").contains("taken in"));
    assert!(told("quarantine").contains("held"));
}
