//! Asks one address as fast as it is answered, with wrk.

use std::{process::Command, time::Duration};

/// Each bench looks at some of it.
#[allow(dead_code)]
pub struct Measured {
    /// Requests a second.
    pub rate: f64,
    pub requests: u64,
    /// In microseconds, as is the 99th percentile.
    pub median: f64,
    pub last: f64,
}

/// Asks for so long; `load` says with how many threads and connections.
pub fn wrk(load: &[&str], time: Duration, address: &str) -> Measured {
    let seconds = format!("{}s", time.as_secs());
    let output =
        Command::new("wrk").args(load).args(["-d", &seconds, "--latency", address]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!said.contains("Non-2xx") && !said.contains("Socket errors"), "{said}");
    let after = |name: &str| {
        let (_, rest) = said.split_once(name).unwrap_or_else(|| panic!("{said}"));
        rest.split_whitespace().next().unwrap()
    };
    let (requests, _) = said.split_once(" requests in ").unwrap_or_else(|| panic!("{said}"));
    Measured {
        rate: after("Requests/sec:").parse().unwrap(),
        requests: requests.split_whitespace().last().unwrap().parse().unwrap(),
        median: micros(after(" 50%")),
        last: micros(after(" 99%")),
    }
}

fn micros(text: &str) -> f64 {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = text[..text.len() - unit.len()].parse().unwrap();
    number
        * match unit {
            "us" => 1.0,
            "ms" => 1_000.0,
            "s" => 1_000_000.0,
            _ => panic!("{text}"),
        }
}
