//! Contenders that take turns. A machine is not equally fast all the time, so each is compared within its round, and the
//! round with the median ratio is the one that counts.

use crate::ratios::Ratio;

/// What the contenders made of each round.
pub struct Rounds<const N: usize>(Vec<[f64; N]>);

impl<const N: usize> Rounds<N> {
    /// Runs `round` so often, or STAGE_BENCH_ROUNDS times, and once before, which warms everything up.
    pub async fn run(count: usize, names: [&str; N], mut round: impl AsyncFnMut() -> [f64; N]) -> Self {
        let asked = std::env::var("STAGE_BENCH_ROUNDS").ok().and_then(|text| text.parse().ok());
        let mut rounds = Vec::new();
        for number in 0..=asked.unwrap_or(count).max(1) {
            let measured = round().await;
            let line: Vec<String> =
                names.iter().zip(measured).map(|(name, measured)| format!("{name} {measured:.0}")).collect();
            println!("round {number}: {}", line.join(", "));
            if number > 0 {
                rounds.push(measured);
            }
        }
        Self(rounds)
    }

    /// One contender beside another, by their places in a round.
    pub fn ratio(
        &self,
        (name, measured): (&'static str, usize),
        (reference_name, reference): (&'static str, usize),
        unit: &'static str,
    ) -> Ratio {
        let mut pairs: Vec<[f64; 2]> =
            self.0.iter().map(|round| [round[measured], round[reference]]).collect();
        pairs.sort_by(|a, b| (a[0] / a[1]).total_cmp(&(b[0] / b[1])));
        let [measured, reference] = pairs[pairs.len() / 2];
        Ratio { name, unit, measured, reference_name, reference }
    }
}
