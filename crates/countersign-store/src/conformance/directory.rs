//! People, applications, consent, keys, settings, the audit log, counts.

use countersign_core::audit::AuditEntry;
use countersign_core::batch::{Batch, Change, Conflict, Sealed};
use countersign_core::extent::Extent;
use countersign_core::id::Version;
use countersign_core::port::{AuditFilter, ConsentRecord, Counts};
use countersign_core::record::user::PasswordHash;
use serde_json::json;

use super::Broken;
use super::fixtures::{
    Bench, at, client, grant, made, same, serial, session, shop, signing_key, subject, there, user, want,
};

pub(super) async fn an_address_belongs_to_one_person(bench: &Bench) -> Result<(), Broken> {
    let first = user(1)?;
    bench.done(Change::AddUser(first.clone())).await?;
    let (mut same_address, mut same_subject) = (user(2)?, user(1)?);
    same_address.email = first.email.clone();
    same_subject.email = user(3)?.email;
    bench.refused(Conflict::Taken, Change::AddUser(same_address)).await?;
    bench.refused(Conflict::Taken, Change::AddUser(same_subject)).await?;
    same(bench.directory.user_by_email(&first.email).await?, Some(first.clone()), "the user of the address")?;
    same(bench.directory.user(&first.subject).await?, Some(first), "the user")?;
    want(bench.directory.user_by_email(&user(2)?.email).await?.is_none(), "an address is known too early")
}

pub(super) async fn people_are_found_and_paged(bench: &Bench) -> Result<(), Broken> {
    for number in 1..=12 {
        bench.done(Change::AddUser(user(number)?)).await?;
    }
    let list = async |search, before, limit| -> Result<Vec<String>, Broken> {
        let found = bench.directory.users(search, before, limit).await?;
        Ok(found.iter().map(|user| user.email.as_str().replace("@mail.example", "")).collect())
    };
    same(list(None, None, 2).await?, vec!["person12".to_owned(), "person11".to_owned()], "the newest")?;
    let before = subject(3)?;
    same(
        list(None, Some(&before), 9).await?,
        vec!["person2".to_owned(), "person1".to_owned()],
        "the page before",
    )?;
    let found = list(Some("SON1@"), None, 9).await?;
    same(found, vec!["person1".to_owned()], "those whose address has that part")?;
    same(list(Some("argon2"), None, 9).await?, vec![], "those whose address has a part of a password hash")
}

pub(super) async fn a_password_changes_in_its_generation(bench: &Bench) -> Result<(), Broken> {
    bench.done(Change::AddUser(user(1)?)).await?;
    let hash = |text: &str| PasswordHash(text.to_owned());
    let set = |number, expect, text| -> Result<Change, Broken> {
        Ok(Change::SetPassword { subject: subject(number)?, expect, password: hash(text) })
    };
    bench.done(set(1, 0, "second")?).await?;
    bench.refused(Conflict::Moved, set(1, 0, "third")?).await?;
    bench.refused(Conflict::Missing, set(2, 0, "third")?).await?;
    let rehash = |expect| -> Result<Change, Broken> {
        Ok(Change::Rehash { subject: subject(1)?, expect, password: hash("stronger") })
    };
    bench.refused(Conflict::Moved, rehash(0)?).await?;
    bench.done(rehash(1)?).await?;
    let user = there(bench.directory.user(&subject(1)?).await?, "the user")?;
    same((user.generation, user.password), (1, hash("stronger")), "generation and hash")
}

pub(super) async fn applications_are_replaced_by_version(bench: &Bench) -> Result<(), Broken> {
    let put = |client, expect| Change::PutClient { client, expect: Version::new(expect) };
    bench.refused(Conflict::Missing, put(client("shop")?, 1)).await?;
    bench.done(Change::AddClient(client("shop")?)).await?;
    bench.refused(Conflict::Taken, Change::AddClient(client("shop")?)).await?;
    bench.done(Change::AddClient(client("blog")?)).await?;
    let mut renamed = client("shop")?;
    renamed.name = "Market".to_owned();
    bench.done(put(renamed.clone(), 1)).await?;
    bench.refused(Conflict::Moved, put(renamed.clone(), 1)).await?;
    renamed.version = Version::new(2);
    same(bench.directory.client(&shop()?).await?, Some(renamed.clone()), "the application")?;
    same(bench.directory.clients().await?, vec![client("blog")?, renamed], "all applications")
}

pub(super) async fn consent_is_remembered_and_forgotten(bench: &Bench) -> Result<(), Broken> {
    let (who, shop) = (subject(1)?, shop()?);
    let put = |scope: &str, seconds| -> Result<Change, Broken> {
        let (subject, client) = (who.clone(), shop.clone());
        Ok(Change::PutConsent { subject, client, scope: made(json!(scope))?, at: at(seconds) })
    };
    bench.done(put("openid", 1)?).await?;
    bench.done(put("openid profile", 2)?).await?;
    let expected = ConsentRecord { client: shop.clone(), scope: made(json!("openid profile"))?, at: at(2) };
    same(bench.directory.consent(&who, &shop).await?, Some(expected.clone()), "the consent")?;
    same(bench.directory.consents(&who).await?, vec![expected], "all consents")?;
    bench.done(Change::DropConsent { subject: who.clone(), client: shop.clone() }).await?;
    want(bench.directory.consent(&who, &shop).await?.is_none(), "a forgotten consent is still there")
}

pub(super) async fn keys_and_settings_are_kept(bench: &Bench) -> Result<(), Broken> {
    bench.done(Change::PutKey(signing_key("b")?)).await?;
    bench.done(Change::PutKey(signing_key("a")?)).await?;
    let mut rotated = signing_key("b")?;
    rotated.signs_until = Some(at(9));
    bench.done(Change::PutKey(rotated.clone())).await?;
    same(bench.directory.keys().await?, vec![signing_key("a")?, rotated], "the keys")?;
    let add = |value| Change::AddSetting { name: "seal".to_owned(), value };
    bench.done(add(vec![1])).await?;
    bench.refused(Conflict::Taken, add(vec![2])).await?;
    same(bench.directory.setting("seal").await?, Some(vec![1]), "the setting")?;
    let put = |name: &str, was, value| Change::PutSetting { name: name.to_owned(), was, value };
    bench.refused(Conflict::Missing, put("other", vec![1], vec![3])).await?;
    bench.refused(Conflict::Moved, put("seal", vec![2], vec![3])).await?;
    bench.done(put("seal", vec![1], vec![3])).await?;
    same(bench.directory.setting("seal").await?, Some(vec![3]), "the setting")
}

pub(super) async fn only_what_was_read_is_sealed_anew(bench: &Bench) -> Result<(), Broken> {
    bench.done(Change::AddUser(user(1)?)).await?;
    bench.done(Change::PutKey(signing_key("a")?)).await?;
    bench.done(Change::AddSetting { name: "seal".to_owned(), value: vec![1, 2, 3] }).await?;
    let things = [
        (Sealed::Setting("seal".to_owned()), Sealed::Setting("no seal".to_owned()), vec![1, 2, 3]),
        (Sealed::SigningKey("a".to_owned()), Sealed::SigningKey("b".to_owned()), signing_key("a")?.sealed),
        (Sealed::DataKey(subject(1)?), Sealed::DataKey(subject(2)?), user(1)?.data_key),
    ];
    for (what, absent, was) in things {
        let reseal = |what: &Sealed, was: &[u8], sealed: &[u8]| Change::Reseal {
            what: what.clone(),
            was: was.to_vec(),
            sealed: sealed.to_vec(),
        };
        bench.refused(Conflict::Missing, reseal(&absent, &was, &[9])).await?;
        bench.refused(Conflict::Moved, reseal(&what, &[8], &[9])).await?;
        bench.done(reseal(&what, &was, &[9])).await?;
        bench.refused(Conflict::Moved, reseal(&what, &was, &[7])).await?;
    }
    let mut person = user(1)?;
    person.data_key = vec![9];
    same(bench.directory.user(&subject(1)?).await?, Some(person), "the data key, and nothing else")?;
    let mut key = signing_key("a")?;
    key.sealed = vec![9];
    same(bench.directory.keys().await?, vec![key], "the signing key, and nothing else")?;
    same(bench.directory.setting("seal").await?, Some(vec![9]), "the setting")
}

fn line(person: Option<u64>, seconds: u64, at_shop: bool) -> Result<AuditEntry, Broken> {
    made(json!({
        "at": at(seconds), "by": "stranger", "event": "signed-in", "subject": person.map(subject).transpose()?,
        "client": at_shop.then_some("shop"), "network": "203.0.113.0/24",
    }))
}

pub(super) async fn the_audit_log_is_filtered_and_paged(bench: &Bench) -> Result<(), Broken> {
    let lines =
        [line(Some(1), 1, true)?, line(Some(2), 2, true)?, line(None, 3, false)?, line(Some(1), 4, false)?];
    bench.done(lines.iter().cloned().fold(Batch::new(), Batch::audited)).await?;
    let all = bench.directory.audit(&AuditFilter::default(), 9).await?;
    let newest_first: Vec<_> = lines.iter().rev().cloned().collect();
    same(all.iter().map(|(_, entry)| entry.clone()).collect(), newest_first, "all lines")?;
    let of_one = AuditFilter { subject: Some(subject(1)?), ..AuditFilter::default() };
    let found = bench.directory.audit(&of_one, 9).await?;
    same(found.iter().map(|(_, entry)| entry.at).collect(), vec![at(4), at(1)], "those about a person")?;
    let before = found.first().map(|(number, _)| *number);
    let page = bench.directory.audit(&AuditFilter { before, ..of_one }, 9).await?;
    same(page.iter().map(|(_, entry)| entry.at).collect(), vec![at(1)], "the next page")?;
    let at_shop = AuditFilter { client: Some(shop()?), ..AuditFilter::default() };
    same(bench.directory.audit(&at_shop, 1).await?.len(), 1, "the limit")?;
    same(bench.directory.audit(&at_shop, 9).await?.len(), 2, "those at the shop")
}

pub(super) async fn counts_leave_out_what_is_over(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    bench.done(Change::AddClient(client("shop")?)).await?;
    bench.done(Change::StartSession(session(3, 1, 1)?)).await?;
    bench.done(Change::BeginGrant(grant(4, 1, 1)?)).await?;
    let counts = |live_sessions, live_grants| Counts { users: 1, clients: 1, live_sessions, live_grants };
    same(bench.directory.counts(at(9)).await?, counts(2, 2), "at first")?;
    bench.end(Extent::Session(serial(3)?)).await?;
    bench.end(Extent::Grant(serial(4)?)).await?;
    same(bench.directory.counts(at(9)).await?, counts(1, 1), "after the endings")?;
    same(bench.directory.counts(at(102)).await?, counts(0, 1), "after the idle limit")?;
    same(bench.directory.counts(at(1000)).await?, counts(0, 0), "after the absolute limit")?;
    bench.end(Extent::Client(shop()?)).await?;
    same(bench.directory.counts(at(9)).await?, counts(0, 0), "below the watermark")
}
