//! The shop's pages: the shelf, the cart, who is here and what their browser holds.
//!
//! Strangers may look; the guard in front lets a request without a credential through and refuses a bad one, and then the
//! shop says so on its page and forgets the credential.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use countersign::{Engine, Leftover, Result};
use countersign_axum::{Auth, Guard, Rejection, Session, Slot};
use countersign_core::Refusal;
use countersign_core::extent::{Actor, Reason};
use countersign_core::oauth::Params;
use countersign_core::record::Style;
use countersign_core::record::session::Audience;
use countersign_core::session::{Cookie, Surface};

use super::cart::{self, Cart, Carts};
use super::{code_flow, shops, word};
use crate::app::{App, DemoShop};
use crate::pages::{self, Claim, Frame, Held, Link, Shopper};
use crate::web::peer::cookies;

/// The cart of the shop that has sessions.
const CART: Slot<Cart> = Slot::new("cart").carried();

/// What every page of one shop needs.
#[derive(Clone)]
pub(super) struct Shop {
    app: App,
    pub(super) demo: Arc<DemoShop>,
    carts: Arc<Carts>,
}

/// The routes of one shop.
pub(super) fn router(app: &App, demo: DemoShop) -> Result<Router> {
    let guard = guard(&app.engine, &demo)?.optional();
    let shop = Shop { app: Arc::clone(app), demo: Arc::new(demo), carts: Arc::default() };
    let routes = Router::new()
        .route("/", get(front))
        .route("/cart/add", post(add))
        .route("/cart/remove", post(remove))
        .route("/signout", post(sign_out))
        .layer(guard)
        .layer(middleware::from_fn_with_state(shop.clone(), refused_in_words))
        .route("/signin", get(code_flow::begin))
        .route("/callback", get(code_flow::land))
        .with_state(shop);
    Ok(routes)
}

fn guard(engine: &Arc<Engine>, demo: &DemoShop) -> Result<Guard> {
    let (engine, audience) = (Arc::clone(engine), demo.url.clone());
    Ok(match demo.style {
        Style::Session => Guard::sessions_of(engine, code_flow::client_id(demo)?),
        Style::Jwt => Guard::jwt_of(engine, audience).token_cookie(code_flow::ACCESS),
        Style::Hybrid => Guard::hybrid(engine, audience).token_cookie(code_flow::ACCESS),
    })
}

/// Who is here, and their cart wherever it is kept.
struct Visit {
    auth: Option<Auth>,
    session: Option<Session>,
    headers: HeaderMap,
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let auth = Option::<Auth>::from_request_parts(parts, state).await?;
        let session = Session::from_request_parts(parts, state).await.ok();
        Ok(Self { auth, session, headers: parts.headers.clone() })
    }
}

async fn front(State(shop): State<Shop>, parts: Parts, visit: Visit) -> Result<Response, Rejection> {
    if visit.auth.is_none() && shop.demo.style != Style::Session && code_flow::may_renew(&visit.headers) {
        return Ok(code_flow::renew(&shop, &parts).await);
    }
    shop.page(&visit, None).await
}

async fn add(State(shop): State<Shop>, visit: Visit, body: String) -> Result<Response, Rejection> {
    shop.change(&visit, &body, cart::add).await
}

async fn remove(State(shop): State<Shop>, visit: Visit, body: String) -> Result<Response, Rejection> {
    shop.change(&visit, &body, |cart, good| {
        cart.remove(good);
    })
    .await
}

async fn sign_out(State(shop): State<Shop>, visit: Visit) -> Result<Response, Rejection> {
    if let Some(auth) = &visit.auth
        && let Some(subject) = auth.person()
    {
        let by = Actor::Subject(subject.clone());
        shop.engine().end_by_handle(auth.handle(), Some(&subject), Reason::SignedOut, by).await?;
    }
    Ok(home(&shop.forgets()))
}

impl Shop {
    pub(super) fn engine(&self) -> &Arc<Engine> {
        &self.app.engine
    }

    async fn change(
        &self,
        visit: &Visit,
        body: &str,
        change: impl Fn(&mut Cart, &str),
    ) -> Result<Response, Rejection> {
        let form = Params::parse(body).map_err(Refusal::OAuth)?;
        let good = form.value("good").unwrap_or_default();
        match (&visit.session, &visit.auth) {
            (Some(session), _) => {
                session.update(CART, |cart| change(cart, good)).await?;
            }
            (None, Some(auth)) => self.carts.change(auth.subject(), |cart| change(cart, good)),
            (None, None) => return Err(Refusal::SessionAbsent.into()),
        }
        Ok(home(&[]))
    }

    async fn cart(&self, visit: &Visit) -> Result<Cart, Rejection> {
        match (&visit.session, &visit.auth) {
            (Some(session), _) => Ok(session.read(CART).await?.unwrap_or_default()),
            (None, Some(auth)) => Ok(self.carts.of(auth.subject())),
            (None, None) => Ok(Cart::new()),
        }
    }

    async fn page(&self, visit: &Visit, refused: Option<String>) -> Result<Response, Rejection> {
        let (cart, total) = cart::lines(&self.cart(visit).await?);
        let issuer = &self.engine().settings().issuer;
        let page = pages::Shop {
            frame: Frame { host: host_of(&self.demo.url), now: seconds(self.engine().now().seconds()) },
            style: page_style(self.demo.style),
            siblings: self.siblings(),
            shopper: self.shopper(visit).await?,
            goods: cart::goods(),
            cart,
            total,
            cart_kept: kept(self.demo.style).to_owned(),
            held: self.held(&visit.headers),
            claims: code_flow::access_token(&visit.headers).map(claims).unwrap_or_default(),
            sign_in: if self.demo.style == Style::Session { "/_cs/start?return_to=/" } else { "/signin" }
                .to_owned(),
            sign_out: "/signout".to_owned(),
            account: format!("{issuer}/account"),
            done: None,
            refused,
        };
        Ok(self.app.pages.render(&page).into_response())
    }

    async fn shopper(&self, visit: &Visit) -> Result<Option<Shopper>, Rejection> {
        let Some(auth) = &visit.auth else { return Ok(None) };
        let name = match auth.person() {
            Some(subject) => self.engine().user(&subject).await?.map(|user| user.email.to_string()),
            None => None,
        };
        Ok(Some(Shopper {
            name: name.unwrap_or_else(|| auth.subject().to_owned()),
            subject: auth.subject().to_owned(),
            since: seconds(auth.auth_time().map_or(0, |at| at.seconds())),
            proof: proof(self.demo.style).to_owned(),
        }))
    }

    fn siblings(&self) -> Vec<Link> {
        shops(&self.engine().settings().issuer)
            .into_iter()
            .filter(|other| other.style != self.demo.style)
            .map(|other| Link { text: word(other.style).to_owned(), href: format!("{}/", other.url) })
            .collect()
    }

    fn held(&self, headers: &HeaderMap) -> Vec<Held> {
        let session = Cookie::new(Surface::Application, self.engine().transport()).name();
        let known = [
            (session, "A session cookie. It says nothing; the shop asks the server who it is."),
            (code_flow::ACCESS, "A signed access token. Whoever has it can read it."),
            (code_flow::REFRESH, "A refresh token. It gets a new access token when the old one has died."),
        ];
        known
            .into_iter()
            .filter_map(|(name, says)| {
                let value = code_flow::cookie(headers, name)?;
                let bytes = u32::try_from(value.len()).unwrap_or(u32::MAX);
                Some(Held { name: format!("cookie {name}"), bytes, says: says.to_owned() })
            })
            .collect()
    }

    /// Whether a credential that was refused may be taken away: a newer session may have come in its place.
    async fn may_forget(&self, headers: &HeaderMap) -> bool {
        let Ok(client) = code_flow::client_id(&self.demo) else { return false };
        let leftover = self.engine().leftover(cookies(headers), &Audience::Client(client)).await;
        leftover != Leftover::Replaced
    }

    /// What removes every credential of this shop from the browser.
    pub(super) fn forgets(&self) -> Vec<String> {
        let mut removals = code_flow::removals();
        removals.push(Cookie::new(Surface::Application, self.engine().transport()).removal());
        removals
    }
}

/// Turns the guard's bare 401 on the shop's front page into the page, and takes the dead credential away.
async fn refused_in_words(State(shop): State<Shop>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let is_front = request.method() == Method::GET && request.uri().path() == "/";
    let response = next.run(request).await;
    if response.status() != StatusCode::UNAUTHORIZED || !is_front {
        return response;
    }
    let words = match shop.demo.style {
        Style::Session => "Your session here has ended.",
        Style::Jwt => "Your token here is no longer good.",
        Style::Hybrid => "Your sign-in here was ended, and the token with it.",
    };
    let visit = Visit { auth: None, session: None, headers };
    let mut page = match shop.page(&visit, Some(words.to_owned())).await {
        Ok(page) => page,
        Err(rejection) => return rejection.into_response(),
    };
    if shop.may_forget(&visit.headers).await {
        set_cookies(page.headers_mut(), &shop.forgets());
    }
    page
}

/// Back to the front page, with cookies.
pub(super) fn home(cookies: &[String]) -> Response {
    let mut response =
        (StatusCode::SEE_OTHER, [(header::LOCATION, "/"), (header::CACHE_CONTROL, "no-store")])
            .into_response();
    set_cookies(response.headers_mut(), cookies);
    response
}

/// Appends `Set-Cookie` headers; whatever sets a cookie must not be cached.
pub(super) fn set_cookies(headers: &mut HeaderMap, cookies: &[String]) {
    for cookie in cookies {
        if let Ok(value) = HeaderValue::from_str(cookie) {
            headers.append(header::SET_COOKIE, value);
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            headers.insert(header::VARY, HeaderValue::from_static("Cookie"));
        }
    }
}

fn claims(token: &str) -> Vec<Claim> {
    let Ok(token) = countersign_jose::jwt::inspect(token) else { return Vec::new() };
    let Ok(serde_json::Value::Object(all)) = serde_json::from_str(token.claims()) else { return Vec::new() };
    all.into_iter()
        .map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Claim { meaning: meaning(&name).to_owned(), warn: name == "email", name, value }
        })
        .collect()
}

fn meaning(claim: &str) -> &'static str {
    match claim {
        "iss" => "who signed it",
        "aud" => "who may accept it",
        "sub" => "who it is about",
        "exp" => "when it dies, in Unix seconds",
        "iat" => "when it was made",
        "gid" => "names the grant behind it, so that it can be ended",
        "rv" => "the log position at which the grant was seen alive",
        "email" => "personal data: whoever sees the token can read it",
        _ => "",
    }
}

const fn kept(style: Style) -> &'static str {
    match style {
        Style::Session => "Kept on the server, in the slot `cart` of your session, from before you sign in.",
        Style::Jwt | Style::Hybrid => "Kept by the shop itself, under your subject: a token cannot hold it.",
    }
}

const fn proof(style: Style) -> &'static str {
    match style {
        Style::Session => "The server knows the session, and it has not ended.",
        Style::Jwt => "The signature was checked here. Nobody was asked whether it has ended.",
        Style::Hybrid => "The signature was checked here, and nothing has ended it.",
    }
}

const fn page_style(style: Style) -> pages::Style {
    match style {
        Style::Session => pages::Style::Session,
        Style::Jwt => pages::Style::Jwt,
        Style::Hybrid => pages::Style::Hybrid,
    }
}

fn host_of(origin: &str) -> String {
    origin.split_once("://").map_or(origin, |(_, host)| host).to_owned()
}

fn seconds(at: u64) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}
