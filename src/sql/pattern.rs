//! MySQL's LIKE patterns in SHOW and in host names: `%`, `_` and backslash.

/// Whether upper and lower case differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    Counts,
    Ignored,
}

/// True when `text` matches `pattern`. Takes time proportional to the product of the lengths at worst.
#[must_use]
pub fn like(text: &str, pattern: &str, case: Case) -> bool {
    let folded = |text: &str| match case {
        Case::Counts => text.to_owned(),
        Case::Ignored => text.to_lowercase(),
    };
    let text: Vec<char> = folded(text).chars().collect();
    let pattern = compile(&folded(pattern));
    let (mut at, mut step) = (0, 0);
    // Where to go on after the last `%`: one character further each time.
    let mut again: Option<(usize, usize)> = None;
    while at < text.len() {
        let matched = match pattern.get(step) {
            Some(Step::Any) => {
                again = Some((at, step));
                step += 1;
                continue;
            }
            Some(Step::One) => true,
            Some(Step::Exactly(character)) => *character == text[at],
            None => false,
        };
        if matched {
            at += 1;
            step += 1;
        } else if let Some((from, any)) = again {
            at = from + 1;
            step = any + 1;
            again = Some((at, any));
        } else {
            return false;
        }
    }
    pattern[step..].iter().all(|rest| *rest == Step::Any)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Any,
    One,
    Exactly(char),
}

fn compile(pattern: &str) -> Vec<Step> {
    let mut steps = Vec::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' => steps.push(Step::Any),
            '_' => steps.push(Step::One),
            '\\' => steps.extend([Step::Exactly(characters.next().unwrap_or('\\'))]),
            other => steps.push(Step::Exactly(other)),
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::{Case, like};

    #[test]
    fn patterns_match_as_in_mysql() {
        for (text, pattern, expected) in [
            ("gtid_mode", "gtid\\_mode", true),
            ("gtidxmode", "gtid\\_mode", false),
            ("gtidxmode", "gtid_mode", true),
            ("AUTOCOMMIT", "auto%", true),
            ("abc", "%b%", true),
            ("abc", "%bd%", false),
            ("", "%", true),
            ("", "_", false),
            ("aaaa", "a%a%a%b", false),
            ("x%", "x\\%", true),
        ] {
            assert_eq!(like(text, pattern, Case::Ignored), expected, "{text} LIKE {pattern}");
        }
    }

    #[test]
    fn case_counts_where_it_should() {
        assert!(like("Tab", "T%", Case::Counts) && !like("Tab", "t%", Case::Counts));
    }
}
