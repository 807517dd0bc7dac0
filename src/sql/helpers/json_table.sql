-- JSON_TABLE. The rules for all helpers are in ../helpers.rs.

-- The values that the rows of JSON_TABLE stand for, numbered from 1.
CREATE OR REPLACE FUNCTION "mysql".json_rows(j jsonb, path text) RETURNS TABLE (item jsonb, n bigint) LANGUAGE plpgsql IMMUTABLE AS
$$ DECLARE legs text[] := "mysql".json_path(path);
BEGIN
  RETURN QUERY SELECT s.item, s.n FROM "mysql".json_seek(j, legs) WITH ORDINALITY AS s(item, place, n);
END $$;
-- A scalar as the column stores it; NULL when it doesn't.
CREATE OR REPLACE FUNCTION "mysql".json_stored(j jsonb, kind text, size integer, digits integer, low numeric, high numeric) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
$$ DECLARE shown text; form text := "mysql".json_type(j); found record; t text COLLATE "C";
BEGIN
  IF kind IN ('DATE', 'DATETIME', 'TIME') THEN
    IF form = 'BOOLEAN' THEN RETURN NULL; END IF;
    IF form NOT IN ('STRING', 'DATE', 'TIME', 'DATETIME', 'TIMESTAMP') THEN PERFORM "mysql".json_refuse('this value in a temporal column of JSON_TABLE'); END IF;
    t := "mysql".json_string(j #>> '{}');
    IF t !~ '[0-9]' THEN RETURN NULL; END IF;
    found := "mysql".json_moment(t);
    IF found.moment IS NULL AND t ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' AND kind <> 'TIME' THEN RETURN NULL; END IF;
    shown := CASE WHEN kind = 'DATE' AND found.full_time IS NOT TRUE THEN left(found.moment, 10) WHEN kind = 'DATETIME' THEN found.moment WHEN kind = 'TIME' THEN "mysql".json_clock(t) END;
    IF shown IS NULL THEN PERFORM "mysql".json_refuse('this value in a temporal column of JSON_TABLE'); END IF;
    RETURN shown;
  END IF;
  shown := "mysql".json_scalar_as(j, kind, size, digits);
  RETURN CASE WHEN low IS NOT NULL AND shown::numeric NOT BETWEEN low AND high THEN NULL ELSE shown END;
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_stored_or_fail(j jsonb, kind text, size integer, digits integer, low numeric, high numeric, name text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
$$ DECLARE shown text := "mysql".json_stored(j, kind, size, digits, low, high);
BEGIN
  IF shown IS NULL THEN
    IF kind IN ('SIGNED', 'UNSIGNED', 'DOUBLE', 'FLOAT', 'DECIMAL') AND "mysql".json_scalar_as(j, CASE kind WHEN 'DECIMAL' THEN 'DOUBLE' ELSE kind END, 0, 0) IS NULL THEN
      PERFORM "mysql".json_error(3156, format('Invalid JSON value for CAST to %s from column %s at row 1', CASE kind WHEN 'DECIMAL' THEN kind WHEN 'DOUBLE' THEN kind WHEN 'FLOAT' THEN 'DOUBLE' ELSE 'INTEGER' END, name));
    END IF;
    PERFORM "mysql".json_error(3669, format('Value is out of range for JSON_TABLE''s column ''%s''', name));
  END IF;
  RETURN shown;
END $$;
-- One column. on_empty and on_error: N for NULL, E for an error, D and the text of a JSON document.
CREATE OR REPLACE FUNCTION "mysql".json_column(j jsonb, path text, kind text, size integer, digits integer, low numeric, high numeric, on_empty text, on_error text, name text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
$$ DECLARE matches jsonb[]; found jsonb; empty_value text; error_value text; shown text;
BEGIN
  IF left(on_empty, 1) = 'D' THEN
    found := "mysql".json_document(substr(on_empty, 2), 'in argument 1 to function JSON_TABLE');
    empty_value := CASE WHEN kind = 'JSON' THEN found::text ELSE "mysql".json_stored_or_fail(found, kind, size, digits, low, high, name) END;
  END IF;
  IF left(on_error, 1) = 'D' THEN
    found := "mysql".json_document(substr(on_error, 2), 'in argument 1 to function JSON_TABLE');
    error_value := CASE WHEN kind = 'JSON' THEN found::text ELSE "mysql".json_stored_or_fail(found, kind, size, digits, low, high, name) END;
  END IF;
  matches := ARRAY(SELECT s.item FROM "mysql".json_seek(j, "mysql".json_path(path)) AS s);
  IF kind = 'EXISTS' THEN RETURN (cardinality(matches) > 0)::integer; END IF;
  IF cardinality(matches) = 0 THEN
    IF on_empty = 'E' THEN PERFORM "mysql".json_error(3665, format('Missing value for JSON_TABLE column ''%s''', name)); END IF;
    RETURN empty_value;
  END IF;
  found := CASE WHEN cardinality(matches) > 1 THEN to_jsonb(matches) ELSE matches[1] END;
  IF found = 'null'::jsonb THEN RETURN NULL; END IF;
  IF kind = 'JSON' THEN RETURN found::text; END IF;
  IF jsonb_typeof(found) IN ('array', 'object') THEN
    IF on_error = 'E' THEN PERFORM "mysql".json_error(3666, format('Can''t store an array or an object in the scalar JSON_TABLE column ''%s''', name)); END IF;
    RETURN error_value;
  END IF;
  IF on_error = 'E' THEN RETURN "mysql".json_stored_or_fail(found, kind, size, digits, low, high, name); END IF;
  RETURN coalesce("mysql".json_stored(found, kind, size, digits, low, high), error_value);
END $$;
