-- Changes to JSON documents, and what one holds of another. The rules for all helpers are in ../helpers.rs.

-- One change at a path: 'set', 'insert', 'replace', 'remove', 'append' (ARRAY_APPEND) or 'before' (ARRAY_INSERT).
-- What isn't an array counts as an array of one, as in MySQL. NULL: the value itself is to go.
CREATE OR REPLACE FUNCTION "mysql".json_change(j jsonb, legs text[], mode text, value jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ DECLARE leg text COLLATE "C" := legs[1]; last boolean := cardinality(legs) = 1; size bigint; place bigint; changed jsonb;
BEGIN
  IF leg IS NULL THEN
    RETURN CASE mode WHEN 'set' THEN value WHEN 'replace' THEN value WHEN 'remove' THEN NULL
      WHEN 'append' THEN CASE WHEN jsonb_typeof(j) = 'array' THEN j ELSE jsonb_build_array(j) END || jsonb_build_array(value) ELSE j END;
  END IF;
  IF left(leg, 1) = '.' THEN
    IF jsonb_typeof(j) <> 'object' THEN RETURN j; END IF;
    IF j ? substr(leg, 2) THEN
      changed := "mysql".json_change(j -> substr(leg, 2), legs[2:], mode, value);
      RETURN CASE WHEN changed IS NULL THEN j - substr(leg, 2) ELSE jsonb_set(j, ARRAY[substr(leg, 2)], changed) END;
    END IF;
    RETURN CASE WHEN last AND mode IN ('set', 'insert') THEN j || jsonb_build_object(substr(leg, 2), value) ELSE j END;
  END IF;
  IF jsonb_typeof(j) <> 'array' THEN
    IF substr(leg, 2) = '0' THEN RETURN CASE WHEN last AND mode = 'before' THEN j ELSE "mysql".json_change(j, legs[2:], mode, value) END; END IF;
    RETURN CASE WHEN NOT last OR mode NOT IN ('set', 'insert') THEN j WHEN left(leg, 1) = '#' THEN jsonb_build_array(j, value) ELSE jsonb_build_array(value, j) END;
  END IF;
  size := jsonb_array_length(j); place := "mysql".json_cell_index(leg, size);
  IF last AND mode = 'before' THEN
    RETURN CASE WHEN place >= size THEN j || jsonb_build_array(value) WHEN place < 0 THEN jsonb_build_array(value) || j ELSE jsonb_insert(j, ARRAY[place::text], value) END;
  ELSIF place >= 0 AND place < size THEN
    changed := "mysql".json_change(j -> place::integer, legs[2:], mode, value);
    RETURN CASE WHEN changed IS NULL THEN j - place::integer ELSE jsonb_set(j, ARRAY[place::text], changed) END;
  END IF;
  RETURN CASE WHEN NOT last OR mode NOT IN ('set', 'insert') THEN j WHEN place >= size THEN j || jsonb_build_array(value) ELSE jsonb_build_array(value) || j END;
END $$;
-- Several changes from left to right. A SQL NULL among the values is JSON's null.
CREATE OR REPLACE FUNCTION "mysql".json_changes(j jsonb, mode text, paths text[], vals jsonb[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ DECLARE legs text[];
BEGIN
  FOR i IN 1 .. cardinality(paths) LOOP
    IF paths[i] IS NULL THEN RETURN NULL; END IF;
    legs := "mysql".json_plain_path(paths[i]);
    IF mode = 'remove' AND cardinality(legs) = 0 THEN PERFORM "mysql".json_error(3153, 'The path expression ''$'' is not allowed in this context.'); END IF;
    IF mode = 'before' AND (cardinality(legs) = 0 OR left(legs[cardinality(legs)], 1) = '.') THEN PERFORM "mysql".json_error(3165, 'A path expression is not a path to a cell in an array.'); END IF;
    IF j IS NOT NULL THEN j := coalesce("mysql".json_change(j, legs, mode, coalesce(vals[i], 'null')), j); END IF;
  END LOOP;
  RETURN "mysql".json_shallow(j);
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_merge_preserve(a jsonb, b jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ BEGIN
  IF jsonb_typeof(a) = 'object' AND jsonb_typeof(b) = 'object' THEN
    RETURN a || (SELECT coalesce(jsonb_object_agg(key, CASE WHEN a ? key THEN "mysql".json_merge_preserve(a -> key, value) ELSE value END), '{}') FROM jsonb_each(b));
  END IF;
  RETURN CASE WHEN jsonb_typeof(a) = 'array' THEN a ELSE jsonb_build_array(a) END || CASE WHEN jsonb_typeof(b) = 'array' THEN b ELSE jsonb_build_array(b) END;
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_merge_patch(a jsonb, b jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ DECLARE base jsonb := CASE WHEN jsonb_typeof(a) = 'object' THEN a ELSE '{}' END; pair record;
BEGIN
  IF b IS NULL OR jsonb_typeof(b) <> 'object' THEN RETURN b; END IF;
  FOR pair IN SELECT key, value FROM jsonb_each(b) LOOP
    base := CASE WHEN pair.value = 'null' THEN base - pair.key ELSE base || jsonb_build_object(pair.key, "mysql".json_merge_patch(CASE WHEN base ? pair.key THEN base -> pair.key ELSE 'null' END, pair.value)) END;
  END LOOP;
  RETURN CASE WHEN a IS NULL THEN NULL ELSE base END;
END $$;
-- JSON_CONTAINS: whether b is held by a.
CREATE OR REPLACE FUNCTION "mysql".json_contains(a jsonb, b jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ BEGIN
  IF jsonb_typeof(a) = 'array' THEN
    IF jsonb_typeof(b) = 'array' THEN
      RETURN NOT EXISTS (SELECT FROM jsonb_array_elements(b) AS x(e) WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(a) AS y(e) WHERE "mysql".json_contains(y.e, x.e)));
    END IF;
    RETURN EXISTS (SELECT FROM jsonb_array_elements(a) AS y(e) WHERE "mysql".json_contains(y.e, b));
  ELSIF jsonb_typeof(a) = 'object' THEN
    RETURN jsonb_typeof(b) = 'object' AND NOT EXISTS (SELECT FROM jsonb_each(b) AS x(k, e) WHERE NOT (a ? x.k AND "mysql".json_contains(a -> x.k, x.e)));
  END IF;
  RETURN a = b;
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_contains_at(a jsonb, b jsonb, path text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT "mysql".json_contains("mysql".json_at(a, "mysql".json_plain_path(path)), b) $$;
CREATE OR REPLACE FUNCTION "mysql".json_overlaps(a jsonb, b jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE
  WHEN jsonb_typeof(a) = 'array' AND jsonb_typeof(b) = 'array' THEN EXISTS (SELECT FROM jsonb_array_elements(a) AS x(e) JOIN jsonb_array_elements(b) AS y(e) ON x.e = y.e)
  WHEN jsonb_typeof(a) = 'array' THEN EXISTS (SELECT FROM jsonb_array_elements(a) AS x(e) WHERE x.e = b)
  WHEN jsonb_typeof(b) = 'array' THEN EXISTS (SELECT FROM jsonb_array_elements(b) AS x(e) WHERE x.e = a)
  WHEN jsonb_typeof(a) = 'object' AND jsonb_typeof(b) = 'object' THEN EXISTS (SELECT FROM jsonb_each(a) AS x(k, e) JOIN jsonb_each(b) AS y(k, e) ON x.k = y.k AND x.e = y.e)
  ELSE a = b END $$;
CREATE OR REPLACE FUNCTION "mysql".json_member(value jsonb, j jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN jsonb_typeof(j) = 'array' THEN EXISTS (SELECT FROM jsonb_array_elements(j) AS x(e) WHERE x.e = value) ELSE j = value END $$;
-- A member's name: NULL is an error.
CREATE OR REPLACE FUNCTION "mysql".json_name(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ BEGIN
  IF t IS NULL THEN PERFORM "mysql".json_error(3158, 'JSON documents may not contain NULL member names.'); END IF;
  IF left(t, 1) COLLATE "C" = E'\uFDD0' THEN PERFORM "mysql".json_error(1235, 'This version of MySQL doesn''t yet support ''this member name'''); END IF;
  RETURN t;
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_pretty(j jsonb, indent text DEFAULT '') RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE parts text;
BEGIN
  IF jsonb_typeof(j) = 'array' AND j <> '[]' THEN
    SELECT string_agg(indent || '  ' || "mysql".json_pretty(e, indent || '  '), E',\n' ORDER BY n) INTO parts FROM jsonb_array_elements(j) WITH ORDINALITY AS s(e, n);
    RETURN E'[\n' || parts || E'\n' || indent || ']';
  ELSIF jsonb_typeof(j) = 'object' AND j <> '{}' THEN
    SELECT string_agg(indent || '  ' || to_json(k)::text || ': ' || "mysql".json_pretty(e, indent || '  '), E',\n' ORDER BY n) INTO parts FROM jsonb_each(j) WITH ORDINALITY AS s(k, e, n);
    RETURN E'{\n' || parts || E'\n' || indent || '}';
  END IF;
  RETURN "mysql".json_text(j);
END $$;
