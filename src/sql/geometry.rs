//! Geometry: values in MySQL's own form, SRID and WKB, which helper functions read and make.
//!
//! PostgreSQL needs no extension for this: a column is `bytea`, so that clients get the same bytes as from MySQL, and what
//! MySQL's functions say of a shape is worked out from them. Functions without a helper are refused by name.

use sqlparser::ast::BinaryOperator;

use crate::schema::{Column, ColumnType, quote};
use crate::wire::FieldType;

use super::expression::{Expression, Lowering};
use super::plan::SqlError;
use super::types::{Carrier, Class, Type};

/// What stands between `ST_` and `FROMTEXT` or `FROMWKB` in the functions that make a shape, and the kind that it must be.
const FROM: [(&str, &str); 15] = [
    ("GEOM", ""),
    ("GEOMETRY", ""),
    ("POINT", "POINT"),
    ("LINE", "LINESTRING"),
    ("LINESTRING", "LINESTRING"),
    ("POLY", "POLYGON"),
    ("POLYGON", "POLYGON"),
    ("MPOINT", "MULTIPOINT"),
    ("MULTIPOINT", "MULTIPOINT"),
    ("MLINE", "MULTILINESTRING"),
    ("MULTILINESTRING", "MULTILINESTRING"),
    ("MPOLY", "MULTIPOLYGON"),
    ("MULTIPOLYGON", "MULTIPOLYGON"),
    ("GEOMCOLL", "GEOMETRYCOLLECTION"),
    ("GEOMETRYCOLLECTION", "GEOMETRYCOLLECTION"),
];

/// Functions of a shape: MySQL's name, the helper, what follows the shape, and what it gives. Further arguments of
/// ST_X, ST_Y and ST_SRID make them setters.
const OF_SHAPES: [(&str, &str, &[Carrier], Gives); 20] = [
    ("ST_ASTEXT", "geometry_text", &[], Gives::Text),
    ("ST_ASWKT", "geometry_text", &[], Gives::Text),
    ("ST_ASBINARY", "geometry_wkb", &[], Gives::Bytes),
    ("ST_ASWKB", "geometry_wkb", &[], Gives::Bytes),
    ("ST_X", "geometry_x", &[], Gives::Double),
    ("ST_X", "geometry_x", &[Carrier::Float8], Gives::Shape),
    ("ST_Y", "geometry_y", &[], Gives::Double),
    ("ST_Y", "geometry_y", &[Carrier::Float8], Gives::Shape),
    ("ST_SRID", "geometry_srid", &[], Gives::Integer),
    ("ST_SRID", "geometry_srid", &[Carrier::Int8], Gives::Shape),
    ("ST_GEOMETRYTYPE", "geometry_type", &[], Gives::Text),
    ("ST_NUMPOINTS", "geometry_points", &[], Gives::Integer),
    ("ST_STARTPOINT", "geometry_start_point", &[], Gives::Shape),
    ("ST_ENDPOINT", "geometry_end_point", &[], Gives::Shape),
    ("ST_POINTN", "geometry_point_n", &[Carrier::Int8], Gives::Shape),
    ("ST_LENGTH", "geometry_length", &[], Gives::Double),
    ("ST_AREA", "geometry_area", &[], Gives::Double),
    ("ST_ENVELOPE", "geometry_envelope", &[], Gives::Shape),
    ("ST_ISEMPTY", "geometry_is_empty", &[], Gives::Integer),
    ("ST_DISTANCE", "geometry_distance", &[Carrier::Bytes], Gives::Double),
];

/// Relations of the boxes around two shapes, and the helpers that tell them.
const OF_BOXES: [(&str, &str); 5] = [
    ("MBRCONTAINS", "mbr_contains"),
    ("MBRWITHIN", "mbr_within"),
    ("MBRINTERSECTS", "mbr_intersects"),
    ("MBREQUALS", "mbr_equals"),
    ("MBRDISJOINT", "mbr_disjoint"),
];

/// Functions that put shapes together.
const OF_PARTS: [(&str, &str); 7] = [
    ("LINESTRING", "geometry_line"),
    ("POLYGON", "geometry_polygon"),
    ("MULTIPOINT", "geometry_multipoint"),
    ("MULTILINESTRING", "geometry_multiline"),
    ("MULTIPOLYGON", "geometry_multipolygon"),
    ("GEOMETRYCOLLECTION", "geometry_collection"),
    ("GEOMCOLLECTION", "geometry_collection"),
];

/// What a function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gives {
    Shape,
    Text,
    Bytes,
    Double,
    Integer,
}

/// The helper and the carrier of what it reads, and the kind that the shape must be; `None` for other functions.
fn source_and_kind(name: &str) -> Option<((&'static str, Carrier), &'static str)> {
    let name = if name == "ST_GEOMCOLLFROMTXT" { "ST_GEOMCOLLFROMTEXT" } else { name };
    let stem = name.strip_prefix("ST_")?;
    let (stem, source) = match stem.strip_suffix("FROMTEXT") {
        Some(stem) => (stem, ("geometry_from_text", Carrier::Text)),
        None => (stem.strip_suffix("FROMWKB")?, ("geometry_from_wkb", Carrier::Bytes)),
    };
    FROM.iter().find(|(known, _)| *known == stem).map(|(_, kind)| (source, *kind))
}

/// Functions of numbers and the like, for which MySQL doesn't take a shape for the bytes that it is.
const WITHOUT_SHAPES: [&str; 42] = [
    "ABS",
    "ACOS",
    "ASIN",
    "ATAN",
    "ATAN2",
    "CEIL",
    "CEILING",
    "CONV",
    "COS",
    "COT",
    "DEGREES",
    "EXP",
    "FLOOR",
    "FORMAT",
    "GREATEST",
    "LEAST",
    "LN",
    "LOG",
    "LOG10",
    "LOG2",
    "MOD",
    "POW",
    "POWER",
    "RADIANS",
    "RAND",
    "ROUND",
    "SIGN",
    "SIN",
    "SQRT",
    "TAN",
    "TRUNCATE",
    "SUM",
    "AVG",
    "MIN",
    "MAX",
    "STD",
    "STDDEV",
    "STDDEV_POP",
    "STDDEV_SAMP",
    "VARIANCE",
    "VAR_POP",
    "VAR_SAMP",
];

/// Error 1210 for an operator or function, by its name in messages, that is given a shape.
pub(super) fn refuse_shapes<'e>(
    name: &str,
    operands: impl IntoIterator<Item = &'e Expression>,
) -> Result<(), SqlError> {
    if operands.into_iter().any(|operand| is_shape(&operand.ty)) {
        return Err(SqlError::new(1210, "HY000", format!("Incorrect arguments to {name}")));
    }
    Ok(())
}

/// The same for a function by its name in capitals, when it's one that takes no shapes.
pub(super) fn refuse_shapes_of(function: &str, arguments: &[Expression]) -> Result<(), SqlError> {
    if WITHOUT_SHAPES.contains(&function) {
        refuse_shapes(&function.to_ascii_lowercase(), arguments)?;
    }
    Ok(())
}

/// An operator's name in messages, when it takes no shapes.
pub(super) fn operator_without_shapes(op: &BinaryOperator) -> Option<&'static str> {
    use BinaryOperator as Op;
    Some(match op {
        Op::Lt => "<",
        Op::LtEq => "<=",
        Op::Gt => ">",
        Op::GtEq => ">=",
        Op::Plus => "+",
        Op::Minus => "-",
        Op::Multiply => "*",
        Op::Divide => "/",
        Op::MyIntegerDivide => "DIV",
        Op::Modulo => "%",
        Op::BitwiseAnd => "&",
        Op::BitwiseOr => "|",
        Op::BitwiseXor => "^",
        Op::PGBitwiseShiftLeft => "<<",
        Op::PGBitwiseShiftRight => ">>",
        _ => return None,
    })
}

/// The type of a shape.
pub(super) fn shape() -> Type {
    Type { field: FieldType::Geometry, ..Type::bytes(u32::MAX) }
}

/// True for values that are shapes.
pub(super) fn is_shape(ty: &Type) -> bool {
    ty.class == Class::Bytes && ty.field == FieldType::Geometry
}

impl Lowering<'_> {
    /// A function of geometry; `None` when it's none that is carried.
    pub(super) fn geometry_function(
        &mut self,
        name: &str,
        arguments: &[Expression],
    ) -> Result<Option<Expression>, SqlError> {
        if let Some((source, kind)) = source_and_kind(name) {
            return self.geometry_from(name, source, arguments, kind).map(Some);
        }
        if let Some((_, helper)) = OF_PARTS.iter().find(|(known, _)| *known == name) {
            let parts = self.shapes(name, arguments)?;
            return Ok(Some(Expression::sql(format!("\"mysql\".{helper}({})", parts.join(", ")), shape(), true)));
        }
        if let Some((_, helper)) = OF_BOXES.iter().find(|(known, _)| *known == name) {
            let [_, _] = arguments else { return Err(SqlError::argument_count(name)) };
            let sql = format!("\"mysql\".{helper}({})::int8", self.shapes(name, arguments)?.join(", "));
            return Ok(Some(Expression::sql(sql, Type::integer(1), true)));
        }
        match name {
            "POINT" => {
                let [x, y] = arguments else { return Err(SqlError::argument_count(name)) };
                let (x, y) = (self.render(x, Carrier::Float8)?, self.render(y, Carrier::Float8)?);
                Ok(Some(Expression::sql(format!("\"mysql\".geometry_point({x}, {y})"), shape(), true)))
            }
            "ST_ASGEOJSON" => self.geojson_of_geometry(name, arguments).map(Some),
            "ST_GEOMFROMGEOJSON" => self.geometry_of_geojson(name, arguments).map(Some),
            _ => self.of_shape(name, arguments),
        }
    }

    /// A function of one shape.
    fn of_shape(&mut self, name: &str, arguments: &[Expression]) -> Result<Option<Expression>, SqlError> {
        let mut known = OF_SHAPES.iter().filter(|(known, ..)| *known == name).peekable();
        if known.peek().is_none() {
            return Ok(None);
        }
        let Some((first, rest)) = arguments.split_first() else { return Err(SqlError::argument_count(name)) };
        let Some((_, helper, carriers, gives)) = known.find(|(_, _, carriers, _)| carriers.len() == rest.len()) else {
            return Err(if rest.len() > 2 || (rest.len() == 2 && name != "ST_DISTANCE") {
                SqlError::argument_count(name)
            } else {
                SqlError::unsupported(format_args!("function {name} with {} arguments", arguments.len()))
            });
        };
        let mut list = self.shapes(name, std::slice::from_ref(first))?;
        for (argument, carrier) in rest.iter().zip(*carriers) {
            if *carrier == Carrier::Bytes {
                list.extend(self.shapes(name, std::slice::from_ref(argument))?);
            } else {
                list.push(self.render(argument, *carrier)?);
            }
        }
        let cast = if *gives == Gives::Integer { "::int8" } else { "" };
        let sql = format!("\"mysql\".{helper}({}){cast}", list.join(", "));
        let ty = match gives {
            Gives::Shape => shape(),
            Gives::Text => Type::text(u32::MAX / 4, &self.context.collation),
            Gives::Bytes => Type::bytes(u32::MAX),
            Gives::Double => Type::double(),
            Gives::Integer => Type::integer(10),
        };
        Ok(Some(Expression::sql(sql, ty, true)))
    }

    /// A shape of WKT or WKB.
    fn geometry_from(
        &mut self,
        name: &str,
        (helper, carrier): (&str, Carrier),
        arguments: &[Expression],
        kind: &str,
    ) -> Result<Expression, SqlError> {
        let (given, srid) = match arguments {
            [given] => (given, "0::int8".to_owned()),
            [given, srid] => (given, self.render(srid, Carrier::Int8)?),
            [_, _, _] => return Err(SqlError::unsupported(format_args!("function {name} with options"))),
            _other => return Err(SqlError::argument_count(name)),
        };
        let given = self.render(given, carrier)?;
        let called = quote::literal(&name.to_lowercase());
        Ok(Expression::sql(format!("\"mysql\".{helper}({given}, {srid}, '{kind}', {called})"), shape(), true))
    }

    /// `ST_GeomFromGeoJSON(document, options, srid)`.
    fn geometry_of_geojson(&mut self, name: &str, arguments: &[Expression]) -> Result<Expression, SqlError> {
        let Some((first, rest)) = arguments.split_first().filter(|(_, rest)| rest.len() < 3) else {
            return Err(SqlError::argument_count(name));
        };
        let mut list = vec![self.render(first, Carrier::Text)?];
        for given in rest {
            list.push(self.render(given, Carrier::Int8)?);
        }
        Ok(Expression::sql(format!("\"mysql\".geometry_from_json({})", list.join(", ")), shape(), true))
    }

    /// `ST_AsGeoJSON(shape, digits, options)`.
    fn geojson_of_geometry(&mut self, name: &str, arguments: &[Expression]) -> Result<Expression, SqlError> {
        let Some((first, rest)) = arguments.split_first().filter(|(_, rest)| rest.len() < 3) else {
            return Err(SqlError::argument_count(name));
        };
        let mut list = self.shapes(name, std::slice::from_ref(first))?;
        for (at, default) in ["2147483647", "0"].iter().enumerate() {
            list.push(match rest.get(at) {
                Some(given) => self.render(given, Carrier::Int8)?,
                None => (*default).to_owned(),
            });
        }
        let sql = format!("\"mysql\".geometry_json({})", list.join(", "));
        Ok(Expression::sql(sql, super::json::json_result(), true))
    }

    /// Arguments that have to be shapes.
    fn shapes(&mut self, name: &str, arguments: &[Expression]) -> Result<Vec<String>, SqlError> {
        let invalid = || {
            let called = match name {
                "ST_ASWKT" => "ST_ASTEXT",
                "ST_ASBINARY" => "ST_ASWKB",
                _ => name,
            };
            let text = format!("Invalid GIS data provided to function {}.", called.to_lowercase());
            SqlError::new(3037, "22023", text)
        };
        let mut shapes = Vec::with_capacity(arguments.len());
        for argument in arguments {
            shapes.push(match argument.ty.class {
                Class::Bytes | Class::Open => self.render(argument, Carrier::Bytes)?,
                Class::Null => "NULL::bytea".to_owned(),
                Class::Integer
                | Class::Decimal
                | Class::Real
                | Class::Text
                | Class::Date
                | Class::DateTime
                | Class::Time
                | Class::Json => return Err(invalid()),
            });
        }
        Ok(shapes)
    }

    /// What an expression stores in a GEOMETRY column; `None` for other columns and for values that are coerced when
    /// they are bound.
    pub(super) fn geometry_assigned(
        &mut self,
        column: &Column,
        value: &Expression,
    ) -> Result<Option<String>, SqlError> {
        let ColumnType::Geometry { kind, srid } = &column.column_type else { return Ok(None) };
        if matches!(value.body, super::expression::Body::Parameter(_)) {
            return Ok(None);
        }
        if value.ty.class != Class::Bytes {
            let text = "Cannot get geometry object from data you send to the GEOMETRY field";
            return Err(SqlError::new(1416, "22003", text.to_owned()));
        }
        let sql = self.render(value, Carrier::Bytes)?;
        let checked = format!("\"mysql\".geometry_check({sql}, {})", quote::literal(kind));
        Ok(Some(match srid {
            Some(srid) => format!("\"mysql\".geometry_of_srid({checked}, {srid}, {})", quote::literal(&column.name)),
            None => checked,
        }))
    }
}
