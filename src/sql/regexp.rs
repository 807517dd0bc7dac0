//! MySQL's regular expressions (ICU's) written as PostgreSQL's advanced ones, or refused by name.
//!
//! What differs and is written out: `.` and `$` and line ends, `\b`, code points in hexadecimal, quoted stretches. What
//! PostgreSQL decides otherwise — possessive and atomic groups, set operations, named groups, properties, and where the
//! match's extent counts, alternatives and mixed greediness — is refused, because PostgreSQL takes the longest match
//! and ICU the first.

use super::plan::SqlError;

/// How a pattern is matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) ignore_case: bool,
    /// `^` and `$` match at every line.
    pub(super) multi_line: bool,
    /// `.` matches line ends.
    pub(super) dot_all: bool,
    /// The extent of the match counts, not just whether there is one.
    pub(super) extent: bool,
}

const LINE_ENDS: &str = "\\n\\u000B\\f\\r\\u0085\\u2028\\u2029";

fn refused(what: &str) -> SqlError {
    SqlError::unsupported(format_args!("{what} in a regular expression"))
}

/// Errors of the pattern itself.
fn wrong(code: u16, message: &str) -> SqlError {
    SqlError::new(code, "HY000", message.to_owned())
}

struct Translation<'p> {
    characters: std::iter::Peekable<std::str::Chars<'p>>,
    out: String,
    flags: Flags,
    /// Alternatives so far, for each open group.
    groups: Vec<Vec<Option<String>>>,
    greedy: bool,
    lazy: bool,
}

/// The pattern as PostgreSQL reads it.
pub(super) fn translate(pattern: &str, flags: Flags) -> Result<String, SqlError> {
    if pattern.is_empty() {
        return Err(wrong(3685, "Illegal argument to a regular expression."));
    }
    let mut work = Translation {
        characters: pattern.chars().peekable(),
        out: String::from("***:"),
        flags,
        groups: vec![vec![Some(String::new())]],
        greedy: false,
        lazy: false,
    };
    while let Some(found) = work.characters.next() {
        work.one(found)?;
    }
    if work.groups.len() != 1 {
        return Err(wrong(3691, "Mismatched parenthesis in regular expression."));
    }
    work.close_group()?;
    if flags.extent && work.greedy && work.lazy {
        return Err(refused("greedy and reluctant quantifiers together"));
    }
    Ok(work.out)
}

impl Translation<'_> {
    fn one(&mut self, found: char) -> Result<(), SqlError> {
        match found {
            '\\' => return self.escape(),
            '[' => return self.set(),
            '(' => return self.open(),
            ')' => {
                if self.groups.len() == 1 {
                    return Err(wrong(3691, "Mismatched parenthesis in regular expression."));
                }
                self.close_group()?;
                self.vary();
                self.out.push(')');
            }
            '|' => {
                if let Some(group) = self.groups.last_mut() {
                    group.push(Some(String::new()));
                }
                self.out.push('|');
            }
            '.' => {
                self.vary();
                if self.flags.dot_all {
                    self.out.push('.');
                } else {
                    self.out.push_str(&format!("[^{LINE_ENDS}]"));
                }
            }
            '$' => {
                self.vary();
                if self.flags.multi_line {
                    self.out.push_str(&format!("(?=[{LINE_ENDS}]|\\Z)"));
                } else {
                    self.out.push_str(&format!("(?=(?:\\r\\n|[{LINE_ENDS}])?\\Z)"));
                }
            }
            '^' => {
                self.vary();
                if self.flags.multi_line {
                    self.out.push_str(&format!("(?:\\A|(?<=[{LINE_ENDS}]))"));
                } else {
                    self.out.push_str("\\A");
                }
            }
            '*' | '+' | '?' => {
                if self.out.ends_with(['(', '|', ':']) {
                    return Err(wrong(3688, "Syntax error in regular expression on line 1, character 1."));
                }
                self.out.push(found);
                self.quantified()?;
            }
            '{' => self.interval()?,
            '}' => return Err(refused("a lone }")),
            literal => self.literal(literal),
        }
        Ok(())
    }

    /// The current alternative isn't a plain text.
    fn vary(&mut self) {
        if let Some(last) = self.groups.last_mut().and_then(|group| group.last_mut()) {
            *last = None;
        }
    }

    fn literal(&mut self, found: char) {
        if let Some(Some(text)) = self.groups.last_mut().and_then(|group| group.last_mut()) {
            text.push(found);
        }
        if found.is_ascii_punctuation() && found != '_' {
            self.out.push('\\');
        }
        self.out.push(found);
    }

    /// Where the extent counts, no alternative may begin with another.
    fn close_group(&mut self) -> Result<(), SqlError> {
        let group = self.groups.pop().unwrap_or_default();
        if !self.flags.extent || group.len() < 2 {
            return Ok(());
        }
        let plain: Option<Vec<String>> = group.into_iter().collect();
        let plain = plain.ok_or_else(|| refused("alternatives that aren't plain text"))?;
        for (at, one) in plain.iter().enumerate() {
            let longer = plain.iter().skip(at + 1).any(|other| other.starts_with(one.as_str()) && other != one);
            if longer {
                return Err(refused("an alternative that begins with another"));
            }
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), SqlError> {
        self.vary();
        self.groups.push(vec![Some(String::new())]);
        self.out.push('(');
        if self.characters.peek() != Some(&'?') {
            return Ok(());
        }
        self.characters.next();
        self.out.push('?');
        match self.characters.next() {
            Some(kind @ (':' | '=' | '!')) => {
                self.out.push(kind);
                Ok(())
            }
            Some('<') => match self.characters.next() {
                Some(kind @ ('=' | '!')) => {
                    self.out.push('<');
                    self.out.push(kind);
                    Ok(())
                }
                _name => Err(refused("a named group")),
            },
            Some(_) => Err(refused("this kind of group")),
            None => Err(wrong(3691, "Mismatched parenthesis in regular expression.")),
        }
    }

    /// After a quantifier: how it takes.
    fn quantified(&mut self) -> Result<(), SqlError> {
        self.vary();
        match self.characters.peek() {
            Some('?') => {
                self.characters.next();
                self.out.push('?');
                self.lazy = true;
            }
            Some('+') => return Err(refused("a possessive quantifier")),
            Some(_) | None => self.greedy = true,
        }
        Ok(())
    }

    fn interval(&mut self) -> Result<(), SqlError> {
        let mut inside = String::new();
        loop {
            match self.characters.next() {
                Some('}') => break,
                Some(found) => inside.push(found),
                None => return Err(wrong(3692, "Incorrect description of a {min,max} interval.")),
            }
        }
        let bad = || wrong(3692, "Incorrect description of a {min,max} interval.");
        let (low, high) = inside.split_once(',').map_or((inside.as_str(), None), |(low, high)| (low, Some(high)));
        let low: u32 = low.parse().map_err(|_| bad())?;
        let high = match high {
            None => Some(low),
            Some("") => None,
            Some(high) => Some(high.parse::<u32>().map_err(|_| bad())?),
        };
        if high.is_some_and(|high| high < low) {
            return Err(wrong(3693, "The maximum is less than the minumum in a {min,max} interval."));
        }
        if low > 255 || high.is_some_and(|high| high > 255) {
            return Err(refused("a repetition above 255"));
        }
        self.out.push_str(&format!("{{{inside}}}"));
        self.quantified()
    }

    fn escape(&mut self) -> Result<(), SqlError> {
        let Some(found) = self.characters.next() else {
            return Err(wrong(3689, "Unrecognized escape sequence in regular expression."));
        };
        match found {
            'b' => self.out.push_str("\\y"),
            'B' => self.out.push_str("\\Y"),
            'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'A' | 't' | 'n' | 'r' | 'f' | '1'..='9' => {
                self.out.push('\\');
                self.out.push(found);
            }
            'z' => self.out.push_str("\\Z"),
            'Z' => self.out.push_str(&format!("(?=(?:\\r\\n|[{LINE_ENDS}])?\\Z)")),
            'Q' => {
                let mut quoted = String::new();
                for next in self.characters.by_ref() {
                    quoted.push(next);
                    if quoted.ends_with("\\E") {
                        quoted.truncate(quoted.len() - 2);
                        break;
                    }
                }
                quoted.chars().for_each(|each| self.literal(each));
                return Ok(());
            }
            'x' | 'u' => {
                let code = self.code_point(found)?;
                self.literal(code);
                return Ok(());
            }
            letter if letter.is_ascii_alphanumeric() => return Err(refused(&format!("\\{letter}"))),
            literal => {
                self.literal(literal);
                return Ok(());
            }
        }
        self.vary();
        Ok(())
    }

    /// `\xhh`, `\x{h…}`, `\uhhhh`.
    fn code_point(&mut self, kind: char) -> Result<char, SqlError> {
        let mut digits = String::new();
        if kind == 'x' && self.characters.peek() == Some(&'{') {
            self.characters.next();
            digits.extend(self.characters.by_ref().take_while(|found| *found != '}'));
        } else {
            let count = if kind == 'x' { 2 } else { 4 };
            digits.extend(self.characters.by_ref().take(count));
        }
        let bad = || wrong(3689, "Unrecognized escape sequence in regular expression.");
        u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).ok_or_else(bad)
    }

    /// `[…]`, with classes but without ICU's operations on sets.
    fn set(&mut self) -> Result<(), SqlError> {
        let open = || wrong(3696, "The regular expression contains an unclosed bracket expression.");
        self.vary();
        self.out.push('[');
        if self.characters.peek() == Some(&'^') {
            self.characters.next();
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let found = self.characters.next().ok_or_else(open)?;
            match found {
                ']' if first => return Err(refused("a set that begins with ]")),
                ']' => break,
                '[' => {
                    if self.characters.peek() != Some(&':') {
                        return Err(refused("a set in a set"));
                    }
                    let mut class = String::from("[");
                    for next in self.characters.by_ref() {
                        class.push(next);
                        if class.ends_with(":]") {
                            break;
                        }
                    }
                    if !class.ends_with(":]") {
                        return Err(open());
                    }
                    self.out.push_str(&class);
                }
                '&' if self.characters.peek() == Some(&'&') => return Err(refused("an operation on sets")),
                '-' if self.characters.peek() == Some(&'-') => return Err(refused("an operation on sets")),
                '\\' => {
                    let next = self.characters.next().ok_or_else(open)?;
                    match next {
                        'd' | 'w' | 's' | 't' | 'n' | 'r' | 'f' => {
                            self.out.push('\\');
                            self.out.push(next);
                        }
                        'x' | 'u' => {
                            let code = self.code_point(next)?;
                            self.out.push_str(&format!("\\U{:08X}", u32::from(code)));
                        }
                        letter if letter.is_ascii_alphanumeric() => {
                            return Err(refused(&format!("\\{letter} in a set")));
                        }
                        literal => self.out.push_str(&format!("\\U{:08X}", u32::from(literal))),
                    }
                }
                literal => self.out.push(literal),
            }
            first = false;
        }
        self.out.push(']');
        Ok(())
    }
}

/// ICU's replacement text as PostgreSQL's: `$1` becomes `\1`.
pub(super) fn replacement(text: &str) -> Result<String, SqlError> {
    let mut out = String::with_capacity(text.len() + 4);
    let mut characters = text.chars().peekable();
    while let Some(found) = characters.next() {
        match found {
            '\\' => match characters.next() {
                Some('\\') | None => out.push_str("\\\\"),
                Some(literal) => out.push(literal),
            },
            '$' => match characters.next() {
                Some(digit @ '1'..='9') if !characters.peek().is_some_and(char::is_ascii_digit) => {
                    out.push('\\');
                    out.push(digit);
                }
                Some('0') if !characters.peek().is_some_and(char::is_ascii_digit) => out.push_str("\\&"),
                _other => return Err(refused("this replacement")),
            },
            literal => out.push(literal),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_carried_or_refused() {
        let plain = |pattern: &str| translate(pattern, Flags::default());
        assert_eq!(plain("a\\b[[:alpha:]]+").as_deref(), Ok("***:a\\y[[:alpha:]]+"));
        assert_eq!(plain("\\Qa.b\\E").as_deref(), Ok("***:a\\.b"));
        assert_eq!(plain("").unwrap_err().code, 3685);
        assert_eq!(plain("(a").unwrap_err().code, 3691);
        assert_eq!(plain("[a").unwrap_err().code, 3696);
        assert_eq!(plain("a{2,1}").unwrap_err().code, 3693);
        assert_eq!(plain("a*+").unwrap_err().code, 1235);
        let extent = |pattern: &str| translate(pattern, Flags { extent: true, ..Flags::default() });
        assert!(extent("ab|cd").is_ok());
        assert!(extent("abc|ab").is_ok());
        assert_eq!(extent("ab|abc").unwrap_err().code, 1235);
        assert_eq!(replacement("a$1\\$").as_deref(), Ok("a\\1$"));
    }
}
