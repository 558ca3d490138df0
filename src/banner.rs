//! What the person who started the program sees when it is ready.

use std::{
    io::{self, Write as _},
    path::Path,
};

/// Prints where to go, or the same as one line of JSON.
pub(crate) fn show(base: &str, data: &Path, has_mail_server: bool, json: bool) -> io::Result<()> {
    if json {
        return line(base, Some(data));
    }
    let mail = match has_mail_server {
        true => "to the mail server",
        false => {
            "kept sealed, there is no mail server; read them with `stage mail list` and `stage mail show`"
        }
    };
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "\n  Stage is ready.\n\n\
         \x20 Dashboard API   {base}/api/v1\n\
         \x20 Public feeds    {base}/v1/stages/…\n\
         \x20 OpenAPI page    {base}/docs/\n\
         \x20 Health          {base}/health/ready\n\
         \x20 Data            {}\n\
         \x20 Mail            {mail}\n\n\
         \x20 Ctrl-C ends everything; the next start finds the data again.\n",
        data.display()
    )?;
    out.flush()
}

/// The same for a server whose data is elsewhere.
pub(crate) fn ready(base: &str, json: bool) -> io::Result<()> {
    if json {
        return line(base, None);
    }
    tracing::info!(address = base, "ready");
    Ok(())
}

/// A worker's: where it says how it is, if anywhere.
pub(crate) fn working(base: Option<&str>, json: bool) -> io::Result<()> {
    if json {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", serde_json::json!({"ready": true, "address": base}))?;
        return out.flush();
    }
    tracing::info!(health = base.unwrap_or("off"), "working");
    Ok(())
}

fn line(base: &str, data: Option<&Path>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let ready = serde_json::json!({
        "ready": true,
        "address": base,
        "api": format!("{base}/api/v1"),
        "public": format!("{base}/v1"),
        "openapi": format!("{base}/docs/"),
        "data": data,
    });
    writeln!(out, "{ready}")?;
    out.flush()
}
