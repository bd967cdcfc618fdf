//! Authorization codes: issued for one request, redeemed once (RFC 6749 sections 4.1.2 and 4.1.3, RFC 7636 section 4.6).
//!
//! The steps in order: [`Redemption::read`] names the code, [`Redemption::found`] checks what the store answered,
//! [`Redeemed::grant`] makes the grant and the batch that spends the code. When that batch meets a conflict, the driver asks
//! the store again: a code that was spent meanwhile ends the grant that came of it.

use super::pkce::Challenge;
use super::{AuthorizeRequest, Params, no};
use crate::batch::{Batch, Change};
use crate::error::{OAuthError, OAuthRefusal};
use crate::extent::{Actor, Ending, Extent, Reason};
use crate::handle::Handle;
use crate::id::LoginId;
use crate::policy;
use crate::record::{Client, Grant, Login, OneTime, Purpose, Scope, SpendKey};
use crate::secret::{Code, RefreshToken};
use crate::time::Timestamp;
use crate::token::NewGrant;

/// A code that is not yet durable.
#[derive(Debug)]
#[must_use = "commit `batch`, then redirect"]
pub struct Issued {
    /// The code.
    pub code: Code,
    /// What issues it.
    pub batch: Batch,
}

/// Issues a code for what was decided on `request`; `secret` is 32 unpredictable bytes.
pub fn issue(
    request: &AuthorizeRequest,
    login: &Login,
    scope: Scope,
    secret: [u8; 32],
    now: Timestamp,
) -> Issued {
    let code = Code::new(secret);
    let record = OneTime {
        key: code.key(),
        purpose: Purpose::Code {
            client: request.client.clone(),
            login: login.id.clone(),
            subject: login.subject.clone(),
            auth_time: login.at,
            scope,
            redirect_uri: request.redirect_uri.clone(),
            challenge: request.challenge.0,
            nonce: request.nonce.clone(),
        },
        born: login.born,
        expires: now + policy::CODE_LIFETIME,
        spent: None,
    };
    let alive = Change::RequireLogin { login: login.id.clone(), at: now };
    Issued { code, batch: Batch::of(alive).with(Change::Issue(record)) }
}

/// A request to redeem a code (`grant_type=authorization_code`).
#[derive(Debug)]
pub struct Redemption {
    key: SpendKey,
    redirect_uri: String,
    verifier: String,
}

/// A code was not redeemed.
#[derive(Debug)]
pub enum NotRedeemed {
    /// It is not good.
    Refused(OAuthRefusal),
    /// It has been used: end what came of it, then refuse.
    Replayed {
        /// What ends the grant that came of the first use, if one did.
        end: Option<Box<Change>>,
        /// The answer.
        refusal: OAuthRefusal,
    },
}

impl Redemption {
    /// Reads code, address and verifier.
    ///
    /// # Errors
    /// `invalid_request`: one is missing. `invalid_grant`: the code is not one of ours.
    pub fn read(params: &Params) -> Result<Self, OAuthRefusal> {
        let code = Code::parse(params.required("code")?).ok_or_else(unknown)?;
        Ok(Self {
            key: code.key(),
            redirect_uri: params.required("redirect_uri")?.to_owned(),
            verifier: params.required("code_verifier")?.to_owned(),
        })
    }

    /// What the store knows the code by.
    #[must_use]
    pub const fn key(&self) -> &SpendKey {
        &self.key
    }

    /// Checks the code that the store answered, for the application that presents it.
    ///
    /// # Errors
    /// See [`NotRedeemed`]; the answer is always `invalid_grant`.
    pub fn found(
        self,
        code: Option<OneTime>,
        client: &Client,
        now: Timestamp,
    ) -> Result<Redeemed, NotRedeemed> {
        let refused = |why: &str| NotRedeemed::Refused(no(OAuthError::InvalidGrant, why));
        let Some(code) = code.filter(|code| code.key == self.key) else {
            return Err(NotRedeemed::Refused(unknown()));
        };
        let Purpose::Code { client: owner, login, scope, redirect_uri, challenge, nonce, .. } = code.purpose
        else {
            return Err(NotRedeemed::Refused(unknown()));
        };
        // Another application must neither redeem the code nor, by presenting it, end somebody's grant.
        if owner != client.id {
            return Err(NotRedeemed::Refused(unknown()));
        }
        if redirect_uri != self.redirect_uri {
            return Err(refused("`redirect_uri` is not the one that the code was sent to"));
        }
        if !Challenge(challenge).answers(&self.verifier) {
            return Err(refused("`code_verifier` does not answer the challenge"));
        }
        if let Some(spent) = code.spent {
            let ending = Ending { at: now, reason: Reason::Replay, by: Actor::Client(client.id.clone()) };
            let end =
                spent.gave.map(|serial| Box::new(Change::End { extent: Extent::Grant(serial), ending }));
            return Err(NotRedeemed::Replayed {
                end,
                refusal: no(OAuthError::InvalidGrant, "the code has been used"),
            });
        }
        if now >= code.expires {
            return Err(refused("the code is too old"));
        }
        Ok(Redeemed { key: self.key, login, scope, nonce })
    }
}

fn unknown() -> OAuthRefusal {
    no(OAuthError::InvalidGrant, "the code is not known")
}

/// A code that may be spent: turn it into a grant.
#[derive(Debug)]
pub struct Redeemed {
    key: SpendKey,
    login: LoginId,
    scope: Scope,
    nonce: Option<String>,
}

/// A grant that is not yet durable.
#[derive(Debug)]
#[must_use = "commit `batch`, then answer"]
pub struct Granted {
    /// The grant.
    pub grant: Grant,
    /// Its first refresh token.
    pub refresh: Option<RefreshToken>,
    /// OIDC's `nonce`, for the ID token.
    pub nonce: Option<String>,
    /// What spends the code and begins the grant.
    pub batch: Batch,
}

impl Redeemed {
    /// The login that the code was issued on; ask the store for it.
    #[must_use]
    pub const fn login(&self) -> &LoginId {
        &self.login
    }

    /// What was allowed.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The grant, its first refresh token, and the batch. `serial` and `handle` name the grant, `salt` is 32 unpredictable
    /// bytes, `key` makes refresh tokens.
    ///
    /// # Errors
    /// `invalid_grant`: `login` is not the code's, has ended or reached its limit.
    pub fn grant(
        self,
        login: &Login,
        client: &Client,
        (serial, handle): (crate::id::Serial, &Handle),
        salt: [u8; 32],
        key: &[u8; 32],
        now: Timestamp,
    ) -> Result<Granted, OAuthRefusal> {
        let ended = || no(OAuthError::InvalidGrant, "the sign-in behind the code has ended");
        if login.id != self.login {
            return Err(ended());
        }
        let new = NewGrant { serial, scope: self.scope, salt: Some(salt) };
        let grant = Grant::on_login(login, client, new, now).map_err(|_| ended())?;
        let spend = Change::Spend { key: self.key, at: now, gave: Some(serial) };
        let refresh = grant.family.as_ref().map(|family| family.token(handle, key));
        Ok(Granted { refresh, nonce: self.nonce, batch: Batch::of(spend).with(grant.begin()), grant })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::id::Serial;
    use crate::login::tests::login;
    use crate::oauth::authorize::tests::request;
    use crate::oauth::client::tests::confidential;
    use crate::record::onetime::Spent;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn issued() -> (Issued, OneTime) {
        let request = request("");
        let issued = issue(&request, &login(NOW), request.scope.clone(), [8; 32], NOW);
        let Some(Change::Issue(record)) = issued.batch.changes().get(1).cloned() else { panic!("no code") };
        (issued, record)
    }

    fn redemption(extra: &str) -> Redemption {
        let (issued, _) = issued();
        let text = format!(
            "code={}&redirect_uri=https://shop.example/cb{extra}&code_verifier={VERIFIER}",
            issued.code.reveal()
        );
        Redemption::read(&Params::parse(&text).unwrap()).unwrap()
    }

    fn refused(answer: Result<Redeemed, NotRedeemed>) -> String {
        match answer {
            Err(NotRedeemed::Refused(refusal)) => {
                assert_eq!(refusal.error, OAuthError::InvalidGrant);
                refusal.description
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_code_becomes_a_grant_with_a_refresh_token() {
        let (_, record) = issued();
        let client = confidential();
        let redeemed = redemption("").found(Some(record.clone()), &client, NOW).unwrap();
        let (serial, handle) = (Serial::new(5).unwrap(), Handle::from_bytes([1; 16]));
        let granted =
            redeemed.grant(&login(NOW), &client, (serial, &handle), [2; 32], &[3; 32], NOW).unwrap();
        assert_eq!(granted.grant.born, login(NOW).born);
        assert_eq!(granted.nonce.as_deref(), Some("n1"));
        assert!(granted.grant.family.as_ref().unwrap().made(&granted.refresh.unwrap(), &[3; 32]));
        assert_eq!(
            granted.batch.changes(),
            [Change::Spend { key: record.key, at: NOW, gave: Some(serial) }, granted.grant.begin()]
        );
    }

    #[test]
    fn a_code_is_bound_to_client_address_and_verifier() {
        let (_, record) = issued();
        let mut bank = confidential();
        bank.id = "bank".parse().unwrap();
        refused(redemption("").found(None, &confidential(), NOW));
        refused(redemption("").found(Some(record.clone()), &bank, NOW));
        assert!(
            refused(redemption("/").found(Some(record.clone()), &confidential(), NOW))
                .contains("redirect_uri")
        );
        let mut wrong = redemption("");
        wrong.verifier = "x".repeat(43);
        assert!(refused(wrong.found(Some(record), &confidential(), NOW)).contains("code_verifier"));
    }

    #[test]
    fn a_code_lives_sixty_seconds() {
        let (_, record) = issued();
        let found = |seconds| {
            redemption("").found(Some(record.clone()), &confidential(), NOW + Duration::from_secs(seconds))
        };
        assert!(found(59).is_ok());
        assert_eq!(refused(found(60)), "the code is too old");
    }

    #[test]
    fn a_code_seen_twice_ends_its_grant() {
        let (_, mut record) = issued();
        let serial = Serial::new(5);
        record.spent = Some(Spent { at: NOW, gave: serial });
        let later = NOW + Duration::from_secs(3600);
        let Err(NotRedeemed::Replayed { end: Some(end), .. }) =
            redemption("").found(Some(record), &confidential(), later)
        else {
            panic!("not a replay")
        };
        let Change::End { extent, ending } = *end else { panic!("not an ending") };
        assert_eq!(extent, Extent::Grant(serial.unwrap()));
        assert_eq!(ending.reason, Reason::Replay);
    }

    #[test]
    fn a_code_on_an_ended_login_gives_nothing() {
        let (_, record) = issued();
        let client = confidential();
        let mut login = login(NOW);
        login.ended = Some(Ending { at: NOW, reason: Reason::SignedOut, by: Actor::System });
        let redeemed = redemption("").found(Some(record), &client, NOW).unwrap();
        let names = (Serial::new(5).unwrap(), &Handle::from_bytes([1; 16]));
        assert!(redeemed.grant(&login, &client, names, [2; 32], &[3; 32], NOW).is_err());
    }
}
