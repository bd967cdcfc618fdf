//! `countersign token mint`: a token signed with a key of your own, to try a verifier with.
//!
//! No grant stands behind it: Countersign itself refuses it, other people's verifiers take it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use countersign_jose::jwt::dpop;
use countersign_jose::jwt::{
    self, AccessClaims, AssertionClaims, Audience, Confirmation, EventClaims, IdClaims, Introspected,
    IntrospectionClaims, LogoutClaims, RequestClaims,
};
use countersign_jose::{Algorithm, KeyId, Signer, VerifyingKey, base64, primitive};
use serde_json::{Map, Value, json};

use super::own::{self, Own, Place};
use super::{Kind, pasted};
use crate::keyfile::{self, KeyFile, Unlock};
use crate::problem::{Problem, Result, code};
use crate::ui::{Ui, show_json};
use crate::{settings, when};

/// Make a token with a key file, to try a verifier with
///
/// No sign-in stands behind it: Countersign itself refuses it, and a verifier
/// takes it only if it trusts the key. countersign key new makes a key.
///
/// What --claims holds depends on the kind: further claims (access, id, logout),
/// such as acr, amr and sid; what has happened (event), the parameters (request),
/// what is known of the token (introspection). Registered claims have options of
/// their own.
#[derive(Debug, Args)]
#[command(
    override_usage = "countersign token mint --key <FILE> --issuer <URL> \\\n         --audience <NAME> --subject <NAME>",
    after_help = "Examples:\n  countersign token mint --key key.pem --issuer https://id.shop.example \\\n    --audience shop-api --subject ada > token.txt\n  countersign token mint --secret secret.txt --alg HS256 --kind id \\\n    --issuer https://id.shop.example --audience shop --subject ada\n  echo '{\"tier\":\"gold\"}' | countersign token mint --key key.pem --claims - \\\n    --issuer https://id.shop.example --audience shop-api --subject ada\n  countersign token mint --key key.pem --kind dpop --method GET \\\n    --uri https://api.shop.example/orders\n\nA token that is bound to a key, and a request with it:\n  countersign token mint --key key.pem --issuer https://id.shop.example \\\n    --audience shop-api --subject ada --bind-to client.pem > token.txt\n  countersign token mint --key client.pem --kind dpop --token @token.txt \\\n    --method GET --uri https://api.shop.example/orders > proof.txt"
)]
pub(crate) struct Mint {
    /// The private key: PEM, DER or JWK; a secret is a JWK
    #[arg(long, value_name = "FILE", required_unless_present = "secret", conflicts_with = "secret")]
    key: Option<PathBuf>,
    /// A file whose bytes are the shared secret, for HS256 to HS512
    #[arg(long, value_name = "FILE")]
    secret: Option<PathBuf>,
    /// The algorithm, where the key allows several [RSA: RS256, a secret: HS256]
    #[arg(long, value_name = "NAME", value_parser = algorithm)]
    alg: Option<Algorithm>,
    /// The name of the key in the token [default: the key's own, or its thumbprint]
    #[arg(long, value_name = "NAME", value_parser = keyfile::key_id)]
    kid: Option<KeyId>,
    #[command(flatten)]
    unlock: Unlock,
    /// What kind of token it is
    #[arg(long, value_enum, default_value_t)]
    kind: Kind,
    /// Who issues it; for assertion and request the application
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Whom it is for
    #[arg(long, value_name = "NAME")]
    audience: Option<String>,
    /// Whom it is about; needed for access, id and logout
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,
    /// The application it is issued to [default: the audience]
    #[arg(long, value_name = "APP")]
    client: Option<String>,
    /// What it allows
    #[arg(long, value_name = "WORDS")]
    scope: Option<String>,
    /// The key, or its public half, that whoever shows an access token must prove
    #[arg(long, value_name = "FILE")]
    bind_to: Option<PathBuf>,
    /// Claims of your own: a JSON object in FILE, or - for stdin
    #[arg(long, value_name = "FILE")]
    claims: Option<String>,
    /// The URI of what has happened, for an event
    #[arg(long, value_name = "URI")]
    event: Option<String>,
    /// The method of the request, for a DPoP proof
    #[arg(long, value_name = "VERB")]
    method: Option<String>,
    /// The address of the request, for a DPoP proof
    #[arg(long, value_name = "URI")]
    uri: Option<String>,
    /// The token that the request is made with, for a DPoP proof: @FILE, or -
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// What comes back to who gave it out: in an ID token what its application
    /// sent, in a DPoP proof what the server answered in DPoP-Nonce
    #[arg(long, value_name = "TEXT")]
    nonce: Option<String>,
    /// How long it lives, a day at most
    #[arg(long, value_name = "SPAN", default_value = "10 min", value_parser = lifetime)]
    lifetime: Duration,
}

fn lifetime(text: &str) -> core::result::Result<Duration, String> {
    let span = settings::span(text).map_err(|why| format!("it {why}"))?;
    if span > Duration::from_secs(86_400) { Err("it is longer than a day".to_owned()) } else { Ok(span) }
}

/// A nonce as servers give them out for proofs (RFC 9449 8.1); one for an ID token is any text.
fn fits_nonce(kind: Kind, text: &str) -> Result {
    let good = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    let why = match kind {
        _ if text.is_empty() => "`--nonce` is empty",
        Kind::Dpop if !text.bytes().all(good) => {
            "a nonce for a DPoP proof is one word of ASCII without quotes and backslashes, RFC 9449 8.1"
        }
        _ => return Ok(()),
    };
    Err(Problem::usage(code::BAD_VALUE, why))
}

/// The signature algorithm of this name; people need not know where its capitals are.
pub(super) fn algorithm(name: &str) -> core::result::Result<Algorithm, String> {
    if name.eq_ignore_ascii_case("none") {
        return Err("it does not exist here: anybody can write an unsigned token".to_owned());
    }
    let found = Algorithm::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(name));
    found.ok_or_else(|| "known are the names that sign in countersign key new --help".to_owned())
}

impl Mint {
    pub(super) fn run(&self, ui: Ui) -> Result {
        let (token, kid) = self.minted(when::now())?;
        if ui.json {
            show_json(&json!({ "token": token, "kid": kid, "kind": self.kind.name() }));
        } else {
            println!("{token}");
        }
        Ok(())
    }

    /// The token, and the name of its key.
    pub(super) fn minted(&self, now: u64) -> Result<(String, Option<String>)> {
        self.fits()?;
        if self.kind == Kind::Dpop {
            return Ok((self.proof(now)?, None));
        }
        let key = self.signer()?;
        Ok((self.signed(&*key, now)?, key.key_id().map(|kid| kid.as_str().to_owned())))
    }

    /// Options that the kind has no use for are refused, so that nobody believes they did something.
    fn fits(&self) -> Result {
        let only = |given: bool, option: &str, kinds: &[Kind]| {
            if given && !kinds.contains(&self.kind) {
                let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
                let problem = format!("`--{option}` belongs to another kind: {}", names.join(", "));
                return Err(Problem::usage(code::BAD_VALUE, problem));
            }
            Ok(())
        };
        // A proof is for whoever is asked, and brings its key along.
        let signed: Vec<Kind> =
            Kind::value_variants().iter().copied().filter(|kind| *kind != Kind::Dpop).collect();
        only(self.issuer.is_some(), "issuer", &signed)?;
        only(self.audience.is_some(), "audience", &signed)?;
        only(self.kid.is_some(), "kid", &signed)?;
        only(self.scope.is_some(), "scope", &[Kind::Access])?;
        only(self.client.is_some(), "client", &[Kind::Access])?;
        only(self.event.is_some(), "event", &[Kind::Event])?;
        only(self.method.is_some(), "method", &[Kind::Dpop])?;
        only(self.uri.is_some(), "uri", &[Kind::Dpop])?;
        only(self.token.is_some(), "token", &[Kind::Dpop])?;
        only(self.nonce.is_some(), "nonce", &[Kind::Id, Kind::Dpop])?;
        only(self.bind_to.is_some(), "bind-to", &[Kind::Access])?;
        only(self.subject.is_some(), "subject", &[Kind::Access, Kind::Id, Kind::Logout])?;
        let with_claims =
            [Kind::Access, Kind::Id, Kind::Logout, Kind::Event, Kind::Request, Kind::Introspection];
        only(self.claims.is_some(), "claims", &with_claims)?;
        self.nonce.as_deref().map_or(Ok(()), |nonce| fits_nonce(self.kind, nonce))
    }

    fn needed<'a>(&self, value: Option<&'a String>, option: &str) -> Result<&'a str> {
        value.map(String::as_str).ok_or_else(|| {
            let problem = format!("`--kind {}` needs `--{option}`", self.kind.word());
            Problem::usage(code::BAD_VALUE, problem)
        })
    }

    fn signer(&self) -> Result<Box<dyn Signer>> {
        match (&self.secret, &self.key) {
            (Some(path), _) => {
                let key = keyfile::raw_secret(path, self.alg)?;
                Ok(match &self.kid {
                    Some(kid) => Box::new(key.with_id(kid.clone())),
                    None => Box::new(key),
                })
            }
            (None, Some(path)) => KeyFile::read(path, &self.unlock)?.signer(self.alg, self.kid.clone()),
            (None, None) => {
                Err(Problem::usage(code::BAD_VALUE, "a token needs a key").hint("add `--key FILE`"))
            }
        }
    }

    fn proof(&self, now: u64) -> Result<String> {
        let Some(path) = &self.key else {
            return Err(Problem::usage(code::BAD_VALUE, "a DPoP proof is made with a key pair")
                .hint("use `--key FILE`"));
        };
        let key = KeyFile::read(path, &self.unlock)?.pair(self.alg)?;
        let method = self.needed(self.method.as_ref(), "method")?;
        let uri = self.needed(self.uri.as_ref(), "uri")?;
        let request = dpop::Request::new(method, uri);
        // RFC 9449 4.2: a proof beside a token names it by its hash, `ath`.
        let token = self.token.as_deref().map(pasted::read).transpose()?;
        let request = match &token {
            Some(token) => request.with_token(&token.text),
            None => request,
        };
        let request = match &self.nonce {
            Some(nonce) => request.with_nonce(nonce),
            None => request,
        };
        Ok(request.prove(&key, &name()?, now)?)
    }

    /// The key that an access token is bound to (RFC 9449 6.1).
    fn cnf(&self) -> Result<Option<Confirmation>> {
        let Some(path) = &self.bind_to else { return Ok(None) };
        let public = KeyFile::read(path, &Unlock::default())?.public()?;
        Ok(Some(Confirmation::of(&VerifyingKey::from_jwk(&public)?)))
    }

    fn signed(&self, key: &dyn Signer, iat: u64) -> Result<String> {
        let exp = iat.saturating_add(self.lifetime.as_secs());
        let iss = self.needed(self.issuer.as_ref(), "issuer")?.to_owned();
        let audience = self.needed(self.audience.as_ref(), "audience")?;
        let aud = Audience::of([audience]);
        let sub = || self.needed(self.subject.as_ref(), "subject").map(str::to_owned);
        let within = matches!(self.kind, Kind::Event | Kind::Introspection);
        let place = if within { Place::Within } else { Place::Beside };
        let mut own = own::read(self.claims.as_deref(), place)?;
        let jti = name()?;
        match self.kind {
            Kind::Access => {
                let client_id = self.client.clone().unwrap_or_else(|| audience.to_owned());
                let claims = AccessClaims {
                    iss,
                    sub: sub()?,
                    aud,
                    client_id,
                    iat,
                    exp,
                    jti,
                    ..self.access(&mut own)?
                };
                own::sign(key, claims, own)
            }
            Kind::Id => {
                let claims = IdClaims { iss, sub: sub()?, aud, iat, exp, ..self.id(&mut own)? };
                own::sign(key, claims, own)
            }
            Kind::Logout => {
                let (sub, sid) = (Some(sub()?), own.text("sid")?);
                own::sign(key, LogoutClaims { iss, aud, iat, exp, jti, sub, sid }, own)
            }
            Kind::Event => {
                let event = self.needed(self.event.as_ref(), "event")?;
                Ok(jwt::sign(key, &EventClaims::new(iss, aud, jti, iat).event(event, own.rest()))?)
            }
            Kind::Assertion => Ok(jwt::sign(key, &AssertionClaims::new(&iss, audience, jti, iat, exp))?),
            Kind::Request => {
                let mut parameters = Map::new();
                parameters.insert("client_id".to_owned(), Value::from(iss.as_str()));
                for (name, value) in own.rest() {
                    if parameters.insert(name.clone(), value).is_some() {
                        return Err(Problem::usage(
                            code::BAD_VALUE,
                            format!("`--claims` may not hold `{name}`"),
                        )
                        .hint("it is what --issuer says"));
                    }
                }
                let claims = RequestClaims { iss, aud, exp, iat: Some(iat), jti: Some(jti), parameters };
                Ok(jwt::sign(key, &claims)?)
            }
            Kind::Introspection => {
                // RFC 7662 2.2: a time in whole seconds, or nobody takes the answer.
                let exp = own.time("exp")?.map(|exp| ("exp".to_owned(), Value::from(exp)));
                let known = Introspected::Active(own.rest().into_iter().chain(exp).collect());
                let known = if self.claims.is_some() { known } else { Introspected::Inactive };
                Ok(jwt::sign(key, &IntrospectionClaims { iss, aud, iat, token_introspection: known })?)
            }
            Kind::Dpop => self.proof(iat),
        }
    }

    /// What an access token may say besides.
    fn access(&self, own: &mut Own) -> Result<AccessClaims> {
        own.without("scope", "use --scope")?;
        own.without("cnf", "use --bind-to")?;
        Ok(AccessClaims {
            scope: self.scope.clone(),
            cnf: self.cnf()?,
            auth_time: own.time("auth_time")?,
            acr: own.text("acr")?,
            amr: own.texts("amr")?,
            ..AccessClaims::default()
        })
    }

    /// What an ID token may say besides.
    fn id(&self, own: &mut Own) -> Result<IdClaims> {
        if self.nonce.is_some() {
            own.without("nonce", "`--nonce` says it already")?;
        }
        Ok(IdClaims {
            nonce: own.text("nonce")?.or_else(|| self.nonce.clone()),
            auth_time: own.time("auth_time")?,
            acr: own.text("acr")?,
            amr: own.texts("amr")?,
            azp: own.text("azp")?,
            at_hash: own.text("at_hash")?,
            c_hash: own.text("c_hash")?,
            sid: own.text("sid")?,
            email: own.text("email")?,
            email_verified: own.flag("email_verified")?,
            ..IdClaims::default()
        })
    }
}

fn name() -> Result<String> {
    let mut bytes = [0; 16];
    primitive::fill_random(&mut bytes)?;
    Ok(base64::encode(bytes))
}
