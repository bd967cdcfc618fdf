//! What the tests of the engine share: a shop that people sign in to, and the requests it makes.

use countersign::testing::Rig;
use countersign::{Authorized, Checked, ClientAuth, Engine, NewApp, Result, TokenAnswer};
use countersign_core::Attempt;
use countersign_core::extent::Actor;
use countersign_core::oauth::Params;
use countersign_core::record::session::Audience;
use countersign_core::record::{Client, Style};
use countersign_core::secret::ClientSecret;

pub(crate) const ADA: &str = "ada@marsh.example";
pub(crate) const PASSWORD: &str = "lantern rope harbour";

/// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const CALLBACK: &str = "https://shop.example/cb";

pub(crate) struct Shop {
    pub(crate) rig: Rig,
    pub(crate) client: Client,
    pub(crate) secret: ClientSecret,
    pub(crate) ada: Checked,
}

pub(crate) fn new_app(id: &str, style: Style) -> NewApp {
    NewApp {
        redirect_uris: vec![CALLBACK.to_owned()],
        post_logout_redirect_uris: vec!["https://shop.example/bye".to_owned()],
        origin: Some(format!("https://{id}.example")),
        scope: Some("openid email orders".to_owned()),
        first_party: true,
        acts_alone: true,
        ..NewApp::new(id, style)
    }
}

pub(crate) fn params(text: &str) -> Params {
    Params::parse(text).unwrap()
}

pub(crate) fn query(client: &str, extra: &str) -> String {
    format!(
        "client_id={client}&redirect_uri={CALLBACK}&response_type=code&scope=openid+email&state=s1&nonce=n1\
         &code_challenge={CHALLENGE}&code_challenge_method=S256{extra}"
    )
}

/// What stands behind `name=` in an address.
pub(crate) fn parameter<'a>(address: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = address.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

pub(crate) async fn checked(engine: &Engine, cookie: &str) -> Attempt<Checked> {
    let header = format!("cs_dev_id={cookie}");
    engine.check(Some(&header), &Audience::Issuer).await.unwrap()
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::of(Style::Hybrid).await
    }

    pub(crate) async fn of(style: Style) -> Self {
        let rig = Rig::new().await.unwrap();
        rig.person(ADA, PASSWORD).await.unwrap();
        let (client, secret) = rig.engine.add_app(new_app("shop", style), Actor::CommandLine).await.unwrap();
        let ada = Self::signed_in(&rig).await;
        Self { rig, client, secret: secret.unwrap(), ada }
    }

    pub(crate) async fn signed_in(rig: &Rig) -> Checked {
        let signed = rig.sign_in(ADA, PASSWORD).await.unwrap();
        let header = format!("cs_dev_id={}", signed.cookie.reveal());
        match rig.engine.check(Some(&header), &Audience::Issuer).await.unwrap() {
            Attempt::Accepted(checked) => checked,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.rig.engine
    }

    pub(crate) fn auth(&self) -> ClientAuth {
        let body = params(&format!("client_id={}&client_secret={}", self.client.id, self.secret.reveal()));
        ClientAuth::read(None, &body).unwrap()
    }

    /// A code for Ada.
    pub(crate) async fn code(&self) -> String {
        match self.engine().authorize(&query("shop", ""), Some(&self.ada)).await.unwrap() {
            Authorized::Redirect(to) => parameter(&to, "code").unwrap_or_else(|| panic!("{to}")).to_owned(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn token(&self, form: &str) -> Result<TokenAnswer> {
        self.engine().token(self.auth(), &params(form), &Rig::visitor()).await
    }

    pub(crate) async fn redeem(&self, code: &str) -> Result<TokenAnswer> {
        self.token(&redemption(code)).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Result<TokenAnswer> {
        self.token(&format!("grant_type=refresh_token&refresh_token={token}")).await
    }

    pub(crate) async fn tokens(&self) -> TokenAnswer {
        self.redeem(&self.code().await).await.unwrap()
    }
}

pub(crate) fn redemption(code: &str) -> String {
    format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}&code_verifier={VERIFIER}")
}

pub(crate) fn refresh_of(answer: &TokenAnswer) -> String {
    answer.refresh_token.as_ref().unwrap().reveal().to_owned()
}

/// The OAuth word of a refusal.
pub(crate) fn word(error: &countersign::Error) -> &'static str {
    match error {
        countersign::Error::Refusal(countersign::Refusal::OAuth(refusal)) => refusal.error.as_str(),
        other => panic!("{other:?}"),
    }
}
