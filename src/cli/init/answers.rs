//! Questions and answers: from a flag, else from standard input. A person is asked again; a script is told.

use std::io::{self, BufRead, IsTerminal, Write};

use super::Failure;

/// Whether an answer can be used, and why not.
type Check = Box<dyn Fn(&str) -> Result<(), String>>;

/// Something that cannot be guessed.
pub(super) struct Question {
    flag: String,
    ask: String,
    default: Option<&'static str>,
    check: Check,
}

impl Question {
    /// A question, and the flag that answers it beforehand.
    pub(super) fn of(flag: impl Into<String>, ask: impl Into<String>) -> Self {
        Self {
            flag: flag.into(),
            ask: ask.into(),
            default: None,
            check: Box::new(|_| Ok(())),
        }
    }

    /// The answer of who says nothing.
    pub(super) fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// What an answer must fulfil.
    pub(super) fn checked(mut self, check: impl Fn(&str) -> Result<(), String> + 'static) -> Self {
        self.check = Box::new(check);
        self
    }

    fn judge(&self, answer: &str) -> Result<(), String> {
        match (answer, self.default) {
            (answer, Some(default)) if answer == default => Ok(()),
            ("", _) => Err("an answer is needed".to_owned()),
            (answer, _) => (self.check)(answer),
        }
    }
}

/// Where answers come from.
pub(super) struct Answers {
    input: Box<dyn BufRead>,
    /// A person sits there: they may try again.
    person: bool,
}

impl Answers {
    pub(super) fn of_this_terminal() -> Self {
        Self {
            input: Box::new(io::stdin().lock()),
            person: io::stdin().is_terminal(),
        }
    }

    /// The answer: the one of the flag, or the next line.
    pub(super) fn get(
        &mut self,
        question: &Question,
        given: Option<String>,
    ) -> Result<String, Failure> {
        let refused =
            |why: &str| Failure::from(format!("{}: {why}. {}", question.flag, question.ask));
        if let Some(given) = given {
            return match question.judge(&given) {
                Ok(()) => Ok(given),
                Err(why) => Err(refused(&why)),
            };
        }
        loop {
            let mut out = io::stderr().lock();
            match question.default.filter(|default| !default.is_empty()) {
                None => write!(out, "{}: ", question.ask)?,
                Some(default) => write!(out, "{} [{default}]: ", question.ask)?,
            }
            out.flush()?;
            let mut line = String::new();
            let ended = self.input.read_line(&mut line)? == 0;
            if !self.person {
                // Nobody pressed Enter: the questions of a script stand below each other all the same.
                writeln!(out)?;
            }
            let answer = match (line.trim(), question.default) {
                ("", Some(default)) => default,
                (answer, _) => answer,
            };
            match question.judge(answer) {
                Ok(()) => return Ok(answer.to_owned()),
                Err(_) if ended => {
                    return Err(refused(
                        "there is no answer to it, as a flag or as a line of input",
                    ));
                }
                Err(why) if self.person => writeln!(out, "  {why}")?,
                Err(why) => return Err(refused(&why)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(lines: &'static str) -> Answers {
        Answers {
            input: Box::new(lines.as_bytes()),
            person: false,
        }
    }

    fn sentence(result: Result<String, Failure>) -> String {
        result.unwrap_or_else(|failure| failure.sentence)
    }

    #[test]
    fn a_flag_goes_before_a_line_and_a_line_before_the_default() {
        let mut of = answers("typed\n\n");
        let question = Question::of("--name", "Name").or("usual");
        assert_eq!(
            sentence(of.get(&question, Some("given".to_owned()))),
            "given"
        );
        assert_eq!(sentence(of.get(&question, None)), "typed");
        assert_eq!(sentence(of.get(&question, None)), "usual");
        assert_eq!(
            sentence(of.get(&question, None)),
            "usual",
            "after the end as well"
        );
    }

    #[test]
    fn a_script_without_an_answer_or_with_a_wrong_one_is_told_the_flag() {
        let question =
            Question::of("--gateway", "Gateway").checked(|_| Err("write twilio".to_owned()));
        let wrong = sentence(answers("nonsense\n").get(&question, None));
        assert!(wrong.starts_with("--gateway: write twilio."), "{wrong}");
        let none = sentence(answers("").get(&question, None));
        assert!(none.contains("--gateway: there is no answer"), "{none}");
    }
}
