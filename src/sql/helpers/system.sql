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
