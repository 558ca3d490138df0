//! Dates as feeds write them: RFC 3339 and the wider ISO 8601, RFC 822 with its many accents, and what content
//! systems print in their own language. A date that could mean two days means none.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

/// The moment in UTC. A time without a zone is UTC; a date without a time is its first moment.
pub(super) fn parse(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if text.is_empty() || text.len() > 100 {
        return None;
    }
    let moment = match text.as_bytes() {
        [y, _, _, _, rest @ ..] if y.is_ascii_digit() && matches!(rest.first(), None | Some(b'-' | b'/')) => {
            iso(text)
        }
        _ => words(text),
    };
    // Year 1 is how some content systems say that there is no date.
    moment.filter(|moment| (1900..2200).contains(&moment.year()))
}

/// "2004-07-31T12:29:29.5+02:00" and shorter: "2004", "2004-07", "2004-07-31", "2004-07-31 12:29".
fn iso(text: &str) -> Option<DateTime<Utc>> {
    let (date, rest) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], text[at + 1..].trim()),
        None => (text, ""),
    };
    let mut numbers = date.split(['-', '/']);
    let year = number(numbers.next()?)?;
    let month = numbers.next().map_or(Some(1), number)?;
    let day = numbers.next().map_or(Some(1), number)?;
    if numbers.next().is_some() {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    if rest.is_empty() {
        return moment(date, Clock::default(), 0);
    }
    let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.' | ',')).unwrap_or(rest.len());
    let clock = clock(&rest[..end])?;
    // A name after the offset ("+0200 CEST") is a comment.
    let zone = rest[end..].split_whitespace().next().and_then(zone);
    moment(date, clock, zone.unwrap_or(0))
}

/// "Sat, 31 Jul 2004 12:29:29 +0200" and everything that resembles it.
fn words(text: &str) -> Option<DateTime<Utc>> {
    let (mut day, mut month, mut year) = (None, None, None);
    let (mut time, mut offset, mut afternoon) = (None, None, None);
    for (at, word) in text.split([' ', '\t', '\n', '\u{a0}']).filter(|word| !word.is_empty()).enumerate() {
        // "mar," is a Tuesday in French and not March.
        if at == 0 && word.ends_with(',') && word.chars().all(|c| c.is_alphabetic() || matches!(c, ',' | '.'))
        {
            continue;
        }
        let word = word.trim_matches([',', '(', ')', ';']);
        if word.contains(':') && word.starts_with(|c: char| c.is_ascii_digit()) && time.is_none() {
            let end =
                word.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.')).unwrap_or(word.len());
            time = Some(clock(&word[..end])?);
            match word[end..].to_ascii_lowercase().as_str() {
                "am" => afternoon = Some(false),
                "pm" => afternoon = Some(true),
                rest => offset = offset.or_else(|| zone(rest)),
            }
        } else if let Some(half) = half(word) {
            afternoon = Some(half);
        } else if time.is_some() && offset.is_none() && zone(word).is_some() {
            offset = zone(word);
        } else if word.starts_with(|c: char| c.is_ascii_digit()) {
            for part in pieces(word)? {
                match part {
                    Piece::Day(number) if day.is_none() && (1..=31).contains(&number) => day = Some(number),
                    Piece::Day(number) if year.is_none() => year = Some(century(number)),
                    Piece::Month(number) => month = Some(number),
                    Piece::Year(number) => year = Some(number),
                    Piece::Day(_) => {}
                }
            }
        } else if let Some(number) = month_of(word) {
            month = Some(number);
        }
    }
    let date = NaiveDate::from_ymd_opt(i32::try_from(year?).ok()?, month?, day?)?;
    let mut time = time.unwrap_or_default();
    match afternoon {
        Some(true) if time.hour < 12 => time.hour += 12,
        Some(false) if time.hour == 12 => time.hour = 0,
        _ => {}
    }
    moment(date, time, offset.unwrap_or(0))
}

enum Piece {
    /// Or a year of two digits.
    Day(u32),
    Month(u32),
    Year(u32),
}

/// A word that begins with a digit: "31", "31.", "31st", "2004", "31-Jul-2004", "31.07.2004", "31/07/2004".
fn pieces(word: &str) -> Option<Vec<Piece>> {
    let parts: Vec<&str> = word.split(['-', '/', '.']).filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [one] => {
            let digits = one.trim_end_matches(|c: char| c.is_alphabetic() || c == 'º');
            let number = number(digits)?;
            Some(vec![if digits.len() == 4 { Piece::Year(number) } else { Piece::Day(number) }])
        }
        [first, second, third] => {
            if let Some(month) = month_of(second) {
                return Some(vec![Piece::Day(number(first)?), Piece::Month(month), year_piece(third)?]);
            }
            let (first, second) = (number(first)?, number(second)?);
            let (day, month) = match word.contains('/') {
                false => (first, second),
                true if first > 12 || first == second => (first, second),
                true if second > 12 => (second, first),
                true => return None,
            };
            Some(vec![Piece::Day(day), Piece::Month(month), year_piece(third)?])
        }
        _ => None,
    }
}

fn year_piece(text: &str) -> Option<Piece> {
    let year = number(text)?;
    Some(Piece::Year(if text.len() <= 2 { century(year) } else { year }))
}

/// RFC 2822, 4.3: two digits below 50 are after 2000.
fn century(year: u32) -> u32 {
    match year {
        0..50 => year + 2000,
        50..1000 => year + 1900,
        _ => year,
    }
}

#[derive(Clone, Copy, Default)]
struct Clock {
    hour: u32,
    minute: u32,
    second: u32,
    nanos: u32,
}

/// "12:29:29.5", "12:29", "122929".
fn clock(text: &str) -> Option<Clock> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let parts: Vec<&str> = match whole.contains(':') {
        true => whole.split(':').collect(),
        false if matches!(whole.len(), 4 | 6) => {
            whole.as_bytes().chunks(2).flat_map(std::str::from_utf8).collect()
        }
        false => return None,
    };
    let [hour, minute, rest @ ..] = parts.as_slice() else { return None };
    let second = match rest {
        [] => 0,
        [second] => number(second)?,
        _ => return None,
    };
    let digits: String = fraction.chars().take_while(char::is_ascii_digit).take(9).collect();
    let nanos = if digits.is_empty() { 0 } else { number(&format!("{digits:0<9}"))? };
    Some(Clock { hour: number(hour)?, minute: number(minute)?, second, nanos })
}

/// Hour 24 is the first of the next day, second 60 the last that we know.
fn moment(date: NaiveDate, clock: Clock, offset: i32) -> Option<DateTime<Utc>> {
    let (date, hour) = match clock.hour {
        24 => (date.checked_add_days(Days::new(1))?, 0),
        hour => (date, hour),
    };
    let time = NaiveTime::from_hms_nano_opt(hour, clock.minute, clock.second.min(59), clock.nanos)?;
    let moment = date.and_time(time).checked_sub_signed(TimeDelta::minutes(i64::from(offset)))?;
    Some(moment.and_utc())
}

/// Minutes east of Greenwich: "+0200", "+02:00", "-5", "GMT+2", "CEST".
fn zone(text: &str) -> Option<i32> {
    let sign = text.find(['+', '-', '−']);
    let Some(at) = sign else { return named_zone(text) };
    let (name, digits) = text.split_at(at);
    if !name.is_empty() && named_zone(name) != Some(0) {
        return None;
    }
    let negative = !digits.starts_with('+');
    let digits: String = digits.chars().skip(1).filter(|c| *c != ':').collect();
    let value = i32::try_from(number(&digits)?).ok()?;
    let minutes = match digits.len() {
        1 | 2 => value * 60,
        3 | 4 => value / 100 * 60 + value % 100,
        _ => return None,
    };
    (minutes <= 15 * 60).then_some(if negative { -minutes } else { minutes })
}

fn named_zone(name: &str) -> Option<i32> {
    let hours = match name.to_ascii_uppercase().as_str() {
        "Z" | "UT" | "UTC" | "GMT" | "WET" => 0,
        "BST" | "CET" | "MET" | "MEZ" | "WEST" => 1,
        "CEST" | "MEST" | "MESZ" | "EET" | "SAST" => 2,
        "EEST" | "MSK" => 3,
        "SGT" | "HKT" | "AWST" => 8,
        "JST" | "KST" => 9,
        "AEST" => 10,
        "AEDT" => 11,
        "NZST" => 12,
        "NZDT" => 13,
        "EDT" | "AST" => -4,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" | "AKDT" => -8,
        "AKST" => -9,
        "HST" => -10,
        _ => return None,
    };
    Some(hours * 60)
}

fn half(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "am" | "a.m." => Some(false),
        "pm" | "p.m." => Some(true),
        _ => None,
    }
}

/// By its first letters in English, German, French, Italian, Spanish, Portuguese or Dutch.
fn month_of(word: &str) -> Option<u32> {
    let word = word.to_lowercase();
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| word.starts_with(prefix));
    Some(match () {
        () if begins(&["jan", "jän", "gen", "ene"]) => 1,
        () if begins(&["feb", "fév", "fev"]) => 2,
        () if begins(&["mar", "mär", "mrz", "maa", "mrt"]) => 3,
        () if begins(&["apr", "avr", "abr"]) => 4,
        () if begins(&["may", "mai", "mag", "mei"]) => 5,
        () if begins(&["jun", "juin", "giu"]) => 6,
        () if begins(&["jul", "juil", "lug"]) => 7,
        () if begins(&["aug", "aoû", "aou", "ago"]) => 8,
        () if begins(&["sep", "set"]) => 9,
        () if begins(&["oct", "okt", "ott", "out"]) => 10,
        () if begins(&["nov"]) => 11,
        () if begins(&["dec", "dez", "déc", "dic"]) => 12,
        () => return None,
    })
}

fn number(text: &str) -> Option<u32> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    // RFC 3339 and ISO 8601.
    #[case("2004-07-31T12:29:29Z", "2004-07-31T12:29:29Z")]
    #[case("2004-07-31t12:29:29z", "2004-07-31T12:29:29Z")]
    #[case("2004-07-31T12:29:29.25+02:00", "2004-07-31T10:29:29.250Z")]
    #[case("2004-07-31T12:29:29+0200", "2004-07-31T10:29:29Z")]
    #[case("2004-07-31T12:29:29", "2004-07-31T12:29:29Z")]
    #[case("2004-07-31 12:29:29 UTC", "2004-07-31T12:29:29Z")]
    #[case("2004-07-31 12:29:29 +0200 CEST", "2004-07-31T10:29:29Z")]
    #[case("2004-07-31T12:29-05:00", "2004-07-31T17:29:00Z")]
    #[case("2004-07-31T24:00:00Z", "2004-08-01T00:00:00Z")]
    #[case("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z")]
    #[case("2004-07-31", "2004-07-31T00:00:00Z")]
    #[case("2004/07/31", "2004-07-31T00:00:00Z")]
    #[case("2004-07", "2004-07-01T00:00:00Z")]
    #[case("2004", "2004-01-01T00:00:00Z")]
    // RFC 822 and its accents.
    #[case("Sat, 31 Jul 2004 12:29:29 GMT", "2004-07-31T12:29:29Z")]
    #[case("Sat, 31 Jul 04 12:29 EDT", "2004-07-31T16:29:00Z")]
    #[case("Wed, 31 July 2004 12:29:29 -0000", "2004-07-31T12:29:29Z")]
    #[case("Saturday, 31 Jul 2004 12:29:29 +02:00", "2004-07-31T10:29:29Z")]
    #[case("31 Jul 2004 12:29:29 Z", "2004-07-31T12:29:29Z")]
    #[case("Sat,  1 Jul 2004  2:29:29   MESZ", "2004-07-01T00:29:29Z")]
    #[case("Sat, 31 Jul 2004 12:29:29 GMT+0200", "2004-07-31T10:29:29Z")]
    #[case("Sat, 31 Jul 2004 12:29:29 +0200 (CEST)", "2004-07-31T10:29:29Z")]
    #[case("Sat, 31 Jul 2004", "2004-07-31T00:00:00Z")]
    #[case("Sat Jul 31 12:29:29 2004", "2004-07-31T12:29:29Z")]
    #[case("Sat Jul 31 12:29:29 PST 2004", "2004-07-31T20:29:29Z")]
    #[case("July 31, 2004 1:05 PM", "2004-07-31T13:05:00Z")]
    #[case("July 31st, 2004 12:05am", "2004-07-31T00:05:00Z")]
    #[case("31-Jul-2004 12:29:29", "2004-07-31T12:29:29Z")]
    #[case("Sat, 31 Jul 2004 12:29:29 XYZ", "2004-07-31T12:29:29Z")]
    // Other languages.
    #[case("Sa, 31 Juli 2004 12:29:29 +0200", "2004-07-31T10:29:29Z")]
    #[case("31. März 2004", "2004-03-31T00:00:00Z")]
    #[case("mar, 30 août 2005 12:00:00 GMT", "2005-08-30T12:00:00Z")]
    #[case("31 Dez 2004 08:00 MEZ", "2004-12-31T07:00:00Z")]
    #[case("31.07.2004 12:29", "2004-07-31T12:29:00Z")]
    #[case("31/07/2004", "2004-07-31T00:00:00Z")]
    #[case("07/31/2004 12:29:29", "2004-07-31T12:29:29Z")]
    fn a_date_is_read_in_any_form(#[case] written: &str, #[case] meant: &str) {
        let meant: DateTime<Utc> = meant.parse().unwrap();
        assert_eq!(parse(written), Some(meant), "{written}");
    }

    #[rstest]
    #[case("")]
    #[case("yesterday")]
    #[case("0001-01-01T00:00:00")]
    #[case("2004-13-01")]
    #[case("2004-02-30T00:00:00Z")]
    #[case("31 Feb 2004")]
    #[case("Sat, 31 Jul 2004 25:00:00 GMT")]
    #[case("05/06/2004")]
    #[case("12:29:29")]
    #[case("99999999999999999999")]
    #[case("2004-07-31T12:29:29:11Z")]
    #[case("½ Jul 2004")]
    fn what_is_no_date_or_might_be_two_is_none(#[case] written: &str) {
        assert_eq!(parse(written), None, "{written}");
    }
}
