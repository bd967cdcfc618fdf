//! Flag over environment over file over default, and what is refused.
#![cfg(test)]

use super::*;

fn nothing(_: &str) -> Option<String> {
    None
}

#[test]
fn the_flag_wins_then_the_environment_then_the_file_then_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    std::fs::write(&path, "listen = \"1\"\nconsole_listen = \"2\"\ndata = \"x\"\n[smtp]\nfrom = \"a@b\"\n")
        .unwrap();
    let env = |name: &str| match name {
        "COUNTERSIGN_LISTEN" => Some("3".to_owned()),
        "COUNTERSIGN_CONSOLE_LISTEN" => Some("4".to_owned()),
        _ => None,
    };
    let sources = Sources::gather(vec![("listen", "--listen", "5".to_owned())], Some(&path), &env).unwrap();
    let of = |key: &str| sources.of(key).map(|found| (found.text.clone(), found.origin.told()));
    assert_eq!(of("listen"), Some(("5".to_owned(), "--listen".to_owned())));
    assert_eq!(of("console_listen"), Some(("4".to_owned(), "COUNTERSIGN_CONSOLE_LISTEN".to_owned())));
    assert_eq!(of("data").unwrap().1, format!("{}:3", path.display()));
    assert_eq!(of("trusted_proxies"), Some((String::new(), "default".to_owned())));
    assert_eq!(of("smtp.from").unwrap().0, "a@b");
}

#[test]
fn a_value_that_cannot_be_taken_is_told_with_its_origin() {
    let sources =
        Sources::gather(vec![("listen", "--listen", "nowhere".to_owned())], None, &nothing).unwrap();
    let problem = sources.parse(&nothing).unwrap_err();
    assert_eq!(problem.code, "CS-6002");
    assert!(problem.message.ends_with("`nowhere` from --listen"), "{}", problem.message);
}

#[test]
fn a_secret_comes_from_the_environment_or_from_its_own_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "from-file\n").unwrap();
    let file = path.display().to_string();
    let env = |name: &str| (name == "COUNTERSIGN_MASTER_KEY_FILE").then(|| file.clone());
    let settings = Sources::gather(Vec::new(), None, &env).unwrap().parse(&env).unwrap();
    assert_eq!(settings.master_key.unwrap().0.reveal(), "from-file");
    let both =
        |name: &str| if name == "COUNTERSIGN_MASTER_KEY" { Some("direct".to_owned()) } else { env(name) };
    let settings = Sources::gather(Vec::new(), None, &both).unwrap().parse(&both).unwrap();
    assert_eq!(settings.master_key.unwrap().0.reveal(), "direct");
    assert!(settings.master_key_also.is_none());
    let env = |name: &str| (name == "COUNTERSIGN_MASTER_KEY_ALSO_FILE").then(|| file.clone());
    let settings = Sources::gather(Vec::new(), None, &env).unwrap().parse(&env).unwrap();
    assert_eq!(settings.master_key_also.unwrap().0.reveal(), "from-file");
}

#[test]
fn a_trailing_slash_is_refused_by_name_with_what_to_set_instead() {
    let env = |name: &str| (name == "COUNTERSIGN_PUBLIC_URL").then(|| "https://id.example/".to_owned());
    let problem = Sources::gather(Vec::new(), None, &env).unwrap().parse(&env).unwrap_err();
    assert!(problem.message.contains("ends in a slash"), "{}", problem.message);
    let hint = "set it to `https://id.example`, and the same in every application";
    assert_eq!(problem.hint.as_deref(), Some(hint));
}

#[test]
fn a_preset_is_read_by_name_and_a_slip_is_told() {
    let with = |preset: &'static str| {
        let env = move |name: &str| (name == "COUNTERSIGN_SESSIONS_PRESET").then(|| preset.to_owned());
        Sources::gather(Vec::new(), None, &env).unwrap().parse(&env)
    };
    assert_eq!(with("psd2").unwrap().sessions.preset, Some(Preset::Psd2));
    let problem = with("asvs-l4").unwrap_err();
    assert_eq!(problem.code, "CS-6002");
    assert!(problem.message.ends_with("did you mean `asvs-l1`?"), "{}", problem.message);
    assert_eq!(
        Sources::gather(Vec::new(), None, &nothing).unwrap().parse(&nothing).unwrap().sessions.most,
        None
    );
}

#[test]
fn memory_is_for_two_million_sessions_unless_said_otherwise() {
    let with = |count: Option<&'static str>| {
        let env =
            move |name: &str| count.filter(|_| name == "COUNTERSIGN_SESSIONS_IN_MEMORY").map(str::to_owned);
        Sources::gather(Vec::new(), None, &env).unwrap().parse(&env)
    };
    assert_eq!(with(None).unwrap().front, countersign::FrontRoom::default());
    assert_eq!(with(Some("10000000")).unwrap().front.sessions(), 10_000_000);
    let problem = with(Some("10")).unwrap_err();
    assert_eq!(problem.code, "CS-6002");
    assert!(problem.message.contains("`10` from COUNTERSIGN_SESSIONS_IN_MEMORY"), "{}", problem.message);
}
