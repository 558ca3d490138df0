//! What was measured, each beside its limit or its peer, printed and kept for whoever checks it.

pub struct Ratio {
    pub name: &'static str,
    pub unit: &'static str,
    pub measured: f64,
    pub reference_name: &'static str,
    pub reference: f64,
}

impl Ratio {
    fn ratio(&self) -> f64 {
        self.measured / self.reference
    }
}

/// Prints the results and adds them to target/bench/ratios.json, which every bench writes to.
pub fn report(results: &[Ratio]) {
    println!("\n{:<46} {:>11} {:>46} {:>11} {:>6}", "", "measured", "beside", "", "ratio");
    for result in results {
        println!(
            "{:<46} {:>11.0} {:>46} {:>11.0} {:>6.2}  {}",
            result.name,
            result.measured,
            result.reference_name,
            result.reference,
            result.ratio(),
            result.unit
        );
    }
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    let directory = std::path::Path::new(&target).join("bench");
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("ratios.json");
    let mut list: Vec<serde_json::Value> =
        std::fs::read(&path).ok().and_then(|old| serde_json::from_slice(&old).ok()).unwrap_or_default();
    list.retain(|old| !results.iter().any(|result| old["name"] == result.name));
    list.extend(results.iter().map(|result| {
        serde_json::json!({
            "name": result.name,
            "unit": result.unit,
            "measured": result.measured,
            "reference_name": result.reference_name,
            "reference": result.reference,
            "ratio": result.ratio(),
        })
    }));
    std::fs::write(&path, serde_json::to_string_pretty(&list).unwrap()).unwrap();
    println!("\nwritten to {}", path.display());
}
