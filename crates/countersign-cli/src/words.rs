//! Passwords that a person can read out and type: `wF3-rope-lantern`.
//!
//! Each word is worth 8 bits and the head about 17; two words for demo users on this machine, four for anybody else.

use countersign_jose::primitive;

use crate::given::Secret;
use crate::problem::Result;

/// A head of three characters and `count` words, drawn at random.
pub(crate) fn password(count: usize) -> Result<Secret> {
    let mut bytes = vec![0; 3 + count];
    primitive::fill_random(&mut bytes)?;
    let head = bytes.iter().take(3).filter_map(|byte| HEAD.get(usize::from(*byte) % HEAD.len()));
    let mut text: String = head.map(|byte| char::from(*byte)).collect();
    for word in bytes.iter().skip(3).filter_map(|byte| WORDS.get(usize::from(*byte))) {
        text.push('-');
        text.push_str(word);
    }
    Ok(Secret::new(text))
}

/// Letters and digits that nobody confuses; 51 of them.
const HEAD: &[u8] = b"abcdefghkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456";

const WORDS: [&str; 256] = [
    "acorn", "amber", "anchor", "apple", "apron", "arbor", "arrow", "ash", "aspen", "atlas", "autumn",
    "badge", "bamboo", "barley", "barn", "basil", "basin", "bay", "beacon", "beech", "bell", "berry",
    "birch", "bloom", "boat", "bonfire", "book", "bottle", "boulder", "bramble", "branch", "brass", "bread",
    "breeze", "brick", "bridge", "brook", "broom", "bucket", "burrow", "butter", "button", "cabin", "cactus",
    "candle", "canoe", "canvas", "carbon", "carpet", "cart", "castle", "cedar", "cello", "chalk", "cherry",
    "chimney", "cider", "cinder", "circle", "citrus", "clay", "cliff", "clock", "cloud", "clover", "coal",
    "cobalt", "comet", "compass", "copper", "coral", "cork", "cotton", "cradle", "crane", "crater", "creek",
    "cricket", "crown", "crystal", "cypress", "dahlia", "daisy", "dawn", "delta", "desert", "dial", "dock",
    "dolphin", "dove", "drum", "dune", "dusk", "eagle", "earth", "echo", "elbow", "elder", "elm", "ember",
    "falcon", "feather", "fennel", "fern", "ferry", "fiddle", "field", "fig", "finch", "fir", "flame",
    "flask", "flint", "flute", "fog", "forest", "fossil", "fountain", "fox", "frost", "garden", "garlic",
    "garnet", "gate", "ginger", "glacier", "glass", "globe", "gold", "granite", "grape", "grass", "gravel",
    "grove", "guitar", "gull", "hammer", "harbour", "harp", "hawk", "hazel", "heath", "hedge", "heron",
    "hickory", "hill", "hollow", "honey", "hoop", "horizon", "indigo", "inlet", "iris", "iron", "island",
    "ivory", "ivy", "jade", "jasmine", "jar", "juniper", "kayak", "kettle", "kite", "ladder", "lagoon",
    "lake", "lamp", "lantern", "larch", "lark", "lava", "leaf", "ledge", "lemon", "lichen", "lilac", "lily",
    "linen", "lion", "lotus", "lunar", "magnet", "mango", "maple", "marble", "marsh", "meadow", "melon",
    "mesa", "mint", "mirror", "mist", "moon", "moss", "moth", "mountain", "mulberry", "nectar", "needle",
    "nest", "nettle", "nickel", "north", "nutmeg", "oak", "oasis", "oat", "ocean", "olive", "onyx", "opal",
    "orbit", "orchard", "orchid", "osprey", "otter", "owl", "oyster", "paddle", "palm", "paper", "parsley",
    "path", "peach", "pear", "pebble", "pepper", "petal", "pewter", "piano", "pigeon", "pine", "planet",
    "plum", "pocket", "pollen", "pond", "poplar", "poppy", "prairie", "prism", "pumpkin", "quail", "quarry",
    "quartz", "quill", "quilt", "raft", "rain", "raven", "reed", "reef", "ribbon", "ridge", "river",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_words_are_all_different() {
        assert_eq!(WORDS.iter().collect::<BTreeSet<_>>().len(), 256);
    }

    #[test]
    fn a_password_has_a_head_and_its_words() {
        let (one, other) = (password(4).unwrap(), password(4).unwrap());
        assert_eq!(one.reveal().split('-').count(), 5);
        assert_ne!(one.reveal(), other.reveal());
    }
}
