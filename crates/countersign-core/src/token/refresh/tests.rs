//! Every rule once, then a walk over many schedules: an honest client is never accused, a thief is caught.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::id::{Position, Serial, Version};

const KEY: [u8; 32] = [7; 32];
const BEGIN: Timestamp = Timestamp::from_seconds(10_000);

fn grant() -> Grant {
    Grant {
        serial: Serial::new(1).unwrap(),
        client: "shop".parse().unwrap(),
        subject: None,
        login: None,
        scope: "openid".parse().unwrap(),
        born: Position::START,
        auth_time: None,
        begun: BEGIN,
        expires: BEGIN + policy::REFRESH_LIFETIME,
        family: Some(Family::begin([1; 32], BEGIN)),
        version: Version::FIRST,
        ended: None,
    }
}

fn newest(grant: &Grant) -> RefreshToken {
    grant.family.as_ref().unwrap().token(&Handle::from_bytes([3; 16]), &KEY)
}

fn at(seconds: u64) -> Timestamp {
    BEGIN + Duration::from_secs(seconds)
}

/// Presents and commits; the word for what was decided, and the token that came back.
fn step(grant: &mut Grant, token: &RefreshToken, now: Timestamp) -> (&'static str, Option<RefreshToken>) {
    let decision = present(grant, token, &KEY, now);
    match decision.change(grant, now) {
        Some(Change::MoveFamily { family, expect, .. }) => {
            assert_eq!(expect, grant.version);
            grant.family = Some(family);
            grant.version = grant.version.next();
        }
        Some(Change::End { ending, .. }) => grant.ended = Some(ending),
        _ => {}
    }
    match decision {
        Decision::Advance { token, .. } => ("advance", Some(token)),
        Decision::Repeat { token, .. } => ("repeat", Some(token)),
        Decision::Sibling { token, .. } => ("sibling", Some(token)),
        Decision::AccessOnly { .. } => ("access only", None),
        Decision::Theft => ("theft", None),
        Decision::Forged => ("forged", None),
        Decision::Ahead => ("ahead", None),
        Decision::TooMany => ("too many", None),
    }
}

fn said(grant: &mut Grant, token: &RefreshToken, seconds: u64) -> &'static str {
    step(grant, token, at(seconds)).0
}

/// A grant whose family advanced at 100 s: the old token and the new one.
fn advanced() -> (Grant, RefreshToken, RefreshToken) {
    let mut grant = grant();
    let first = newest(&grant);
    let (word, second) = step(&mut grant, &first, at(100));
    assert_eq!(word, "advance");
    (grant, first, second.unwrap())
}

#[test]
fn nothing_rotates_within_a_of_the_hand_out() {
    let mut grant = grant();
    let first = newest(&grant);
    assert_eq!(said(&mut grant, &first, 29), "access only");
    assert_eq!(grant.family.as_ref().unwrap().confirmed_at, Some(at(29)));
    // It is confirmed once; the second time writes nothing.
    assert!(present(&grant, &first, &KEY, at(29)).change(&grant, at(29)).is_none());
    assert_eq!(said(&mut grant, &first, 30), "advance");
}

#[test]
fn a_lost_answer_is_repeated_word_for_word() {
    let (mut grant, first, second) = advanced();
    let (word, again) = step(&mut grant, &first, at(129));
    assert_eq!(word, "repeat");
    assert_eq!(again.unwrap().reveal(), second.reveal());
    // The repeat was a hand-out, so the window begins anew.
    assert_eq!(said(&mut grant, &first, 158), "repeat");
    assert_eq!(said(&mut grant, &second, 187), "access only");
    assert_eq!(said(&mut grant, &second, 188), "advance");
}

#[test]
fn after_the_window_a_sibling_is_handed_out_and_the_first_one_presented_wins() {
    let (mut grant, first, second) = advanced();
    let (word, sibling) = step(&mut grant, &first, at(130));
    let sibling = sibling.unwrap();
    assert_eq!(word, "sibling");
    assert_ne!(sibling.reveal(), second.reveal());
    assert_eq!(said(&mut grant, &sibling, 131), "access only");
    assert_eq!(said(&mut grant, &second, 132), "theft");
    assert!(grant.ended.is_some());
}

#[test]
fn a_losing_sibling_is_found_a_generation_later_too() {
    let (mut grant, first, second) = advanced();
    let sibling = step(&mut grant, &first, at(130)).1.unwrap();
    assert_eq!(said(&mut grant, &sibling, 200), "advance");
    assert_eq!(said(&mut grant, &second, 201), "theft");
}

#[test]
fn the_predecessor_gets_an_access_token_for_g_after_the_confirmation() {
    let (mut grant, first, second) = advanced();
    assert_eq!(said(&mut grant, &second, 101), "access only");
    assert_eq!(said(&mut grant, &first, 116), "access only");
    assert_eq!(said(&mut grant, &first, 117), "theft");
}

#[test]
fn two_generations_behind_is_theft() {
    let (mut grant, first, second) = advanced();
    assert_eq!(said(&mut grant, &second, 200), "advance");
    assert_eq!(said(&mut grant, &first, 200), "theft");
}

#[test]
fn a_made_up_token_ends_nothing() {
    let (mut grant, first, _) = advanced();
    let mut bytes = *first.bytes();
    bytes[53] ^= 1;
    assert_eq!(said(&mut grant, &RefreshToken::of(bytes), 101), "forged");
    assert!(grant.ended.is_none());
    grant.family = None;
    assert_eq!(said(&mut grant, &first, 101), "forged");
}

#[test]
fn a_token_ahead_of_the_record_shows_a_rollback() {
    let (_, _, second) = advanced();
    let mut rolled_back = grant();
    assert_eq!(said(&mut rolled_back, &second, 200), "ahead");
    let (mut later, first, _) = advanced();
    let before = later.clone();
    let sibling = step(&mut later, &first, at(130)).1.unwrap();
    let mut rolled_back = before;
    assert_eq!(said(&mut rolled_back, &sibling, 131), "ahead");
}

#[test]
fn replays_are_counted_and_limited() {
    let (mut grant, first, second) = advanced();
    for _ in 0..policy::REFRESH_REPLAYS {
        assert_eq!(said(&mut grant, &first, 101), "repeat");
    }
    assert_eq!(said(&mut grant, &first, 101), "too many");
    assert!(grant.ended.is_none());
    assert_eq!(said(&mut grant, &second, 102), "access only");
}

/// A message on its way, and when it gets there. None: it never does.
struct Flight {
    lands: u64,
    token: RefreshToken,
    back: bool,
}

/// One browser, one jar, several tabs: sends the jar's token at will; requests and answers take up to D or are lost.
fn honest(choices: &[(u64, u64, u64, u8)]) -> Vec<&'static str> {
    let mut grant = grant();
    let mut jar = newest(&grant);
    let mut flights: Vec<Flight> = Vec::new();
    let mut words = Vec::new();
    let mut clock = 31;
    let limit = policy::FLIGHT.as_secs();
    for (wait, out, home, lost) in choices {
        let until = clock + wait;
        // Everything that lands before this tab wakes up, in the order of landing.
        while let Some(place) =
            (0..flights.len()).filter(|i| flights[*i].lands <= until).min_by_key(|i| flights[*i].lands)
        {
            let flight = flights.remove(place);
            if flight.back {
                jar = flight.token;
                continue;
            }
            let (word, token) = step(&mut grant, &flight.token, at(flight.lands));
            words.push(word);
            if let Some(token) = token.filter(|_| lost & 2 == 0) {
                flights.push(Flight { lands: flight.lands + home % (limit + 1), token, back: true });
            }
        }
        clock = until;
        if lost & 1 == 0 {
            let token = RefreshToken::parse(jar.reveal()).unwrap();
            flights.push(Flight { lands: clock + out % (limit + 1), token, back: false });
        }
    }
    words
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn an_honest_client_with_loss_delay_and_reordering_is_never_accused(
        choices in prop::collection::vec((0u64..45, 0u64..11, 0u64..11, 0u8..4), 1..60)
    ) {
        for word in honest(&choices) {
            prop_assert!(!matches!(word, "theft" | "forged" | "ahead"), "{word}");
        }
    }

    /// Thief and victim hold the same token at the start, and take turns outside the window of the other.
    #[test]
    fn a_thief_outside_the_window_is_caught_at_the_second_use(gaps in prop::collection::vec(46u64..4000, 2), thief_first: bool) {
        let mut grant = grant();
        let stolen = newest(&grant);
        let mut hands = [RefreshToken::parse(stolen.reveal()).unwrap(), stolen];
        let mut clock = 31;
        let mut words = Vec::new();
        // Whoever is first rotates; the other replays and gets a sibling; then the first comes again.
        for turn in 0..4usize {
            clock += gaps[turn % 2];
            let who = (turn + usize::from(thief_first)) % 2;
            let (word, token) = step(&mut grant, &hands[who], at(clock));
            words.push(word);
            if let Some(token) = token {
                hands[who] = token;
            }
        }
        prop_assert_eq!(words.iter().position(|word| *word == "theft"), Some(3), "{:?}", words);
    }
}
