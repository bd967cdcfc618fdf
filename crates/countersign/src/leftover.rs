//! What a cookie that was refused is to its browser. A refusal may arrive after the answer that gave the browser a newer
//! cookie of the same name, and what takes the old one away takes the newer one away. (A guest has a cookie of another name,
//! so the first thing that a stranger leaves takes nobody's session away, even if they sign in meanwhile.)
//!
//! Decides nothing about who may pass. What it cannot know it does not guess: a dead cookie too many harms nobody.

use countersign_core::Attempt;
use countersign_core::extent::{Ending, Reason};
use countersign_core::policy;
use countersign_core::record::session::{Audience, SecretHash};
use countersign_core::session::Presented;
use countersign_core::time::Timestamp;
use countersign_jose::primitive;

use crate::engine::Engine;

/// What a cookie that was refused is to its browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// Its session, or its guest, is over: the cookie may be taken away.
    Dead,
    /// A newer session took its place a moment ago, and the browser may have that one's cookie by now.
    Replaced,
    /// Nobody can say.
    Unclear,
}

/// What the store says of the session, or of the guest, that a cookie names.
struct Remains {
    secret: SecretHash,
    ended: Option<Ending>,
    alive: bool,
}

impl Engine {
    /// What the session cookie of a request to the pages of `audience` is to its browser, once it has been refused. Reads the
    /// record; a store that does not answer leaves it unclear.
    pub async fn leftover<'a, T: AsRef<[u8]> + ?Sized + 'a>(
        &self,
        cookies: impl IntoIterator<Item = &'a T>,
        audience: &Audience,
    ) -> Leftover {
        let Attempt::Accepted(presented) = self.cookie(audience).presented(cookies) else {
            return Leftover::Unclear;
        };
        let Some(serial) = self.open_handle(&presented.handle()) else { return Leftover::Unclear };
        let now = self.now();
        let session = self.store.session(serial).await.ok().flatten();
        left_over(
            &presented,
            now,
            session.map(|session| Remains {
                alive: session.audience == *audience && session.alive(&self.view, now).is_ok(),
                secret: session.secret,
                ended: session.ended,
            }),
        )
    }

    /// As [`Engine::leftover`], of the cookie of a guest: *replaced* by a sign-in, which has a cookie of its own by now.
    pub async fn guest_leftover<'a, T: AsRef<[u8]> + ?Sized + 'a>(
        &self,
        cookies: impl IntoIterator<Item = &'a T>,
        audience: &Audience,
    ) -> Leftover {
        let Attempt::Accepted(presented) = self.guest_cookie().presented(cookies) else {
            return Leftover::Unclear;
        };
        let Some(serial) = self.roots.handles.open_guest(&presented.handle(), self.epoch()) else {
            return Leftover::Unclear;
        };
        let now = self.now();
        let guest = self.guests().guest(serial).await.ok().flatten();
        left_over(
            &presented,
            now,
            guest.map(|guest| Remains {
                alive: guest.audience == *audience && guest.alive(&self.view, now).is_ok(),
                secret: guest.secret,
                ended: guest.ended,
            }),
        )
    }
}

fn left_over(presented: &Presented, now: Timestamp, remains: Option<Remains>) -> Leftover {
    let Some(Remains { secret, ended, alive }) = remains else { return Leftover::Unclear };
    if alive || !primitive::same(&presented.hash().0, &secret.0) {
        return Leftover::Unclear;
    }
    match ended {
        Some(ending) if ending.reason == Reason::Replaced && now < ending.at + policy::COOKIE_HANDOVER => {
            Leftover::Replaced
        }
        _ => Leftover::Dead,
    }
}
