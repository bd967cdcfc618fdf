//! A second opinion on JSON: serde_json's parser, and the rules of strictness written once more.
//!
//! RFC 8259 for the grammar. serde_json keeps duplicate members and knows no limits, so [`Node`] keeps all it reads and
//! [`Node::strict`] says what the library must make of it.

use std::collections::HashSet;
use std::fmt;

use countersign_jose::json::{MAX_DEPTH, MAX_MEMBERS, Object, Value};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value with nothing thrown away.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    Null,
    Bool(bool),
    Unsigned(u64),
    Negative(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// What the library must say about a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    Accepted,
    Refused,
    /// serde_json has turned an integer beyond 64 bits into a float, or read a float; both look alike.
    Unclear,
}

/// Reads `bytes` twice, compares the two readings, and gives back what was read if it was accepted.
pub fn read(bytes: &[u8]) -> Option<Node> {
    let ours = Object::parse(bytes);
    let theirs = serde_json::from_slice::<Node>(bytes);
    let strictness = theirs.as_ref().map_or(Strictness::Refused, Node::strict);
    match ours {
        Ok(object) => {
            assert_ne!(strictness, Strictness::Refused, "accepted {:?}", String::from_utf8_lossy(bytes));
            let node = theirs.expect("not refused");
            assert!(same_object(&object, &node), "read differently: {:?}", String::from_utf8_lossy(bytes));
            Some(node)
        }
        Err(flaw) => {
            let text = String::from_utf8_lossy(bytes);
            assert_ne!(strictness, Strictness::Accepted, "refused as {flaw:?}: {text:?}");
            None
        }
    }
}

impl Node {
    /// The member of this name.
    pub fn member(&self, name: &str) -> Option<&Self> {
        let Self::Map(members) = self else { return None };
        members.iter().find(|(found, _)| found == name).map(|(_, value)| value)
    }

    /// Equality by which members have no order.
    pub fn says(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Map(ours), Self::Map(theirs)) => {
                ours.len() == theirs.len()
                    && ours
                        .iter()
                        .all(|(name, value)| other.member(name).is_some_and(|found| value.says(found)))
            }
            (Self::List(ours), Self::List(theirs)) => {
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(one, two)| one.says(two))
            }
            _ => self == other,
        }
    }

    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub fn unsigned(&self) -> Option<u64> {
        if let Self::Unsigned(number) = self { Some(*number) } else { None }
    }

    /// What the strict tokenizer must say to this document.
    pub fn strict(&self) -> Strictness {
        if !matches!(self, Self::Map(_)) || self.depth() > MAX_DEPTH || !self.members_fit() {
            Strictness::Refused
        } else if self.has_great_float() {
            Strictness::Unclear
        } else {
            Strictness::Accepted
        }
    }

    fn children(&self) -> Box<dyn Iterator<Item = &Self> + '_> {
        match self {
            Self::List(items) => Box::new(items.iter()),
            Self::Map(members) => Box::new(members.iter().map(|(_, value)| value)),
            _ => Box::new(std::iter::empty()),
        }
    }

    fn depth(&self) -> usize {
        let below = self.children().map(Self::depth).max().unwrap_or(0);
        usize::from(matches!(self, Self::List(_) | Self::Map(_))) + below
    }

    fn members_fit(&self) -> bool {
        let here = match self {
            Self::Map(members) => {
                let names: HashSet<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
                let private = names.iter().any(|name| name.starts_with("$serde_json::private::"));
                names.len() == members.len() && members.len() <= MAX_MEMBERS && !private
            }
            _ => true,
        };
        here && self.children().all(Self::members_fit)
    }

    fn has_great_float(&self) -> bool {
        let great = matches!(self, Self::Float(number) if number.abs() >= 9e18);
        great || self.children().any(Self::has_great_float)
    }
}

fn same_object(object: &Object<'_>, node: &Node) -> bool {
    let Node::Map(members) = node else { return false };
    let mut ours = object.members();
    let all = members.iter().all(|(name, value)| {
        let found = object.member(name).is_some_and(|found| same(found, value));
        found && ours.next().is_some_and(|(first, found)| first == name && same(found, value))
    });
    all && ours.next().is_none()
}

fn same(value: Value<'_>, node: &Node) -> bool {
    let right = match node {
        Node::Null => value.raw() == "null",
        Node::Bool(truth) => value.boolean() == Some(*truth),
        Node::Unsigned(number) => value.integer() == Some(*number),
        Node::Negative(number) => value.raw().parse() == Ok(*number),
        // serde_json rounds the last bit in another way, and that is all they may differ in.
        Node::Float(number) => {
            value.raw().parse::<f64>().is_ok_and(|ours| (ours - number).abs() <= number.abs() * 1e-15)
        }
        Node::Text(text) => value.text().as_deref() == Some(text),
        Node::List(items) => value.items().is_some_and(|ours| {
            ours.len() == items.len() && ours.iter().zip(items).all(|(ours, item)| same(*ours, item))
        }),
        Node::Map(_) => value.object().is_some_and(|object| same_object(&object, node)),
    };
    // And it is taken for nothing else.
    right
        && value.text().is_some() == matches!(node, Node::Text(_))
        && value.boolean().is_some() == matches!(node, Node::Bool(_))
        && value.integer().is_some() == matches!(node, Node::Unsigned(_))
        && value.items().is_some() == matches!(node, Node::List(_))
        && value.object().is_some() == matches!(node, Node::Map(_))
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Node, E> {
        Ok(Node::Bool(truth))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Unsigned(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Negative(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some(member) = members.next_entry()? {
            map.push(member);
        }
        Ok(Node::Map(map))
    }
}
