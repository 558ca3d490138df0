//! What `/metrics` says, read as Prometheus would.

use std::collections::BTreeSet;

use super::client::Client;

pub struct Metrics(String);

impl Metrics {
    pub async fn of(address: &str) -> Self {
        let mut client = Client::new(address);
        Self(String::from_utf8(client.get_bytes("/metrics").await).unwrap())
    }

    /// The value of the series of this name that has all these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels: Vec<_> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let line = self.lines(name).find(|line| labels.iter().all(|label| line.contains(label)))?;
        line.rsplit(' ').next()?.parse().ok()
    }

    /// What is given, by name.
    pub fn names(&self) -> BTreeSet<&str> {
        let lines = self.0.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| line.split(['{', ' ']).next()).filter(|name| !name.is_empty()).collect()
    }

    /// The series of this name, with their labels and values.
    pub fn lines(&self, name: &str) -> impl Iterator<Item = &str> {
        let lines = self.0.lines().filter(|line| !line.starts_with('#'));
        lines.filter(move |line| line.split(['{', ' ']).next() == Some(name))
    }
}
