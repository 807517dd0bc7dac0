//! What may be shown of a text that isn't ours.

/// A server's message without what stands in quotes: MySQL and PostgreSQL quote values there ("Duplicate entry 'x'",
/// `invalid input syntax for type integer: "x"`). Names get lost with them, which is the safe side.
#[must_use]
pub fn without_values(message: &str) -> String {
    let mut shown = String::with_capacity(message.len());
    let mut quote = None;
    for character in message.chars() {
        match quote {
            Some(open) if character == open => {
                quote = None;
                shown.push(character);
            }
            Some(_) => {}
            None => {
                shown.push(character);
                if matches!(character, '\'' | '"') {
                    quote = Some(character);
                    shown.push('…');
                }
            }
        }
    }
    shown
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
    fn values_in_quotes_are_left_out() {
        let message = "Duplicate entry 'ann@example.org' for key 'customers.email'";
        assert_eq!(without_values(message), "Duplicate entry '…' for key '…'");
        assert_eq!(without_values("it's open"), "it'…", "an open quote hides the rest");
        assert_eq!(without_values("plain"), "plain");
    }

    #[test]
    fn long_and_dirty_texts_are_shortened() {
        assert_eq!(shortened("abcdef", 3), "abc…");
        assert_eq!(shortened("a\nb", 3), "a\u{fffd}b");
    }
}
