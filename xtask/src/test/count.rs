//! How many tests a runner says passed and failed. Reads the last words of cargo, nextest and node; runs nothing.

use std::ops::Add;

/// Tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) passed: usize,
    pub(super) failed: usize,
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

impl Count {
    /// Sums every summary line in a runner's output.
    pub(super) fn read(output: &str) -> Self {
        output.lines().filter_map(summary).fold(Self::default(), Add::add)
    }
}

fn summary(line: &str) -> Option<Count> {
    let line = line.trim();
    // cargo test: `test result: ok. 3 passed; 0 failed; 1 ignored; …`
    if let Some(rest) = line.strip_prefix("test result: ") {
        return Some(Count { passed: before(rest, " passed"), failed: before(rest, " failed") });
    }
    // nextest: `Summary [   1.2s] 12 tests run: 11 passed (1 slow), 1 failed, 1 timed out, 2 skipped`
    if line.starts_with("Summary [") {
        let failed = [" failed", " timed out", " exec failed"].iter().map(|word| before(line, word)).sum();
        return Some(Count { passed: before(line, " passed"), failed });
    }
    // node --test, TAP: `# pass 3`, `# fail 0`, `# cancelled 0`
    if let Some(rest) = line.strip_prefix("# pass ") {
        return Some(Count { passed: rest.parse().unwrap_or(0), failed: 0 });
    }
    let failed = line.strip_prefix("# fail ").or_else(|| line.strip_prefix("# cancelled "))?;
    Some(Count { passed: 0, failed: failed.parse().unwrap_or(0) })
}

/// The number that stands before a word.
fn before(text: &str, word: &str) -> usize {
    let number = text.split_once(word).and_then(|(head, _)| head.rsplit([' ', ':']).next());
    number.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_of_every_runner_are_understood() {
        for (output, passed, failed) in [
            (
                "test result: ok. 3 passed; 0 failed; 1 ignored\n\ntest result: FAILED. 4 passed; 2 failed; 0 ignored",
                7,
                2,
            ),
            ("     Summary [   1.204s] 12 tests run: 11 passed (1 slow), 1 failed, 3 skipped", 11, 1),
            ("     Summary [   1.204s] 9 tests run: 7 passed, 1 timed out, 1 failed, 0 skipped", 7, 2),
            ("# tests 5\n# pass 3\n# fail 1\n# cancelled 1", 3, 2),
            ("nothing of the kind", 0, 0),
        ] {
            assert_eq!(Count::read(output), Count { passed, failed }, "{output}");
        }
    }
}
