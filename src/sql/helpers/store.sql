-- Values that PostgreSQL computes, on their way into columns: the same as src/sql/coerce does with values that the
-- proxy knows. The rules for all helpers are in ../helpers.rs.
--
-- Every function takes the value first and ends with `col`, the column's name, `strict`, and "at", the row's number in
-- MySQL's count. Without a row nothing is said of a value that doesn't fit, and it's changed as without strict mode: a
-- value that is looked at twice is warned of once. NULL stays NULL.

-- The number of the row that an UPDATE works on, which must survive from row to row and end with the statement: each
-- column counts in a setting of its own. `start` is a subquery that sets it to 0: PostgreSQL evaluates such a one once in
-- a statement, when it's first needed. While planning, PostgreSQL reads the setting too, when it's not there yet.
CREATE OR REPLACE FUNCTION "mysql".counted(name text, start text) RETURNS bigint LANGUAGE sql VOLATILE AS
$$ SELECT CASE WHEN start IS NOT NULL THEN set_config(name, (nullif(current_setting(name, true), '')::bigint + 1)::text, true)::bigint END $$;
-- The number of the row that ALTER TABLE converts; the setting ends with the transaction, which the statement is.
CREATE OR REPLACE FUNCTION "mysql".altered(name text) RETURNS bigint LANGUAGE sql VOLATILE AS
$$ SELECT set_config(name, (coalesce(nullif(current_setting(name, true), ''), '0')::bigint + 1)::text, true)::bigint $$;
-- Where a helper works row by row, it says the number itself.
CREATE OR REPLACE FUNCTION "mysql"."row"(col integer) RETURNS bigint LANGUAGE sql VOLATILE AS
$$ SELECT nullif(current_setting('mysql.row', true), '')::bigint $$;

-- A condition that names the column and the row: an error under strict mode, else a warning.
CREATE OR REPLACE FUNCTION "mysql".misfit(code integer, what text, col text, strict boolean, "at" bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS
$$ DECLARE message text := regexp_replace(what COLLATE "C", '[\U00010000-\U0010ffff]', '?', 'g') || ' for column ''' || col || ''' at row ' || "at"; BEGIN
 IF "at" IS NULL THEN RETURN; END IF;
 IF strict THEN PERFORM "mysql".raise(code, message); END IF;
 RAISE WARNING USING ERRCODE = 'M' || lpad(code::text, 4, '0'), MESSAGE = message; END $$;
CREATE OR REPLACE FUNCTION "mysql".cut_note(col text, "at" bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS
$$ BEGIN IF "at" IS NOT NULL THEN PERFORM "mysql".note(1265, 'Data truncated for column ''' || col || ''' at row ' || "at"); END IF; END $$;
CREATE OR REPLACE FUNCTION "mysql".uncarried(what text) RETURNS void LANGUAGE plpgsql VOLATILE AS
$$ BEGIN PERFORM "mysql".raise(1235, 'This version of MySQL doesn''t yet support ''' || what || ''''); END $$;
-- NULL for a NOT NULL column where MySQL stores the type's own default.
CREATE OR REPLACE FUNCTION "mysql".not_null(stored anyelement, col text, "at" bigint) RETURNS anyelement LANGUAGE plpgsql VOLATILE AS
$$ BEGIN IF "at" IS NOT NULL THEN PERFORM "mysql".warn(1048, 'Column ''' || col || ''' cannot be null'); END IF; RETURN stored; END $$;

-- Integers. Exact numbers round half away from zero, doubles half to even.
CREATE OR REPLACE FUNCTION "mysql".store_integer(x numeric, low numeric, high numeric, col text, strict boolean, "at" bigint) RETURNS numeric LANGUAGE plpgsql VOLATILE AS
$$ DECLARE n numeric := round(x); BEGIN
 IF n BETWEEN low AND high AND NOT (n = 0 AND x < 0 AND low = 0) THEN RETURN n; END IF;
 IF x IS NULL THEN RETURN NULL; END IF;
 PERFORM "mysql".misfit(1264, 'Out of range value', col, strict, "at");
 RETURN CASE WHEN x < low THEN low ELSE high END; END $$;
CREATE OR REPLACE FUNCTION "mysql".store_real_integer(x double precision, low numeric, high numeric, col text, strict boolean, "at" bigint) RETURNS numeric LANGUAGE plpgsql VOLATILE AS
$$ BEGIN RETURN "mysql".store_integer("mysql".exact_double(round(x)), low, high, col, strict, "at"); END $$;
-- What a text is as a number: its digits, NULL where it begins with none; a garbage tail; the number itself, NULL
-- where no column could hold it.
CREATE OR REPLACE FUNCTION "mysql".read_number(s text, OUT digits text, OUT tail text, OUT n numeric) LANGUAGE plpgsql IMMUTABLE AS
$$ DECLARE m text[] COLLATE "C" := regexp_match(s COLLATE "C", '^[ \t\n\r\f\v]*([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)?(.*)$'); e text COLLATE "C"; BEGIN
 digits := m[1]; tail := rtrim(m[2], E' \t\n\r\f\v');
 IF digits IS NULL THEN n := 0; RETURN; END IF;
 e := ltrim(substring(digits COLLATE "C" from '[eE]([-+]?[0-9]+)$'), '+');
 IF e IS NULL OR (octet_length(ltrim(ltrim(e, '-'), '0')) <= 3 AND abs(e::integer) <= 100) THEN n := digits::numeric;
 ELSIF e LIKE '-%' THEN n := 0; END IF; END $$;
CREATE OR REPLACE FUNCTION "mysql".store_text_integer(s text, low numeric, high numeric, col text, strict boolean, "at" bigint) RETURNS numeric LANGUAGE plpgsql VOLATILE AS
$$ DECLARE r record; n numeric; BEGIN
 IF s IS NULL THEN RETURN NULL; END IF;
 r := "mysql".read_number(s); n := round(r.n);
 IF n IS NULL OR n < low OR n > high THEN
  PERFORM "mysql".misfit(1264, 'Out of range value', col, strict, "at");
  RETURN CASE WHEN coalesce(n < low, r.digits COLLATE "C" LIKE '-%') THEN low ELSE high END; END IF;
 IF r.digits IS NULL THEN PERFORM "mysql".misfit(1366, 'Incorrect integer value: ''' || s || '''', col, strict, "at");
 ELSIF octet_length(r.tail) > 0 AND r.tail COLLATE "C" !~ '^[eE][-+]?$' THEN PERFORM "mysql".misfit(1265, 'Data truncated', col, strict, "at"); END IF;
 RETURN n; END $$;

-- DECIMAL(p,s). A text's garbage tail is an error under strict mode, else only a note.
CREATE OR REPLACE FUNCTION "mysql".store_decimal(x numeric, p integer, s integer, unsigned boolean, col text, strict boolean, "at" bigint) RETURNS numeric LANGUAGE plpgsql VOLATILE AS
$$ DECLARE n numeric := round(x, s); most numeric; BEGIN
 IF x IS NULL THEN RETURN NULL; END IF;
 IF abs(n) >= ('1e' || (p - s))::numeric OR (unsigned AND x < 0) THEN
  PERFORM "mysql".misfit(1264, 'Out of range value', col, strict, "at");
  most := ('1e' || (p - s))::numeric - ('1e-' || s)::numeric;
  RETURN CASE WHEN n > 0 THEN most WHEN unsigned THEN 0 ELSE -most END; END IF;
 IF n <> x THEN PERFORM "mysql".cut_note(col, "at"); END IF;
 RETURN n; END $$;
CREATE OR REPLACE FUNCTION "mysql".store_text_decimal(t text, p integer, s integer, unsigned boolean, col text, strict boolean, "at" bigint) RETURNS numeric LANGUAGE plpgsql VOLATILE AS
$$ DECLARE r record; most numeric := ('1e' || (p - s))::numeric - ('1e-' || s)::numeric; BEGIN
 IF t IS NULL THEN RETURN NULL; END IF;
 r := "mysql".read_number(t);
 IF r.digits IS NULL OR (strict AND (octet_length(r.tail) > 0 OR (r.n IS NULL AND r.digits COLLATE "C" NOT LIKE '-%'))) THEN
  PERFORM "mysql".misfit(1366, 'Incorrect decimal value: ''' || t || '''', col, strict, "at");
 ELSIF octet_length(r.tail) > 0 THEN PERFORM "mysql".cut_note(col, "at"); END IF;
 IF r.n IS NULL AND NOT strict THEN PERFORM "mysql".misfit(1264, 'Out of range value', col, strict, "at"); END IF;
 IF r.n IS NULL THEN RETURN CASE WHEN r.digits COLLATE "C" NOT LIKE '-%' THEN most WHEN unsigned THEN 0 ELSE -most END; END IF;
 RETURN "mysql".store_decimal(r.n, p, s, unsigned, col, strict, "at"); END $$;

-- FLOAT and DOUBLE, with (M,D): the fraction alone is rounded, half to even.
CREATE OR REPLACE FUNCTION "mysql".store_real(x double precision, most double precision, unsigned boolean, m integer, d integer, col text, strict boolean, "at" bigint) RETURNS double precision LANGUAGE plpgsql VOLATILE AS
$$ DECLARE scale double precision; BEGIN
 IF x IS NULL THEN RETURN NULL; END IF;
 IF unsigned AND x < 0 THEN PERFORM "mysql".misfit(1264, 'Out of range value', col, strict, "at"); RETURN 0; END IF;
 IF m IS NOT NULL THEN
  scale := 10::float8 ^ d; most := 10::float8 ^ (m - d) - 1 / scale;
  IF abs(x) <= most + 1 THEN x := floor(x) + round((x - floor(x)) * scale) / scale; END IF;
 END IF;
 IF abs(x) > most THEN PERFORM "mysql".misfit(1264, 'Out of range value', col, strict, "at");
  RETURN CASE WHEN x < 0 THEN -most ELSE most END; END IF;
 RETURN x; END $$;
CREATE OR REPLACE FUNCTION "mysql".store_text_real(s text, kind text, most double precision, unsigned boolean, m integer, d integer, col text, strict boolean, "at" bigint) RETURNS double precision LANGUAGE plpgsql VOLATILE AS
$$ DECLARE r record; x double precision; BEGIN
 IF s IS NULL THEN RETURN NULL; END IF;
 r := "mysql".read_number(s);
 IF r.digits IS NULL OR octet_length(r.tail) > 0 THEN PERFORM "mysql".misfit(1366, 'Incorrect ' || kind || ' value: ''' || s || '''', col, strict, "at"); END IF;
 BEGIN x := coalesce(r.digits, '0')::double precision;
 EXCEPTION WHEN numeric_value_out_of_range THEN x := CASE WHEN r.digits COLLATE "C" ~ '[eE]-' THEN 0::float8 WHEN r.digits COLLATE "C" LIKE '-%' THEN '-Infinity'::float8 ELSE 'Infinity'::float8 END; END;
 RETURN "mysql".store_real(x, most, unsigned, m, d, col, strict, "at"); END $$;

-- BIT: integers below zero are their two's complement; bytes are a number, the first one the highest.
CREATE OR REPLACE FUNCTION "mysql".store_bit(x numeric, bits integer, kind text, col text, strict boolean, "at" bigint) RETURNS numeric LANGUAGE plpgsql VOLATILE AS
$$ DECLARE k text COLLATE "C" := kind; n numeric := CASE WHEN k = 'real' THEN trunc(x) ELSE round(x) END; most numeric := trunc(2::numeric ^ bits) - 1; BEGIN
 IF x IS NULL THEN RETURN NULL; END IF;
 IF k = 'decimal' AND x < 0 THEN PERFORM "mysql".misfit(1264, 'Out of range value', col, strict, "at"); RETURN 0; END IF;
 IF n < 0 AND n >= -9223372036854775808 THEN n := n + 18446744073709551616; END IF;
 IF n BETWEEN 0 AND most THEN RETURN n; END IF;
 IF strict THEN PERFORM "mysql".misfit(1406, 'Data too long', col, strict, "at"); ELSE PERFORM "mysql".misfit(1264, 'Out of range value', col, strict, "at"); END IF;
 RETURN most; END $$;
CREATE OR REPLACE FUNCTION "mysql".store_bytes_bit(x bytea, bits integer, col text, strict boolean, "at" bigint) RETURNS numeric LANGUAGE plpgsql VOLATILE AS
$$ DECLARE b bytea := ltrim(x, '\x00'::bytea); n numeric := 0; BEGIN
 IF octet_length(b) > 8 THEN n := 1e20; ELSE FOR i IN 0..octet_length(b) - 1 LOOP n := n * 256 + get_byte(b, i); END LOOP; END IF;
 RETURN "mysql".store_bit(CASE WHEN x IS NOT NULL THEN n END, bits, 'integer', col, strict, "at"); END $$;

-- YEAR.
CREATE OR REPLACE FUNCTION "mysql".store_year(given numeric, exact boolean, col text, strict boolean, "at" bigint) RETURNS numeric LANGUAGE plpgsql VOLATILE AS
$$ DECLARE x numeric := CASE WHEN given < 0 THEN -1 WHEN exact THEN round(given) ELSE trunc(given) END; BEGIN
 IF x IS NULL THEN RETURN NULL; ELSIF x = 0 THEN RETURN 0; ELSIF x BETWEEN 1 AND 69 THEN RETURN x + 2000; ELSIF x BETWEEN 70 AND 99 THEN RETURN x + 1900; ELSIF x BETWEEN 1901 AND 2155 THEN RETURN x; END IF;
 PERFORM "mysql".misfit(1264, 'Out of range value', col, strict, "at"); RETURN 0; END $$;
CREATE OR REPLACE FUNCTION "mysql".store_text_year(s text, col text, strict boolean, "at" bigint) RETURNS numeric LANGUAGE plpgsql VOLATILE AS
$$ DECLARE r record; n numeric; BEGIN
 IF s IS NULL THEN RETURN NULL; END IF;
 r := "mysql".read_number(s); n := coalesce(round(r.n), -1);
 IF n <> 0 THEN n := "mysql".store_year(n, true, col, strict, "at"); IF n = 0 THEN RETURN 0; END IF;
 ELSIF r.digits IS NOT NULL AND char_length(btrim(s)) <> 4 THEN n := 2000; END IF;
 IF r.digits IS NULL THEN PERFORM "mysql".misfit(1366, 'Incorrect integer value: ''' || s || '''', col, strict, "at");
 ELSIF octet_length(r.tail) > 0 AND r.tail COLLATE "C" !~ '^[eE][-+]?$' THEN PERFORM "mysql".misfit(1265, 'Data truncated', col, strict, "at"); END IF;
 RETURN n; END $$;

-- Character data. `kind` is 'char', 'varchar' (width in characters), 'field' (a VARCHAR copied into another one, of
-- which MySQL says it in other words), 'text' (in bytes) or 'narrow' (text of a
-- character set of single bytes). `strange` matches a character that the column's set doesn't have; NULL where it has
-- all. `real`: a floating-point number, which MySQL would print shorter rather than cut.
CREATE OR REPLACE FUNCTION "mysql".store_text(s text, kind text, width bigint, strange text, "real" boolean, col text, strict boolean, "at" bigint) RETURNS text LANGUAGE plpgsql VOLATILE AS
$$ DECLARE t text COLLATE "C" := s; kept text COLLATE "C"; k text COLLATE "C" := kind; odd text COLLATE "C" := strange; b bytea; BEGIN
 IF t IS NULL THEN RETURN NULL; END IF;
 IF odd LIKE '!%' AND t ~ '[^\u0001-\u007f]' THEN PERFORM "mysql".uncarried('text beyond ASCII in a column of character set ' || substr(odd, 2)); END IF;
 IF odd NOT LIKE '!%' AND t ~ odd THEN
  b := convert_to(substring(t from odd || '.*$'), 'UTF8');
  PERFORM "mysql".misfit(1366, 'Incorrect string value: ''' || "mysql".shown(substr(b, 1, 6)) || CASE WHEN octet_length(b) > 6 THEN '...' ELSE '' END || '''', col, strict, "at");
  t := regexp_replace(t, odd, '?', 'g');
 END IF;
 IF k = 'text' THEN
  IF octet_length(t) > width THEN
   kept := left(t, width::integer);
   WHILE octet_length(kept) > width LOOP kept := left(kept, greatest(char_length(kept) - greatest((octet_length(kept) - width)::integer / 4, 1), 0)); END LOOP;
  END IF;
 ELSIF char_length(t) > width THEN kept := left(t, width::integer); END IF;
 IF kept IS NOT NULL THEN
  IF "real" THEN PERFORM "mysql".uncarried('a floating-point number cut to the width of a column'); END IF;
  IF k = 'field' THEN PERFORM "mysql".misfit(1265, 'Data truncated', col, strict, "at");
  ELSIF octet_length(rtrim(substr(t, char_length(kept) + 1), ' ')) > 0 THEN
   IF strict THEN PERFORM "mysql".misfit(1406, 'Data too long', col, strict, "at"); ELSE PERFORM "mysql".misfit(1265, 'Data truncated', col, strict, "at"); END IF;
  ELSIF k <> 'char' THEN PERFORM "mysql".cut_note(col, "at"); END IF;
  t := kept;
 END IF;
 RETURN CASE WHEN k = 'char' THEN rtrim(t, ' ') ELSE t END; END $$;
-- Bytes that are stored as characters: they have to be UTF-8.
CREATE OR REPLACE FUNCTION "mysql".store_bytes_text(s bytea, kind text, width bigint, strange text, col text, strict boolean, "at" bigint) RETURNS text LANGUAGE plpgsql VOLATILE AS
$$ DECLARE t text; n integer; BEGIN
 IF s IS NULL THEN RETURN NULL; END IF;
 IF position('\x00'::bytea IN s) > 0 THEN PERFORM "mysql".uncarried('a NUL character in text'); END IF;
 BEGIN t := convert_from(s, 'UTF8');
 EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
  n := octet_length(s);
  FOR i IN REVERSE n - 1..0 LOOP BEGIN t := convert_from(substr(s, 1, i), 'UTF8'); n := i; EXIT; EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN NULL; END; END LOOP;
  PERFORM "mysql".misfit(1366, 'Incorrect string value: ''' || "mysql".shown(substr(s, n + 1, 6)) || CASE WHEN octet_length(s) > n + 6 THEN '...' ELSE '' END || '''', col, strict, "at");
 END;
 RETURN "mysql".store_text(t, kind, width, strange, false, col, strict, "at"); END $$;
-- Binary data, padded with zero bytes to `pad`; `field` as for character data.
CREATE OR REPLACE FUNCTION "mysql".store_bytes(s bytea, width bigint, pad integer, "real" boolean, field boolean, col text, strict boolean, "at" bigint) RETURNS bytea LANGUAGE plpgsql VOLATILE AS
$$ BEGIN
 IF octet_length(s) > width THEN
  IF "real" THEN PERFORM "mysql".uncarried('a floating-point number cut to the width of a column'); END IF;
  IF strict AND NOT field THEN PERFORM "mysql".misfit(1406, 'Data too long', col, strict, "at"); ELSE PERFORM "mysql".misfit(1265, 'Data truncated', col, strict, "at"); END IF;
  RETURN substr(s, 1, width::integer);
 ELSIF octet_length(s) < pad THEN RETURN s || decode(repeat('00', pad - octet_length(s)), 'hex'); END IF;
 RETURN s; END $$;

-- The same in a definition, which has to be immutable; what is too long meets the column's CHECK.
CREATE OR REPLACE FUNCTION "mysql".padded(s bytea, width integer) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT s || decode(repeat('00', greatest(width - octet_length(s), 0)), 'hex') $$;

-- ENUM and SET, by name or by number. `folded`: case doesn't count.
CREATE OR REPLACE FUNCTION "mysql".store_label(s text, labels text[], folded boolean, col text, strict boolean, "at" bigint) RETURNS text LANGUAGE plpgsql VOLATILE AS
$$ DECLARE t text COLLATE "C" := rtrim(s, ' '); n integer := array_position(labels, t COLLATE "C"); BEGIN
 IF s IS NULL THEN RETURN NULL; END IF;
 IF n IS NULL AND folded THEN n := (SELECT min(i) FROM unnest(labels) WITH ORDINALITY AS l (label, i) WHERE lower(label COLLATE "und-x-icu") = lower(t COLLATE "und-x-icu")); END IF;
 IF n IS NULL AND t ~ '^[-+]?[0-9]{1,9}$' THEN n := t::integer; END IF;
 IF labels[n] IS NOT NULL THEN RETURN labels[n]; ELSIF n = 0 THEN RETURN ''; END IF;
 PERFORM "mysql".misfit(1265, 'Data truncated', col, strict, "at"); RETURN ''; END $$;
CREATE OR REPLACE FUNCTION "mysql".store_label_number(x numeric, labels text[], col text, strict boolean, "at" bigint) RETURNS text LANGUAGE plpgsql VOLATILE AS
$$ BEGIN
 IF x IS NULL THEN RETURN NULL; END IF;
 IF trunc(x) BETWEEN 1 AND cardinality(labels) THEN RETURN labels[trunc(x)::integer]; END IF;
 PERFORM "mysql".misfit(1265, 'Data truncated', col, strict, "at"); RETURN ''; END $$;
CREATE OR REPLACE FUNCTION "mysql".store_members(s text, labels text[], folded boolean, col text, strict boolean, "at" bigint) RETURNS text LANGUAGE plpgsql VOLATILE AS
$$ DECLARE t text COLLATE "C" := s; wanted text[] := CASE WHEN t = '' THEN '{}' ELSE string_to_array(t, ',') END; known integer[]; bits numeric; BEGIN
 IF s IS NULL THEN RETURN NULL; END IF;
 known := ARRAY(SELECT (SELECT min(i) FROM unnest(labels) WITH ORDINALITY AS l (label, i) WHERE label COLLATE "C" = w COLLATE "C" OR (folded AND lower(label COLLATE "und-x-icu") = lower(w COLLATE "und-x-icu"))) FROM unnest(wanted) AS w);
 IF t ~ '^-0+$' THEN RETURN ''; END IF;
 IF array_position(known, NULL) IS NOT NULL THEN
  IF t ~ '^\s*\+?[0-9]{1,20}$' THEN bits := ltrim(t, E' \t\n\r\f\v+')::numeric;
   IF bits < 2::numeric ^ cardinality(labels) THEN RETURN "mysql".store_member_bits(bits, labels, col, strict, "at"); END IF; END IF;
  PERFORM "mysql".misfit(1265, 'Data truncated', col, strict, "at");
 END IF;
 RETURN coalesce((SELECT string_agg(label, ',' ORDER BY i) FROM unnest(labels) WITH ORDINALITY AS l (label, i) WHERE i = ANY (known)), ''); END $$;
CREATE OR REPLACE FUNCTION "mysql".store_member_bits(x numeric, labels text[], col text, strict boolean, "at" bigint) RETURNS text LANGUAGE plpgsql VOLATILE AS
$$ DECLARE n numeric := trunc(x); BEGIN
 IF x IS NULL THEN RETURN NULL; END IF;
 n := least(greatest(n, -9223372036854775808), 18446744073709551615);
 IF n < 0 THEN n := n + 18446744073709551616; END IF;
 IF n >= 2::numeric ^ cardinality(labels) THEN PERFORM "mysql".misfit(1265, 'Data truncated', col, strict, "at"); END IF;
 RETURN coalesce((SELECT string_agg(label, ',' ORDER BY i) FROM unnest(labels) WITH ORDINALITY AS l (label, i) WHERE mod(trunc(n / 2::numeric ^ (i - 1)), 2) = 1), ''); END $$;
