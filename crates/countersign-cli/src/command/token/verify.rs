//! `countersign token verify`: signature and claims, by the same verifier that guards use; names the rule that fails.
//!
//! Whether the sign-in behind the token was ended is not in the token: that is `/introspect`'s to say.

use std::path::PathBuf;

use clap::Args;
use countersign::jwks::{self, Reach};
use countersign_jose::jws::Trusted;
use countersign_jose::jwt::dpop;
use countersign_jose::jwt::{
    self, AccessClaims, AssertionClaims, EventClaims, IdClaims, IntrospectionClaims, LogoutClaims, Profile,
    RequestClaims,
};
use countersign_jose::sd_jwt::{self, Type};
use countersign_jose::{Algorithm, ClaimFlaw, Error};
use serde_json::{Map, Value, json};

use super::pasted::{self, Pasted};
use super::{Kind, mint};
use crate::problem::{Problem, Result, code};
use crate::ui::{Mark, Sheet, Ui, plain, show_json};
use crate::{keyfile, when, wire};

/// Check a token: signature, kind, issuer, audience, times
///
/// Names the first rule that fails, with its place in the standard. Without
/// --jwks the keys are fetched from the issuer: by https, or by http from this
/// machine.
/// Without --kind the token's own `typ` says which kind it is checked as: a
/// service must know that beforehand.
#[derive(Debug, Args)]
#[command(
    override_usage = "countersign token verify --issuer <URL> --audience <NAME> <TOKEN>",
    after_help = "Examples:\n  countersign token verify @token.txt --issuer http://localhost:8321 \\\n    --audience shop-api\n  countersign token verify @token.txt --issuer https://id.shop.example \\\n    --audience shop-api --jwks jwks.json --kind access\n  countersign token verify @token.txt --issuer https://id.shop.example \\\n    --audience shop-api --secret secret.txt --alg HS256\n  countersign token verify @proof.txt --method GET \\\n    --uri https://api.shop.example/orders\n  countersign token verify @token.txt --issuer https://id.shop.example \\\n    --audience shop-api --proof @proof.txt --method GET \\\n    --uri https://api.shop.example/orders"
)]
pub(crate) struct Verify {
    /// The token: @FILE, or - for stdin
    token: String,
    /// Who must have issued it, letter by letter
    #[arg(long, value_name = "URL", required_unless_present = "uri")]
    issuer: Option<String>,
    /// Whom it must be for
    #[arg(long, value_name = "NAME")]
    audience: Option<String>,
    /// The issuer's public keys: a JWK Set, a JWK, PEM or DER
    #[arg(long, value_name = "FILE", visible_alias = "key")]
    jwks: Option<PathBuf>,
    /// A file whose bytes are the shared secret, for HS256 to HS512
    #[arg(long, value_name = "FILE", conflicts_with = "jwks")]
    secret: Option<PathBuf>,
    /// The algorithm, where the key allows several [RSA: RS256, a secret: HS256]
    #[arg(long, value_name = "NAME", value_parser = mint::algorithm)]
    alg: Option<Algorithm>,
    /// What kind of token it must be [default: what its `typ` says]
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// The DPoP proof that came with a token that is bound to a key: @FILE
    #[arg(long, value_name = "PROOF", requires = "uri")]
    proof: Option<String>,
    /// The method of the request that a DPoP proof came with
    #[arg(long, value_name = "VERB", requires = "uri")]
    method: Option<String>,
    /// The address of the request that a DPoP proof came with
    #[arg(long, value_name = "URI", requires = "method")]
    uri: Option<String>,
    /// What was given out to come back: an ID token or a DPoP proof must repeat
    /// it, and an SD-JWT its key binding
    #[arg(long, value_name = "TEXT")]
    nonce: Option<String>,
}

/// What was found good.
#[derive(Debug)]
pub(super) struct Good {
    pub(super) what: String,
    pub(super) claims: Map<String, Value>,
    pub(super) checked: &'static str,
    guessed: Option<&'static str>,
    /// The thumbprint of the key that a proof proves: the token's `cnf` must have it.
    key: Option<String>,
}

impl Verify {
    pub(super) fn run(&self, ui: Ui) -> Result {
        let now = when::now();
        let good = self.verified(now)?;
        if ui.json {
            let kind = good.what.as_str();
            show_json(&json!({ "verified": true, "kind": kind, "claims": good.claims }));
        } else {
            sheet(ui, &good, now).show();
        }
        Ok(())
    }

    pub(super) fn verified(&self, now: u64) -> Result<Good> {
        let token = pasted::read(&self.token)?;
        match &token.what {
            Pasted::Compact => self.compact(&token.text, now),
            Pasted::SdJwt => self.sd_jwt(&token.text, now),
            Pasted::Encrypted | Pasted::EncryptedJson => {
                let problem = told(&Error::Mistaken { expected: "signed", found: "encrypted" });
                Err(problem.hint("decrypt it first: countersign jwe decrypt"))
            }
            Pasted::SignedJson => {
                let problem = "a JWT has the compact form only, RFC 7519 1";
                Err(Problem::refused(Error::Shape.code(), problem)
                    .hint("token inspect shows a signed document"))
            }
        }
    }

    fn compact(&self, token: &str, now: u64) -> Result<Good> {
        let seen = jwt::inspect(token).map_err(|error| pasted::explained(token, &error, told(&error)))?;
        let header: Map<String, Value> = serde_json::from_str(seen.header()).unwrap_or_default();
        let typ = header.get("typ").and_then(Value::as_str);
        let (kind, guessed) = match (self.kind, typ) {
            (Some(kind), _) => (kind, None),
            (None, Some(typ)) => (Kind::of(typ).ok_or_else(|| unknown(typ))?, Some("by its `typ`")),
            (None, None) => (Kind::Access, Some("it has no `typ`")),
        };
        self.compares_nonce(kind)?;
        let mut key = None;
        let checked = if kind == Kind::Dpop {
            let proven = self.request()?.check(token, now).map_err(|error| told(&error))?;
            key = Some(proven.thumbprint().to_owned());
            "signature, kind, method, address, age"
        } else {
            let keys = self.keys(kind)?;
            match kind {
                Kind::Access => self.check::<AccessClaims>(keys, token, now),
                Kind::Id => self.check::<IdClaims>(keys, token, now),
                Kind::Logout => self.check::<LogoutClaims>(keys, token, now),
                Kind::Event => self.check::<EventClaims>(keys, token, now),
                Kind::Assertion => self.check::<AssertionClaims>(keys, token, now),
                Kind::Request => self.check::<RequestClaims>(keys, token, now),
                Kind::Introspection | Kind::Dpop => self.check::<IntrospectionClaims>(keys, token, now),
            }?;
            match (&self.proof, &self.nonce) {
                (Some(_), _) => "signature, kind, issuer, audience, times, proof of the key",
                (None, Some(_)) => "signature, kind, issuer, audience, times, nonce",
                (None, None) => "signature, kind, issuer, audience, times",
            }
        };
        // INVARIANT: read only after the check, and from the bytes that were checked.
        let claims: Map<String, Value> = serde_json::from_str(seen.claims()).unwrap_or_default();
        if kind == Kind::Id
            && let Some(nonce) = &self.nonce
            && claims.get("nonce").and_then(Value::as_str) != Some(nonce)
        {
            return Err(of_another_sign_in(&claims));
        }
        Ok(Good { what: kind.name().to_owned(), claims, checked, guessed, key })
    }

    /// Refuses a nonce that a token of this kind has no place for, so that nobody believes it was compared.
    fn compares_nonce(&self, kind: Kind) -> Result {
        let hint = match (&self.nonce, kind, &self.proof) {
            (None, ..) | (_, Kind::Dpop, _) | (_, Kind::Id, None) => return Ok(()),
            (_, Kind::Id, Some(_)) => "it could be the token's or the proof's: check the proof by itself",
            (.., Some(_)) => return Ok(()),
            (.., None) => "it belongs to an ID token, a DPoP proof, or the key binding of an SD-JWT",
        };
        let problem = format!("`--nonce` says nothing about this {}", kind.name());
        Err(Problem::usage(code::BAD_VALUE, problem).hint(hint))
    }

    fn check<C: Profile>(&self, keys: Trusted, token: &str, now: u64) -> Result {
        let verifier = jwt::verifier::<C>(keys).issuer(self.issuer()?).audience(self.audience()?);
        let checked = match &self.proof {
            None => verifier.verify(token, now),
            Some(proof) => {
                let proof = pasted::read(proof)?.text;
                let proven = self.request()?.with_token(token).check(&proof, now);
                verifier.verify_bound(token, &proven.map_err(|error| told(&error))?, now)
            }
        };
        checked.map(drop).map_err(|error| self.told(&error))
    }

    /// The request that a proof is for.
    fn request(&self) -> Result<dpop::Request<'_>> {
        let (Some(method), Some(uri)) = (&self.method, &self.uri) else {
            return Err(Problem::usage(code::BAD_VALUE, "a DPoP proof is checked against a request")
                .hint("add `--method GET --uri https://…`, as the request was made"));
        };
        let request = dpop::Request::new(method, uri);
        // RFC 9449 8: whoever has given out a nonce takes no proof without it.
        Ok(match &self.nonce {
            Some(nonce) => request.with_nonce(nonce),
            None => request,
        })
    }

    fn sd_jwt(&self, token: &str, now: u64) -> Result<Good> {
        let verifier =
            sd_jwt::verifier(self.keys(Kind::Access)?).typ(Type::CREDENTIAL).issuer(self.issuer()?);
        let (seen, checked) = match &self.nonce {
            Some(nonce) => (
                verifier.bound_to(self.audience()?).verify(token, nonce, now),
                "signature, kind, issuer, times, disclosures, key binding",
            ),
            None => {
                (verifier.without_binding().verify(token, now), "signature, kind, issuer, times, disclosures")
            }
        };
        let seen = seen.map_err(|error| match error {
            Error::Bound => {
                self.told(&error).hint("its holder proves the key for a nonce of yours: --nonce TEXT")
            }
            _ => self.told(&error),
        })?;
        let claims = seen.claims().clone();
        Ok(Good { what: "SD-JWT credential".to_owned(), claims, checked, guessed: None, key: None })
    }

    fn issuer(&self) -> Result<&str> {
        self.issuer.as_deref().ok_or_else(|| Problem::usage(code::BAD_VALUE, "this kind needs `--issuer`"))
    }

    fn audience(&self) -> Result<&str> {
        self.audience.as_deref().ok_or_else(|| {
            Problem::usage(code::BAD_VALUE, "this kind needs `--audience`")
                .hint("a service knows its own name; token inspect shows whom the token names")
        })
    }

    fn keys(&self, kind: Kind) -> Result<Trusted> {
        match (&self.jwks, &self.secret) {
            (Some(path), _) => keyfile::trusted(path, self.alg),
            (None, Some(path)) => Ok(keyfile::raw_secret(path, self.alg)?.into()),
            (None, None) if matches!(kind, Kind::Assertion | Kind::Request) => Err(Problem::usage(
                code::BAD_VALUE,
                format!("the keys of a {} are its client's", kind.name()),
            )
            .hint("add `--jwks FILE` with the client's public keys")),
            (None, None) => self.fetched(),
        }
    }

    fn fetched(&self) -> Result<Trusted> {
        let issuer = self.issuer()?;
        let reach = if wire::is_this_machine(issuer) { Reach::ThisMachine } else { Reach::Internet };
        let keys = crate::run(jwks::fetch_keys(issuer, reach))?;
        let keys = keys.map_err(|error| {
            Problem::unreachable(error.code(), error.to_string())
                .hint("with the keys in a file no fetching is needed: add `--jwks FILE`")
        })?;
        Ok(keys.into())
    }

    fn told(&self, error: &Error) -> Problem {
        let hint = match (error, self.kind) {
            (Error::Type { .. }, Some(_)) => "another kind of token? token inspect names it",
            (Error::Type { .. }, None) => "say which kind it must be: --kind",
            _ => return told(error),
        };
        told(error).hint(hint)
    }
}

/// OpenID Connect Core 3.1.3.7, rule 11: whoever sent a nonce takes no ID token without it.
fn of_another_sign_in(claims: &Map<String, Value>) -> Problem {
    let flaw = if claims.contains_key("nonce") { ClaimFlaw::Other } else { ClaimFlaw::Missing };
    told(&Error::Claim { claim: "nonce", flaw, rule: "OpenID Connect Core 3.1.3.7" })
        .hint("the token may be of another sign-in than yours: begin a new one")
}

fn unknown(typ: &str) -> Problem {
    Problem::usage(code::BAD_VALUE, format!("`{}` is no kind of token that is known here", plain(typ)))
        .hint("say which kind it must be: --kind access, id, logout, event, …")
}

fn sheet(ui: Ui, good: &Good, now: u64) -> Sheet {
    let text = |name: &str| good.claims.get(name).and_then(Value::as_str).map(plain);
    let mut sheet = Sheet::new(ui);
    sheet.line(format!("{} {}   {}", ui.mark(Mark::Done), ui.bold("verified"), good.checked));
    sheet.gap();
    let guess = good.guessed.map_or_else(String::new, |why| format!("{why}; a service says it itself"));
    let mut rows = vec![("kind", good.what.clone(), guess)];
    for name in ["iss", "sub", "htm", "htu"] {
        if let Some(text) = text(name) {
            rows.push((name, text, String::new()));
        }
    }
    if let Some(key) = &good.key {
        rows.push(("key", key.clone(), "must be the token's `cnf.jkt`".to_owned()));
    }
    if let Some(exp) = good.claims.get("exp").and_then(Value::as_u64) {
        rows.push(("exp", when::beside(exp, now), "until then, unless it is ended".to_owned()));
    }
    sheet.facts(&rows);
    if good.what == Kind::Access.name() {
        sheet.gap();
        sheet.marked(Mark::Look, "whether its sign-in was ended since is not in the token: ask /introspect");
    }
    sheet
}

/// The rule that failed and who made it.
pub(super) fn told(error: &Error) -> Problem {
    let hint = match error {
        Error::Algorithm { .. } => Some("the algorithm is the key's, whatever the token says"),
        Error::UnknownKey | Error::KeyUnnamed => {
            Some("fetch the issuer's keys again: they may have been rotated")
        }
        Error::Signature => Some("the token was changed, or another issuer's key has this name"),
        Error::Issuer => Some("issuers are compared letter by letter: look for a slash at the end"),
        Error::Audience => Some("the token is meant for somebody else; token inspect shows for whom"),
        Error::Expired { .. } => Some("ask its issuer for a new one: tokens are short-lived on purpose"),
        Error::Claim { flaw: ClaimFlaw::Missing, .. } => {
            Some("another kind of token, or its issuer has other rules: token inspect shows what it says")
        }
        Error::Claim { .. } => Some("token inspect shows what it says instead"),
        Error::KeyBinding { .. } => Some("ask for a new presentation, with a new nonce"),
        Error::Early { .. } => Some("if the times look right, compare the clocks of both machines"),
        Error::Proof { member: "ath" } => {
            Some("the proof is for a request with a token: check that one, with --proof @FILE beside it")
        }
        Error::Proof { .. } => Some("a proof is for one request, and good for a minute"),
        Error::Bound => {
            Some("add the DPoP proof that came with it: --proof @FILE --method GET --uri https://…")
        }
        Error::Lasting { .. } => Some("the client should make a new one for each request, good for a minute"),
        _ => None,
    };
    let rule = error.rule();
    let beside = |at: u64| when::beside(at, when::now());
    let message = match error {
        Error::Expired { at, claim: "exp" } => format!("the token expired {}, {rule}", beside(*at)),
        Error::Expired { at, claim } => {
            format!("the token expired {} by its `{claim}`, {rule}", beside(*at))
        }
        Error::Early { from, claim: "iat" } => {
            format!("the token says that it is issued {}, {rule}", beside(*from))
        }
        Error::Early { from, .. } => format!("the token is not valid yet, only {}, {rule}", beside(*from)),
        other => format!("{other}, {rule}"),
    };
    let problem = Problem::refused(error.code(), message);
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}
