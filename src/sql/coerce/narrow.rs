//! A floating-point number in a character column that is too narrow for all of its digits.
//!
//! MySQL gives up digits behind the point first, and takes the form with an exponent where that keeps more of them; what
//! still doesn't fit is cut. These are the rules of its `my_gcvt`, checked against the server.

/// From so many digits before the point on, numbers have an exponent.
const PLAIN_DIGITS: i32 = 15;

/// Significant digits without zeros at either end, and the place of the point counted from the first one.
struct Digits {
    digits: String,
    point: i32,
}

impl Digits {
    fn len(&self) -> i32 {
        i32::try_from(self.digits.len()).unwrap_or(i32::MAX)
    }

    /// At most `most` of them.
    fn significant(number: f64, most: i32) -> Self {
        let shortest = Self::read(&format!("{number:e}"));
        if shortest.len() <= most.max(1) {
            return shortest;
        }
        Self::read(&format!("{number:.*e}", usize::try_from(most.max(1) - 1).unwrap_or(0)))
    }

    /// At most `most` behind the point.
    fn behind_point(number: f64, most: i32) -> Self {
        let text = format!("{number:.*}", usize::try_from(most).unwrap_or(0));
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let all = format!("{whole}{fraction}");
        let zeros = all.len() - all.trim_start_matches('0').len();
        let point = i32::try_from(whole.len()).unwrap_or(i32::MAX) - i32::try_from(zeros).unwrap_or(0);
        Self { digits: all.trim_matches('0').to_owned(), point }
    }

    fn read(scientific: &str) -> Self {
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
        let digits = mantissa.replace('.', "");
        Self { digits: digits.trim_end_matches('0').to_owned(), point: exponent.parse::<i32>().unwrap_or(0) + 1 }
    }
}

/// The number in at most `width` characters, and whether digits before the point were lost.
pub(super) fn narrowed(number: f64, width: usize) -> (String, bool) {
    let most = i32::try_from(width).unwrap_or(i32::MAX);
    let room = most - i32::from(number < 0.0);
    let (text, lost) = unsigned(number.abs(), room);
    let text = if number < 0.0 { format!("-{text}") } else { text };
    (text.chars().take(width).collect(), lost)
}

fn unsigned(number: f64, width: i32) -> (String, bool) {
    let found = Digits::significant(number, width);
    let (len, point) = (found.len(), found.point);
    if len == 0 {
        return ("0".to_owned(), false);
    }
    let exponent_digits = 1 + i32::from(point >= 101 || point <= -99) + i32::from(point >= 11 || point <= -9);
    let plain_length = match point {
        ..=0 => len - point + 2,
        _ if point < len => len + 1,
        _ => point,
    };
    let fits = plain_length <= width;
    let exponent_saves = point < 0 && width <= 2 - point && width >= 3 + exponent_digits;
    let plain_keeps_more = (-2..=width).contains(&point) && !exponent_saves;
    let plain_is_usual = point > -PLAIN_DIGITS && (point <= PLAIN_DIGITS || len > point);
    if (fits || plain_keeps_more) && (!fits || plain_is_usual) {
        plain(number, &found, width)
    } else {
        with_exponent(number, &found, width - exponent_digits)
    }
}

fn plain(number: f64, found: &Digits, width: i32) -> (String, bool) {
    let (len, point) = (found.len(), found.point);
    let mut room = width - i32::from(point < len) - if point <= 0 { 1 - point } else { 0 };
    if room >= len {
        return (laid_out(found), false);
    }
    let lost = room < point;
    if lost {
        room = point;
    }
    let fewer = Digits::behind_point(number, room - point);
    (if fewer.digits.is_empty() { "0".to_owned() } else { laid_out(&fewer) }, lost)
}

fn laid_out(found: &Digits) -> String {
    let digits = &found.digits;
    let Ok(before) = usize::try_from(found.point) else {
        let zeros = usize::try_from(-found.point).unwrap_or(0);
        return format!("0.{}{digits}", "0".repeat(zeros));
    };
    match before {
        0 => format!("0.{digits}"),
        _ if before >= digits.len() => format!("{digits}{}", "0".repeat(before - digits.len())),
        _ => format!("{}.{}", digits.get(..before).unwrap_or(digits), digits.get(before..).unwrap_or_default()),
    }
}

/// `width` is what the digits of the exponent leave.
fn with_exponent(number: f64, found: &Digits, width: i32) -> (String, bool) {
    let negative = found.point - 1 < 0;
    let mut room = width - 1 - i32::from(negative) - i32::from(found.len() > 1);
    let lost = room <= 0;
    room = room.max(0);
    let fewer;
    let found = if room < found.len() {
        fewer = Digits::significant(number, room);
        &fewer
    } else {
        found
    };
    let (first, rest) = found.digits.split_at(1.min(found.digits.len()));
    let point = if rest.is_empty() { "" } else { "." };
    (format!("{first}{point}{rest}e{}", found.point - 1), lost)
}

#[cfg(test)]
mod tests {
    use super::narrowed;

    #[test]
    fn digits_are_given_up_as_mysql_does() {
        let cases = [
            (54.0, 1, "5", true),
            (55.0, 1, "6", true),
            (2e5, 6, "200000", false),
            (2e6, 6, "2e6", false),
            (2e-4, 6, "0.0002", false),
            (2e-5, 6, "2e-5", false),
            (1.23456, 4, "1.23", false),
            (-1.23456, 4, "-1.2", false),
        ];
        for (number, width, text, lost) in cases {
            assert_eq!(narrowed(number, width), (text.to_owned(), lost), "{number} in {width}");
        }
    }
}
