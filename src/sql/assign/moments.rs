//! What PostgreSQL computes, on its way into DATE, DATETIME, TIMESTAMP and TIME columns.

use super::super::calendar::Kind;
use super::super::expression::{Expression, Lowering};
use super::super::plan::SqlError;
use super::super::types::{Carrier, Class};
use super::computed::Slot;

impl Lowering<'_> {
    /// DATE, DATETIME and TIMESTAMP.
    pub(super) fn computed_moment(
        &mut self,
        slot: &Slot<'_>,
        value: &Expression,
        (kind, fraction): (&str, u8),
    ) -> Result<Option<String>, SqlError> {
        let shape = format!("'{kind}', {fraction}, {}", slot.mode());
        if kind == "timestamp" && value.ty.carrier != Carrier::TimestampTz {
            self.deterministic("a conversion between TIMESTAMP and another type")?;
        }
        if let Some(text) = self.readable(value)? {
            return Ok(Some(slot.call("store_text_moment", &format!("{text}, {shape}"))));
        }
        match value.ty.class {
            Class::Integer | Class::Decimal => {
                let number = self.render(value, Carrier::Numeric)?;
                Ok(Some(slot.call("store_number_moment", &format!("{number}, {shape}"))))
            }
            Class::Real => {
                let number = self.render(value, Carrier::Float8)?;
                Ok(Some(slot.call("store_real_moment", &format!("{number}, {shape}"))))
            }
            Class::Date if kind != "timestamp" => Ok(None),
            Class::Date | Class::DateTime => {
                let same = (kind == "timestamp") == (value.ty.carrier == Carrier::TimestampTz) || kind == "datetime";
                if same && kind != "date" {
                    if value.ty.decimals <= fraction {
                        return Ok(None);
                    }
                    let moment = self.render(value, Carrier::Timestamp)?;
                    let fitted = self.with_fraction(&moment, fraction);
                    return Ok(Some(format!("({fitted})::{}", slot.ty.carrier.name())));
                }
                let format = shown(value, fraction);
                let moment = self.render(value, Carrier::Timestamp)?;
                Ok(Some(slot.call("store_own_moment", &format!("{moment}, {format}, {shape}"))))
            }
            // A time of the current day.
            Class::Time if kind != "date" => {
                let moment = self.moment_of(value, Kind::DateTime)?;
                let fitted = self.with_fraction(&moment, fraction);
                Ok(Some(format!("({fitted})::{}", slot.ty.carrier.name())))
            }
            Class::Null | Class::Open | Class::Text | Class::Bytes | Class::Time | Class::Json => Ok(None),
        }
    }

    pub(super) fn computed_time(
        &mut self,
        slot: &Slot<'_>,
        value: &Expression,
        fraction: u8,
    ) -> Result<Option<String>, SqlError> {
        let shape = format!("{fraction}, {}", slot.mode());
        if let Some(text) = self.readable(value)? {
            return Ok(Some(slot.call("store_text_time", &format!("{text}, {shape}"))));
        }
        match value.ty.class {
            Class::Integer | Class::Decimal => {
                let number = self.render(value, Carrier::Numeric)?;
                Ok(Some(slot.call("store_number_time", &format!("{number}, {shape}"))))
            }
            Class::Real => {
                let number = self.render(value, Carrier::Float8)?;
                Ok(Some(slot.call("store_real_time", &format!("{number}, {shape}"))))
            }
            Class::Time if slot.rules.truncate_fraction && value.ty.decimals > fraction => {
                let time = self.own(value)?;
                Ok(Some(format!("\"mysql\".cut_time({time}, {fraction})")))
            }
            Class::Date | Class::DateTime => {
                let format = shown(value, fraction);
                let moment = self.render(value, Carrier::Timestamp)?;
                Ok(Some(slot.call("store_own_time", &format!("{moment}, {format}, {shape}"))))
            }
            Class::Null | Class::Open | Class::Text | Class::Bytes | Class::Time | Class::Json => Ok(None),
        }
    }
}

/// The format in which a message shows a date: with as many digits as the column has.
fn shown(value: &Expression, fraction: u8) -> String {
    match (value.ty.class, fraction) {
        (Class::Date, _) => "'YYYY-MM-DD'".to_owned(),
        (_, 0) => "'YYYY-MM-DD HH24:MI:SS'".to_owned(),
        (_, decimals) => format!("'YYYY-MM-DD HH24:MI:SS.FF{}'", decimals.min(6)),
    }
}
