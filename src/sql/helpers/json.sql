-- JSON documents. The rules for all helpers are in ../helpers.rs.
--
-- The carrier of MySQL's JSON is jsonb. What jsonb has no type for is told apart like this:
-- * INTEGER: a number without a fraction. UNSIGNED INTEGER: with the fraction .00. DECIMAL: three zeros more than its
--   own digits. DOUBLE: the shortest digits, at least .0; the negative zero is a zero with 40 digits behind the point,
--   more than a DECIMAL can have. Values compare as numbers, whatever their kind.
-- * DATE, TIME, DATETIME, TIMESTAMP and binary data: a string that begins with U+FDD0, a letter for the kind (D, T, M,
--   S, B) and MySQL's text; for B the type's number, a colon and base64. A string of the application that itself
--   begins with U+FDD0 has U+FDD0 and s in front.
-- * A NUL character in a string: the string begins with U+FDD0 and N; NUL is written as 01 01 and 01 as 01 02, which keeps
--   the order of strings. Names of members can't hold NUL.

-- Raises MySQL's error.
CREATE OR REPLACE FUNCTION "mysql".json_error(code integer, message text) RETURNS void LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN RAISE EXCEPTION USING ERRCODE = 'M' || lpad(code::text, 4, '0'), MESSAGE = message; END $$;

-- SQL values as JSON scalars.
CREATE OR REPLACE FUNCTION "mysql".json_of_text(t text) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT to_jsonb(CASE WHEN left(t, 1) COLLATE "C" = E'\uFDD0' THEN E'\uFDD0s' || t ELSE t END) $$;
CREATE OR REPLACE FUNCTION "mysql".json_of_double(d double precision) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT to_jsonb(CASE WHEN n = 0 AND d::text = '-0' THEN round(n, 40) WHEN scale(n) = 0 THEN round(n, 1) ELSE n END) FROM (SELECT d::text::numeric AS n) AS s $$;
CREATE OR REPLACE FUNCTION "mysql".json_of_bytes(b bytea, kind integer) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT to_jsonb(E'\uFDD0B' || kind || ':' || encode(b, 'base64')) $$;

-- A document that was put together of others: MySQL's limit is 100 levels. What is smaller than the headers of 101
-- containers can't exceed it.
CREATE OR REPLACE FUNCTION "mysql".json_shallow(j jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ BEGIN
  IF pg_column_size(j) > 800 AND jsonb_path_exists(j, 'strict $.**{100} ? (@.type() == "object" || @.type() == "array")') THEN
    PERFORM "mysql".json_error(3157, 'The JSON document exceeds the maximum depth.');
  END IF;
  RETURN j;
END $$;

-- A number as MySQL prints it; n is jsonb's text.
CREATE OR REPLACE FUNCTION "mysql".json_number_text(n text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE fraction text COLLATE "C" := split_part(n, '.', 2); printed text COLLATE "C";
BEGIN
  IF fraction = '' THEN
    IF length(n) <= 18 OR n::numeric BETWEEN -9223372036854775808 AND 18446744073709551615 THEN RETURN n; END IF;
  ELSIF fraction = '00' THEN RETURN split_part(n, '.', 1);
  ELSIF length(fraction) = 40 AND n::numeric = 0 THEN RETURN '-0.0';
  ELSIF right(fraction, 3) = '000' THEN RETURN rtrim(left(n, -3), '.');
  END IF;
  printed := "mysql".double_text(n::float8);
  RETURN CASE WHEN printed ~ '[.e]' THEN printed ELSE printed || '.0' END;
END $$;
-- The application's text of a JSON string. PostgreSQL has no text with NUL; with an argument, the refusal of it isn't
-- evaluated while planning.
CREATE OR REPLACE FUNCTION "mysql".json_nul(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ BEGIN PERFORM "mysql".json_error(1235, 'This version of MySQL doesn''t yet support ''a NUL character in JSON'''); RETURN NULL; END $$;
CREATE OR REPLACE FUNCTION "mysql".json_string(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN left(t, 1) COLLATE "C" <> E'\uFDD0' THEN t WHEN substr(t, 2, 1) COLLATE "C" = 'N' THEN "mysql".json_nul(t) WHEN substr(t, 2, 1) COLLATE "C" = 'B' THEN 'base64:type' || substr(t, 3) ELSE substr(t, 3) END $$;
-- What strings are compared by: a NUL is the lowest character.
CREATE OR REPLACE FUNCTION "mysql".json_ordered(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN left(t, 2) COLLATE "C" = E'\uFDD0N' THEN substr(t, 3) ELSE replace("mysql".json_string(t) COLLATE "C", E'\x01', E'\x01\x02') END $$;
-- The JSON text of a string that holds NUL.
CREATE OR REPLACE FUNCTION "mysql".json_nul_text(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT '"' || string_agg(left(substr(to_json(replace(piece, E'\x01\x02', E'\x01'))::text, 2), -1), '\u0000' ORDER BY n) || '"'
   FROM string_to_table(substr(t, 3) COLLATE "C", E'\x01\x01') WITH ORDINALITY AS s(piece, n) $$;
-- A document as MySQL prints it.
CREATE OR REPLACE FUNCTION "mysql".json_text(j jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE t text COLLATE "C" := j::text;
BEGIN
  IF t !~ E'[.\uFDD0]|[0-9]{16}' THEN RETURN t; END IF;
  RETURN (SELECT string_agg(
    CASE WHEN m[1] COLLATE "C" ~ '^[-0-9]' THEN "mysql".json_number_text(m[1])
      WHEN m[1] COLLATE "C" ~ E'^"\uFDD0B' THEN '"base64:type' || substr(m[1], 4)
      WHEN m[1] COLLATE "C" ~ E'^"\uFDD0N' THEN "mysql".json_nul_text(m[1]::jsonb #>> '{}')
      WHEN m[1] COLLATE "C" ~ E'^"\uFDD0' THEN '"' || substr(m[1], 4)
      ELSE m[1] END, '' ORDER BY n)
    FROM regexp_matches(t, '("(?:[^"\\]|\\.)*"|-?[0-9][0-9.]*|[^"0-9-]+)', 'g') WITH ORDINALITY AS s(m, n));
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_unquote(j jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE jsonb_typeof(j) WHEN 'string' THEN "mysql".json_string(j #>> '{}') ELSE "mysql".json_text(j) END $$;
CREATE OR REPLACE FUNCTION "mysql".json_type(j jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE jsonb_typeof(j) WHEN 'object' THEN 'OBJECT' WHEN 'array' THEN 'ARRAY' WHEN 'boolean' THEN 'BOOLEAN' WHEN 'null' THEN 'NULL'
    WHEN 'string' THEN CASE WHEN left(j #>> '{}', 1) COLLATE "C" <> E'\uFDD0' THEN 'STRING' ELSE
      CASE substr(j #>> '{}', 2, 1) COLLATE "C" WHEN 'D' THEN 'DATE' WHEN 'T' THEN 'TIME' WHEN 'M' THEN 'DATETIME' WHEN 'S' THEN 'TIMESTAMP' WHEN 's' THEN 'STRING' WHEN 'N' THEN 'STRING'
        ELSE CASE WHEN substr(j #>> '{}', 3, 3) COLLATE "C" = '16:' THEN 'BIT' WHEN split_part(substr(j #>> '{}', 3), ':', 1) COLLATE "C" IN ('15', '249', '250', '251', '252', '253', '254') THEN 'BLOB' ELSE 'OPAQUE' END END END
    WHEN 'number' THEN CASE WHEN j::text ~ '^0\.0{40}$' THEN 'DOUBLE' WHEN j::text ~ '\.[0-9]*000$' THEN 'DECIMAL' WHEN j::text ~ '\.00$' THEN 'UNSIGNED INTEGER' WHEN j::text ~ '\.' THEN 'DOUBLE'
      WHEN (j #>> '{}')::numeric BETWEEN -9223372036854775808 AND 9223372036854775807 THEN 'INTEGER'
      WHEN (j #>> '{}')::numeric BETWEEN 0 AND 18446744073709551615 THEN 'UNSIGNED INTEGER' ELSE 'DOUBLE' END END $$;

-- The first error that MySQL's parser (RapidJSON) finds in a text: its name and the byte where it stands; NULL when
-- there is none. A depth above 100 is the error 'depth'.
CREATE OR REPLACE FUNCTION "mysql".json_string_end(t text, at integer, OUT problem text, OUT next integer) LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE tail text COLLATE "C"; ch text COLLATE "C"; code integer; size integer := length(t);
BEGIN
  next := at + 1;
  LOOP
    tail := substring(substr(t, next, 4096) from E'^[^"\\\\\\x01-\\x1f]+');
    next := next + coalesce(length(tail), 0);
    IF next > size THEN problem := 'Missing a closing quotation mark in string.'; RETURN; END IF;
    ch := substr(t, next, 1);
    IF ch = '"' THEN next := next + 1; RETURN; END IF;
    IF ch = '\' THEN
      tail := substr(t, next + 1, 1);
      IF tail = 'u' THEN
        IF substr(t, next + 2, 4) !~ '^[0-9a-fA-F]{4}$' THEN problem := 'Incorrect hex digit after \u escape in string.'; RETURN; END IF;
        code := ('x' || substr(t, next + 2, 4))::bit(16)::integer;
        IF code BETWEEN 55296 AND 56319 THEN
          IF substr(t, next + 6, 6) !~* '^\\ud[c-f][0-9a-f]{2}$' THEN problem := 'The surrogate pair in string is invalid.'; RETURN; END IF;
          next := next + 6;
        ELSIF code BETWEEN 56320 AND 57343 THEN problem := 'The surrogate pair in string is invalid.'; RETURN;
        END IF;
        next := next + 6;
      ELSIF tail <> '' AND strpos('"\/bfnrt', tail) > 0 THEN next := next + 2;
      ELSE problem := 'Invalid escape character in string.'; RETURN; END IF;
    ELSIF ascii(ch) < 32 THEN problem := 'Invalid encoding in string.'; RETURN;
    END IF;
  END LOOP;
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_value_end(t text, at integer, OUT problem text, OUT next integer) LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE ch text COLLATE "C" := substr(t, at, 1); word text COLLATE "C"; found text COLLATE "C"; step record;
BEGIN
  next := at;
  IF ch = '"' THEN
    step := "mysql".json_string_end(t, at); problem := step.problem; next := step.next; RETURN;
  END IF;
  IF ch IN ('t', 'f', 'n') THEN
    word := CASE ch WHEN 't' THEN 'true' WHEN 'f' THEN 'false' ELSE 'null' END;
    FOR i IN 1..length(word) LOOP
      IF substr(t, at + i - 1, 1) <> substr(word, i, 1) THEN problem := 'Invalid value.'; RETURN; END IF;
      next := next + 1;
    END LOOP;
    RETURN;
  END IF;
  IF ch = '-' THEN next := next + 1; END IF;
  found := substring(substr(t, next) from '^(?:0|[1-9][0-9]*)');
  IF found IS NULL THEN problem := 'Invalid value.'; RETURN; END IF;
  next := next + length(found);
  IF substr(t, next, 1) = '.' THEN
    next := next + 1;
    found := substring(substr(t, next) from '^[0-9]+');
    IF found IS NULL THEN problem := 'Miss fraction part in number.'; RETURN; END IF;
    next := next + length(found);
  END IF;
  IF substr(t, next, 1) IN ('e', 'E') THEN
    next := next + 1;
    IF substr(t, next, 1) IN ('+', '-') THEN next := next + 1; END IF;
    found := substring(substr(t, next) from '^[0-9]+');
    IF found IS NULL THEN problem := 'Miss exponent in number.'; RETURN; END IF;
    next := next + length(found);
  END IF;
  found := substr(t, at, next - at);
  IF found ~ '[.eE]' OR length(found) > 300 THEN
    IF substring(found from '[eE]\+?0*([0-9]*)$')::numeric > 400 AND found ~ '[1-9].*[eE]' OR (coalesce(substring(found from '[eE][-+]?0*([0-9]*)$'), '0') || '')::numeric <= 400 AND abs(found::numeric) > 1.7976931348623158e308 THEN
      problem := 'Number too big to be stored in double.'; next := at;
    END IF;
  END IF;
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_problem(source text, OUT problem text, OUT place integer) LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE t text COLLATE "C" := source; at integer := 1; open text[] := '{}'; ch text COLLATE "C"; expect text := 'value'; step record; size integer := length(source);
BEGIN
  LOOP
    at := at + coalesce(length(substring(substr(t, at, 4096) from E'^[ \\t\\n\\r]+')), 0);
    ch := substr(t, at, 1);
    IF expect = 'end' THEN
      IF at <= size THEN problem := 'The document root must not be followed by other values.'; END IF;
      EXIT;
    ELSIF expect IN ('value', 'first') THEN
      IF ch = '' AND cardinality(open) = 0 THEN problem := 'The document is empty.'; EXIT; END IF;
      IF expect = 'first' AND ch = ']' THEN at := at + 1; open := trim_array(open, 1); expect := 'after';
      ELSIF ch IN ('{', '[') THEN
        IF cardinality(open) >= 100 THEN problem := 'depth'; EXIT; END IF;
        open := open || ch; at := at + 1; expect := CASE ch WHEN '[' THEN 'first' ELSE 'first name' END;
      ELSE
        step := "mysql".json_value_end(t, at); at := step.next;
        IF step.problem IS NOT NULL THEN problem := step.problem; EXIT; END IF;
        expect := 'after';
      END IF;
    ELSIF expect IN ('name', 'first name') THEN
      IF expect = 'first name' AND ch = '}' THEN at := at + 1; open := trim_array(open, 1); expect := 'after';
      ELSIF ch <> '"' THEN problem := 'Missing a name for object member.'; EXIT;
      ELSE
        step := "mysql".json_string_end(t, at); at := step.next;
        IF step.problem IS NOT NULL THEN problem := step.problem; EXIT; END IF;
        at := at + coalesce(length(substring(substr(t, at, 4096) from E'^[ \\t\\n\\r]+')), 0);
        IF substr(t, at, 1) <> ':' THEN problem := 'Missing a colon after a name of object member.'; EXIT; END IF;
        at := at + 1; expect := 'value';
      END IF;
    ELSIF ch = ',' THEN at := at + 1; expect := CASE open[cardinality(open)] WHEN '[' THEN 'value' ELSE 'name' END;
    ELSIF open[cardinality(open)] = '[' THEN
      IF ch <> ']' THEN problem := 'Missing a comma or '']'' after an array element.'; EXIT; END IF;
      at := at + 1; open := trim_array(open, 1);
    ELSE
      IF ch <> '}' THEN problem := 'Missing a comma or ''}'' after an object member.'; EXIT; END IF;
      at := at + 1; open := trim_array(open, 1);
    END IF;
    IF expect = 'after' AND cardinality(open) = 0 THEN expect := 'end'; END IF;
  END LOOP;
  place := octet_length(left(t, at - 1));
END $$;

-- A number as it's written in a text, in the carrier's form.
CREATE OR REPLACE FUNCTION "mysql".json_number_carried(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE n numeric; shown text COLLATE "C";
BEGIN
  IF t COLLATE "C" !~ '[.eE]' THEN
    IF length(t) <= 18 OR t::numeric BETWEEN -9223372036854775808 AND 18446744073709551615 THEN RETURN t; END IF;
    n := t::numeric;
  ELSIF t COLLATE "C" !~ '^-?[0.]*[1-9]' OR coalesce(substring(t COLLATE "C" from '[eE]-0*([0-9]*)$'), '0')::numeric > 400 THEN
    RETURN CASE WHEN left(t, 1) COLLATE "C" = '-' THEN '0.' || repeat('0', 40) ELSE '0.0' END;
  ELSE
    n := t::numeric;
  END IF;
  IF abs(n) < 2.48e-324 THEN RETURN CASE WHEN n < 0 THEN '0.' || repeat('0', 40) ELSE '0.0' END; END IF;
  shown := n::float8::text::numeric::text;
  RETURN CASE WHEN shown ~ '\.' THEN shown ELSE shown || '.0' END;
END $$;
-- A JSON string with NUL in the carrier's form; next is what follows it.
CREATE OR REPLACE FUNCTION "mysql".json_nul_carried(string text, next text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ DECLARE t text COLLATE "C" := replace(string COLLATE "C", '\\', '\u005c');
BEGIN
  IF next COLLATE "C" ~ E'^[ \\t\\n\\r]*:' THEN PERFORM "mysql".json_nul(t); END IF;
  t := regexp_replace(regexp_replace(t, '\\u0001', '\\u0001\\u0002', 'g'), '\\u0000', '\\u0001\\u0001', 'g');
  RETURN E'"\uFDD0N' || substr(t, 2);
END $$;
-- A text that is known to be JSON, in the carrier's form.
CREATE OR REPLACE FUNCTION "mysql".json_carried(source text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE t text COLLATE "C" := source;
BEGIN
  IF t !~* E'[0-9][.eE]|[0-9]{16}|\uFDD0|\\\\ufdd0|\\\\u0000' THEN RETURN t::jsonb; END IF;
  RETURN (SELECT string_agg(
    CASE WHEN m[1] COLLATE "C" ~ '^[-0-9]' THEN "mysql".json_number_carried(m[1])
      WHEN m[1] COLLATE "C" ~ '^".*\\u0000' AND m[1] COLLATE "C" ~ '[^\\](\\\\)*\\u0000' THEN "mysql".json_nul_carried(m[1], next)
      WHEN m[1] COLLATE "C" ~* E'^"(\uFDD0|\\\\ufdd0)' THEN E'"\uFDD0s' || substr(m[1], 2)
      ELSE m[1] END, '' ORDER BY n)
    FROM (SELECT s.m, s.n, lead(s.m[1]) OVER (ORDER BY s.n) AS next
      FROM regexp_matches(t, '("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|[^"0-9-]+)', 'g') WITH ORDINALITY AS s(m, n)) AS parts)::jsonb;
END $$;
-- Whether a text is JSON to PostgreSQL. Not for parallel workers: they can't catch errors.
CREATE OR REPLACE FUNCTION "mysql".json_readable(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ BEGIN PERFORM t::jsonb; RETURN true; EXCEPTION WHEN others THEN RETURN false; END $$;
CREATE OR REPLACE FUNCTION "mysql".json_raise_syntax(t text, place text) RETURNS void LANGUAGE plpgsql IMMUTABLE AS
$$ DECLARE found record := "mysql".json_problem(t);
BEGIN
  IF found.problem = 'depth' THEN PERFORM "mysql".json_error(3157, 'The JSON document exceeds the maximum depth.'); END IF;
  IF found.problem IS NOT NULL THEN
    PERFORM "mysql".json_error(CASE WHEN starts_with(place COLLATE "C", 'in value') THEN 3140 ELSE 3141 END,
      CASE WHEN starts_with(place COLLATE "C", 'in value') THEN format('Invalid JSON text: "%s" at position %s %s.', found.problem, found.place, place)
        ELSE format('Invalid JSON text %s: "%s" at position %s.', place, found.problem, found.place) END);
  END IF;
END $$;
-- A text as a document; place says where it stands: in argument n to function f.
CREATE OR REPLACE FUNCTION "mysql".json_document(t text, place text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ BEGIN
  IF NOT "mysql".json_readable(t) OR length(t) > 200 AND length(t) - length(translate(t, '[{', '')) > 100 OR t COLLATE "C" ~ '[0-9]{200}|[eE][+]?[0-9]{3}' THEN
    PERFORM "mysql".json_raise_syntax(t, place);
  END IF;
  RETURN "mysql".json_carried(t);
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_valid(s text) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ DECLARE found record;
BEGIN
  IF NOT "mysql".json_readable(s) OR length(s) > 200 AND length(s) - length(translate(s, '[{', '')) > 100 THEN
    found := "mysql".json_problem(s);
    IF found.problem = 'depth' THEN PERFORM "mysql".json_error(3157, 'The JSON document exceeds the maximum depth.'); END IF;
    RETURN (found.problem IS NULL)::integer;
  END IF;
  RETURN 1;
END $$;

-- MySQL's order of two documents: negative, zero or positive.
CREATE OR REPLACE FUNCTION "mysql".json_rank(j jsonb) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE jsonb_typeof(j) WHEN 'null' THEN 1 WHEN 'number' THEN 2 WHEN 'object' THEN 4 WHEN 'array' THEN 5 WHEN 'boolean' THEN 6
  ELSE CASE "mysql".json_type(j) WHEN 'STRING' THEN 3 WHEN 'DATE' THEN 7 WHEN 'TIME' THEN 8 WHEN 'DATETIME' THEN 9 WHEN 'TIMESTAMP' THEN 9 WHEN 'OPAQUE' THEN 10 WHEN 'BIT' THEN 11 ELSE 12 END END $$;
CREATE OR REPLACE FUNCTION "mysql".json_compare(a jsonb, b jsonb) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE ranks integer := sign("mysql".json_rank(a) - "mysql".json_rank(b)); x text COLLATE "C"; y text COLLATE "C"; found integer; pair record; negative boolean;
BEGIN
  IF ranks <> 0 THEN RETURN ranks; END IF;
  IF a = b THEN RETURN 0; END IF;
  CASE jsonb_typeof(a)
    WHEN 'number' THEN RETURN sign((a #>> '{}')::numeric - (b #>> '{}')::numeric);
    WHEN 'boolean' THEN RETURN CASE WHEN a = 'true'::jsonb THEN 1 ELSE -1 END;
    WHEN 'string' THEN
      x := "mysql".json_ordered(a #>> '{}'); y := "mysql".json_ordered(b #>> '{}');
      IF "mysql".json_type(a) = 'TIME' THEN
        negative := left(x, 1) = '-';
        IF negative AND left(y, 1) <> '-' THEN RETURN -1; END IF;
        IF left(y, 1) = '-' AND NOT negative THEN RETURN 1; END IF;
        found := CASE WHEN length(x) <> length(y) THEN sign(length(x) - length(y)) WHEN x > y THEN 1 WHEN x < y THEN -1 ELSE 0 END;
        RETURN CASE WHEN negative THEN -found ELSE found END;
      ELSIF "mysql".json_rank(a) > 9 THEN
        RETURN CASE WHEN decode(split_part(x, ':', 3), 'base64') > decode(split_part(y, ':', 3), 'base64') THEN 1 WHEN decode(split_part(x, ':', 3), 'base64') < decode(split_part(y, ':', 3), 'base64') THEN -1 ELSE 0 END;
      END IF;
      RETURN CASE WHEN x > y THEN 1 WHEN x < y THEN -1 ELSE 0 END;
    WHEN 'array' THEN
      FOR i IN 0 .. least(jsonb_array_length(a), jsonb_array_length(b)) - 1 LOOP
        found := "mysql".json_compare(a -> i, b -> i);
        IF found <> 0 THEN RETURN found; END IF;
      END LOOP;
      RETURN sign(jsonb_array_length(a) - jsonb_array_length(b));
    WHEN 'object' THEN
      found := sign((SELECT count(*) FROM jsonb_object_keys(a)) - (SELECT count(*) FROM jsonb_object_keys(b)));
      IF found <> 0 THEN RETURN found; END IF;
      FOR pair IN SELECT l.key AS lk, l.value AS lv, r.key AS rk, r.value AS rv FROM jsonb_each(a) WITH ORDINALITY AS l(key, value, n) JOIN jsonb_each(b) WITH ORDINALITY AS r(key, value, n) USING (n) ORDER BY n LOOP
        IF pair.lk COLLATE "C" <> pair.rk COLLATE "C" THEN RETURN CASE WHEN pair.lk COLLATE "C" > pair.rk COLLATE "C" THEN 1 ELSE -1 END; END IF;
        found := "mysql".json_compare(pair.lv, pair.rv);
        IF found <> 0 THEN RETURN found; END IF;
      END LOOP;
      RETURN 0;
    ELSE RETURN 0;
  END CASE;
END $$;

-- A document as GROUP BY, DISTINCT and UNION tell it apart: a TIMESTAMP is the DATETIME that it shows.
CREATE OR REPLACE FUNCTION "mysql".json_grouped(j jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN jsonb_typeof(j) = 'string' AND starts_with(j #>> '{}' COLLATE "C", E'\uFDD0S') THEN to_jsonb(E'\uFDD0M' || substr(j #>> '{}', 3)) ELSE j END $$;

-- A text whose order is MySQL's order of documents when it sorts. Arrays and objects sort by their size only, of which
-- MySQL warns once in a statement; the setting mysql.json_sorted remembers in which that was.
CREATE OR REPLACE FUNCTION "mysql".json_sort_key(j jsonb) RETURNS text LANGUAGE plpgsql VOLATILE STRICT AS
$$ DECLARE n numeric; digits text COLLATE "C"; power integer; t text COLLATE "C";
BEGIN
  IF jsonb_typeof(j) IN ('array', 'object') AND current_setting('mysql.json_sorted', true) IS DISTINCT FROM statement_timestamp()::text THEN
    PERFORM set_config('mysql.json_sorted', statement_timestamp()::text, false);
    RAISE WARNING USING ERRCODE = 'M1235', MESSAGE = 'This version of MySQL doesn''t yet support ''sorting of non-scalar JSON values''';
  END IF;
  CASE jsonb_typeof(j)
    WHEN 'null' THEN RETURN '0';
    WHEN 'number' THEN
      n := (j #>> '{}')::numeric;
      IF n = 0 THEN RETURN '2'; END IF;
      digits := ltrim(replace(trim_scale(abs(n))::text, '.', ''), '0');
      power := CASE WHEN abs(n) >= 1 THEN length(trunc(abs(n))::text) ELSE -length(substring(abs(n)::text from '^0\.(0*)')) END;
      t := lpad((power + 10000)::text, 5, '0') || rtrim(digits, '0');
      RETURN CASE WHEN n > 0 THEN '3' || t ELSE '1' || translate(t, '0123456789', '9876543210') || '~' END;
    WHEN 'object' THEN RETURN '5' || lpad((SELECT count(*) FROM jsonb_object_keys(j))::text, 10, '0');
    WHEN 'array' THEN RETURN '6' || lpad(jsonb_array_length(j)::text, 10, '0');
    WHEN 'boolean' THEN RETURN CASE WHEN j = 'true'::jsonb THEN '8' ELSE '7' END;
    ELSE
      t := "mysql".json_ordered(j #>> '{}');
      CASE "mysql".json_type(j)
        WHEN 'STRING' THEN RETURN '4' || t;
        WHEN 'DATE' THEN RETURN '9' || t;
        WHEN 'TIME' THEN RETURN ':' || CASE WHEN left(t, 1) = '-' THEN '-' || translate(lpad(substr(t, 2), 20, '0'), '0123456789', '9876543210') ELSE lpad(t, 20, '0') END;
        WHEN 'DATETIME' THEN RETURN ';' || t;
        WHEN 'TIMESTAMP' THEN RETURN ';' || t;
        ELSE RETURN '<' || encode(decode(split_part(t, ':', 3), 'base64'), 'hex');
      END CASE;
  END CASE;
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_lesser(a jsonb, b jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN "mysql".json_compare(a, b) <= 0 THEN a ELSE b END $$;
CREATE OR REPLACE FUNCTION "mysql".json_greater(a jsonb, b jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN "mysql".json_compare(a, b) >= 0 THEN a ELSE b END $$;
CREATE OR REPLACE AGGREGATE "mysql".json_min(jsonb) (SFUNC = "mysql".json_lesser, STYPE = jsonb);
CREATE OR REPLACE AGGREGATE "mysql".json_max(jsonb) (SFUNC = "mysql".json_greater, STYPE = jsonb);
CREATE OR REPLACE FUNCTION "mysql".json_of_bit(n numeric, bytes integer) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT "mysql".json_of_bytes(substring(int8send((CASE WHEN n > 9223372036854775807 THEN n - 18446744073709551616 ELSE n END)::bigint) from 9 - bytes), 16) $$;
-- JSON_UNQUOTE of a text: only one in quotes is parsed.
CREATE OR REPLACE FUNCTION "mysql".json_unquote_text(t text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN t COLLATE "C" ~ '^".*"$' AND length(t) > 1 THEN "mysql".json_string("mysql".json_document(t, 'in argument 1 to function json_unquote') #>> '{}') ELSE t END $$;

-- The bytes in which MySQL stores a document: GROUP_CONCAT sorts documents by them. Documents above 64 KiB and values that
-- MySQL stores in forms of its own are refused.
CREATE OR REPLACE FUNCTION "mysql".little_endian(n numeric, width integer) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT string_agg(substr(b, i, 1), ''::bytea ORDER BY i DESC) FROM (SELECT int8send("mysql".bits(n)) AS b) AS s, generate_series(9 - width, 8) AS i $$;
CREATE OR REPLACE FUNCTION "mysql".json_bytes(j jsonb) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ DECLARE kind text := "mysql".json_type(j); n numeric; b bytea; item bytea; entries bytea := ''; names bytea := ''; data bytea := ''; total integer; head integer; member record;
BEGIN
  CASE kind
    WHEN 'NULL' THEN RETURN '\x0400';
    WHEN 'BOOLEAN' THEN RETURN CASE WHEN j = 'true'::jsonb THEN '\x0401'::bytea ELSE '\x0402'::bytea END;
    WHEN 'INTEGER' THEN
      n := (j #>> '{}')::numeric;
      IF n BETWEEN -32768 AND 32767 THEN RETURN '\x05'::bytea || "mysql".little_endian(n, 2); END IF;
      IF n BETWEEN -2147483648 AND 2147483647 THEN RETURN '\x07'::bytea || "mysql".little_endian(n, 4); END IF;
      RETURN '\x09'::bytea || "mysql".little_endian(n, 8);
    WHEN 'UNSIGNED INTEGER' THEN
      n := (j #>> '{}')::numeric;
      IF n <= 65535 THEN RETURN '\x06'::bytea || "mysql".little_endian(n, 2); END IF;
      IF n <= 4294967295 THEN RETURN '\x08'::bytea || "mysql".little_endian(n, 4); END IF;
      RETURN '\x0a'::bytea || "mysql".little_endian(n, 8);
    WHEN 'DOUBLE' THEN
      b := float8send((j #>> '{}')::float8);
      RETURN '\x0b'::bytea || (SELECT string_agg(substr(b, i, 1), ''::bytea ORDER BY i DESC) FROM generate_series(1, 8) AS i);
    WHEN 'STRING' THEN
      b := convert_to("mysql".json_string(j #>> '{}'), 'UTF8'); total := length(b);
      WHILE total > 127 LOOP names := names || "mysql".little_endian(128 + total % 128, 1); total := total / 128; END LOOP;
      RETURN '\x0c'::bytea || names || "mysql".little_endian(total, 1) || b;
    WHEN 'ARRAY', 'OBJECT' THEN
      total := CASE kind WHEN 'ARRAY' THEN jsonb_array_length(j) ELSE (SELECT count(*) FROM jsonb_object_keys(j)) END;
      head := 4 + total * 3;
      IF kind = 'OBJECT' THEN
        head := head + total * 4;
        FOR member IN SELECT k FROM jsonb_object_keys(j) AS k LOOP
          b := convert_to(member.k, 'UTF8');
          entries := entries || "mysql".little_endian(head + length(names), 2) || "mysql".little_endian(length(b), 2);
          names := names || b;
        END LOOP;
      END IF;
      FOR member IN SELECT e.v FROM jsonb_array_elements(CASE kind WHEN 'ARRAY' THEN j END) AS e(v)
        UNION ALL SELECT o.value FROM jsonb_each(CASE kind WHEN 'OBJECT' THEN j END) AS o LOOP
        item := "mysql".json_bytes(member.v);
        IF get_byte(item, 0) IN (4, 5, 6) THEN
          entries := entries || decode(rpad(encode(item, 'hex'), 6, '0'), 'hex');
        ELSE
          entries := entries || substr(item, 1, 1) || "mysql".little_endian(head + length(names) + length(data), 2);
          data := data || substr(item, 2);
        END IF;
      END LOOP;
      IF head + length(names) + length(data) > 65535 THEN PERFORM "mysql".json_error(1235, 'This version of MySQL doesn''t yet support ''GROUP_CONCAT … ORDER BY JSON above 64 KiB'''); END IF;
      RETURN CASE kind WHEN 'ARRAY' THEN '\x02'::bytea ELSE '\x00'::bytea END || "mysql".little_endian(total, 2)
        || "mysql".little_endian(head + length(names) + length(data), 2) || entries || names || data;
    ELSE
      PERFORM "mysql".json_error(1235, format('This version of MySQL doesn''t yet support ''GROUP_CONCAT … ORDER BY JSON of type %s''', kind));
      RETURN NULL;
  END CASE;
END $$;
