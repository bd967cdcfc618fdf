//! One pass over a JSON text, without recursion.
//!
//! RFC 8259 2 to 7 with the limits of RFC 7493. Containers that are open stand on a list
//! bounded by [`MAX_DEPTH`], so that hostile nesting costs neither stack nor time.

use std::borrow::Cow;

use super::{Flaw, MAX_DEPTH, MAX_MEMBERS, Value, is_private};

pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

/// A container that has been opened and not yet closed.
enum Open<'a> {
    Array,
    Object(Vec<Cow<'a, str>>),
}

type Members<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

impl<'a> Scanner<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Nothing but white space is left.
    pub(super) fn end(&mut self) -> Result<(), Flaw> {
        self.space();
        if self.peek().is_some() { Err(Flaw::Trailing) } else { Ok(()) }
    }

    /// Reads an object and keeps its members.
    pub(super) fn object(&mut self) -> Result<Members<'a>, Flaw> {
        self.space();
        match self.peek() {
            Some(b'{') => self.at += 1,
            Some(_) => return Err(Flaw::NotAnObject),
            None => return Err(Flaw::Ends),
        }
        let mut members: Members<'a> = Vec::new();
        self.space();
        if self.eat(b'}') {
            return Ok(members);
        }
        loop {
            let name = self.name()?;
            if members.iter().any(|(known, _)| *known == name) {
                return Err(Flaw::Duplicate);
            }
            if members.len() == MAX_MEMBERS {
                return Err(Flaw::TooMany);
            }
            members.push((name, self.value(1)?));
            self.space();
            match self.next()? {
                b',' => self.space(),
                b'}' => return Ok(members),
                _ => return Err(Flaw::Unexpected),
            }
        }
    }

    /// Reads an array and keeps its items.
    pub(super) fn array(&mut self) -> Result<Vec<Value<'a>>, Flaw> {
        self.space();
        if !self.eat(b'[') {
            return Err(Flaw::Unexpected);
        }
        let mut items = Vec::new();
        self.space();
        if self.eat(b']') {
            return Ok(items);
        }
        loop {
            items.push(self.value(1)?);
            self.space();
            match self.next()? {
                b',' => {}
                b']' => return Ok(items),
                _ => return Err(Flaw::Unexpected),
            }
        }
    }

    /// Reads one value of any kind; `depth` containers are open around it.
    fn value(&mut self, depth: usize) -> Result<Value<'a>, Flaw> {
        self.space();
        let start = self.at;
        let mut open: Vec<Open<'a>> = Vec::new();
        let mut plain = false;
        loop {
            self.space();
            let closed = match self.peek().ok_or(Flaw::Ends)? {
                bracket @ (b'{' | b'[') => {
                    if depth + open.len() == MAX_DEPTH {
                        return Err(Flaw::TooDeep);
                    }
                    self.at += 1;
                    self.enter(bracket, &mut open)?
                }
                b'"' => {
                    let text = self.string()?;
                    plain = open.is_empty() && matches!(text, Cow::Borrowed(_));
                    true
                }
                b'-' | b'0'..=b'9' => self.number().map(|()| true)?,
                _ => self.word().map(|()| true)?,
            };
            if closed && self.leave(&mut open)? {
                let text = self.text.get(start..self.at).ok_or(Flaw::Ends)?;
                return Ok(Value { raw: text, plain });
            }
        }
    }

    /// After an opening bracket: true when the container is empty and closed again.
    fn enter(&mut self, bracket: u8, open: &mut Vec<Open<'a>>) -> Result<bool, Flaw> {
        self.space();
        if bracket == b'[' {
            if self.eat(b']') {
                return Ok(true);
            }
            open.push(Open::Array);
        } else {
            if self.eat(b'}') {
                return Ok(true);
            }
            let name = self.name()?;
            open.push(Open::Object(vec![name]));
        }
        Ok(false)
    }

    /// After a value: closes what ends here; true when nothing is open any more.
    fn leave(&mut self, open: &mut Vec<Open<'a>>) -> Result<bool, Flaw> {
        while let Some(container) = open.last_mut() {
            self.space();
            match (container, self.next()?) {
                (Open::Array, b',') => return Ok(false),
                (Open::Object(names), b',') => {
                    self.space();
                    let name = self.name()?;
                    if names.contains(&name) {
                        return Err(Flaw::Duplicate);
                    }
                    if names.len() == MAX_MEMBERS {
                        return Err(Flaw::TooMany);
                    }
                    names.push(name);
                    return Ok(false);
                }
                (Open::Array, b']') | (Open::Object(_), b'}') => {
                    open.pop();
                }
                _ => return Err(Flaw::Unexpected),
            }
        }
        Ok(true)
    }

    /// A member's name and the colon after it.
    fn name(&mut self) -> Result<Cow<'a, str>, Flaw> {
        let name = self.string()?;
        if is_private(&name) {
            return Err(Flaw::Private);
        }
        self.space();
        if self.next()? == b':' { Ok(name) } else { Err(Flaw::Unexpected) }
    }

    /// A string, from its opening to its closing quote.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Flaw> {
        if self.next()? != b'"' {
            return Err(Flaw::Unexpected);
        }
        let plain = self.plain()?;
        if self.eat(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut decoded = plain.to_owned();
        loop {
            match self.next()? {
                b'"' => return Ok(Cow::Owned(decoded)),
                b'\\' => decoded.push(self.escape()?),
                _ => return Err(Flaw::Unexpected),
            }
            decoded.push_str(self.plain()?);
        }
    }

    /// The characters up to a quote or a backslash.
    fn plain(&mut self) -> Result<&'a str, Flaw> {
        let rest = self.text.get(self.at..).ok_or(Flaw::Ends)?;
        let length = memchr::memchr2(b'"', b'\\', rest.as_bytes()).ok_or(Flaw::Ends)?;
        let plain = rest.get(..length).ok_or(Flaw::Ends)?;
        if plain.bytes().any(|byte| byte < 0x20) {
            return Err(Flaw::Unexpected);
        }
        self.at += length;
        Ok(plain)
    }

    /// What stands for a backslash and what follows it.
    fn escape(&mut self) -> Result<char, Flaw> {
        Ok(match self.next()? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.four()?;
                let point = match high {
                    0xd800..=0xdbff => {
                        if !(self.eat(b'\\') && self.eat(b'u')) {
                            return Err(Flaw::LoneSurrogate);
                        }
                        let low @ 0xdc00..=0xdfff = self.four()? else {
                            return Err(Flaw::LoneSurrogate);
                        };
                        0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
                    }
                    _ => high,
                };
                char::from_u32(point).ok_or(Flaw::LoneSurrogate)?
            }
            _ => return Err(Flaw::Unexpected),
        })
    }

    /// Four hexadecimal digits.
    fn four(&mut self) -> Result<u32, Flaw> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = char::from(self.next()?).to_digit(16).ok_or(Flaw::Unexpected)?;
            value = value << 4 | digit;
        }
        Ok(value)
    }

    /// A number by the grammar of RFC 8259 6 that fits 64 bits or a double.
    fn number(&mut self) -> Result<(), Flaw> {
        let start = self.at;
        let mut whole = true;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            whole = false;
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            whole = false;
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            self.digits()?;
        }
        let text = self.text.get(start..self.at).ok_or(Flaw::Ends)?;
        let fits = if whole {
            text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok()
        } else {
            text.parse::<f64>().is_ok_and(f64::is_finite)
        };
        if fits { Ok(()) } else { Err(Flaw::Number) }
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), Flaw> {
        if !self.next()?.is_ascii_digit() {
            return Err(Flaw::Unexpected);
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn word(&mut self) -> Result<(), Flaw> {
        let rest = self.text.get(self.at..).ok_or(Flaw::Ends)?;
        let word = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word));
        self.at += word.ok_or(Flaw::Unexpected)?.len();
        Ok(())
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, Flaw> {
        let byte = self.peek().ok_or(Flaw::Ends)?;
        self.at += 1;
        Ok(byte)
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }
}
