//! What each code of a delivery that did not arrive means, and what to do about it. The table in docs/recipients.md is
//! this one; a test compares them.

use uuid::Uuid;

/// What is known about some codes.
pub(super) struct Advice {
    codes: &'static [&'static str],
    pub(super) means: &'static str,
    /// Whether a later try may succeed without anybody doing anything.
    passes: bool,
    /// `retry` and `drop` stand for the commands.
    remedy: &'static str,
}

const ADVICE: &[Advice] = &[
    Advice {
        codes: &[
            "rate_limited",
            "slack_unavailable",
            "mail_server_busy",
            "timed_out",
            "unreachable",
            "broke_off",
            "rollup_error",
        ],
        means: "the other side is busy or away",
        passes: true,
        remedy: "look at the network and at the other side, then `retry`, or `drop`",
    },
    Advice {
        codes: &[
            "invalid_token",
            "no_service",
            "no_service_id",
            "no_active_hooks",
            "no_team",
            "team_disabled",
            "action_prohibited",
            "user_not_found",
            "posting_to_general_channel_denied",
        ],
        means: "the webhook is gone or may not post",
        passes: false,
        remedy: "make a new one, set STAGE_SLACK_WEBHOOK_URL, restart, then `retry`",
    },
    Advice {
        codes: &["channel_is_archived", "channel_not_found"],
        means: "the channel is gone",
        passes: false,
        remedy: "bring it back, or make a webhook for another one, set STAGE_SLACK_WEBHOOK_URL and restart; then `retry`",
    },
    Advice {
        codes: &["invalid_payload", "no_text", "too_many_attachments"],
        means: "Slack does not take this message",
        passes: false,
        remedy: "report it to us; with a version that mends it `retry`, or `drop`",
    },
    Advice {
        codes: &["log_in_refused"],
        means: "the mail server refuses user or password",
        passes: false,
        remedy: "correct STAGE_SMTP_URL, restart, then `retry`",
    },
    Advice {
        codes: &["no_secure_connection"],
        means: "TLS to the mail server fails",
        passes: false,
        remedy: "check its certificate and the form of STAGE_SMTP_URL, restart when that changed, then `retry`",
    },
    Advice {
        codes: &["mailbox_unknown", "mailbox_full", "address_not_for_mail", "mail_refused", "not_a_mail"],
        means: "this mail cannot reach this person",
        passes: false,
        remedy: "`drop`, or when the mailbox takes mail again `retry`",
    },
    Advice {
        codes: &["folder_not_usable"],
        means: "the folder `mail` of the data directory cannot be written to",
        passes: false,
        remedy: "look at its rights and at the space on the disk, then `retry`",
    },
    Advice {
        codes: &["unknown_answer"],
        means: "the other side said something undocumented",
        passes: false,
        remedy: "try the address by hand, correct it and restart if it is wrong; then `retry`, or `drop`",
    },
];

/// Of a code that this version does not know: another one noted it.
const UNKNOWN: Advice = Advice {
    codes: &[],
    means: "another version of the program knows it",
    passes: false,
    remedy: "see what that version's documentation says, then `retry`, or `drop`",
};

impl Advice {
    pub(super) fn of(code: &str) -> &'static Self {
        ADVICE.iter().find(|advice| advice.codes.contains(&code)).unwrap_or(&UNKNOWN)
    }

    /// What to do about this delivery; `next` is when it is tried again, if it is.
    pub(super) fn remedy(&self, id: Uuid, next: Option<&str>) -> String {
        let remedy = self
            .remedy
            .replace("`retry`", &format!("stage outbox retry {id}"))
            .replace("`drop`", &format!("stage outbox drop {id} --reason …"));
        match next {
            None => remedy,
            Some(next) if self.passes => format!("nothing; the next try is at {next}"),
            Some(next) => format!("waiting does not help: {remedy}; the next try is at {next}"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(7);

    #[test]
    fn who_waits_in_vain_is_told_so_and_who_need_not_do_anything_too() {
        let id = "00000000-0000-0000-0000-000000000007";
        let at = "2026-11-25T12:00:00Z";
        assert_eq!(
            Advice::of("no_service").remedy(ID, Some(at)),
            format!(
                "waiting does not help: make a new one, set STAGE_SLACK_WEBHOOK_URL, restart, then stage outbox retry \
                 {id}; the next try is at {at}"
            )
        );
        let busy = Advice::of("slack_unavailable");
        assert_eq!(busy.remedy(ID, Some(at)), format!("nothing; the next try is at {at}"));
        assert_eq!(
            busy.remedy(ID, None),
            format!(
                "look at the network and at the other side, then stage outbox retry {id}, or stage outbox drop {id} \
                 --reason …"
            )
        );
        assert!(!Advice::of("of a later version").passes);
    }

    #[test]
    fn every_code_that_a_recipient_may_give_has_its_advice() {
        let sources = [
            include_str!("../../connectors/src/outward/mod.rs"),
            include_str!("../../connectors/src/outward/slack.rs"),
            include_str!("../../connectors/src/outward/smtp.rs"),
            include_str!("../../workers/src/delivering/deliver.rs"),
            include_str!("../../workers/src/delivering/recipients/mail/folder.rs"),
        ];
        let mut known = 0;
        for source in sources {
            let after = ["code: ", "later("].map(|begin| source.split(begin).skip(1)).into_iter().flatten();
            for text in after {
                // Until the end of the statement: a code may be chosen among two.
                let statement = text.split([';', '}', ')']).next().unwrap();
                for code in statement.split('"').skip(1).step_by(2) {
                    assert!(ADVICE.iter().any(|advice| advice.codes.contains(&code)), "{code}");
                    known += 1;
                }
            }
        }
        assert!(known >= 30, "{known}");
    }

    #[test]
    fn the_documentation_says_the_same() {
        let text = include_str!("../../docs/recipients.md");
        let table = text.split("| code | what it means | what to do |\n|---|---|---|\n").nth(1).unwrap();
        let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
        let expected: Vec<String> = ADVICE
            .iter()
            .map(|Advice { codes, means, passes, remedy }| {
                let codes: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
                let waiting = if *passes { "nothing while it is tried again; once it is dead, " } else { "" };
                let remedy = ["STAGE_SLACK_WEBHOOK_URL", "STAGE_SMTP_URL"]
                    .iter()
                    .fold((*remedy).to_owned(), |text, name| text.replace(name, &format!("`{name}`")));
                format!("| {} | {means} | {waiting}{remedy} |", codes.join(", "))
            })
            .collect();
        assert_eq!(rows, expected);
    }
}
