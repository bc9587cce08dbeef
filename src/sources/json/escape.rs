//! Texts with escapes.

use super::parse::{JsonError, Quoted, Reader};
use super::scan::plain_end;
use super::write::write_text;

impl Reader<'_> {
    /// A text with escapes, from the place of the first of them on.
    #[cold]
    pub(super) fn escaped_text(&mut self, start: usize) -> Result<Quoted, JsonError> {
        let decoded_start = self.decoded.len();
        let mut is_broken = false;
        let mut plain_start = start;
        loop {
            self.decoded.push_str(&self.text[plain_start..self.at]);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => match self.escape()? {
                    Some(letter) => self.decoded.push(letter),
                    None => is_broken = true,
                },
                _ => return Err(self.wrong()),
            }
            plain_start = self.at;
            self.at = plain_end::<false>(self.bytes, plain_start, &mut false);
        }
        self.at += 1;
        let literal = &self.text[start - 1..self.at];
        if is_broken {
            self.decoded.truncate(decoded_start);
            return Ok(Quoted {
                start: start - 1,
                end: self.at,
                is_broken: true,
                ..Quoted::default()
            });
        }
        let plain = &self.decoded[decoded_start..];
        let mut compact = String::with_capacity(literal.len());
        write_text(plain, &mut compact);
        self.oddities += usize::from(compact != literal);
        Ok(Quoted {
            start: decoded_start,
            end: self.decoded.len(),
            is_decoded: true,
            is_broken: false,
            has_dot: plain.contains('.'),
        })
    }

    /// An escaped letter; nothing where it is half of a pair, or NUL.
    fn escape(&mut self) -> Result<Option<char>, JsonError> {
        self.at += 1;
        let kind = self.peek().ok_or_else(|| self.wrong())?;
        self.at += 1;
        let letter = match kind {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.code_point(),
            _ => return Err(self.wrong()),
        };
        Ok(Some(letter))
    }

    fn code_point(&mut self) -> Result<Option<char>, JsonError> {
        let first = self.four_digits()?;
        if !(0xd800..0xdc00).contains(&first) {
            let is_kept = |letter: &char| *letter != '\0' || self.keeps_nul;
            return Ok(char::from_u32(first).filter(is_kept));
        }
        let after_first = self.at;
        if self.takes_word("\\u") {
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                let combined = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(combined));
            }
            self.at = after_first;
        }
        Ok(None)
    }

    fn four_digits(&mut self) -> Result<u32, JsonError> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .ok_or_else(|| self.wrong())?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(self.wrong());
        }
        let code = u32::from_str_radix(digits, 16).map_err(|_| self.wrong())?;
        self.at += 4;
        Ok(code)
    }
}
