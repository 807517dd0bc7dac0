//! An error with what is under it, in one line.

use std::error::Error;

/// An error and its causes, outermost first. A cause that the text before it tells already isn't told twice.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let told = cause.to_string();
        if !text.ends_with(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Told {
        #[error("the end")]
        End,
        #[error("quoting: {0}")]
        Quoting(#[source] Box<Told>),
        #[error("the beginning")]
        Beginning(#[source] Box<Told>),
    }

    #[test]
    fn each_cause_is_told_once() {
        let error = Told::Beginning(Box::new(Told::Quoting(Box::new(Told::End))));
        assert_eq!(with_causes(&error), "the beginning: quoting: the end");
        assert_eq!(with_causes(&Told::End), "the end");
    }
}
