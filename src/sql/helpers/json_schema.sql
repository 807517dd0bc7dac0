-- JSON_SCHEMA_VALID: JSON Schema draft 4 as MySQL's library reads it. The rules for all helpers are in ../helpers.rs.

-- Whether a text has a match. An expression that isn't one matches everything.
CREATE OR REPLACE FUNCTION "mysql".json_schema_match(t text, pattern text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ BEGIN
  IF pattern COLLATE "C" ~ '\(\?[^:=!]|\\[^dDwWsSnrtfv.$^*+?(){}|/\[\]\\-]|\[\[|\[[^\]]*\[|[^\x01-\x7f]' THEN
    PERFORM "mysql".json_refuse('this pattern in JSON Schema');
  END IF;
  RETURN t COLLATE "C" ~ pattern;
EXCEPTION WHEN invalid_regular_expression THEN RETURN true;
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_schema_type(j jsonb, wanted text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE wanted WHEN 'integer' THEN "mysql".json_type(j) IN ('INTEGER', 'UNSIGNED INTEGER') WHEN 'number' THEN jsonb_typeof(j) = 'number' ELSE jsonb_typeof(j) = wanted END $$;
-- The keywords for objects.
CREATE OR REPLACE FUNCTION "mysql".json_schema_object(s jsonb, j jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ DECLARE pair record; rule record; named jsonb := '{}'; patterns integer; matching boolean; other jsonb; free boolean := s -> 'additionalProperties' IS DISTINCT FROM 'false'::jsonb;
BEGIN
  IF jsonb_typeof(s -> 'required') = 'array' THEN
    FOR rule IN SELECT e FROM jsonb_array_elements_text(s -> 'required') AS r(e) LOOP
      IF NOT j ? rule.e THEN RETURN false; END IF;
      named := named || jsonb_build_object(rule.e, '{}'::jsonb);
    END LOOP;
  END IF;
  IF jsonb_typeof(s -> 'dependencies') = 'object' THEN
    FOR rule IN SELECT key, value FROM jsonb_each(s -> 'dependencies') LOOP
      named := named || jsonb_build_object(rule.key, '{}'::jsonb);
      IF jsonb_typeof(rule.value) = 'array' THEN
        named := named || (SELECT coalesce(jsonb_object_agg(e, '{}'::jsonb), '{}') FROM jsonb_array_elements_text(rule.value) AS r(e));
        IF j ? rule.key AND EXISTS (SELECT FROM jsonb_array_elements_text(rule.value) AS r(e) WHERE NOT j ? r.e) THEN RETURN false; END IF;
      ELSIF jsonb_typeof(rule.value) = 'object' AND j ? rule.key AND NOT "mysql".json_schema_holds(rule.value, j) THEN RETURN false;
      END IF;
    END LOOP;
  END IF;
  IF jsonb_typeof(s -> 'properties') = 'object' THEN named := named || (s -> 'properties'); END IF;
  IF (s ->> 'minProperties')::numeric > (SELECT count(*) FROM jsonb_object_keys(j)) OR (s ->> 'maxProperties')::numeric < (SELECT count(*) FROM jsonb_object_keys(j)) THEN RETURN false; END IF;
  FOR pair IN SELECT key, value FROM jsonb_each(j) LOOP
    patterns := 0; matching := true; other := NULL;
    IF jsonb_typeof(s -> 'patternProperties') = 'object' THEN
      FOR rule IN SELECT key, value FROM jsonb_each(s -> 'patternProperties') LOOP
        IF "mysql".json_schema_match(pair.key, rule.key) THEN
          patterns := patterns + 1;
          matching := matching AND "mysql".json_schema_holds(rule.value, pair.value);
        END IF;
      END LOOP;
    END IF;
    IF named ? pair.key THEN
      IF NOT matching OR NOT "mysql".json_schema_holds(named -> pair.key, pair.value) THEN RETURN false; END IF;
    ELSIF jsonb_typeof(s -> 'additionalProperties') = 'object' THEN
      IF NOT (patterns > 0 AND matching) AND NOT "mysql".json_schema_holds(s -> 'additionalProperties', pair.value) THEN RETURN false; END IF;
    ELSIF NOT matching OR patterns = 0 AND NOT free THEN RETURN false;
    END IF;
  END LOOP;
  RETURN true;
END $$;
-- The keywords for arrays.
CREATE OR REPLACE FUNCTION "mysql".json_schema_array(s jsonb, j jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ DECLARE item record; own jsonb; size integer := jsonb_array_length(j);
BEGIN
  IF (s ->> 'minItems')::numeric > size OR (s ->> 'maxItems')::numeric < size THEN RETURN false; END IF;
  IF s -> 'uniqueItems' = 'true'::jsonb AND (SELECT count(DISTINCT e) FROM jsonb_array_elements(j) AS a(e)) < size THEN RETURN false; END IF;
  FOR item IN SELECT e, n - 1 AS n FROM jsonb_array_elements(j) WITH ORDINALITY AS a(e, n) LOOP
    own := CASE jsonb_typeof(s -> 'items') WHEN 'object' THEN s -> 'items' WHEN 'array' THEN s -> 'items' -> item.n::integer END;
    IF own IS NULL AND jsonb_typeof(s -> 'items') = 'array' THEN
      IF s -> 'additionalItems' = 'false'::jsonb THEN RETURN false; END IF;
      IF jsonb_typeof(s -> 'additionalItems') = 'object' THEN own := s -> 'additionalItems'; END IF;
    END IF;
    IF own IS NOT NULL AND NOT "mysql".json_schema_holds(own, item.e) THEN RETURN false; END IF;
  END LOOP;
  RETURN true;
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_schema_number(s jsonb, n numeric) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ DECLARE step numeric;
BEGIN
  IF jsonb_typeof(s -> 'minimum') = 'number' AND (n < (s ->> 'minimum')::numeric OR s -> 'exclusiveMinimum' = 'true'::jsonb AND n = (s ->> 'minimum')::numeric) THEN RETURN false; END IF;
  IF jsonb_typeof(s -> 'maximum') = 'number' AND (n > (s ->> 'maximum')::numeric OR s -> 'exclusiveMaximum' = 'true'::jsonb AND n = (s ->> 'maximum')::numeric) THEN RETURN false; END IF;
  IF jsonb_typeof(s -> 'multipleOf') = 'number' THEN
    step := (s ->> 'multipleOf')::numeric;
    IF step <= 0 THEN RETURN true; END IF;
    IF step <> trunc(step) OR n <> trunc(n) THEN PERFORM "mysql".json_refuse('multipleOf with fractions in JSON Schema'); END IF;
    RETURN mod(n, step) = 0;
  END IF;
  RETURN true;
END $$;
-- Whether a document holds to a schema.
CREATE OR REPLACE FUNCTION "mysql".json_schema_holds(s jsonb, j jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ DECLARE kind text := jsonb_typeof(j); t text; ok boolean;
BEGIN
  IF jsonb_typeof(s) <> 'object' THEN RETURN true; END IF;
  IF s ? 'type' THEN
    ok := CASE jsonb_typeof(s -> 'type') WHEN 'string' THEN "mysql".json_schema_type(j, s ->> 'type')
      WHEN 'array' THEN EXISTS (SELECT FROM jsonb_array_elements_text(s -> 'type') AS w(e) WHERE "mysql".json_schema_type(j, w.e)) ELSE true END;
    IF NOT ok THEN RETURN false; END IF;
  END IF;
  IF jsonb_typeof(s -> 'enum') = 'array' AND jsonb_array_length(s -> 'enum') > 0 AND NOT EXISTS (SELECT FROM jsonb_array_elements(s -> 'enum') AS w(e) WHERE w.e = j) THEN RETURN false; END IF;
  IF jsonb_typeof(s -> 'allOf') = 'array' AND EXISTS (SELECT FROM jsonb_array_elements(s -> 'allOf') AS w(e) WHERE NOT "mysql".json_schema_holds(w.e, j)) THEN RETURN false; END IF;
  IF jsonb_typeof(s -> 'anyOf') = 'array' AND jsonb_array_length(s -> 'anyOf') > 0 AND NOT EXISTS (SELECT FROM jsonb_array_elements(s -> 'anyOf') AS w(e) WHERE "mysql".json_schema_holds(w.e, j)) THEN RETURN false; END IF;
  IF jsonb_typeof(s -> 'oneOf') = 'array' AND jsonb_array_length(s -> 'oneOf') > 0 AND (SELECT count(*) FROM jsonb_array_elements(s -> 'oneOf') AS w(e) WHERE "mysql".json_schema_holds(w.e, j)) <> 1 THEN RETURN false; END IF;
  IF jsonb_typeof(s -> 'not') = 'object' AND "mysql".json_schema_holds(s -> 'not', j) THEN RETURN false; END IF;
  CASE kind
    WHEN 'object' THEN RETURN "mysql".json_schema_object(s, j);
    WHEN 'array' THEN RETURN "mysql".json_schema_array(s, j);
    WHEN 'number' THEN RETURN "mysql".json_schema_number(s, (j #>> '{}')::numeric);
    WHEN 'string' THEN
      t := "mysql".json_string(j #>> '{}');
      IF jsonb_typeof(s -> 'minLength') = 'number' AND length(t) < (s ->> 'minLength')::numeric OR jsonb_typeof(s -> 'maxLength') = 'number' AND length(t) > (s ->> 'maxLength')::numeric THEN RETURN false; END IF;
      IF jsonb_typeof(s -> 'pattern') = 'string' THEN RETURN "mysql".json_schema_match(t, s ->> 'pattern'); END IF;
      RETURN true;
    ELSE RETURN true;
  END CASE;
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_schema_valid(s jsonb, j jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN
  IF s IS NULL OR j IS NULL THEN RETURN NULL; END IF;
  IF jsonb_typeof(s) <> 'object' THEN
    PERFORM "mysql".json_error(3853, 'Invalid JSON type in argument 1 to function json_schema_valid; an object is required.');
  END IF;
  IF s::text ~ '"\$ref"' THEN PERFORM "mysql".json_error(1235, 'This version of MySQL doesn''t yet support ''references in JSON Schema'''); END IF;
  RETURN "mysql".json_schema_holds(s, j);
END $$;
-- What a document fails on first: its location in the document, the requirement, its location in the schema; NULL where
-- that isn't told. Members are looked at before what is required of the whole, as RapidJSON does.
CREATE OR REPLACE FUNCTION "mysql".json_schema_fault(s jsonb, j jsonb, at text, place text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ DECLARE pair record; found text[]; word text;
BEGIN
  IF jsonb_typeof(s) <> 'object' OR "mysql".json_schema_holds(s, j) THEN RETURN NULL; END IF;
  FOREACH word IN ARRAY ARRAY['type', 'enum'] LOOP
    IF s ? word AND NOT "mysql".json_schema_holds(jsonb_build_object(word, s -> word), j) THEN RETURN ARRAY[at, word, place]; END IF;
  END LOOP;
  IF s ?| ARRAY['allOf', 'anyOf', 'oneOf', 'not'] THEN RETURN NULL; END IF;
  CASE jsonb_typeof(j)
    WHEN 'object' THEN
      FOR pair IN SELECT e.key, e.value FROM jsonb_each(j) AS e WHERE s -> 'properties' ? e.key LOOP
        found := "mysql".json_schema_fault(s -> 'properties' -> pair.key, pair.value, at || '/' || pair.key, place || '/properties/' || pair.key);
        IF found IS NOT NULL THEN RETURN found; END IF;
      END LOOP;
    WHEN 'array' THEN
      IF jsonb_typeof(s -> 'items') = 'object' THEN
        FOR pair IN SELECT e.n, e.value FROM jsonb_array_elements(j) WITH ORDINALITY AS e(value, n) LOOP
          found := "mysql".json_schema_fault(s -> 'items', pair.value, at || '/' || (pair.n - 1), place || '/items');
          IF found IS NOT NULL THEN RETURN found; END IF;
        END LOOP;
      END IF;
    ELSE NULL;
  END CASE;
  FOREACH word IN ARRAY ARRAY['additionalProperties', 'required', 'minProperties', 'maxProperties', 'minItems', 'maxItems', 'uniqueItems', 'minimum', 'maximum', 'multipleOf', 'minLength', 'maxLength', 'pattern'] LOOP
    IF s ? word AND NOT "mysql".json_schema_holds(s - (SELECT array_agg(k) FROM jsonb_object_keys(s) AS k WHERE k NOT IN (word, 'properties', 'patternProperties', 'exclusiveMinimum', 'exclusiveMaximum')), j) THEN
      IF word = 'additionalProperties' THEN
        SELECT at || '/' || e.key INTO at FROM jsonb_each(j) AS e
          WHERE NOT "mysql".json_schema_holds(s - 'required', jsonb_build_object(e.key, e.value)) LIMIT 1;
      END IF;
      RETURN ARRAY[at, word, place];
    END IF;
  END LOOP;
  RETURN NULL;
END $$;
-- CHECK (JSON_SCHEMA_VALID(…)): an error of its own comes before that of the constraint.
CREATE OR REPLACE FUNCTION "mysql".json_schema_checked(s jsonb, j jsonb) RETURNS boolean LANGUAGE plpgsql VOLATILE AS
$$ DECLARE fault text[]; refers boolean := s::text ~ '"\$ref"';
BEGIN
  IF s IS NULL OR j IS NULL THEN RETURN NULL; END IF;
  IF refers THEN
    RAISE WARNING USING ERRCODE = 'M1235', MESSAGE = 'This version of MySQL doesn''t yet support ''references in JSON Schema''', DETAIL = 'Error';
    RETURN false;
  END IF;
  IF "mysql".json_schema_valid(s, j) THEN RETURN true; END IF;
  fault := "mysql".json_schema_fault(s, j, '#', '#');
  IF fault IS NOT NULL THEN
    RAISE WARNING USING ERRCODE = 'M3934', DETAIL = 'Error',
      MESSAGE = format('The JSON document location ''%s'' failed requirement ''%s'' at JSON Schema location ''%s''.', fault[1], fault[2], fault[3]);
  END IF;
  RETURN false;
END $$;
