-- The collations that MySQL's own tables are written in: no user table may have brought them along.
CREATE COLLATION IF NOT EXISTS "mysql"."utf8mb3_general_ci" (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
CREATE COLLATION IF NOT EXISTS "mysql"."utf8mb4_0900_ai_ci" (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
CREATE COLLATION IF NOT EXISTS "mysql"."ascii_general_ci" (provider = icu, locale = 'und-u-ks-level1', deterministic = false);

-- The next value of a table's AUTO_INCREMENT column; NULL when it has no sequence.
CREATE OR REPLACE FUNCTION "mysql".next_id(relation text, attribute text) RETURNS bigint LANGUAGE plpgsql STABLE AS
$$ DECLARE sequence text := pg_get_serial_sequence(relation, attribute); found bigint;
BEGIN
  IF sequence IS NULL THEN RETURN NULL; END IF;
  EXECUTE 'SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM ' || sequence INTO found;
  RETURN found;
END $$;

-- A user variable that a statement assigns to while it runs: see ../assigning.rs. The setting holds the statement's token,
-- and behind it nothing for NULL or `=` and the value.
CREATE OR REPLACE FUNCTION "mysql".variable_set(token text, name text, value text) RETURNS text LANGUAGE plpgsql VOLATILE AS
$$ BEGIN PERFORM set_config(name, token || coalesce('=' || value, ''), false); RETURN value; END $$;
CREATE OR REPLACE FUNCTION "mysql".variable_state(token text, name text) RETURNS text LANGUAGE plpgsql VOLATILE AS
$$ DECLARE state text COLLATE "C" := current_setting(name, true); BEGIN
 IF state IS NULL OR left(state, length(token)) <> token COLLATE "C" THEN RETURN NULL; END IF; RETURN substr(state, length(token) + 1); END $$;
CREATE OR REPLACE FUNCTION "mysql".variable_get(token text, name text, before text) RETURNS text LANGUAGE plpgsql VOLATILE AS
$$ DECLARE state text COLLATE "C" := "mysql".variable_state(token, name); BEGIN
 IF state IS NULL THEN RETURN before; END IF; RETURN CASE WHEN state = '' THEN NULL ELSE substr(state, 2) END; END $$;

-- What a table is called here; NULL when there's no such table.
CREATE OR REPLACE FUNCTION "mysql".relation(schema_name text, table_name text) RETURNS oid LANGUAGE sql STABLE AS
$$ SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = schema_name COLLATE "C" AND c.relname = table_name COLLATE "C" AND c.relkind IN ('r', 'p') $$;

-- Sizes of a table, or what the catalogue says where there's none: views have no size. Small tables are counted, of
-- others PostgreSQL keeps an estimate, as InnoDB does.
CREATE OR REPLACE FUNCTION "mysql".table_rows(schema_name text, table_name text, known numeric) RETURNS numeric LANGUAGE plpgsql STABLE AS
$$ DECLARE relation oid := "mysql".relation(schema_name, table_name); found numeric;
BEGIN
  IF known IS NULL OR relation IS NULL THEN RETURN known; END IF;
  IF pg_relation_size(relation) < 262144 THEN
    EXECUTE format('SELECT count(*) FROM %I.%I', schema_name, table_name) INTO found;
    RETURN found;
  END IF;
  RETURN (SELECT greatest(reltuples, 0)::bigint FROM pg_catalog.pg_class WHERE oid = relation);
END $$;

CREATE OR REPLACE FUNCTION "mysql".data_length(schema_name text, table_name text, known numeric) RETURNS numeric LANGUAGE sql STABLE AS
$$ SELECT CASE WHEN known IS NULL THEN NULL ELSE coalesce(greatest(pg_table_size("mysql".relation(schema_name, table_name)), 16384), known) END $$;

CREATE OR REPLACE FUNCTION "mysql".index_length(schema_name text, table_name text, known numeric) RETURNS numeric LANGUAGE sql STABLE AS
$$ SELECT CASE WHEN known IS NULL THEN NULL ELSE coalesce(pg_indexes_size("mysql".relation(schema_name, table_name)), known) END $$;

CREATE OR REPLACE FUNCTION "mysql".next_value(schema_name text, table_name text, known numeric) RETURNS numeric LANGUAGE plpgsql STABLE AS
$$ DECLARE attribute text;
BEGIN
  IF known IS NULL THEN RETURN NULL; END IF;
  SELECT a.attname INTO attribute FROM pg_catalog.pg_attribute a
   WHERE a.attrelid = "mysql".relation(schema_name, table_name) AND a.attidentity <> '' AND NOT a.attisdropped LIMIT 1;
  IF attribute IS NULL THEN RETURN known; END IF;
  RETURN coalesce("mysql".next_id(format('%I.%I', schema_name, table_name), attribute), known);
END $$;
