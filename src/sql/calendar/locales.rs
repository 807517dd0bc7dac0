//! The languages of `lc_time_names`: what MONTHNAME, DAYNAME and DATE_FORMAT call months and days (manual, section
//! "MySQL Server Locale Support"). The table is what MySQL 9.7 answers for each of its locales.

/// Number, name and names of each locale; `=` refers to another one with the same names.
const TABLE: &str = include_str!("locales.txt");

/// A locale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locale {
    pub name: &'static str,
    /// 12 months, 12 short ones, 7 days from Monday on, 7 short ones, with `|` in between.
    pub names: &'static str,
}

impl Locale {
    /// The locale of a name in any case, or of a number.
    #[must_use]
    pub fn find(wanted: &str) -> Option<Self> {
        let (name, names) = rows()
            .find(|(number, name, _)| name.eq_ignore_ascii_case(wanted) || *number == wanted)
            .map(|(_, name, names)| (name, names))?;
        let names = match names.strip_prefix('=') {
            Some(same) => rows().find(|(_, name, _)| *name == same).map(|(_, _, names)| names)?,
            None => names,
        };
        Some(Self { name, names })
    }

    /// Characters of the longest month's or day's name.
    pub(in crate::sql) fn longest(self, days: bool) -> u32 {
        let (skipped, taken) = if days { (24, 7) } else { (0, 12) };
        let lengths = self.names.split('|').skip(skipped).take(taken).map(|name| name.chars().count());
        u32::try_from(lengths.max().unwrap_or_default()).unwrap_or(u32::MAX)
    }
}

fn rows() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (number, rest) = line.split_once('\t')?;
        let (name, names) = rest.split_once('\t')?;
        Some((number, name, names))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_locale_has_all_its_names() {
        assert_eq!(rows().count(), 111);
        for (number, name, _) in rows() {
            let locale = Locale::find(name).expect("found");
            assert_eq!(locale.names.split('|').count(), 38, "{name}");
            assert_eq!(Locale::find(number), Some(locale));
        }
        assert_eq!(Locale::find("DE_at").map(|locale| locale.name), Some("de_AT"));
        assert_eq!(Locale::find("111"), None);
        assert_eq!(Locale::find("=zh_CN"), None);
    }
}
