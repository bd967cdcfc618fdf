//! What must not compile, and what the compiler then says: one mistake per file in `misuse/`.
//!
//! The messages belong to the pinned toolchain. To accept new ones, run this test with
//! `TRYBUILD=overwrite` and read the difference: would somebody who sees it for the first time know what to do?

#[test]
fn each_misuse_is_refused_by_the_compiler_in_words_that_help() {
    trybuild::TestCases::new().compile_fail("tests/misuse/*.rs");
}
