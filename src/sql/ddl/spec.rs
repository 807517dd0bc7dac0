//! DDL as it was written: what the parser hands to those who resolve it against the catalogue.

use std::collections::BTreeMap;

use crate::schema::{ColumnType, KeyKind, KeyOptions, ReferentialAction};

/// A name that may carry its database.
pub(super) type QualifiedName = (Option<String>, String);

/// A column definition.
#[derive(Clone, Debug)]
pub(super) struct ColumnSpec {
    pub(super) name: String,
    pub(super) data_type: TypeSpec,
    /// NULL or NOT NULL, when written; the last one counts.
    pub(super) nullable: Option<bool>,
    pub(super) default: Option<DefaultSpec>,
    pub(super) on_update_now: Option<u8>,
    pub(super) auto_increment: bool,
    /// PRIMARY or UNIQUE among the column's attributes.
    pub(super) key: Option<KeyKind>,
    pub(super) comment: String,
    pub(super) invisible: bool,
    pub(super) references: Option<ReferencesSpec>,
    pub(super) generated: Option<GeneratedSpec>,
    pub(super) checks: Vec<CheckSpec>,
}

/// `GENERATED ALWAYS AS (…)`.
#[derive(Clone, Debug)]
pub(super) struct GeneratedSpec {
    /// The text between the parentheses.
    pub(super) text: String,
    pub(super) stored: bool,
}

/// A CHECK constraint.
#[derive(Clone, Debug)]
pub(super) struct CheckSpec {
    pub(super) name: Option<String>,
    /// The text between the parentheses.
    pub(super) text: String,
    pub(super) enforced: bool,
    /// The column whose attribute it is: such a check may name no other.
    pub(super) column: Option<String>,
}

/// A data type before its character set is known.
#[derive(Clone, Debug)]
pub(super) struct TypeSpec {
    /// Character types are given as such even if their character set turns out to be `binary`.
    pub(super) base: ColumnType,
    /// `zerofill` with its display width.
    pub(super) zerofill: Option<u32>,
    /// `(M,D)` of FLOAT and DOUBLE.
    pub(super) digits: Option<(u32, u32)>,
    pub(super) charset: Option<String>,
    pub(super) collation: Option<String>,
    /// The BINARY attribute: the character set's `_bin` collation.
    pub(super) binary: bool,
    /// SERIAL: NOT NULL AUTO_INCREMENT UNIQUE.
    pub(super) serial: bool,
}

/// A DEFAULT clause.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum DefaultSpec {
    Null,
    Literal(Literal),
    Now(u8),
    /// The text between the parentheses.
    Expression(String),
}

/// A literal.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Text(String),
    /// With its sign, as written.
    Number(String),
    /// `x'…'`, `0x…` and `b'…'`.
    Bytes(Vec<u8>),
}

/// A key definition.
#[derive(Clone, Debug)]
pub(super) struct KeySpec {
    pub(super) kind: KeyKind,
    pub(super) name: Option<String>,
    pub(super) parts: Vec<PartSpec>,
    pub(super) options: KeyOptions,
    /// True for the key that MySQL adds by itself below a foreign key.
    pub(super) generated: bool,
}

/// One part of a key definition.
#[derive(Clone, Debug)]
pub(super) struct PartSpec {
    pub(super) column: String,
    /// The text of a functional part, which has no column.
    pub(super) expression: Option<String>,
    pub(super) prefix: Option<u32>,
    pub(super) descending: bool,
}

/// A foreign key definition.
#[derive(Clone, Debug)]
pub(super) struct ForeignKeySpec {
    /// The constraint's name.
    pub(super) name: Option<String>,
    /// The name of its key, which counts only without a constraint name.
    pub(super) key_name: Option<String>,
    pub(super) columns: Vec<String>,
    pub(super) references: ReferencesSpec,
}

/// REFERENCES.
#[derive(Clone, Debug)]
pub(super) struct ReferencesSpec {
    pub(super) table: QualifiedName,
    /// Empty: the primary key's columns.
    pub(super) columns: Vec<String>,
    pub(super) on_delete: ReferentialAction,
    pub(super) on_update: ReferentialAction,
}

/// Table options that the catalogue keeps.
#[derive(Clone, Debug, Default)]
pub(super) struct TableOptions {
    pub(super) engine: Option<String>,
    pub(super) charset: Option<String>,
    pub(super) collation: Option<String>,
    pub(super) auto_increment: Option<u64>,
    pub(super) comment: Option<String>,
    /// UNION of a MERGE table.
    pub(super) union: Option<Vec<QualifiedName>>,
    /// Options that are only shown: upper-case names and values as written.
    pub(super) shown: BTreeMap<String, String>,
}

/// What stands between the parentheses of CREATE TABLE.
#[derive(Clone, Debug)]
pub(super) enum Element {
    Column(ColumnSpec),
    Key(KeySpec),
    ForeignKey(ForeignKeySpec),
    Check(CheckSpec),
}

/// Where a column goes.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// Where it is, or at the end.
    Default,
    First,
    After(String),
}

/// One clause of ALTER TABLE.
#[derive(Clone, Debug)]
pub(super) enum Clause {
    AddColumn(ColumnSpec, Place),
    /// CHANGE and MODIFY: the old name and the new definition.
    ChangeColumn(String, ColumnSpec, Place),
    RenameColumn(String, String),
    DropColumn(String),
    /// `None` drops the default.
    SetDefault(String, Option<DefaultSpec>),
    AddKey(KeySpec),
    AddForeignKey(ForeignKeySpec),
    DropKey(String),
    DropForeignKey(String),
    DropConstraint(String),
    RenameKey(String, String),
    /// ALTER INDEX … VISIBLE | INVISIBLE: the name and whether it is invisible.
    KeyVisibility(String, bool),
    /// ALTER COLUMN … SET VISIBLE | INVISIBLE.
    ColumnVisibility(String, bool),
    AddCheck(CheckSpec),
    DropCheck(String),
    /// ALTER CHECK … [NOT] ENFORCED; `constraint` when any constraint was meant.
    Enforce {
        name: String,
        enforced: bool,
        constraint: bool,
    },
    /// ALGORITHM=COPY and what else makes MySQL copy every row, and count it.
    Copy,
    RenameTable(QualifiedName),
    Options(TableOptions),
    Convert {
        charset: Option<String>,
        collation: Option<String>,
    },
    /// Changes nothing that Bascule keeps: ALGORITHM, LOCK, FORCE, …
    Nothing,
}
