//! The guard that stands in front of the handler which runs just now on this thread, for extractors that ask for it.
//!
//! Nothing is put into a request on the way to its handler: that alone would cost more than everything else an open guard
//! does. Its future holds the seat and lends it to the thread while the handler is polled, so a handler that asks finds its own
//! guard, and one that does not ask pays nothing. What was found is told only to whoever holds the very cookie header that it
//! was found by, so that a request which a handler sends on to other routes is nobody's. One that is handed to another task on
//! the way finds no guard; with a credential it is a fault to be told, and not a stranger.

use std::cell::RefCell;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};

use crate::guard::Orders;
use crate::look::Found;
use crate::visit::Visit;

thread_local! {
    static HERE: RefCell<Option<Seat>> = const { RefCell::new(None) };
}

/// The seat beside a guard.
#[derive(Debug)]
pub(crate) enum Seat {
    /// Nobody has asked yet.
    Free(Arc<Orders>),
    /// Apart, so that the future of a request which nobody asks about stays small; it is moved more than once.
    Taken(Box<Taken>),
}

/// Who sits there.
#[derive(Debug)]
pub(crate) struct Taken {
    found: Found,
    /// The header that it was found by; kept, so that no other can come to lie in its place.
    cookie: Option<HeaderValue>,
}

impl Seat {
    /// The seat of somebody who was found by this cookie header.
    pub(crate) fn taken(found: Found, cookie: Option<&HeaderValue>) -> Self {
        Self::Taken(Box::new(Taken { found, cookie: cookie.cloned() }))
    }

    /// Whose cookie goes back with the answer.
    pub(crate) fn visit(&self) -> Option<&Arc<Visit>> {
        match self {
            Self::Free(_) => None,
            Self::Taken(taken) => match &taken.found {
                Found::Visitor(visit) => Some(visit),
                Found::Nobody | Found::Somebody(_) => None,
            },
        }
    }
}

impl Taken {
    /// Whether these headers hold the very one that it was found by.
    fn is_of(&self, headers: &HeaderMap) -> bool {
        let theirs = headers.get(header::COOKIE);
        self.cookie.as_ref().zip(theirs).is_some_and(|(cookie, theirs)| same(theirs, cookie))
    }
}

/// Runs `step` with `seat` lent to this thread, and takes it back whatever happens. Without a seat the one before stays.
pub(crate) fn lend<R>(seat: &mut Option<Seat>, step: impl FnOnce() -> R) -> R {
    struct Lent<'a>(Option<&'a mut Option<Seat>>);
    impl Lent<'_> {
        fn swap(&mut self) {
            if let Some(seat) = &mut self.0 {
                HERE.with_borrow_mut(|here| std::mem::swap(here, seat));
            }
        }
    }
    impl Drop for Lent<'_> {
        fn drop(&mut self) {
            self.swap();
        }
    }
    let mut lent = Lent(seat.is_some().then_some(seat));
    lent.swap();
    step()
}

/// What the seat says to somebody who asks.
pub(crate) enum Answer {
    /// Nobody has asked yet.
    Free(Arc<Orders>),
    /// Who they are.
    Found(Found),
    /// There is no guard in front of them.
    None,
}

/// Asks with these headers.
pub(crate) fn ask(headers: &HeaderMap) -> Answer {
    HERE.with_borrow(|here| match here {
        Some(Seat::Free(orders)) => Answer::Free(Arc::clone(orders)),
        Some(Seat::Taken(taken)) if taken.is_of(headers) => Answer::Found(taken.found.clone()),
        _ => Answer::None,
    })
}

/// Takes the seat for whoever was found by this cookie header; false when there is none or it is taken.
pub(crate) fn take(found: &Found, cookie: Option<&HeaderValue>) -> bool {
    HERE.with_borrow_mut(|here| match here {
        Some(seat @ Seat::Free(_)) => {
            *seat = Seat::taken(found.clone(), cookie);
            true
        }
        _ => false,
    })
}

/// Whether two values are one: copies of one value share its bytes.
fn same(one: &HeaderValue, other: &HeaderValue) -> bool {
    std::ptr::eq(one.as_bytes(), other.as_bytes())
}
