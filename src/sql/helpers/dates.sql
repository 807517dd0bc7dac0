-- Dates and times. The rules for all helpers are in ../helpers.rs.

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
$$ SELECT CASE WHEN e < 0 THEN '-' ELSE '' END || CASE WHEN abs(e) < 36000 THEN '0' ELSE '' END || trunc(abs(e) / 3600)::text || ':' || lpad(trunc(mod(abs(e), 3600) / 60)::text, 2, '0') || ':' || lpad(trunc(mod(abs(e), 60))::text, 2, '0')
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
-- lc_time_names: 12 months, 12 short ones, 7 days from Monday on, 7 short ones.
CREATE OR REPLACE FUNCTION "mysql".date_format(t timestamp, f text, names text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE n text[] := string_to_array(names COLLATE "C", '|'); r text COLLATE "C" := ''; i int := 1; c text COLLATE "C"; BEGIN
 WHILE i <= length(f) LOOP c := substr(f, i, 1);
  IF c <> '%' OR i = length(f) THEN r := r || c; i := i + 1; CONTINUE; END IF;
  c := substr(f, i + 1, 1); i := i + 2;
  r := r || CASE c WHEN 'M' THEN n[extract(month FROM t)::int] WHEN 'b' THEN n[12 + extract(month FROM t)::int]
   WHEN 'W' THEN n[24 + extract(isodow FROM t)::int] WHEN 'a' THEN n[31 + extract(isodow FROM t)::int] ELSE '%' || c END;
 END LOOP; RETURN "mysql".date_format(t, r); END $$;
CREATE OR REPLACE FUNCTION "mysql".timestampdiff(unit text, a timestamp, b timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE unit WHEN 'MICROSECOND' THEN (extract(epoch FROM b - a) * 1000000)::bigint WHEN 'SECOND' THEN trunc(extract(epoch FROM b - a))::bigint WHEN 'MINUTE' THEN trunc(extract(epoch FROM b - a) / 60)::bigint
  WHEN 'HOUR' THEN trunc(extract(epoch FROM b - a) / 3600)::bigint WHEN 'DAY' THEN trunc(extract(epoch FROM b - a) / 86400)::bigint WHEN 'WEEK' THEN trunc(extract(epoch FROM b - a) / 604800)::bigint
  ELSE (CASE WHEN b >= a THEN m ELSE -m END) / CASE unit WHEN 'QUARTER' THEN 3 WHEN 'YEAR' THEN 12 ELSE 1 END END
 FROM (SELECT (extract(year FROM hi) * 12 + extract(month FROM hi) - extract(year FROM lo) * 12 - extract(month FROM lo))::bigint - CASE WHEN (extract(day FROM hi), hi::time) < (extract(day FROM lo), lo::time) THEN 1 ELSE 0 END m
       FROM (SELECT least(a, b) lo, greatest(a, b) hi) z) q $$;
