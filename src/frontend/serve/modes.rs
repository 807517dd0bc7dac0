//! Variables that are lists: sql_mode and the optimizer's switches.

use super::error::MysqlError;
use crate::sql::system::SystemVariable;
use crate::value::Value;

/// Modes by their bit; `None` are bits that MySQL no longer has.
const MODES: [Option<&str>; 33] = [
    Some("REAL_AS_FLOAT"),
    Some("PIPES_AS_CONCAT"),
    Some("ANSI_QUOTES"),
    Some("IGNORE_SPACE"),
    None,
    Some("ONLY_FULL_GROUP_BY"),
    Some("NO_UNSIGNED_SUBTRACTION"),
    Some("NO_DIR_IN_CREATE"),
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    Some("ANSI"),
    Some("NO_AUTO_VALUE_ON_ZERO"),
    Some("NO_BACKSLASH_ESCAPES"),
    Some("STRICT_TRANS_TABLES"),
    Some("STRICT_ALL_TABLES"),
    Some("NO_ZERO_IN_DATE"),
    Some("NO_ZERO_DATE"),
    Some("ALLOW_INVALID_DATES"),
    Some("ERROR_FOR_DIVISION_BY_ZERO"),
    Some("TRADITIONAL"),
    None,
    Some("HIGH_NOT_PRECEDENCE"),
    Some("NO_ENGINE_SUBSTITUTION"),
    Some("PAD_CHAR_TO_FULL_LENGTH"),
    Some("TIME_TRUNCATE_FRACTIONAL"),
];

/// Modes that stand for several.
const COMBINED: [(&str, &[&str]); 2] = [
    ("ANSI", &["REAL_AS_FLOAT", "PIPES_AS_CONCAT", "ANSI_QUOTES", "IGNORE_SPACE", "ONLY_FULL_GROUP_BY"]),
    (
        "TRADITIONAL",
        &[
            "STRICT_TRANS_TABLES",
            "STRICT_ALL_TABLES",
            "NO_ZERO_IN_DATE",
            "NO_ZERO_DATE",
            "ERROR_FOR_DIVISION_BY_ZERO",
            "NO_ENGINE_SUBSTITUTION",
        ],
    ),
];

/// A list of modes in MySQL's order, and the warnings that SET gives.
pub(super) fn parse(variable: &SystemVariable, value: &Value) -> Result<(String, Vec<(u16, String)>), MysqlError> {
    let mut wanted: Vec<&'static str> = Vec::new();
    match value {
        Value::Int(_) | Value::UInt(_) => wanted = by_number(variable, value)?,
        other => {
            let text = variable.canonical(other, false)?.text.unwrap_or_default();
            let text = text.trim_end();
            for word in text.split(',').filter(|word| !word.is_empty()) {
                let known = MODES.iter().flatten().find(|mode| mode.eq_ignore_ascii_case(word.trim_end()));
                wanted.push(known.copied().ok_or_else(|| variable.bad_value(word))?);
            }
        }
    }
    for (name, parts) in COMBINED {
        if wanted.contains(&name) {
            wanted.extend(parts);
        }
    }
    let modes: Vec<&str> = MODES.iter().flatten().filter(|mode| wanted.contains(mode)).copied().collect();
    let has = |mode: &str| modes.contains(&mode);
    let dates = ["NO_ZERO_IN_DATE", "NO_ZERO_DATE", "ERROR_FOR_DIVISION_BY_ZERO"];
    let strict = has("STRICT_TRANS_TABLES") || has("STRICT_ALL_TABLES");
    let mut warnings = Vec::new();
    if has("PAD_CHAR_TO_FULL_LENGTH") {
        warnings.push((
            3090,
            "Changing sql mode 'PAD_CHAR_TO_FULL_LENGTH' is deprecated. It will be removed in a future release."
                .to_owned(),
        ));
    }
    let with = dates.iter().filter(|mode| has(mode)).count();
    if (strict && with < dates.len()) || (!strict && with > 0) {
        warnings.push((3135, "'NO_ZERO_DATE', 'NO_ZERO_IN_DATE' and 'ERROR_FOR_DIVISION_BY_ZERO' sql modes should be used with strict mode. They will be merged with strict mode in a future release.".to_owned()));
    }
    Ok((modes.join(","), warnings))
}

fn by_number(variable: &SystemVariable, value: &Value) -> Result<Vec<&'static str>, MysqlError> {
    let bits = match value {
        Value::UInt(bits) => *bits,
        Value::Int(bits) => u64::try_from(*bits).map_err(|_| variable.bad_value(&bits.to_string()))?,
        _ => return Err(variable.bad_value("").into()),
    };
    if bits >> MODES.len() != 0 {
        return Err(variable.bad_value(&bits.to_string()).into());
    }
    let set = MODES.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
    let lost = set.clone().filter(|(_, mode)| mode.is_none()).fold(0_u64, |lost, (at, _)| lost | 1 << at);
    if lost != 0 {
        return Err(MysqlError::new(3899, "HY000", format!("sql_mode=0x{lost:08x} is not supported.")));
    }
    Ok(set.filter_map(|(_, mode)| *mode).collect())
}

/// `a=on,b=off,c=default` applied to the present switches.
pub(super) fn switches(variable: &SystemVariable, present: &str, value: &Value) -> Result<String, MysqlError> {
    if matches!(value, Value::Int(_) | Value::UInt(_)) {
        return Err(MysqlError::unsupported(&format!("SET {} by number", variable.name)));
    }
    let text = variable.canonical(value, false)?.text.unwrap_or_default();
    let list = |text: &str| -> Vec<(String, String)> {
        let parts = text.split(',').filter_map(|part| part.split_once('='));
        parts.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let (mut switches, initial) = (list(present), list(variable.value.unwrap_or_default()));
    if text.eq_ignore_ascii_case("default") {
        return Ok(variable.value.unwrap_or_default().to_owned());
    }
    for part in text.split(',').filter(|part| !part.is_empty()) {
        if part.eq_ignore_ascii_case("default") {
            switches.clone_from(&initial);
            continue;
        }
        let wrong = || variable.bad_value(part);
        let (name, wanted) = part.split_once('=').ok_or_else(wrong)?;
        let begin = initial.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).ok_or_else(wrong)?;
        let wanted = match wanted.to_ascii_lowercase().as_str() {
            "on" | "1" => "on",
            "off" | "0" => "off",
            "default" => &begin.1,
            _ => return Err(wrong().into()),
        };
        for (known, value) in &mut switches {
            if *known == begin.0 {
                wanted.clone_into(value);
            }
        }
    }
    Ok(switches.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::system::variable;

    fn modes(value: Value) -> Result<String, u16> {
        let variable = variable("sql_mode").expect("known");
        parse(variable, &value).map(|(modes, _)| modes).map_err(|error| error.code)
    }

    #[test]
    fn modes_are_kept_in_mysqls_order() {
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(
            modes(text("no_zero_date,ONLY_FULL_GROUP_BY,,no_zero_date")),
            Ok("ONLY_FULL_GROUP_BY,NO_ZERO_DATE".to_owned())
        );
        assert_eq!(modes(text("")), Ok(String::new()));
        assert_eq!(modes(text("bogus")), Err(1231));
        assert_eq!(modes(Value::Int(1)), Ok("REAL_AS_FLOAT".to_owned()));
        assert_eq!(modes(Value::UInt(4_294_967_295)), Err(3899));
        let ansi = "REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,ONLY_FULL_GROUP_BY,ANSI";
        assert_eq!(modes(text("ansi")), Ok(ansi.to_owned()));
        let traditional = "STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
                           ERROR_FOR_DIVISION_BY_ZERO,TRADITIONAL,NO_ENGINE_SUBSTITUTION";
        assert_eq!(modes(text("TRADITIONAL")), Ok(traditional.to_owned()));
    }

    #[test]
    fn switches_change_alone() {
        let variable = variable("optimizer_trace").expect("known");
        let set = |text: &str| switches(variable, "enabled=off,one_line=off", &Value::Text(text.to_owned()));
        assert_eq!(set("enabled=on").ok().as_deref(), Some("enabled=on,one_line=off"));
        assert_eq!(set("bogus=on").map_err(|error| error.code), Err(1231));
    }
}
