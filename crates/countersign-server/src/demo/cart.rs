//! What the corner shop sells, and what somebody has in the cart. Prices are in pence; the shop takes no money.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use crate::pages::{CartLine, Good, Picture};

/// Counts by good.
pub(super) type Cart = BTreeMap<String, u32>;

struct Shelf {
    id: &'static str,
    name: &'static str,
    says: &'static str,
    pence: u32,
    picture: Picture,
}

const SHELF: [Shelf; 4] = [
    Shelf {
        id: "bread",
        name: "Rye bread",
        says: "Baked this morning, 800 g",
        pence: 420,
        picture: Picture::Bread,
    },
    Shelf {
        id: "honey",
        name: "Heather honey",
        says: "From the hill behind the shop",
        pence: 750,
        picture: Picture::Honey,
    },
    Shelf { id: "tea", name: "Breakfast tea", says: "Strong, 80 bags", pence: 310, picture: Picture::Tea },
    Shelf {
        id: "candle",
        name: "Beeswax candle",
        says: "Burns for 9 hours",
        pence: 500,
        picture: Picture::Candle,
    },
];

/// The most of one good in a cart.
const MOST: u32 = 99;

/// The shelf as the page shows it.
pub(super) fn goods() -> Vec<Good> {
    let good = |it: &Shelf| Good {
        id: it.id.to_owned(),
        name: it.name.to_owned(),
        says: it.says.to_owned(),
        price: price(it.pence),
        picture: it.picture,
    };
    SHELF.iter().map(good).collect()
}

/// The name of a good, when the shop has it.
pub(super) fn name_of(good: &str) -> Option<&'static str> {
    SHELF.iter().find(|it| it.id == good).map(|it| it.name)
}

/// One more of a good; unknown goods change nothing.
pub(super) fn add(cart: &mut Cart, good: &str) {
    if name_of(good).is_some() {
        let count = cart.entry(good.to_owned()).or_default();
        *count = count.saturating_add(1).min(MOST);
    }
}

/// The lines of a cart and its total.
pub(super) fn lines(cart: &Cart) -> (Vec<CartLine>, String) {
    let held: Vec<(&Shelf, u32)> =
        SHELF.iter().filter_map(|it| cart.get(it.id).map(|count| (it, *count))).collect();
    let total = held.iter().map(|(it, count)| it.pence.saturating_mul(*count)).fold(0, u32::saturating_add);
    let line = |(it, count): &(&Shelf, u32)| CartLine {
        id: it.id.to_owned(),
        name: it.name.to_owned(),
        count: *count,
        price: price(it.pence.saturating_mul(*count)),
    };
    (held.iter().map(line).collect(), price(total))
}

fn price(pence: u32) -> String {
    format!("£{}.{:02}", pence / 100, pence % 100)
}

/// Carts of the shops whose credential cannot hold one: by subject, in this process, forgotten when there are too many.
#[derive(Debug, Default)]
pub(super) struct Carts(Mutex<HashMap<String, Cart>>);

impl Carts {
    /// How many people's carts are kept; this is a demonstration in one process.
    const KEPT: usize = 1000;

    /// The cart of `subject`.
    pub(super) fn of(&self, subject: &str) -> Cart {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(subject).cloned().unwrap_or_default()
    }

    /// Changes the cart of `subject`.
    pub(super) fn change(&self, subject: &str, change: impl FnOnce(&mut Cart)) {
        let mut carts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if carts.len() >= Self::KEPT && !carts.contains_key(subject) {
            carts.clear();
        }
        change(carts.entry(subject.to_owned()).or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cart_adds_up() {
        let mut cart = Cart::new();
        for good in ["bread", "bread", "tea", "a boat"] {
            add(&mut cart, good);
        }
        let (lines, total) = lines(&cart);
        assert_eq!(lines.len(), 2);
        assert_eq!(total, "£11.50");
    }

    #[test]
    fn carts_do_not_grow_without_end() {
        let carts = Carts::default();
        for person in 0..=Carts::KEPT {
            carts.change(&person.to_string(), |cart| add(cart, "tea"));
        }
        assert!(carts.0.lock().unwrap().len() <= Carts::KEPT);
        assert_eq!(carts.of("0"), Cart::new());
    }
}
