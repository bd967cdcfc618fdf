//! An application that keeps sessions of its own, and as many people as wanted who are signed in there, each by a name.

use std::sync::Arc;

use countersign::{Home, Visitor};
use countersign_core::Attempt;
use countersign_core::policy::SessionRules;
use countersign_core::session::admit::Presence;
use http::HeaderValue;
use tokio::task::JoinSet;

use crate::House;

/// How many sign in at once, so that they share their commits.
const AT_ONCE: u32 = 64;

/// The application, and the `Cookie` header of each.
pub struct People {
    pub home: Arc<Home>,
    pub cookies: Vec<HeaderValue>,
    _house: House,
}

impl People {
    /// `count` people who have just signed in.
    pub async fn new(count: u32) -> Self {
        let house = House::quick().await;
        let home = Arc::new(Home::of(house.engine.clone(), SessionRules::default()).await.unwrap());
        let mut signing = JoinSet::new();
        for first in 0..AT_ONCE {
            let home = home.clone();
            signing.spawn(async move {
                let visitor = Visitor::from_parts(None, [203, 0, 113, 9].into());
                let mut cookies = Vec::new();
                for number in (first..count).step_by(AT_ONCE as usize) {
                    let name = format!("person-{number}@marsh.example");
                    let (signed, _) = home.sign_in(&name, &visitor, None).await.unwrap();
                    let cookie = format!(
                        "{}={}",
                        home.engine().cookie(home.audience()).name(),
                        signed.cookie.reveal()
                    );
                    cookies.push(HeaderValue::from_str(&cookie).unwrap());
                }
                cookies
            });
        }
        let cookies = signing.join_all().await.concat();
        Self { home, cookies, _house: house }
    }

    /// For how many of them memory alone has no answer.
    pub fn unknown(&self) -> usize {
        let asks = |cookie: &&HeaderValue| {
            !matches!(self.home.glance(cookie.to_str().ok(), Presence::Active), Some(Attempt::Accepted(_)))
        };
        self.cookies.iter().filter(asks).count()
    }
}
