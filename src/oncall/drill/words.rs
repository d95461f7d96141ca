//! A drill in words: times, and what happened to its case.

/// A time that was measured, in milliseconds, as in "0.04 s" or "1 min 05 s".
#[must_use]
pub fn took(ms: i64) -> String {
    let seconds = ms / 1000;
    match (seconds / 60, seconds % 60) {
        (0, 0..10) => format!("{seconds}.{:02} s", ms % 1000 / 10),
        (0, _) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds:02} s"),
    }
}

/// A time that is allowed, in milliseconds, as in "30 s", "15 min" or "1 min 30 s".
#[must_use]
pub fn limit(ms: i64) -> String {
    let seconds = ms / 1000;
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds:02} s"),
    }
}

/// An entry of the audit log about a case, as people read it. `actor`: who did it.
#[must_use]
pub fn moment(action: &str, actor: &str) -> String {
    match action {
        "text.decided" => "the text is read, answered and paged for".to_owned(),
        "alert.paged" => "a round of pages".to_owned(),
        "alert.acknowledged" => format!("{actor} takes the case"),
        "alert.reopened" => "a clock ran out: the case is paged again".to_owned(),
        "conversation.claimed" => format!("{actor} claims the conversation"),
        "conversation.taken_over" => format!("{actor} takes the conversation over"),
        "conversation.released" => format!("{actor} gives the conversation back"),
        "conversation.written" => format!("{actor} writes to the texter"),
        "conversation.closed" => format!("{actor} closes the conversation"),
        other => format!("{other} ({actor})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_exact_as_anyone_reads_them() {
        for (ms, words) in [
            (0, "0.00 s"),
            (40, "0.04 s"),
            (9_999, "9.99 s"),
            (32_100, "32 s"),
            (65_000, "1 min 05 s"),
        ] {
            assert_eq!(took(ms), words);
        }
        for (ms, words) in [
            (30_000, "30 s"),
            (900_000, "15 min"),
            (90_000, "1 min 30 s"),
        ] {
            assert_eq!(limit(ms), words);
        }
    }

    #[test]
    fn what_happened_is_told_in_words_and_what_is_not_known_by_its_name() {
        assert_eq!(
            moment("alert.acknowledged", "Duty phone"),
            "Duty phone takes the case"
        );
        assert_eq!(moment("new.thing", "line"), "new.thing (line)");
    }
}
