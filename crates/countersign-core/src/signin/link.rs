//! The links that letters carry, the set-up link, and the ticket that carries a sign-in to an application's own host:
//! each works once, within its time.

use countersign_jose::primitive;

use crate::batch::Change;
use crate::error::Refusal;
use crate::id::{ClientId, Position, Serial, Subject};
use crate::oauth::Params;
use crate::policy;
use crate::record::user::PasswordHash;
use crate::record::{Email, Login, OneTime, Purpose, SpendKey, User};
use crate::revoke::View;
use crate::secret::{MailCode, SetUpCode, Ticket, TicketNonce};
use crate::time::Timestamp;

/// Issues the link that confirms `email` and opens its account with `password`. `born` is the log position read before.
#[must_use]
pub fn confirm(
    code: &MailCode,
    email: Email,
    password: PasswordHash,
    born: Position,
    now: Timestamp,
) -> Change {
    let purpose = Purpose::Confirm { email, password };
    issue(code.key(), purpose, born, now + policy::MAIL_LINK_LIFETIME)
}

/// Issues the link that lets `user`, as read, choose a new password. `born` is the log position read before.
#[must_use]
pub fn reset(code: &MailCode, user: &User, born: Position, now: Timestamp) -> Change {
    let purpose = Purpose::Reset { subject: user.subject.clone(), generation: user.generation };
    issue(code.key(), purpose, born, now + policy::MAIL_LINK_LIFETIME)
}

/// Issues a link that opens nothing and is told to nobody: an address without an account costs the same write as one with.
#[must_use]
pub fn decoy(code: &MailCode, born: Position, now: Timestamp) -> Change {
    // No account has this subject, and none has generation 0.
    let purpose = Purpose::Reset { subject: Subject::new(now, &[0; 10]), generation: 0 };
    issue(code.key(), purpose, born, now + policy::MAIL_LINK_LIFETIME)
}

/// Issues the link that sets up the first operator. `born` is the log position read before.
#[must_use]
pub fn set_up(code: &SetUpCode, born: Position, now: Timestamp) -> Change {
    issue(code.key(), Purpose::SetUp, born, now + policy::SET_UP_LIFETIME)
}

/// Issues the ticket that carries `login` to `client`'s own host, for the browser that holds the nonce.
///
/// # Errors
/// [`Refusal::Invalid`]: `return_to` is not a path on the application's own host.
pub fn ticket(
    ticket: &Ticket,
    login: &Login,
    client: ClientId,
    nonce: [u8; 32],
    return_to: &str,
    now: Timestamp,
) -> Result<Change, Refusal> {
    let return_to = path(return_to)?.to_owned();
    let purpose = Purpose::Ticket { client, login: login.id.clone(), nonce, return_to };
    Ok(issue(ticket.key(), purpose, login.born, now + policy::TICKET_LIFETIME))
}

/// `text` when it is a path on the same host, safe to put into a `Location` header.
///
/// # Errors
/// [`Refusal::Invalid`]: it is another host in disguise, too long, or not a path.
pub fn path(text: &str) -> Result<&str, Refusal> {
    // Browsers read `\` as `/`, and `//host` as another host; tabs and line ends they leave out.
    let good = text.starts_with('/')
        && !text.starts_with("//")
        && text.len() <= policy::RETURN_TO_BYTES
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if good { Ok(text) } else { Err(not_a_path()) }
}

/// The way back that the query of `/_cs/start` names: all of it, as it stands, where it begins with `/`, else its `return_to`,
/// percent-encoded as any parameter is. `/` when it names none.
///
/// A proxy has the address that was asked for as it came, and most cannot encode it. Behind `return_to=` such an address would
/// end at its first `&`, and nobody could tell whether its `%2F` is to be decoded. A query may hold `/` and `?` (RFC 3986
/// section 3.4), and no parameter's name begins so.
///
/// # Errors
/// [`Refusal::Invalid`]: it is no path on the same host, or the query cannot be read.
pub fn way_back(query: &str) -> Result<String, Refusal> {
    if query.starts_with('/') {
        return as_it_stands(query).map(str::to_owned);
    }
    let params = Params::parse(query).map_err(|refusal| Refusal::Invalid { what: refusal.description })?;
    path(params.value("return_to").unwrap_or("/")).map(str::to_owned)
}

/// `text` when it is a path that also whoever decodes it on the way takes for none but this host's.
fn as_it_stands(text: &str) -> Result<&str, Refusal> {
    let before = text.split_once('?').map_or(text, |(before, _)| before);
    let hidden = |rest: &str| {
        let byte = rest.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        byte.is_some_and(|byte| byte.is_ascii_control() || byte == b'\\')
    };
    let other_host = before.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("/%2f"));
    // What is encoded in the page's own query is its data, line ends included.
    if other_host || before.split('%').skip(1).any(hidden) {
        return Err(not_a_path());
    }
    path(text)
}

fn not_a_path() -> Refusal {
    Refusal::Invalid { what: "the way back is not a path on this host".to_owned() }
}

impl OneTime {
    /// Whether it still works at `now`.
    ///
    /// # Errors
    /// [`Refusal::LinkOver`]: it has been used, is too old, or everything born so early has ended.
    pub fn usable(&self, view: &View, now: Timestamp) -> Result<(), Refusal> {
        let client = match &self.purpose {
            Purpose::Code { client, .. } | Purpose::Ticket { client, .. } => Some(client),
            Purpose::Confirm { .. } | Purpose::Reset { .. } | Purpose::SetUp => None,
        };
        if self.spent.is_some() || now >= self.expires || !view.stands_above_marks(client, self.born) {
            return Err(Refusal::LinkOver);
        }
        Ok(())
    }

    /// The change that uses it up at `now`; `gave` is the session or grant that comes of it.
    #[must_use]
    pub fn spend(&self, gave: Option<Serial>, now: Timestamp) -> Change {
        Change::Spend { key: self.key.clone(), at: now, gave }
    }

    /// Whether this ticket was issued for `client` and the browser that holds `nonce`.
    #[must_use]
    pub fn is_ticket_for(&self, client: &ClientId, nonce: &TicketNonce) -> bool {
        matches!(&self.purpose, Purpose::Ticket { client: known, nonce: hash, .. }
            if known == client && primitive::same(hash, &nonce.hash()))
    }
}

fn issue(key: SpendKey, purpose: Purpose, born: Position, expires: Timestamp) -> Change {
    Change::Issue(OneTime { key, purpose, born, expires, spent: None })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::extent::{Chain, LogKind};
    use crate::id::Epoch;
    use crate::login::tests::{login, user};
    use crate::oauth::params::encode;
    use crate::port::{Follower, LogState};
    use crate::record::onetime::Spent;
    use crate::revoke::log::tests::run;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn view() -> View {
        let view = View::loading();
        view.ready(&LogState { epoch: Epoch::new(7), position: Position::START, chain: Chain::default() });
        view
    }

    fn record(change: Change) -> OneTime {
        match change {
            Change::Issue(record) => record,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_link_works_once_within_its_time() {
        let mut link = record(reset(&MailCode::new([1; 32]), &user(), Position::START, NOW));
        let end = NOW + policy::MAIL_LINK_LIFETIME;
        assert_eq!(link.usable(&view(), NOW), Ok(()));
        assert_eq!(link.usable(&view(), end + Duration::ZERO), Err(Refusal::LinkOver));
        let marked = view();
        marked.applied(&run(Position::START, Chain::default(), vec![LogKind::EverythingMark]));
        assert_eq!(link.usable(&marked, NOW), Err(Refusal::LinkOver));
        link.spent = Some(Spent { at: NOW, gave: None });
        assert_eq!(link.usable(&view(), NOW), Err(Refusal::LinkOver));
    }

    #[test]
    fn a_ticket_is_bound_to_application_and_browser() {
        let (shop, bank): (ClientId, ClientId) = ("shop".parse().unwrap(), "bank".parse().unwrap());
        let nonce = TicketNonce::new([3; 32]);
        let change =
            ticket(&Ticket::new([1; 32]), &login(NOW), shop.clone(), nonce.hash(), "/cart", NOW).unwrap();
        let record = record(change);
        assert!(record.is_ticket_for(&shop, &nonce));
        assert!(!record.is_ticket_for(&bank, &nonce));
        assert!(!record.is_ticket_for(&shop, &TicketNonce::new([4; 32])));
        assert_eq!(record.born, login(NOW).born);
    }

    #[test]
    fn the_way_back_never_leaves_the_host() {
        for good in ["/", "/cart?a=1&b=%2F", "/a//b"] {
            assert_eq!(path(good), Ok(good));
        }
        let long = format!("/{}", "x".repeat(policy::RETURN_TO_BYTES));
        for bad in [
            "",
            "cart",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/\t/evil",
            "/a\r\nb",
            "/ä",
            &long,
        ] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }

    /// What `/_cs/start` makes of a query; none when it is refused.
    fn back(query: &str) -> Option<String> {
        way_back(query).ok()
    }

    #[test]
    fn a_page_is_come_back_to_with_all_of_its_query_in_both_spellings() {
        for page in [
            "/",
            "/page?a=1&b=2",
            "/page?return_to=//evil.example",
            "/page?a=x+y%2Fz%26&a=2&c=http://there/?d",
            "/caf%C3%A9/100%/%E9?text=one%0D%0Atwo%5C",
            "/a&return_to=//evil.example",
        ] {
            assert_eq!(back(page).as_deref(), Some(page));
            assert_eq!(back(&format!("return_to={}", encode(page))).as_deref(), Some(page));
        }
        for none in ["", "return_to=", "a=/b", "a&/b"] {
            assert_eq!(back(none).as_deref(), Some("/"), "{none}");
        }
        // Behind its name a value is encoded, however much of it is not, and ends at the first `&`.
        assert_eq!(back("return_to=/page%3Fa=1%26b=2&c=3").as_deref(), Some("/page?a=1&b=2"));
    }

    #[test]
    fn no_spelling_of_the_way_back_leads_to_another_host() {
        let long = format!("/{}", "x".repeat(policy::RETURN_TO_BYTES));
        for evil in [
            "//evil.example",
            "/\\evil.example",
            "/\\/evil.example",
            "/\t/evil.example",
            "/a\r\nb",
            "/\u{e4}",
            &long,
        ] {
            assert_eq!(back(evil), None, "{evil}");
            assert_eq!(back(&format!("return_to={}", encode(evil))), None, "{evil}");
            assert_eq!(back(&format!("return_to={evil}")), None, "{evil}");
        }
        for disguised in [
            "/%0a",
            "/%0A/evil.example",
            "/a%7F",
            "/%00",
            "/%5Cevil.example",
            "/%5cevil.example",
            "/%2Fevil.example",
            "/%2fevil",
        ] {
            assert_eq!(back(disguised), None, "{disguised}");
            assert_eq!(back(&format!("return_to={disguised}")), None, "{disguised}");
        }
        for query in [
            "return_to=/a&return_to=//evil.example",
            "return_to=/a&return_to=/b",
            "return_to=/a&%72eturn_to=//evil.example",
            "return_to=%2F%2Fevil.example",
            "return_to=https://evil.example",
            "return_to=evil.example",
            "return_to=/%zz",
        ] {
            assert_eq!(back(query), None, "{query}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_taken_is_a_path_of_this_host(query in "(return_to=)?[/\\\\a%250cf?&=]{0,24}") {
            if let Some(way) = back(&query) {
                prop_assert_eq!(path(&way), Ok(way.as_str()));
                prop_assert!(way == query || !query.starts_with('/'));
            }
        }

        #[test]
        fn an_encoded_way_back_is_the_same_afterwards(page in "/[!-~]{0,60}") {
            prop_assert_eq!(back(&format!("return_to={}", encode(&page))), path(&page).ok().map(str::to_owned));
        }
    }
}
