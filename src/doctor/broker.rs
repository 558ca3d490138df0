//! NATS: there, with a JetStream, and the stream of views neither missing nor full nor without somebody who counts.

use std::time::Duration;

use stage_workers::views::{Look, Settings, look};
use tokio::time::timeout;

use super::{
    database,
    finding::{Finding, size},
    now,
};
use crate::{
    config::HouseArgs,
    failure::{Failure, sentence},
    secret::Secret,
    services::nats::{self, NatsAddress},
    wiring,
};

const BROKER: &str = "broker";
const STREAM: &str = "stream";
const COUNTER: &str = "counter";
const CLOCK: &str = "broker_clock";

const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn examine(house: &HouseArgs, url: Option<&Secret>) -> Vec<Finding> {
    let unknown = |check| Finding::unknown(check, "not looked at", "NATS must answer first");
    let missed = |first: Finding| {
        let rest = [STREAM, COUNTER, CLOCK].map(unknown);
        [first].into_iter().chain(rest).collect()
    };
    let address = match (house.reach().private(), url) {
        (Some(data), _) => nats::of(data),
        (None, Some(url)) => Ok(NatsAddress { url: url.clone().into_inner(), login: None }),
        (None, None) => {
            let remedy = "give its address with --nats-url or STAGE_NATS_URL";
            return missed(Finding::unknown(BROKER, "not looked at", remedy));
        }
    };
    let settings = Settings::default();
    let asked = async {
        let client = wiring::nats_now(&address?).await?;
        look(client, &settings).await.map_err(|error| Failure::Nats(error.into()))
    };
    let looked = match timeout(PATIENCE, asked).await {
        Ok(Ok(looked)) => looked,
        Ok(Err(failure)) => {
            let look = match house.reach().private() {
                Some(data) => format!("start `stage up`, or look at {}", data.join("logs/nats.log").display()),
                None => "look whether nats-server runs with JetStream, whether it can be reached from here, and at the \
                         address in STAGE_NATS_URL"
                    .to_owned(),
            };
            let remedy = format!("{look}; until then views wait in their journals and nothing is lost");
            return missed(Finding::wrong(BROKER, why(&failure), remedy));
        }
        Err(_) => {
            let told = format!("no answer within {} s", PATIENCE.as_secs());
            return missed(Finding::wrong(
                BROKER,
                told,
                "look at nats-server's log, its disk and its cluster",
            ));
        }
    };
    let broker = Finding::well(BROKER, "NATS answers, with JetStream");
    match looked {
        Some(found) => vec![broker, stream(&found), counter(&found), clock(&found)],
        None => {
            let told = format!("there is no stream {}", settings.stream);
            let remedy =
                "start a `stage serve` or a `stage work`: they make it; what was in it is sent again";
            let unknown = [COUNTER, CLOCK]
                .map(|check| Finding::unknown(check, "not looked at", "the stream must be there first"));
            [broker, Finding::wrong(STREAM, told, remedy)].into_iter().chain(unknown).collect()
        }
    }
}

fn why(failure: &Failure) -> String {
    match failure {
        Failure::NotUp(_) => "nobody answers".to_owned(),
        other => sentence(other),
    }
}

/// A full stream takes nothing more until somebody has counted.
fn stream(found: &Look) -> Finding {
    let Look { messages, bytes, most_bytes, .. } = *found;
    let of = most_bytes.map(|most| format!(" of {}", size(most))).unwrap_or_default();
    let told = format!("holds {messages} messages, {}{of}", size(bytes));
    if most_bytes.is_some_and(|most| bytes / 9 >= most / 10) {
        let remedy =
            "it is nearly full, and then views wait in their journals: look whether a `stage work` counts";
        return Finding::wrong(STREAM, told, remedy);
    }
    Finding::well(STREAM, told)
}

fn counter(found: &Look) -> Finding {
    match found.readers {
        0 => {
            Finding::wrong(COUNTER, "nobody counts views", "start a `stage work`; nothing is lost meanwhile")
        }
        _ => Finding::well(COUNTER, "somebody counts views"),
    }
}

fn clock(found: &Look) -> Finding {
    database::compare(CLOCK, found.clock - now())
}

#[cfg(test)]
mod tests {
    use super::{super::finding::State, *};

    #[test]
    fn a_stream_that_is_nearly_full_is_wrong_and_one_without_a_limit_never_is() {
        let found = |bytes, most_bytes| Look { messages: 1, bytes, most_bytes, readers: 1, clock: now() };
        assert_eq!(stream(&found(899, Some(1_000))).state, State::Well);
        assert_eq!(stream(&found(900, Some(1_000))).state, State::Wrong);
        assert_eq!(stream(&found(u64::MAX, None)).state, State::Well);
    }
}
