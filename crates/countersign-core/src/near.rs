//! The known word that somebody probably meant: for `did you mean`. Decides nothing else.

/// The word of `known` that is at most two, or a third of its letters, away from `typed`.
///
/// ```
/// use countersign_core::near;
/// assert_eq!(near::word("sesion", ["session", "jwt"]), Some("session"));
/// assert_eq!(near::word("carrot", ["session", "jwt"]), None);
/// ```
pub fn word<'k>(typed: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if typed.len() > LONGEST {
        return None;
    }
    let (distance, near) = known.into_iter().map(|known| (distance(typed, known), known)).min()?;
    (distance <= 2.max(typed.len() / 3)).then_some(near)
}

/// Levenshtein's distance: insertions, deletions and replacements.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut before = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, above) in b.bytes().zip(row.iter().skip(1)) {
            left = (before + usize::from(x != y)).min(above + 1).min(left + 1);
            before = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

/// What is longer is no slip of the finger, and comparing it is somebody else's work to make.
const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(
            [distance("sesion", "session"), distance("", "abc"), distance("kitten", "sitting")],
            [1, 3, 3]
        );
    }

    #[test]
    fn a_long_text_is_compared_with_nothing() {
        assert_eq!(word(&"x".repeat(65), ["x"]), None);
    }
}
