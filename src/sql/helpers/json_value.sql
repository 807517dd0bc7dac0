-- JSON_VALUE and the columns of JSON_TABLE: scalars of a document as SQL values. The rules for all helpers are in
-- ../helpers.rs. Values travel as text that the caller converts to the column's type.

CREATE OR REPLACE FUNCTION "mysql".json_refuse(what text) RETURNS void LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN PERFORM "mysql".json_error(1235, format('This version of MySQL doesn''t yet support ''%s''', what)); END $$;
-- A date with a time of day from text, as text with six digits behind the second; NULL when it isn't one. The part that
-- isn't in the text is 0, and full says whether there was a time of day.
CREATE OR REPLACE FUNCTION "mysql".json_moment(source text, OUT moment text, OUT full_time boolean) LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE t text COLLATE "C" := source; m text[]; year integer; month integer; day integer; days integer;
BEGIN
  m := regexp_match(t, '^([0-9]{4}|[0-9]{2})-([0-9]{1,2})-([0-9]{1,2})(?: ([0-9]{1,2})(?::([0-9]{1,2})(?::([0-9]{1,2})(\.[0-9]{0,6})?)?)?)?$');
  IF m IS NULL THEN
    m := regexp_match(t, '^([0-9]{4})([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{2})([0-9]{2})(\.[0-9]{0,6})?)?$');
  END IF;
  IF m IS NULL THEN
    IF t ~ '^[ \t]*[0-9]+[-/.,][0-9]+[-/., ]+[0-9]' AND t !~ '^[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2}[^0-9 .+T-]' THEN PERFORM "mysql".json_refuse('this form of a date in JSON'); END IF;
    RETURN;
  END IF;
  year := m[1]::integer; month := m[2]::integer; day := m[3]::integer;
  IF length(m[1]) = 2 THEN year := year + CASE WHEN year < 70 THEN 2000 ELSE 1900 END; END IF;
  IF month NOT BETWEEN 1 AND 12 OR day < 1 OR year = 0 OR coalesce(m[4]::integer, 0) > 23 OR coalesce(m[5]::integer, 0) > 59 OR coalesce(m[6]::integer, 0) > 59 THEN RETURN; END IF;
  days := extract(day FROM make_date(year, month, 1) + interval '1 month' - interval '1 day');
  IF day > days THEN RETURN; END IF;
  full_time := m[4] IS NOT NULL;
  moment := format('%s-%s-%s %s:%s:%s.%s', lpad(year::text, 4, '0'), lpad(month::text, 2, '0'), lpad(day::text, 2, '0'),
    lpad(coalesce(m[4], ''), 2, '0'), lpad(coalesce(m[5], ''), 2, '0'), lpad(coalesce(m[6], ''), 2, '0'), rpad(substr(coalesce(m[7], ''), 2), 6, '0'));
END $$;
-- A time of day or an interval from text, with six digits behind the second.
CREATE OR REPLACE FUNCTION "mysql".json_clock(source text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE m text[]; hours integer;
BEGIN
  m := regexp_match(source COLLATE "C", '^(-?)(?:([0-9]{1,2}) )?([0-9]{1,3}):([0-9]{1,2})(?::([0-9]{1,2})(\.[0-9]{0,6})?)?$');
  IF m IS NULL THEN RETURN NULL; END IF;
  hours := coalesce(m[2]::integer, 0) * 24 + m[3]::integer;
  IF hours > 838 OR m[4]::integer > 59 OR coalesce(m[5]::integer, 0) > 59 THEN RETURN NULL; END IF;
  RETURN m[1] || CASE WHEN hours < 10 THEN '0' ELSE '' END || hours || ':' || lpad(m[4], 2, '0') || ':' || lpad(coalesce(m[5], ''), 2, '0') || '.' || rpad(substr(coalesce(m[6], ''), 2), 6, '0');
END $$;
-- Cuts the digits behind the second; MySQL doesn't round here.
CREATE OR REPLACE FUNCTION "mysql".json_cut(t text, digits integer) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN digits = 0 THEN split_part(t, '.', 1) ELSE left(t, length(t) - 6 + digits) END $$;
CREATE OR REPLACE FUNCTION "mysql".json_number_as(n numeric, exact boolean, kind text, size integer, digits integer) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ BEGIN
  CASE kind
    WHEN 'SIGNED' THEN
      n := CASE WHEN exact THEN round(n) ELSE round(n::float8)::numeric END;
      RETURN CASE WHEN n BETWEEN -9223372036854775808 AND 9223372036854775807 THEN n::text END;
    WHEN 'UNSIGNED' THEN
      n := CASE WHEN exact THEN round(n) ELSE round(n::float8)::numeric END;
      RETURN CASE WHEN n BETWEEN 0 AND 18446744073709551615 THEN n::text END;
    WHEN 'YEAR' THEN
      n := CASE WHEN exact THEN round(n) ELSE round(n::float8)::numeric END;
      RETURN CASE WHEN n = 0 OR n BETWEEN 1901 AND 2155 THEN n::text END;
    WHEN 'DECIMAL' THEN
      n := round(n, digits);
      RETURN CASE WHEN abs(n) < 10::numeric ^ (size - digits) THEN n::text END;
    WHEN 'DOUBLE' THEN RETURN CASE WHEN abs(n) < 1.7976931348623158e308 THEN n::text END;
    WHEN 'FLOAT' THEN
      IF abs(n) > 3.4028234e38 THEN PERFORM "mysql".json_refuse('a FLOAT of this size in JSON_VALUE'); END IF;
      RETURN n::text;
  END CASE;
END $$;
-- A scalar as a value of the kind; NULL when it isn't one.
CREATE OR REPLACE FUNCTION "mysql".json_scalar_as(j jsonb, kind text, size integer, digits integer) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE form text := "mysql".json_type(j); t text COLLATE "C" := "mysql".json_unquote(j); found record; clock text;
BEGIN
  IF kind IN ('CHAR', 'BINARY') THEN
    RETURN CASE WHEN size < 0 OR (CASE kind WHEN 'CHAR' THEN length(t) ELSE octet_length(t) END) <= size THEN t END;
  ELSIF form IN ('ARRAY', 'OBJECT', 'BLOB', 'BIT', 'OPAQUE') THEN RETURN NULL;
  ELSIF kind IN ('SIGNED', 'UNSIGNED', 'DECIMAL', 'DOUBLE', 'FLOAT', 'YEAR') THEN
    IF form = 'BOOLEAN' THEN RETURN "mysql".json_number_as(CASE WHEN j = 'true'::jsonb THEN 1 ELSE 0 END, true, kind, size, digits);
    ELSIF form = 'STRING' THEN
      IF kind IN ('SIGNED', 'UNSIGNED', 'YEAR') AND t !~ '^ *[-+]?[0-9]+$' THEN RETURN NULL; END IF;
      IF kind IN ('DOUBLE', 'FLOAT') AND t = '' THEN RETURN '0'; END IF;
      IF t !~ (CASE WHEN kind = 'DECIMAL' THEN '^ *[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})? *$' ELSE '^ *[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?$' END) THEN RETURN NULL; END IF;
      RETURN "mysql".json_number_as(t::numeric, kind = 'DECIMAL' OR t !~ '[.eE]', kind, size, digits);
    ELSIF form IN ('DATE', 'TIME', 'DATETIME', 'TIMESTAMP') THEN RETURN NULL;
    END IF;
    RETURN "mysql".json_number_as((j #>> '{}')::numeric, form <> 'DOUBLE', kind, size, digits);
  END IF;
  IF form NOT IN ('STRING', 'DATE', 'TIME', 'DATETIME', 'TIMESTAMP') THEN RETURN NULL; END IF;
  found := "mysql".json_moment(t);
  CASE kind
    WHEN 'DATE' THEN RETURN left(found.moment, 10);
    WHEN 'DATETIME' THEN RETURN CASE WHEN found.full_time OR form = 'DATE' THEN "mysql".json_cut(found.moment, digits) END;
    WHEN 'TIME' THEN
      IF form <> 'STRING' AND form <> 'TIME' THEN RETURN CASE WHEN form IN ('DATETIME', 'TIMESTAMP') AND digits = 6 THEN substr(found.moment, 12) END; END IF;
      clock := coalesce("mysql".json_clock(t), CASE WHEN found.full_time THEN substr(found.moment, 12) END);
      RETURN "mysql".json_cut(clock, digits);
  END CASE;
END $$;
-- The value of DEFAULT; it's checked whether it's needed or not.
CREATE OR REPLACE FUNCTION "mysql".json_default(t text, kind text, size integer, digits integer) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE shown text; word text := kind; place record;
BEGIN
  CASE kind
    WHEN 'JSON' THEN RETURN "mysql".json_document(t, 'in argument 1 to function json_value')::text;
    WHEN 'SIGNED' THEN
      IF t COLLATE "C" !~ '^[-+]?[0-9]+$' THEN PERFORM "mysql".json_error(1292, format('Truncated incorrect INTEGER SIGNED value: ''%s''', t)); END IF;
    WHEN 'UNSIGNED' THEN
      IF t COLLATE "C" !~ '^[-+]?[0-9]+$' THEN PERFORM "mysql".json_error(1292, format('Truncated incorrect INTEGER UNSIGNED value: ''%s''', t)); END IF;
    WHEN 'YEAR' THEN
      IF t COLLATE "C" !~ '^[-+]?[0-9]+$' THEN PERFORM "mysql".json_error(1292, format('Truncated incorrect YEAR value: ''%s''', t)); END IF;
    WHEN 'DECIMAL' THEN
      IF t COLLATE "C" !~ '^ *[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})? *$' THEN PERFORM "mysql".json_error(1292, format('Truncated incorrect DECIMAL value: ''%s''', t)); END IF;
      IF t::numeric <> round(t::numeric, digits) THEN PERFORM "mysql".json_error(1690, 'DECIMAL DEFAULT value is out of range in ''json_value'''); END IF;
    WHEN 'CHAR', 'BINARY' THEN word := 'CHAR';
    WHEN 'DOUBLE', 'FLOAT' THEN
      IF t COLLATE "C" !~ '^ *[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?$' OR abs(t::numeric) > 1.7976931348623158e308 THEN PERFORM "mysql".json_error(1292, format('Truncated incorrect DOUBLE value: ''%s''', t)); END IF;
      IF kind = 'FLOAT' AND abs(t::numeric) > 3.4028235e38 THEN PERFORM "mysql".json_error(1690, 'FLOAT DEFAULT value is out of range in ''json_value'''); END IF;
    ELSE
      IF kind = 'TIME' AND t COLLATE "C" ~ '^[0-9]{1,6}$' THEN
        t := lpad(t, 6, '0'); t := substr(t, 1, 2) || ':' || substr(t, 3, 2) || ':' || substr(t, 5, 2);
      END IF;
      shown := "mysql".json_scalar_as(to_jsonb(t), kind, 0, 6);
      IF shown IS NULL THEN PERFORM "mysql".json_error(1292, format(CASE kind WHEN 'DATE' THEN 'Truncated incorrect date value: ''%s''' WHEN 'TIME' THEN 'Truncated incorrect time value: ''%s''' ELSE 'Incorrect datetime value: ''%s''' END, t)); END IF;
      IF kind = 'DATE' THEN RETURN shown; END IF;
      IF rtrim(substr(split_part(shown, '.', 2), digits + 1), '0') <> '' THEN PERFORM "mysql".json_error(1690, 'TIME DEFAULT value is out of range in ''json_value'''); END IF;
      RETURN "mysql".json_cut(shown, digits);
  END CASE;
  shown := "mysql".json_scalar_as("mysql".json_of_text(t), kind, size, digits);
  IF shown IS NULL THEN PERFORM "mysql".json_error(1690, format('%s value is out of range in ''json_value''', CASE word WHEN 'YEAR' THEN 'YEAR' ELSE word || ' DEFAULT' END)); END IF;
  RETURN shown;
END $$;
-- JSON_VALUE. The document is given as jsonb or as text. on_empty and on_error: N for NULL, E for an error, D and the
-- default's text.
CREATE OR REPLACE FUNCTION "mysql".json_value(j jsonb, source text, path text, kind text, size integer, digits integer, on_empty text, on_error text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
$$ DECLARE legs text[] := "mysql".json_path(path); empty_value text; error_value text; matches jsonb[]; shown text; problem record;
BEGIN
  IF left(on_empty, 1) = 'D' THEN empty_value := "mysql".json_default(substr(on_empty, 2), kind, size, digits); END IF;
  IF left(on_error, 1) = 'D' THEN error_value := "mysql".json_default(substr(on_error, 2), kind, size, digits); END IF;
  IF source IS NOT NULL THEN
    IF on_error = 'E' OR "mysql".json_readable(source) THEN j := "mysql".json_document(source, 'in argument 1 to function json_value');
    ELSE
      problem := "mysql".json_problem(source);
      IF problem.problem = 'depth' THEN PERFORM "mysql".json_error(3157, 'The JSON document exceeds the maximum depth.');
      -- A warning in strict mode too.
      ELSE RAISE WARNING USING ERRCODE = 'M3141', MESSAGE = format('Invalid JSON text in argument 1 to function json_value: "%s" at position %s.', problem.problem, problem.place); END IF;
      RETURN error_value;
    END IF;
  END IF;
  IF j IS NULL THEN RETURN NULL; END IF;
  matches := ARRAY(SELECT s.item FROM "mysql".json_seek(j, legs) AS s LIMIT 2);
  IF cardinality(matches) = 0 THEN
    IF on_empty = 'E' THEN PERFORM "mysql".json_error(3966, 'No value was found by ''json_value'' on the specified path.'); END IF;
    RETURN empty_value;
  ELSIF cardinality(matches) > 1 THEN
    IF on_error = 'E' THEN PERFORM "mysql".json_error(3967, 'More than one value was found by ''json_value'' on the specified path.'); END IF;
    RETURN error_value;
  END IF;
  IF matches[1] = 'null'::jsonb THEN RETURN NULL; END IF;
  IF kind = 'JSON' THEN RETURN matches[1]::text; END IF;
  shown := "mysql".json_scalar_as(matches[1], kind, size, digits);
  IF shown IS NULL THEN
    IF on_error = 'E' THEN PERFORM "mysql".json_error(1690, format('%s value is out of range in ''json_value''', CASE kind WHEN 'CHAR' THEN 'STRING' WHEN 'BINARY' THEN 'STRING' ELSE kind END)); END IF;
    RETURN error_value;
  END IF;
  RETURN shown;
END $$;

-- Casts: MySQL always has a value, and warns of what wasn't one. name is the item that the warning names.
CREATE OR REPLACE FUNCTION "mysql".json_no_value(kind text, name text) RETURNS void LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN PERFORM "mysql".warn(3156, format('Invalid JSON value for CAST to %s from column %s at row 1', kind, name)); END $$;
CREATE OR REPLACE FUNCTION "mysql".json_to_number(j jsonb, kind text, name text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ DECLARE t text COLLATE "C"; digits text COLLATE "C"; n numeric;
BEGIN
  CASE "mysql".json_type(j)
    WHEN 'BOOLEAN' THEN RETURN CASE WHEN j = 'true'::jsonb THEN 1 ELSE 0 END;
    WHEN 'INTEGER', 'UNSIGNED INTEGER', 'DECIMAL', 'DOUBLE' THEN RETURN (j #>> '{}')::numeric;
    WHEN 'STRING' THEN
      t := ltrim("mysql".json_string(j #>> '{}'), E' \t\n\r');
      digits := substring(t from CASE kind WHEN 'INTEGER' THEN '^[-+]?[0-9]+' ELSE '^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?' END);
      IF digits IS NULL OR digits <> t THEN PERFORM "mysql".json_no_value(kind, name); END IF;
      n := coalesce(digits::numeric, 0);
      IF kind = 'DOUBLE' AND abs(n) > 1.7976931348623158e308 THEN PERFORM "mysql".json_refuse('a number of this size in JSON'); END IF;
      RETURN n;
    ELSE PERFORM "mysql".json_no_value(kind, name); RETURN 0;
  END CASE;
END $$;
-- A number of a document as a DOUBLE: the negative zero is carried by its 40 digits.
CREATE OR REPLACE FUNCTION "mysql".json_double(n numeric) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN n = 0 AND scale(n) = 40 THEN '-0'::float8 ELSE n::float8 END $$;
-- The 64 bits of an integer: signed and unsigned results differ in how they're shown only.
CREATE OR REPLACE FUNCTION "mysql".json_to_integer(j jsonb, name text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ DECLARE n numeric := "mysql".json_to_number(j, 'INTEGER', name);
BEGIN
  IF "mysql".json_type(j) = 'DOUBLE' THEN
    n := round(n::float8)::numeric;
    IF n NOT BETWEEN -9223372036854775808 AND 9223372036854775807 THEN
      PERFORM "mysql".warn(3155, format('Out of range JSON value for CAST to INTEGER from column %s at row 1', name));
      RETURN CASE WHEN n > 0 THEN 9223372036854775807 ELSE -9223372036854775808 END;
    END IF;
  END IF;
  n := round(n);
  IF n > 18446744073709551615 OR n < -9223372036854775808 THEN
    PERFORM "mysql".warn(3155, format('Out of range JSON value for CAST to INTEGER from column %s at row 1', name));
    RETURN CASE WHEN n > 0 THEN 18446744073709551615 ELSE -9223372036854775808 END;
  END IF;
  RETURN n;
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_to_signed(j jsonb, name text) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ DECLARE n numeric := "mysql".json_to_integer(j, name);
BEGIN RETURN CASE WHEN n > 9223372036854775807 THEN n - 18446744073709551616 ELSE n END; END $$;
CREATE OR REPLACE FUNCTION "mysql".json_to_unsigned(j jsonb, name text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ DECLARE n numeric := "mysql".json_to_integer(j, name);
BEGIN RETURN CASE WHEN n < 0 THEN n + 18446744073709551616 ELSE n END; END $$;
CREATE OR REPLACE FUNCTION "mysql".json_to_decimal(j jsonb, size integer, digits integer, name text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ DECLARE n numeric := round("mysql".json_to_number(j, 'DECIMAL', name), digits);
BEGIN
  IF abs(n) >= 10::numeric ^ (size - digits) THEN PERFORM "mysql".json_refuse('a decimal out of range in JSON'); END IF;
  RETURN n;
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_to_time(j jsonb, kind text, name text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ DECLARE shown text; form text := "mysql".json_type(j);
BEGIN
  IF form IN ('STRING', 'DATE', 'TIME', 'DATETIME', 'TIMESTAMP') THEN
    shown := "mysql".json_scalar_as(j, kind, 0, 6);
    IF shown IS NULL AND kind = 'DATETIME' AND form = 'STRING' THEN shown := "mysql".json_scalar_as(j, 'DATE', 0, 6) || ' 00:00:00'; END IF;
    IF shown IS NULL AND form = 'STRING' AND "mysql".json_string(j #>> '{}') ~ '[0-9]' THEN PERFORM "mysql".json_refuse('this text in JSON as a date or time'); END IF;
    IF shown IS NULL AND form IN ('DATETIME', 'TIMESTAMP', 'TIME') AND kind <> 'TIME' THEN PERFORM "mysql".json_refuse('this conversion of a time in JSON'); END IF;
  END IF;
  IF shown IS NULL OR kind = 'TIME' AND form IN ('DATE', 'DATETIME', 'TIMESTAMP') THEN
    PERFORM "mysql".json_no_value(CASE kind WHEN 'DATETIME' THEN 'DATETIME/TIMESTAMP' ELSE kind END, name);
    RETURN NULL;
  END IF;
  RETURN shown;
END $$;
-- A document ± an interval: text that is a date if the document is one and the unit is days or more.
CREATE OR REPLACE FUNCTION "mysql".shifted_json(j jsonb, name text, i interval, days boolean) RETURNS text LANGUAGE plpgsql VOLATILE STRICT AS
$$ DECLARE moment text COLLATE "C" := "mysql".json_to_time(j, 'DATETIME', name); BEGIN
 RETURN "mysql".shifted(moment::timestamp, i, days AND strpos("mysql".json_string(j #>> '{}') COLLATE "C", ':') = 0); END $$;
-- The same where a document is stored in a column under strict mode: what isn't a number is an error.
CREATE OR REPLACE FUNCTION "mysql".json_must_be_number(j jsonb, kind text, name text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ DECLARE t text COLLATE "C" := btrim("mysql".json_string(j #>> '{}'), E' \t\n\r');
BEGIN
  IF jsonb_typeof(j) NOT IN ('number', 'boolean') AND NOT (jsonb_typeof(j) = 'string' AND t ~ CASE kind WHEN 'INTEGER' THEN '^[-+]?[0-9]+$' ELSE '^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?$' END) THEN
    PERFORM "mysql".json_error(3156, format('Invalid JSON value for CAST to %s from column %s at row 1', kind, name));
  END IF;
  RETURN CASE kind WHEN 'INTEGER' THEN "mysql".json_to_integer(j, name) ELSE "mysql".json_to_number(j, kind, name) END;
END $$;
