//! Log lines go to stderr; nothing in them identifies a reader.

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

#[derive(Args)]
pub(crate) struct LogArgs {
    /// How log lines on stderr look: for people, or one JSON object a line.
    #[arg(long = "log", env = "STAGE_LOG", global = true, value_enum, default_value_t = LogForm::Human)]
    form: LogForm,
    /// Which log lines are written, as `tracing` filters them, for instance `info,stage_workers=debug`.
    #[arg(
        long = "log-filter",
        env = "STAGE_LOG_FILTER",
        global = true,
        default_value = "info,sqlx=error,async_nats=error,s3s=error,s3s_fs=error,aws=warn"
    )]
    filter: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogForm {
    Human,
    Json,
}

pub(crate) fn start(args: &LogArgs) {
    let filter = EnvFilter::builder().parse_lossy(&args.filter);
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match args.form {
        LogForm::Human => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            log.with_ansi(colours).with_target(false).init();
        }
        LogForm::Json => log.json().flatten_event(true).init(),
    }
    // A panic's text may hold whatever the code was working on, so only its place is told.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let thread = std::thread::current();
        tracing::error!(
            place = place.as_deref().unwrap_or("unknown"),
            thread = thread.name().unwrap_or("unnamed"),
            "a part of the program panicked"
        );
    }));
}
