//! What may be shown of a text that isn't ours.

/// A message without values and pieces of statements: it ends where the first of them may begin. MySQL and PostgreSQL quote
/// them ("Duplicate entry 'x'", `invalid input syntax for type integer: "x"`), and what is quoted may hold quotes itself
/// (`near 'x' OR 'y'`); PostgreSQL's details show rows without quotes (`Key (a)=(x)`, `Failing row contains (x)`). Names
/// get lost with them, which is the safe side.
#[must_use]
pub fn without_values(message: impl std::fmt::Display) -> String {
    let message = message.to_string();
    let quote = message.match_indices(['\'', '"']).map(|(at, _)| at).find(|&at| !is_apostrophe(&message, at));
    let quote = quote.map(|at| at + 1);
    let row = ["=(", "contains ("].into_iter().filter_map(|opening| Some(message.find(opening)? + opening.len())).min();
    match quote.into_iter().chain(row).min() {
        Some(end) => format!("{}…", message.get(..end).unwrap_or_default()),
        None => message,
    }
}

/// True for the mark in `doesn't`: letters before it, and one of the usual endings behind.
fn is_apostrophe(message: &str, at: usize) -> bool {
    let (before, behind) = (message.get(..at).unwrap_or_default(), message.get(at + 1..).unwrap_or_default());
    let ending = behind.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
    message.get(at..=at) == Some("'")
        && (before.ends_with(|letter: char| letter.is_ascii_lowercase()) || before.ends_with("SQL"))
        && matches!(ending, "t" | "s" | "re" | "ll" | "ve" | "d")
        && !behind.get(ending.len()..).unwrap_or_default().starts_with('\'')
}

/// The first characters of a text, for a name or an address that a client chose.
#[must_use]
pub fn shortened(text: &str, characters: usize) -> String {
    let clean = text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character });
    let mut shown: String = clean.take(characters).collect();
    if text.chars().nth(characters).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_the_first_value_on_is_shown() {
        for (message, shown) in [
            ("Duplicate entry 'ann@example.org' for key 'customers.email'", "Duplicate entry '…"),
            ("it can't be near 'x' OR 'y' at line 1", "it can't be near '…"),
            ("MySQL's answer isn't one", "MySQL's answer isn't one"),
            ("Unknown column 's' in 'where clause'", "Unknown column '…"),
            ("near's'", "near'…"),
            ("type integer: \"x\"", "type integer: \"…"),
            ("violates a constraint (Key (email)=(ann) already exists.)", "violates a constraint (Key (email)=(…"),
            ("no such row (Failing row contains (ann).)", "no such row (Failing row contains (…"),
            ("plain (with 2 words)", "plain (with 2 words)"),
        ] {
            assert_eq!(without_values(message), shown);
        }
    }

    #[test]
    fn long_and_dirty_texts_are_shortened() {
        assert_eq!(shortened("abcdef", 3), "abc…");
        assert_eq!(shortened("a\nb", 3), "a\u{fffd}b");
    }
}
