//! Log lines go to stderr; nothing in them identifies a reader. Where traces go is in
//! `traces.rs`.

use clap::{Args, ValueEnum};
use tokio::runtime::Handle;
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{FilterExt as _, filter_fn},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::{
    failure::Failure,
    traces::{self, TARGET, Traces},
};

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
    /// A collector of OpenTelemetry that takes traces by OTLP over HTTP, for instance `http://127.0.0.1:4318`. Off unless
    /// it is given.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", global = true)]
    otlp_endpoint: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogForm {
    Human,
    Json,
}

pub(crate) fn start(args: &LogArgs, runtime: &Handle) -> Result<Traces, Failure> {
    // Spans are for a collector and no log lines.
    let no_span = filter_fn(|what| what.target() != TARGET);
    let filter = EnvFilter::builder().parse_lossy(&args.filter).and(no_span);
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let log = match args.form {
        LogForm::Human => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            log.with_ansi(colours).with_target(false).with_filter(filter).boxed()
        }
        LogForm::Json => log.json().flatten_event(true).with_filter(filter).boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(log);
    // An empty variable is one that is not set, says the specification.
    let traces = match args.otlp_endpoint.as_deref().filter(|endpoint| !endpoint.is_empty()) {
        Some(endpoint) => {
            let (layer, traces) = traces::to(endpoint, runtime)?;
            subscriber.with(layer).init();
            traces
        }
        None => {
            subscriber.init();
            Traces::none()
        }
    };
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
    Ok(traces)
}
