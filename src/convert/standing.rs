//! What stands in PostgreSQL, making a script there, and telling the two apart.
//!
//! # Why a comparison is exact
//! PostgreSQL rewrites what it is told: types, defaults and expressions come back in its own words. So the script isn't
//! compared with the catalogue of PostgreSQL; it's carried out beside what stands, in a transaction that is rolled back:
//! the schemas are renamed, made anew under their own names, and both are read by the same queries. Renaming a schema
//! takes no lock on its tables, and nobody outside the transaction sees any of it.

use std::collections::{BTreeMap, BTreeSet};

use super::script::{Piece, Script, Stage, Triggers};
use crate::config::Target;
use crate::schema::quote::{bounded, identifier, literal};
use crate::target::{Bulk, TargetError};

/// Why something couldn't be done in PostgreSQL.
#[derive(Debug, thiserror::Error)]
pub enum StandingError {
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error("schema {0} in PostgreSQL has tables already; nothing was changed")]
    Taken(String),
}

/// A piece that PostgreSQL refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    pub kind: &'static str,
    pub name: String,
    pub reason: String,
}

/// A difference between what stands and what should.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    Missing { object: String, expected: String },
    Additional { object: String, found: String },
    Other { object: String, expected: String, found: String },
}

/// Makes everything in one transaction. A piece that PostgreSQL refuses is left out and named.
///
/// # Errors
/// [`StandingError`]; nothing is changed then.
pub async fn apply(target: &Target, script: &Script) -> Result<Vec<Failed>, StandingError> {
    let bulk = Bulk::connect(target).await?;
    for database in script.schemas() {
        let sql = format!(
            "SELECT 'taken' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {} AND \
             c.relkind IN ('r', 'p', 'v', 'm', 'f') LIMIT 1",
            literal(&database)
        );
        if bulk.text(&sql).await?.is_some() {
            return Err(StandingError::Taken(database));
        }
    }
    bulk.run("BEGIN").await?;
    let failed = make(&bulk, &script.pieces).await?;
    bulk.run("COMMIT").await?;
    Ok(failed)
}

/// Everything in which what stands differs from the script.
///
/// # Errors
/// [`StandingError`].
pub async fn differences(target: &Target, script: &Script) -> Result<BTreeSet<Difference>, StandingError> {
    let bulk = Bulk::connect(target).await?;
    let schemas = script.schemas();
    bulk.run("BEGIN").await?;
    let compared = compare(&bulk, script, &schemas).await;
    bulk.run("ROLLBACK").await?;
    compared
}

/// What PostgreSQL would refuse of the script; nothing is changed.
///
/// # Errors
/// [`StandingError`].
pub async fn rehearse(target: &Target, script: &Script) -> Result<Vec<Failed>, StandingError> {
    let bulk = Bulk::connect(target).await?;
    bulk.run("BEGIN").await?;
    let made = beside(&bulk, script, &script.schemas()).await;
    bulk.run("ROLLBACK").await?;
    made.map(|made| made.failed)
}

/// What came of making a script beside what stands.
struct Beside {
    failed: Vec<Failed>,
    /// The helpers were there before.
    helpers: bool,
}

async fn compare(bulk: &Bulk, script: &Script, schemas: &[String]) -> Result<BTreeSet<Difference>, StandingError> {
    let standing = read(bulk, schemas, script.triggers).await?;
    // What PostgreSQL refuses can't stand either.
    let made = beside(bulk, script, schemas).await?;
    let expected = read(bulk, schemas, script.triggers).await?;
    let mut found = differ(&expected, &standing);
    if !made.helpers {
        found
            .insert(Difference::Missing { object: "helper functions".to_owned(), expected: "schema mysql".to_owned() });
    }
    Ok(found)
}

async fn beside(bulk: &Bulk, script: &Script, schemas: &[String]) -> Result<Beside, StandingError> {
    for schema in schemas {
        let aside = bounded(&format!("bascule_beside_{schema}"));
        let exists = format!("SELECT 'yes' FROM pg_namespace WHERE nspname = {}", literal(schema));
        if bulk.text(&exists).await?.is_some() {
            bulk.run(&format!("ALTER SCHEMA {} RENAME TO {}", identifier(schema), identifier(&aside))).await?;
        }
    }
    // The helpers that stand are in use, and remaking them would make their users wait.
    let helpers =
        "SELECT 'yes' FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'mysql' LIMIT 1";
    let stand = bulk.text(helpers).await?.is_some();
    let pieces: Vec<Piece> =
        script.pieces.iter().filter(|piece| !(stand && piece.stage == Stage::Helpers)).cloned().collect();
    Ok(Beside { failed: make(bulk, &pieces).await?, helpers: stand })
}

/// Carries out pieces inside a transaction, each of them whole or not at all.
async fn make(bulk: &Bulk, pieces: &[Piece]) -> Result<Vec<Failed>, TargetError> {
    let mut failed: Vec<Failed> = Vec::new();
    for piece in pieces {
        let table = |failed: &&Failed| failed.kind == "table" && piece.name.starts_with(&format!("{}.", failed.name));
        if failed.iter().any(|failed| table(&failed)) {
            let reason = "its table isn't made".to_owned();
            failed.push(Failed { kind: piece.kind, name: piece.name.clone(), reason });
            continue;
        }
        bulk.run("SAVEPOINT piece").await?;
        let done = bulk.run(&piece.statements.join(";\n")).await;
        match done {
            Ok(()) => bulk.run("RELEASE SAVEPOINT piece").await?,
            // Everything else stands on schemas and helpers.
            Err(error) if error.is_fatal() || piece.stage <= Stage::Schemas => return Err(error),
            // Class 53: PostgreSQL has run out of something, which says nothing of the piece.
            Err(error) if error.sqlstate().is_some_and(|state| state.starts_with("53")) => return Err(error),
            Err(error) => {
                bulk.run("ROLLBACK TO SAVEPOINT piece").await?;
                failed.push(Failed { kind: piece.kind, name: piece.name.clone(), reason: error.to_string() });
            }
        }
    }
    Ok(failed)
}

type Objects = BTreeMap<String, String>;

fn differ(expected: &Objects, standing: &Objects) -> BTreeSet<Difference> {
    let mut found = BTreeSet::new();
    for (object, expected) in expected {
        match standing.get(object) {
            None => {
                found.insert(Difference::Missing { object: object.clone(), expected: expected.clone() });
            }
            Some(text) if text != expected => {
                let (expected, found_text) = (expected.clone(), text.clone());
                found.insert(Difference::Other { object: object.clone(), expected, found: found_text });
            }
            Some(_) => {}
        }
    }
    for (object, text) in standing.iter().filter(|(object, _)| !expected.contains_key(*object)) {
        found.insert(Difference::Additional { object: object.clone(), found: text.clone() });
    }
    found
}

/// Every object of some schemas, by kind and name, in PostgreSQL's own words. Counters of sequences aren't read: the flip
/// sets them behind what MySQL has handed out.
async fn read(bulk: &Bulk, schemas: &[String], triggers: Triggers) -> Result<Objects, TargetError> {
    const OBJECTS: &str = "
        SELECT 'table ' || n.nspname || '.' || c.relname, c.relkind::text || coalesce(' ' || obj_description(c.oid, 'pg_class'), '')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname = ANY (SCHEMAS)
        UNION ALL
        SELECT 'column ' || n.nspname || '.' || c.relname || '.' || a.attname, concat_ws(' ',
            format_type(a.atttypid, a.atttypmod), 'COLLATE ' || (SELECT s.nspname || '.' || l.collname FROM pg_collation l
            JOIN pg_namespace s ON s.oid = l.collnamespace WHERE l.oid = a.attcollation), CASE WHEN a.attnotnull THEN 'NOT NULL' END,
            'identity ' || nullif(a.attidentity::text, ''), 'generated ' || nullif(a.attgenerated::text, ''),
            'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), 'COMMENT ' || col_description(c.oid, a.attnum))
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname = ANY (SCHEMAS)
        UNION ALL
        SELECT 'constraint ' || n.nspname || '.' || c.relname || '.' || k.conname, pg_get_constraintdef(k.oid)
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE k.contype <> 'n' AND n.nspname = ANY (SCHEMAS)
        UNION ALL
        SELECT 'index ' || n.nspname || '.' || c.relname, pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY (SCHEMAS)
        UNION ALL
        SELECT 'sequence ' || n.nspname || '.' || c.relname, concat_ws(' ', format_type(s.seqtypid, NULL), s.seqincrement, s.seqmin,
            s.seqmax, s.seqcache, s.seqcycle)
        FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY (SCHEMAS)
        UNION ALL
        SELECT 'function ' || n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', pg_get_functiondef(p.oid)
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prokind IN ('f', 'p') AND FIRED AND n.nspname = ANY (SCHEMAS)
        UNION ALL
        SELECT 'trigger ' || n.nspname || '.' || c.relname || '.' || t.tgname, pg_get_triggerdef(t.oid)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE NOT t.tgisinternal AND n.nspname = ANY (SCHEMAS)";
    let names: Vec<String> = schemas.iter().map(|name| literal(name)).collect();
    // Functions of triggers that an earlier attempt made wait for the flip; it makes them anew.
    let fired = match triggers {
        Triggers::Made => "true",
        Triggers::Later => "p.prorettype <> 'trigger'::regtype",
    };
    let sql = OBJECTS.replace("FIRED", fired);
    let sql = sql.replace("SCHEMAS", &format!("ARRAY[{}]::name[]", names.join(", ")));
    let mut rows = bulk.rows(&sql).await?;
    let mut found = Objects::new();
    while let Some(row) = rows.next().await? {
        let text = |at: usize| row.get(at).and_then(Option::as_deref).map(String::from_utf8_lossy);
        if let (Some(object), Some(definition)) = (text(0), text(1)) {
            found.insert(object.into_owned(), definition.into_owned());
        }
    }
    Ok(found)
}

impl Script {
    /// The schemas of the databases that are carried.
    fn schemas(&self) -> Vec<String> {
        self.pieces.iter().filter(|piece| piece.kind == "schema").map(|piece| bounded(&piece.name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_by_object() {
        let objects =
            |list: &[(&str, &str)]| list.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let expected: Objects = objects(&[("table a", "r"), ("table b", "r"), ("index i", "x")]);
        let standing: Objects = objects(&[("table a", "r"), ("index i", "y"), ("table c", "r")]);
        let found: Vec<Difference> = differ(&expected, &standing).into_iter().collect();
        assert_eq!(
            found,
            [
                Difference::Missing { object: "table b".to_owned(), expected: "r".to_owned() },
                Difference::Additional { object: "table c".to_owned(), found: "r".to_owned() },
                Difference::Other { object: "index i".to_owned(), expected: "x".to_owned(), found: "y".to_owned() },
            ]
        );
        assert!(differ(&expected, &expected).is_empty());
    }
}
