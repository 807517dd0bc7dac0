-- Functions in schema "mysql" of the target, for what inline SQL can't say. Safe to run again.
--
-- Arguments arrive with the collation of their column, often a nondeterministic one, on which PostgreSQL refuses
-- pattern matching: every search in here says COLLATE "C". Functions that stand in conditions are not STRICT where
-- that would keep PostgreSQL from inlining them. None of them raises an error for any value.

-- The number that a text begins with; 0 when it begins with none.
CREATE OR REPLACE FUNCTION "mysql".number(s text) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN s IS NOT NULL THEN coalesce((substring(s COLLATE "C" from '^[ \t\n\r\f\v]*([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,2})?)'))::double precision, 0) END $$;
CREATE OR REPLACE FUNCTION "mysql".exact_number(s text) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN s IS NOT NULL THEN coalesce((substring(s COLLATE "C" from '^[ \t\n\r\f\v]*([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,2})?)'))::numeric, 0) END $$;
-- CAST(text AS SIGNED) takes digits only: no fraction, no exponent.
CREATE OR REPLACE FUNCTION "mysql".integer_prefix(s text) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN s IS NOT NULL THEN coalesce(substring(s COLLATE "C" from '^[ \t\n\r\f\v]*([-+]?[0-9]+)')::numeric, 0) END $$;
CREATE OR REPLACE FUNCTION "mysql".to_signed(n numeric) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT greatest(least(n, 9223372036854775807), -9223372036854775808)::bigint WHERE n IS NOT NULL $$;
CREATE OR REPLACE FUNCTION "mysql".to_unsigned(n numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN n < 0 THEN 18446744073709551616 + greatest(n, -9223372036854775808) ELSE least(n, 18446744073709551615) END $$;
CREATE OR REPLACE FUNCTION "mysql".to_decimal(n numeric, p integer, s integer) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN abs(round(n, s)) >= 10::numeric ^ (p - s) THEN sign(n) * round(10::numeric ^ (p - s) - 10::numeric ^ (-s), s) ELSE round(n, s) END $$;

-- Numbers as MySQL prints them: plain between 1e-15 and 1e15, else with an exponent without '+'. FLOAT has six digits.
CREATE OR REPLACE FUNCTION "mysql".double_text(x double precision) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN x = 0 THEN '0' WHEN abs(x) >= 1e-15 AND abs(x) < 1e15 THEN trim_scale(x::text::numeric)::text
   ELSE regexp_replace(x::text, 'e([+]|(-))0*', 'e\2') END $$;
CREATE OR REPLACE FUNCTION "mysql".float_text(x real) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT "mysql".double_text((x::numeric)::double precision) $$;

-- Letters without case and accents, for LIKE and searches under *_ai_ci.
CREATE OR REPLACE FUNCTION "mysql".fold_letters(s text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT translate(lower(regexp_replace(normalize(s COLLATE "C", NFKD), '[\u0300-\u036f]', '', 'g') COLLATE "und-x-icu"), 'øđłħŧœæð', 'odlhtœæd') $$;
CREATE OR REPLACE FUNCTION "mysql".fold(s text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN octet_length(s) = char_length(s) THEN lower(s COLLATE "C") ELSE "mysql".fold_letters(s) END $$;

-- Text.
CREATE OR REPLACE FUNCTION "mysql".substring(s text, p bigint, l bigint DEFAULT 2147483647) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN p = 0 OR l <= 0 THEN '' WHEN p > 2147483647 THEN '' WHEN p > 0 THEN substr(s, p::int, least(l, 2147483647 - p)::int)
   WHEN -p > char_length(s) THEN '' ELSE substr(s, (char_length(s) + p + 1)::int, least(l, 1000000000)::int) END $$;
CREATE OR REPLACE FUNCTION "mysql".substring_index(s text, d text, n bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN n = 0 OR d COLLATE "C" = '' THEN ''
   WHEN n > 0 THEN array_to_string((string_to_array(s COLLATE "C", d COLLATE "C"))[1:least(n, 2147483647)::int], d)
   ELSE array_to_string(a[greatest(array_length(a, 1) + n + 1, 1)::int:array_length(a, 1)], d) END FROM (SELECT string_to_array(s COLLATE "C", d COLLATE "C") a) q $$;
CREATE OR REPLACE FUNCTION "mysql".lpad(s text, n bigint, p text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN n < 0 OR n > 16777216 THEN NULL WHEN n <= char_length(s) THEN left(s, n::int) WHEN octet_length(p) = 0 THEN '' ELSE pg_catalog.lpad(s, n::int, p) END $$;
CREATE OR REPLACE FUNCTION "mysql".rpad(s text, n bigint, p text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN n < 0 OR n > 16777216 THEN NULL WHEN n <= char_length(s) THEN left(s, n::int) WHEN octet_length(p) = 0 THEN '' ELSE pg_catalog.rpad(s, n::int, p) END $$;
CREATE OR REPLACE FUNCTION "mysql".trim(s text, what text, at_start boolean, at_end boolean) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE r text COLLATE "C" := s; w text COLLATE "C" := what; BEGIN
 IF octet_length(w) = 0 THEN RETURN s; END IF;
 WHILE at_start AND left(r, char_length(w)) = w LOOP r := substr(r, char_length(w) + 1); END LOOP;
 WHILE at_end AND right(r, char_length(w)) = w LOOP r := left(r, -char_length(w)); END LOOP;
 RETURN r; END $$;
CREATE OR REPLACE FUNCTION "mysql".locate(n text, h text, p bigint DEFAULT 1) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN p < 1 OR p > char_length(h) + 1 THEN 0 ELSE (SELECT CASE WHEN k = 0 THEN 0 ELSE k + p - 1 END
   FROM (SELECT strpos(substr("mysql".fold(h), p::int) COLLATE "C", "mysql".fold(n) COLLATE "C") k) q) END::bigint $$;
CREATE OR REPLACE FUNCTION "mysql".field(x text, VARIADIC a text[]) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT coalesce((SELECT i FROM unnest(a) WITH ORDINALITY u(v, i) WHERE "mysql".fold(v) COLLATE "C" = "mysql".fold(x) COLLATE "C" ORDER BY i LIMIT 1), 0)::bigint $$;
CREATE OR REPLACE FUNCTION "mysql".find_in_set(x text, l text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN octet_length(l) = 0 OR strpos(x COLLATE "C", ',') > 0 THEN 0 ELSE coalesce((SELECT i FROM unnest(string_to_array("mysql".fold(l) COLLATE "C", ',')) WITH ORDINALITY u(v, i)
   WHERE v COLLATE "C" = "mysql".fold(x) COLLATE "C" ORDER BY i LIMIT 1), 0) END::bigint $$;
CREATE OR REPLACE FUNCTION "mysql".compare(a text, b text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN "mysql".fold(a) COLLATE "C" = "mysql".fold(b) COLLATE "C" THEN 0 WHEN a COLLATE "und-x-icu" < b COLLATE "und-x-icu" THEN -1 ELSE 1 END::bigint $$;
CREATE OR REPLACE FUNCTION "mysql".quote(s text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN s IS NULL THEN 'NULL' ELSE '''' || replace(replace(s COLLATE "C", '\', '\\'), '''', '\''') || '''' END $$;
CREATE OR REPLACE FUNCTION "mysql".format(n numeric, d bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT to_char(round(n, least(greatest(d, 0), 30)::int), 'FM999,999,999,999,999,999,999,999,999,990' || CASE WHEN d > 0 THEN '.' || repeat('0', least(d, 30)::int) ELSE '' END) $$;
CREATE OR REPLACE FUNCTION "mysql".unhex(s text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN s COLLATE "C" ~ '^[0-9A-Fa-f]*$' THEN decode(CASE WHEN char_length(s) % 2 = 1 THEN '0' || s ELSE s END, 'hex') END $$;
CREATE OR REPLACE FUNCTION "mysql".sha2(s bytea, n bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT encode(CASE n WHEN 0 THEN sha256(s) WHEN 224 THEN sha224(s) WHEN 256 THEN sha256(s) WHEN 384 THEN sha384(s) WHEN 512 THEN sha512(s) END, 'hex') $$;
CREATE OR REPLACE FUNCTION "mysql".crc32(b bytea) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE c bigint := 4294967295; i int; k int; BEGIN
 FOR i IN 0..octet_length(b) - 1 LOOP c := c # get_byte(b, i); FOR k IN 1..8 LOOP c := (c >> 1) # (3988292384 * (c & 1)); END LOOP; END LOOP;
 RETURN c # 4294967295; END $$;
CREATE OR REPLACE FUNCTION "mysql".inet_aton(s text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN s COLLATE "C" ~ '^([0-9]{1,3}\.){3}[0-9]{1,3}$' AND NOT EXISTS (SELECT 1 FROM unnest(string_to_array(s COLLATE "C", '.')) v WHERE v::int > 255)
   THEN (split_part(s COLLATE "C", '.', 1)::bigint << 24) + (split_part(s COLLATE "C", '.', 2)::bigint << 16) + (split_part(s COLLATE "C", '.', 3)::bigint << 8) + split_part(s COLLATE "C", '.', 4)::bigint END $$;
CREATE OR REPLACE FUNCTION "mysql".inet_ntoa(n bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN n BETWEEN 0 AND 4294967295 THEN concat_ws('.', n >> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255) END $$;

-- Dates.
CREATE OR REPLACE FUNCTION "mysql".timestamp(s text) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE m text[] COLLATE "C"; BEGIN
 IF s COLLATE "C" ~ '^\s*\d{14}(\.\d+)?\s*$' THEN RETURN to_timestamp(left(btrim(s), 14), 'YYYYMMDDHH24MISS')::timestamp; END IF;
 m := regexp_match(s COLLATE "C", '^\s*(\d{4})[-/.:^@]?(\d{1,2})[-/.:^@]?(\d{1,2})(?:[T ]+(\d{1,2})[:.]?(\d{1,2})?(?:[:.]?(\d{1,2}))?(?:\.(\d{1,6}))?\d*)?');
 IF m IS NULL THEN RETURN NULL; END IF;
 RETURN make_timestamp(m[1]::int, m[2]::int, m[3]::int, coalesce(m[4], '0')::int, coalesce(m[5], '0')::int, (coalesce(m[6], '0') || '.' || coalesce(m[7], '0'))::float8);
EXCEPTION WHEN others THEN RETURN NULL; END $$;
CREATE OR REPLACE FUNCTION "mysql".time(s text) RETURNS interval LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ BEGIN RETURN s::interval; EXCEPTION WHEN others THEN RETURN NULL; END $$;
CREATE OR REPLACE FUNCTION "mysql".time_text(i interval, p integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN e < 0 THEN '-' ELSE '' END || lpad(trunc(abs(e) / 3600)::text, 2, '0') || ':' || lpad(trunc(mod(abs(e), 3600) / 60)::text, 2, '0') || ':' || lpad(trunc(mod(abs(e), 60))::text, 2, '0')
   || CASE WHEN p > 0 THEN '.' || substr(lpad((mod(abs(e), 1) * 1000000)::bigint::text, 6, '0'), 1, p) ELSE '' END FROM (SELECT extract(epoch FROM i) e) q $$;
CREATE OR REPLACE FUNCTION "mysql".week(d date, m bigint DEFAULT 0) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE mode int := m::int & 7; mon boolean := (mode & 1) = 1; wy boolean := (mode & 2) = 2; fw boolean := (mode & 4) = 4;
 y int := extract(year FROM d); doy int := extract(doy FROM d) - 1; wd int; days int; BEGIN
 IF NOT mon THEN fw := NOT fw; END IF;
 wd := CASE WHEN mon THEN extract(isodow FROM make_date(y, 1, 1))::int - 1 ELSE extract(dow FROM make_date(y, 1, 1))::int END;
 IF extract(month FROM d) = 1 AND extract(day FROM d) <= 7 - wd THEN
   IF NOT wy AND ((fw AND wd <> 0) OR (NOT fw AND wd >= 4)) THEN RETURN 0; END IF;
   wy := true; y := y - 1; days := extract(doy FROM make_date(y, 12, 31)); wd := (wd + 53 * 7 - days) % 7; doy := doy + days;
 END IF;
 IF (fw AND wd <> 0) OR (NOT fw AND wd >= 4) THEN days := doy - (7 - wd); ELSE days := doy + wd; END IF;
 IF wy AND days >= 52 * 7 THEN wd := (wd + extract(doy FROM make_date(y, 12, 31))::int) % 7;
   IF (NOT fw AND wd < 4) OR (fw AND wd = 0) THEN RETURN 1; END IF; END IF;
 RETURN days / 7 + 1; END $$;
CREATE OR REPLACE FUNCTION "mysql".yearweek(d date, m bigint DEFAULT 0) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT (extract(year FROM d)::int + CASE WHEN w >= 52 AND extract(month FROM d) = 1 THEN -1 WHEN w = 1 AND extract(month FROM d) = 12 THEN 1 ELSE 0 END) * 100 + w FROM (SELECT "mysql".week(d, m | 2) w) q $$;
CREATE OR REPLACE FUNCTION "mysql".date_format(t timestamp, f text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE r text COLLATE "C" := ''; i int := 1; c text COLLATE "C"; x int := extract(day FROM t); BEGIN
 WHILE i <= length(f) LOOP c := substr(f, i, 1);
  IF c <> '%' OR i = length(f) THEN r := r || c; i := i + 1; CONTINUE; END IF;
  c := substr(f, i + 1, 1); i := i + 2;
  r := r || CASE c WHEN 'Y' THEN to_char(t, 'YYYY') WHEN 'y' THEN to_char(t, 'YY') WHEN 'm' THEN to_char(t, 'MM') WHEN 'c' THEN to_char(t, 'FMMM') WHEN 'd' THEN to_char(t, 'DD') WHEN 'e' THEN to_char(t, 'FMDD')
   WHEN 'H' THEN to_char(t, 'HH24') WHEN 'k' THEN to_char(t, 'FMHH24') WHEN 'h' THEN to_char(t, 'HH12') WHEN 'I' THEN to_char(t, 'HH12') WHEN 'l' THEN to_char(t, 'FMHH12')
   WHEN 'i' THEN to_char(t, 'MI') WHEN 's' THEN to_char(t, 'SS') WHEN 'S' THEN to_char(t, 'SS') WHEN 'f' THEN to_char(t, 'US') WHEN 'p' THEN to_char(t, 'AM')
   WHEN 'T' THEN to_char(t, 'HH24:MI:SS') WHEN 'r' THEN to_char(t, 'HH12:MI:SS AM') WHEN 'M' THEN to_char(t, 'FMMonth') WHEN 'b' THEN to_char(t, 'Mon') WHEN 'W' THEN to_char(t, 'FMDay') WHEN 'a' THEN to_char(t, 'Dy')
   WHEN 'j' THEN to_char(t, 'DDD') WHEN 'w' THEN extract(dow FROM t)::text WHEN 'U' THEN lpad("mysql".week(t::date, 0)::text, 2, '0') WHEN 'u' THEN lpad("mysql".week(t::date, 1)::text, 2, '0')
   WHEN 'V' THEN lpad("mysql".week(t::date, 2)::text, 2, '0') WHEN 'v' THEN to_char(t, 'IW') WHEN 'x' THEN to_char(t, 'IYYY')
   WHEN 'X' THEN (extract(year FROM t)::int - CASE WHEN "mysql".week(t::date, 2) >= 52 AND extract(month FROM t) = 1 THEN 1 ELSE 0 END)::text
   WHEN 'D' THEN x || CASE WHEN x IN (11, 12, 13) THEN 'th' WHEN x % 10 = 1 THEN 'st' WHEN x % 10 = 2 THEN 'nd' WHEN x % 10 = 3 THEN 'rd' ELSE 'th' END
   ELSE c END;
 END LOOP; RETURN r; END $$;
CREATE OR REPLACE FUNCTION "mysql".timestampdiff(unit text, a timestamp, b timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE unit WHEN 'MICROSECOND' THEN (extract(epoch FROM b - a) * 1000000)::bigint WHEN 'SECOND' THEN trunc(extract(epoch FROM b - a))::bigint WHEN 'MINUTE' THEN trunc(extract(epoch FROM b - a) / 60)::bigint
  WHEN 'HOUR' THEN trunc(extract(epoch FROM b - a) / 3600)::bigint WHEN 'DAY' THEN trunc(extract(epoch FROM b - a) / 86400)::bigint WHEN 'WEEK' THEN trunc(extract(epoch FROM b - a) / 604800)::bigint
  ELSE (CASE WHEN b >= a THEN m ELSE -m END) / CASE unit WHEN 'QUARTER' THEN 3 WHEN 'YEAR' THEN 12 ELSE 1 END END
 FROM (SELECT (extract(year FROM hi) * 12 + extract(month FROM hi) - extract(year FROM lo) * 12 - extract(month FROM lo))::bigint - CASE WHEN (extract(day FROM hi), hi::time) < (extract(day FROM lo), lo::time) THEN 1 ELSE 0 END m
       FROM (SELECT least(a, b) lo, greatest(a, b) hi) z) q $$;
CREATE OR REPLACE FUNCTION "mysql".str_to_date(s text, f text) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE re text COLLATE "C" := ''; i int := 1; c text COLLATE "C"; keys text[] := '{}'; m text[] COLLATE "C"; y int := 0; mo int := 0; d int := 0; h int := 0; mi int := 0; se int := 0; us int := 0; pm text; k int; BEGIN
 WHILE i <= length(f) LOOP c := substr(f, i, 1);
  IF c = '%' AND i < length(f) THEN i := i + 1; c := substr(f, i, 1);
   IF c = 'T' THEN re := re || '(\d{1,2}):(\d{1,2}):(\d{1,2})'; keys := keys || array['H', 'i', 's'];
   ELSIF c IN ('Y', 'y', 'm', 'c', 'd', 'e', 'H', 'k', 'h', 'I', 'l', 'i', 's', 'S', 'f', 'M', 'b', 'p') THEN
    re := re || '\s*' || CASE WHEN c = 'Y' THEN '(\d{1,4})' WHEN c = 'f' THEN '(\d{1,6})' WHEN c IN ('M', 'b') THEN '([A-Za-z]+)' WHEN c = 'p' THEN '([AaPp][Mm])' ELSE '(\d{1,2})' END; keys := keys || c;
   ELSE RETURN NULL; END IF;
  ELSIF c ~ '\s' THEN re := re || '\s*'; ELSE re := re || regexp_replace(c, '([^A-Za-z0-9])', '\\\1'); END IF; i := i + 1; END LOOP;
 m := regexp_match(s COLLATE "C", '^\s*' || re); IF m IS NULL THEN RETURN NULL; END IF;
 FOR k IN 1..coalesce(array_length(keys, 1), 0) LOOP c := keys[k];
  CASE WHEN c = 'Y' THEN y := m[k]::int; WHEN c = 'y' THEN y := m[k]::int + CASE WHEN m[k]::int < 70 THEN 2000 ELSE 1900 END; WHEN c IN ('m', 'c') THEN mo := m[k]::int; WHEN c IN ('d', 'e') THEN d := m[k]::int;
   WHEN c IN ('H', 'k', 'h', 'I', 'l') THEN h := m[k]::int; WHEN c = 'i' THEN mi := m[k]::int; WHEN c IN ('s', 'S') THEN se := m[k]::int; WHEN c = 'f' THEN us := rpad(m[k], 6, '0')::int; WHEN c = 'p' THEN pm := upper(m[k]);
   WHEN c IN ('M', 'b') THEN mo := (strpos('janfebmaraprmayjunjulaugsepoctnovdec' COLLATE "C", lower(left(m[k], 3))) + 2) / 3; ELSE NULL; END CASE; END LOOP;
 IF pm IS NOT NULL THEN h := h % 12 + CASE WHEN pm = 'PM' THEN 12 ELSE 0 END; END IF;
 RETURN make_timestamp(y, mo, d, h, mi, se + us / 1000000.0);
EXCEPTION WHEN others THEN RETURN NULL; END $$;

-- JSON.
CREATE OR REPLACE FUNCTION "mysql".json_unquote(j jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE jsonb_typeof(j) WHEN 'string' THEN j #>> '{}' ELSE j::text END $$;
CREATE OR REPLACE FUNCTION "mysql".json_length(j jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE jsonb_typeof(j) WHEN 'array' THEN jsonb_array_length(j)::bigint WHEN 'object' THEN (SELECT count(*) FROM jsonb_object_keys(j)) WHEN NULL THEN NULL ELSE 1 END WHERE j IS NOT NULL $$;
CREATE OR REPLACE FUNCTION "mysql".json_type(j jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE jsonb_typeof(j) WHEN 'object' THEN 'OBJECT' WHEN 'array' THEN 'ARRAY' WHEN 'string' THEN 'STRING' WHEN 'boolean' THEN 'BOOLEAN' WHEN 'null' THEN 'NULL'
   WHEN 'number' THEN CASE WHEN j::text ~ '[.eE]' THEN 'DOUBLE' ELSE 'INTEGER' END END $$;
CREATE OR REPLACE FUNCTION "mysql".json_valid(s text) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ BEGIN PERFORM s::jsonb; RETURN 1; EXCEPTION WHEN others THEN RETURN 0; END $$;

-- Any value of a group: what MySQL shows for a column that grouping determines.
CREATE OR REPLACE FUNCTION "mysql".first_of(a anyelement, b anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT a $$;
CREATE OR REPLACE AGGREGATE "mysql".any_value(anyelement) (sfunc = "mysql".first_of, stype = anyelement, parallel = safe, combinefunc = "mysql".first_of);

-- Raises a sequence to at least `wanted`: MySQL's counter follows ids that are given. Small steps are taken one by
-- one, since setting a sequence could move it backwards under concurrent use.
CREATE OR REPLACE FUNCTION "mysql".reach(sequence regclass, wanted numeric) RETURNS void LANGUAGE plpgsql VOLATILE AS
$$ DECLARE now_at bigint; BEGIN
 IF wanted IS NULL OR wanted < 1 OR wanted > 9223372036854774000 THEN RETURN; END IF;
 EXECUTE format('SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM %s', sequence) INTO now_at;
 IF now_at >= wanted THEN RETURN; END IF;
 IF wanted - now_at <= 1000 THEN
   WHILE now_at < wanted LOOP now_at := nextval(sequence); END LOOP;
 ELSE
   PERFORM setval(sequence, wanted::bigint);
 END IF; END $$;
CREATE OR REPLACE FUNCTION "mysql".sleep(seconds double precision) RETURNS bigint LANGUAGE plpgsql VOLATILE AS
$$ BEGIN PERFORM pg_sleep(greatest(seconds, 0)); RETURN 0; END $$;
