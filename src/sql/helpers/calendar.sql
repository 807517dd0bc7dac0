-- Text and numbers read as dates and times by functions of the calendar. The rules for all helpers are in
-- ../helpers.rs. What can't be read is NULL with MySQL's warning; a zero date is -infinity. The functions that warn are
-- VOLATILE, so they are used on text only, never on columns that hold dates.

-- A date with its parts checked; NULL when no calendar has it. Partial zero dates can't be carried.
CREATE OR REPLACE FUNCTION "mysql".moment_of_parts(y integer, mo integer, d integer, h integer, mi integer, s integer, us integer) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ BEGIN
 IF y > 9999 OR mo > 12 OR d > 31 OR h > 23 OR mi > 59 OR s > 59 THEN RETURN NULL; END IF;
 IF y = 0 AND mo = 0 AND d = 0 THEN
  IF h = 0 AND mi = 0 AND s = 0 AND us = 0 THEN RETURN '-infinity'; END IF;
  RAISE EXCEPTION USING ERRCODE = 'M1235', MESSAGE = 'This version of MySQL doesn''t yet support ''a time of day on a zero date''';
 END IF;
 IF y = 0 OR mo = 0 OR d = 0 THEN
  RAISE EXCEPTION USING ERRCODE = 'M1235', MESSAGE = 'This version of MySQL doesn''t yet support ''a partial zero date''';
 END IF;
 IF d > extract(day FROM (make_date(y, mo, 1) + interval '1 month - 1 day')) THEN RETURN NULL; END IF;
 RETURN make_timestamp(y, mo, d, h, mi, s) + us * interval '1 microsecond'; END $$;

-- `bad` is how MySQL calls a text that is no date: 'Truncated incorrect date' or 'Incorrect datetime'.
CREATE OR REPLACE FUNCTION "mysql".as_moment(given text, bad text) RETURNS timestamp LANGUAGE plpgsql VOLATILE STRICT AS
$$ DECLARE s text COLLATE "C" := given; m text[] COLLATE "C"; y text COLLATE "C"; r timestamp; rest text COLLATE "C" := ''; timed boolean := false; BEGIN
 m := regexp_match(s, '^\s*(\d{1,6})[[:punct:]]+(\d{1,6})[[:punct:]]+(\d{1,6})(?:(?:T|[[:punct:]]*\s+[[:punct:]]*|[[:punct:]]+)(\d{1,6})(?:[[:punct:]]+(\d{1,6})(?:[[:punct:]]+(\d{1,6})(?:\.(\d{0,6})(\d*))?)?)?)?(.*)$');
 IF m IS NOT NULL THEN
  y := m[1]; timed := m[4] IS NOT NULL; rest := btrim(m[9], E' \t\n\r\f\v');
  IF timed AND rest COLLATE "C" ~ '^[-+]\d\d:\d\d$' THEN
   RAISE EXCEPTION USING ERRCODE = 'M1235', MESSAGE = 'This version of MySQL doesn''t yet support ''a text with a time zone offset as the argument of a function''';
  END IF;
  IF octet_length(m[8]) > 0 AND left(m[8], 1) >= '5' THEN
   RAISE EXCEPTION USING ERRCODE = 'M1235', MESSAGE = 'This version of MySQL doesn''t yet support ''fractions of a microsecond''';
  END IF;
  r := "mysql".moment_of_parts(y::int + CASE WHEN length(y) > 2 OR (y::int = 0 AND m[2]::int = 0 AND m[3]::int = 0) THEN 0 WHEN y::int < 70 THEN 2000 ELSE 1900 END, m[2]::int, m[3]::int,
   coalesce(m[4]::int, 0), coalesce(m[5]::int, 0), coalesce(m[6]::int, 0), coalesce(rpad(m[7], 6, '0')::int, 0));
 ELSE
  m := regexp_match(s, '^\s*(\d{14}|\d{12}|\d{8}|\d{6})(?:\.(\d{0,6})\d*)?(.*)$');
  IF m IS NOT NULL THEN
   y := CASE WHEN length(m[1]) IN (8, 14) THEN m[1] WHEN left(m[1], 2) < '70' THEN '20' || m[1] ELSE '19' || m[1] END;
   timed := length(y) = 14; rest := btrim(m[3], E' \t\n\r\f\v') || CASE WHEN NOT timed THEN coalesce(m[2], '') ELSE '' END; y := rpad(y, 14, '0');
   r := "mysql".moment_of_parts(substr(y, 1, 4)::int, substr(y, 5, 2)::int, substr(y, 7, 2)::int, substr(y, 9, 2)::int, substr(y, 11, 2)::int, substr(y, 13, 2)::int,
    CASE WHEN timed THEN coalesce(rpad(m[2], 6, '0')::int, 0) ELSE 0 END);
  END IF;
 END IF;
 IF r IS NULL THEN PERFORM "mysql".warn(1292, bad || ' value: ''' || given || '''');
 ELSIF octet_length(rest) > 0 THEN PERFORM "mysql".warn(1292, 'Truncated incorrect ' || CASE WHEN timed THEN 'datetime' ELSE 'date' END || ' value: ''' || given || ''''); END IF;
 RETURN r; END $$;

-- A text that is compared with a date: what isn't a date is the zero date.
CREATE OR REPLACE FUNCTION "mysql".moment_or_zero(given text, bad text) RETURNS timestamp LANGUAGE plpgsql VOLATILE STRICT AS
$$ BEGIN RETURN coalesce("mysql".as_moment(given, bad), '-infinity'); END $$;

-- What GREATEST and LEAST make of a text or a number beside dates: beyond all dates when it isn't one, which can't be shown.
CREATE OR REPLACE FUNCTION "mysql".moment_or_beyond(given text, bad text) RETURNS timestamp LANGUAGE plpgsql VOLATILE STRICT AS
$$ BEGIN RETURN coalesce("mysql".as_moment(given, bad), 'infinity'); END $$;
CREATE OR REPLACE FUNCTION "mysql".moment_or_beyond(n numeric, bad text) RETURNS timestamp LANGUAGE plpgsql VOLATILE STRICT AS
$$ DECLARE m timestamp := "mysql".moment_of_number(n); BEGIN IF m IS NOT NULL THEN RETURN m; END IF;
 RAISE EXCEPTION USING ERRCODE = 'M1235', MESSAGE = 'This version of MySQL doesn''t yet support ''a number that isn''t a date beside dates'''; END $$;
CREATE OR REPLACE FUNCTION "mysql".within_dates(m timestamp) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ BEGIN IF m < 'infinity' THEN RETURN m; END IF;
 RAISE EXCEPTION USING ERRCODE = 'M1235', MESSAGE = 'This version of MySQL doesn''t yet support ''a text that isn''t a date as the greatest of dates'''; END $$;

-- The same of a number: 20240131, 240131, 20240131102030.5.
CREATE OR REPLACE FUNCTION "mysql".moment_of_number(n numeric, shown text) RETURNS timestamp LANGUAGE plpgsql VOLATILE STRICT AS
$$ DECLARE w numeric := trunc(n); r timestamp; t text COLLATE "C"; BEGIN
 w := CASE WHEN w = 0 THEN 0 WHEN w BETWEEN 101 AND 691231 THEN (w + 20000000) * 1000000 WHEN w BETWEEN 700101 AND 991231 THEN (w + 19000000) * 1000000 WHEN w BETWEEN 1000101 AND 99991231 THEN w * 1000000
  WHEN w BETWEEN 101000000 AND 691231235959 THEN w + 20000000000000 WHEN w BETWEEN 700101000000 AND 991231235959 THEN w + 19000000000000 WHEN w BETWEEN 10000101000000 AND 99991231235959 THEN w END;
 IF w IS NOT NULL AND n >= 0 THEN t := lpad(w::text, 14, '0');
  r := "mysql".moment_of_parts(substr(t, 1, 4)::int, substr(t, 5, 2)::int, substr(t, 7, 2)::int, substr(t, 9, 2)::int, substr(t, 11, 2)::int, substr(t, 13, 2)::int,
   CASE WHEN n > 99991231 THEN trunc(mod(n, 1) * 1000000)::int ELSE 0 END); END IF;
 IF r IS NULL THEN PERFORM "mysql".warn(1292, 'Incorrect datetime value: ''' || shown || ''''); END IF;
 RETURN r; END $$;
CREATE OR REPLACE FUNCTION "mysql".moment_of_number(n numeric) RETURNS timestamp LANGUAGE plpgsql VOLATILE STRICT AS
$$ BEGIN RETURN "mysql".moment_of_number(n, n::text); END $$;

-- The same where the mode forbids the zero date.
CREATE OR REPLACE FUNCTION "mysql".nonzero_moment_of_number(n numeric) RETURNS timestamp LANGUAGE plpgsql VOLATILE STRICT AS
$$ BEGIN IF n <> 0 THEN RETURN "mysql".moment_of_number(n); END IF;
 PERFORM "mysql".warn(1292, 'Incorrect datetime value: ''' || n::text || ''''); RETURN NULL; END $$;

-- A duration of parts; NULL when minutes or seconds are none, the longest one with a warning beyond it.
CREATE OR REPLACE FUNCTION "mysql".time_of_parts(negative boolean, h numeric, mi integer, s integer, us integer, given text) RETURNS interval LANGUAGE plpgsql VOLATILE STRICT AS
$$ DECLARE r interval; BEGIN
 IF mi > 59 OR s > 59 THEN PERFORM "mysql".warn(1292, 'Truncated incorrect time value: ''' || given || ''''); RETURN NULL; END IF;
 IF h > 838 OR (h = 838 AND mi = 59 AND s = 59 AND us > 0) THEN PERFORM "mysql".warn(1292, 'Truncated incorrect time value: ''' || given || ''''); r := interval '838:59:59';
 ELSE r := make_interval(hours => h::int, mins => mi, secs => s) + us * interval '1 microsecond'; END IF;
 RETURN CASE WHEN negative THEN -r ELSE r END; END $$;
CREATE OR REPLACE FUNCTION "mysql".as_time(given text) RETURNS interval LANGUAGE plpgsql VOLATILE STRICT AS
$$ DECLARE s text COLLATE "C" := given; m text[] COLLATE "C"; r interval; rest text COLLATE "C" := ''; BEGIN
 m := regexp_match(s, '^\s*\d{2,4}-\d{1,2}-\d{1,2}\s+(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d{0,6})\d*)?)?)?(.*)$');
 IF m IS NOT NULL AND length(btrim(s)) >= 12 THEN
  IF m[1]::int > 23 THEN r := NULL; ELSE r := "mysql".time_of_parts(false, m[1]::int, coalesce(m[2]::int, 0), coalesce(m[3]::int, 0), coalesce(rpad(m[4], 6, '0')::int, 0), given); END IF; rest := btrim(m[5]);
  IF r IS NULL THEN PERFORM "mysql".warn(1292, 'Truncated incorrect time value: ''' || given || ''''); RETURN NULL; END IF;
 ELSE
  m := regexp_match(s, '^\s*(-?)(?:(\d{1,9})\s+)?(\d{1,9})(?::(\d{1,9})(?::(\d{1,9}))?)?(?:\.(\d{0,6})\d*)?(.*)$');
  IF m IS NULL THEN
   IF octet_length(btrim(s)) > 0 THEN PERFORM "mysql".warn(1292, 'Truncated incorrect time value: ''' || given || ''''); END IF;
   RETURN NULL; END IF;
  rest := btrim(m[7], E' \t\n\r\f\v');
  IF m[2] IS NULL AND m[4] IS NULL THEN
   r := "mysql".time_of_parts(m[1] = '-', trunc(m[3]::numeric / 10000), (m[3]::int / 100) % 100, m[3]::int % 100, coalesce(rpad(m[6], 6, '0')::int, 0), given);
  ELSE
   r := "mysql".time_of_parts(m[1] = '-', coalesce(m[2]::numeric, 0) * 24 + m[3]::numeric, least(coalesce(m[4]::int, 0), 99), least(coalesce(m[5]::int, 0), 99), coalesce(rpad(m[6], 6, '0')::int, 0), given);
  END IF;
  IF r IS NULL OR abs(extract(epoch FROM r)) >= 3020399 THEN RETURN r; END IF;
 END IF;
 IF octet_length(rest) > 0 THEN PERFORM "mysql".warn(1292, 'Truncated incorrect time value: ''' || given || ''''); END IF;
 RETURN r; END $$;
CREATE OR REPLACE FUNCTION "mysql".time_of_number(n numeric) RETURNS interval LANGUAGE plpgsql VOLATILE STRICT AS
$$ DECLARE w numeric := trunc(abs(n)); m timestamp; BEGIN
 IF w > 8385959 THEN
  IF n >= 10000000000 THEN m := "mysql".moment_of_number(n); RETURN m - date_trunc('day', m); END IF;
  PERFORM "mysql".warn(1292, 'Truncated incorrect time value: ''' || n::text || ''''); RETURN NULL; END IF;
 RETURN "mysql".time_of_parts(n < 0, trunc(w / 10000), mod(trunc(w / 100), 100)::int, mod(w, 100)::int, trunc(mod(abs(n), 1) * 1000000)::int, n::text); END $$;

-- Parts of a date; those of a zero date are zero.
CREATE OR REPLACE FUNCTION "mysql".part(unit text, m timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN isfinite(m) THEN trunc(date_part(unit, m))::bigint WHEN m IS NOT NULL THEN 0 END $$;
-- The time of day; that of a zero date is zero.
CREATE OR REPLACE FUNCTION "mysql".time_of_day(m timestamp) RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN isfinite(m) THEN m - date_trunc('day', m) WHEN m IS NOT NULL THEN interval '0' END $$;
-- Parts of a duration, which are never negative.
CREATE OR REPLACE FUNCTION "mysql".time_part(unit text, i interval) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE unit WHEN 'HOUR' THEN trunc(e / 3600) WHEN 'MINUTE' THEN trunc(mod(e, 3600) / 60) WHEN 'SECOND' THEN trunc(mod(e, 60)) ELSE mod(e, 1) * 1000000 END::bigint FROM (SELECT abs(extract(epoch FROM i)) e) q $$;
-- NULL outside of the years that MySQL knows.
CREATE OR REPLACE FUNCTION "mysql".in_calendar(m timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN isfinite(m) AND m < timestamp '10000-01-01' AND m >= timestamp '0001-01-01' THEN m END $$;
-- NULL for a zero date.
CREATE OR REPLACE FUNCTION "mysql".dated(m timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN isfinite(m) THEN m END $$;
-- A duration within MySQL's range; beyond it the longest one with a warning.
CREATE OR REPLACE FUNCTION "mysql".clamped_time(i interval) RETURNS interval LANGUAGE plpgsql VOLATILE STRICT AS
$$ BEGIN IF abs(extract(epoch FROM i)) <= 3020399 THEN RETURN i; END IF;
 PERFORM "mysql".warn(1292, 'Truncated incorrect time value: ''' || "mysql".time_text(i, CASE WHEN mod(extract(epoch FROM i), 1) <> 0 THEN 6 ELSE 0 END) || '''');
 RETURN CASE WHEN i < interval '0' THEN interval '-838:59:59' ELSE interval '838:59:59' END; END $$;
-- What isn't a date by its type and is shifted becomes text: a date if it was one and the unit is days or more, with a
-- fraction if there is one.
CREATE OR REPLACE FUNCTION "mysql".shifted(m timestamp, i interval, dated boolean) RETURNS text LANGUAGE plpgsql VOLATILE STRICT AS
$$ DECLARE r timestamp := "mysql".in_calendar(m + i); BEGIN
 IF r IS NULL THEN PERFORM "mysql".warn(1441, 'Datetime function: datetime field overflow'); RETURN NULL; END IF;
 IF dated THEN RETURN to_char(r, 'YYYY-MM-DD'); END IF;
 RETURN to_char(r, CASE WHEN date_trunc('second', r) = r THEN 'YYYY-MM-DD HH24:MI:SS' ELSE 'YYYY-MM-DD HH24:MI:SS.US' END); END $$;
CREATE OR REPLACE FUNCTION "mysql".shifted_text(given text, i interval, days boolean) RETURNS text LANGUAGE plpgsql VOLATILE STRICT AS
$$ BEGIN RETURN "mysql".shifted("mysql".dated("mysql".as_moment(given, 'Incorrect datetime')), i,
 days AND NOT (given COLLATE "C" ~ '^\s*(\d+[[:punct:]]+\d+[[:punct:]]+\d+(T|[[:punct:]]*\s+[[:punct:]]*|[[:punct:]]+)\d|\d{12}|\d{14})')); END $$;
CREATE OR REPLACE FUNCTION "mysql".shifted_number(n numeric, shown text, i interval, days boolean) RETURNS text LANGUAGE plpgsql VOLATILE STRICT AS
$$ DECLARE dated boolean := n < 99991232; BEGIN
 IF trunc(n) = 0 THEN PERFORM "mysql".warn(1292, 'Incorrect datetime value: ''' || shown || ''''); RETURN NULL; END IF;
 IF dated AND n > 0 AND trunc(n) <> n THEN PERFORM "mysql".warn(1292, 'Truncated incorrect date value: ''' || shown || ''''); END IF;
 RETURN "mysql".shifted("mysql".dated("mysql".moment_of_number(n, shown)), i, dated AND days); END $$;
CREATE OR REPLACE FUNCTION "mysql".shifted_year(y integer, i interval) RETURNS text LANGUAGE plpgsql VOLATILE STRICT AS
$$ BEGIN
 IF y = 0 THEN PERFORM "mysql".raise(1235, 'This version of MySQL doesn''t yet support ''the year 0 as a date'''); END IF;
 RETURN "mysql".shifted(make_timestamp(y, 1, 1, 0, 0, 0), i, false); END $$;

-- Seconds since the epoch of a local time; 0 outside of what MySQL has such seconds for.
CREATE OR REPLACE FUNCTION "mysql".unix_time(m timestamp) RETURNS numeric LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN m IS NULL THEN NULL WHEN NOT isfinite(m) THEN 0 ELSE (SELECT CASE WHEN e < 0 OR e >= 32536771200 THEN 0 ELSE e END FROM (SELECT extract(epoch FROM m AT TIME ZONE current_setting('TimeZone')) e) q) END $$;
-- INTERVAL n SECOND: floating-point numbers would lose the microseconds of large ones. Beyond any calendar it's NULL.
CREATE OR REPLACE FUNCTION "mysql".seconds(n numeric) RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN abs(n) < 1000000000000 THEN make_interval(hours => trunc(n / 3600)::int4, secs => (n - trunc(n / 3600) * 3600)::float8) END $$;
CREATE OR REPLACE FUNCTION "mysql".from_unixtime(n numeric) RETURNS timestamp LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN n >= 0 AND n < 32536771200 THEN (timestamptz 'epoch' + trunc(n)::float8 * interval '1 second' + round(mod(n, 1) * 1000000)::float8 * interval '1 microsecond')::timestamp END $$;
CREATE OR REPLACE FUNCTION "mysql".sec_to_time(n numeric) RETURNS interval LANGUAGE plpgsql VOLATILE STRICT AS
$$ BEGIN IF abs(n) < 3020400 THEN RETURN trunc(n)::float8 * interval '1 second' + round(mod(n, 1) * 1000000)::float8 * interval '1 microsecond'; END IF;
 PERFORM "mysql".warn(1292, 'Truncated incorrect time value: ''' || n::text || '''');
 RETURN CASE WHEN n < 0 THEN interval '-838:59:59' ELSE interval '838:59:59' END; END $$;
CREATE OR REPLACE FUNCTION "mysql".makedate(y bigint, d bigint) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN y BETWEEN 0 AND 9999 AND d BETWEEN 1 AND 3652500 THEN (SELECT CASE WHEN r <= date '9999-12-31' THEN r END FROM (SELECT (make_date((CASE WHEN y < 70 THEN y + 2000 WHEN y < 100 THEN y + 1900 ELSE y END)::int, 1, 1) + (d - 1)::int) r) q) END $$;
CREATE OR REPLACE FUNCTION "mysql".maketime(h bigint, mi bigint, s numeric) RETURNS interval LANGUAGE plpgsql VOLATILE STRICT AS
$$ DECLARE r interval; BEGIN IF mi NOT BETWEEN 0 AND 59 OR s < 0 OR s >= 60 THEN RETURN NULL; END IF;
 IF abs(h) > 838 THEN PERFORM "mysql".warn(1292, 'Truncated incorrect time value: ''' || h || ':' || lpad(mi::text, 2, '0') || ':' || lpad(s::text, 2, '0') || ''''); RETURN CASE WHEN h < 0 THEN interval '-838:59:59' ELSE interval '838:59:59' END; END IF;
 r := make_interval(hours => abs(h)::int, mins => mi::int, secs => trunc(s)::float8) + round(mod(s, 1) * 1000000)::float8 * interval '1 microsecond';
 RETURN "mysql".clamped_time(CASE WHEN h < 0 THEN -r ELSE r END); END $$;
-- Periods: YYYYMM or YYMM as a number of months.
CREATE OR REPLACE FUNCTION "mysql".months_of_period(p bigint, name text) RETURNS bigint LANGUAGE sql VOLATILE AS
$$ SELECT CASE WHEN p IS NULL THEN NULL WHEN p <= 0 OR p % 100 = 0 OR p % 100 > 12 THEN "mysql".fail(1210, 'Incorrect arguments to ' || name, 0::bigint)
  ELSE (CASE WHEN p / 100 < 70 THEN p / 100 + 2000 WHEN p / 100 < 100 THEN p / 100 + 1900 ELSE p / 100 END) * 12 + p % 100 - 1 END $$;
CREATE OR REPLACE FUNCTION "mysql".period_of_months(m bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT (CASE WHEN m / 12 < 70 THEN m / 12 + 2000 WHEN m / 12 < 100 THEN m / 12 + 1900 ELSE m / 12 END) * 100 + m % 12 + 1 $$;
-- A zone by its name or its offset as MySQL writes it; NULL when there is none.
CREATE OR REPLACE FUNCTION "mysql".in_zone(m timestamp, zone text) RETURNS timestamptz LANGUAGE plpgsql STABLE STRICT AS
$$ DECLARE z text COLLATE "C" := zone; BEGIN
 IF z ~ '^[-+]\d{1,2}:[0-5]\d$' THEN
  IF ltrim(z, '-+')::interval > interval '14:00' OR z::interval < interval '-13:59' THEN RETURN NULL; END IF;
  RETURN m AT TIME ZONE z::interval; END IF;
 IF upper(z) = 'SYSTEM' THEN RETURN m AT TIME ZONE 'UTC'; END IF;
 IF NOT EXISTS (SELECT 1 FROM pg_timezone_names n WHERE lower(n.name) = lower(z)) THEN RETURN NULL; END IF;
 RETURN m AT TIME ZONE z; END $$;
CREATE OR REPLACE FUNCTION "mysql".convert_tz(m timestamp, a text, b text) RETURNS timestamp LANGUAGE plpgsql STABLE STRICT AS
$$ DECLARE t timestamptz := "mysql".in_zone(m, a); z text COLLATE "C" := b; BEGIN
 IF t IS NULL OR "mysql".in_zone(m, b) IS NULL THEN RETURN NULL; END IF;
 IF t < timestamptz '1970-01-01 00:00:01+00' OR t >= timestamptz '3001-01-19 00:00:00+00' THEN RETURN m; END IF;
 RETURN CASE WHEN z ~ '^[-+]\d{1,2}:\d\d$' THEN t AT TIME ZONE z::interval WHEN upper(z) = 'SYSTEM' THEN t AT TIME ZONE 'UTC' ELSE t AT TIME ZONE z END; END $$;
-- EXTRACT of several units as one number.
CREATE OR REPLACE FUNCTION "mysql".extract_moment(unit text, m timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN m IS NULL THEN NULL WHEN NOT isfinite(m) THEN 0 ELSE to_char(m, CASE unit WHEN 'YEAR_MONTH' THEN 'YYYYMM' WHEN 'DAY_HOUR' THEN 'DDHH24' WHEN 'DAY_MINUTE' THEN 'DDHH24MI' WHEN 'DAY_SECOND' THEN 'DDHH24MISS' ELSE 'DDHH24MISSUS' END)::bigint END $$;
CREATE OR REPLACE FUNCTION "mysql".extract_time(unit text, i interval) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT (CASE WHEN i < interval '0' THEN -1 ELSE 1 END * CASE unit WHEN 'HOUR_MINUTE' THEN h * 100 + mi WHEN 'HOUR_SECOND' THEN h * 10000 + mi * 100 + s WHEN 'HOUR_MICROSECOND' THEN (h * 10000 + mi * 100 + s) * 1000000 + us WHEN 'MINUTE_SECOND' THEN mi * 100 + s
   WHEN 'MINUTE_MICROSECOND' THEN (mi * 100 + s) * 1000000 + us ELSE s * 1000000 + us END)::bigint
 FROM (SELECT trunc(e / 3600) h, trunc(mod(e, 3600) / 60) mi, trunc(mod(e, 60)) s, mod(e, 1) * 1000000 us FROM (SELECT abs(extract(epoch FROM i)) e) z) q $$;
-- An interval of several units from its text: '1:30' MINUTE_SECOND. Missing leading parts are zero.
CREATE OR REPLACE FUNCTION "mysql".interval_of(given text, unit text) RETURNS interval LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE s text COLLATE "C" := given; n numeric[]; t text[]; wanted int; count int; negative boolean; k int; r interval; BEGIN
 negative := s ~ '^\s*-'; t := ARRAY(SELECT (regexp_matches(s, '\d+', 'g'))[1]); count := coalesce(array_length(t, 1), 0);
 wanted := CASE unit WHEN 'DAY_MICROSECOND' THEN 5 WHEN 'DAY_SECOND' THEN 4 WHEN 'HOUR_MICROSECOND' THEN 4 WHEN 'DAY_MINUTE' THEN 3 WHEN 'HOUR_SECOND' THEN 3 WHEN 'MINUTE_MICROSECOND' THEN 3 ELSE 2 END;
 IF count > wanted THEN RETURN NULL; END IF;
 IF unit LIKE '%MICROSECOND' AND count > 0 THEN t[count] := rpad(left(t[count], 6), 6, '0'); END IF;
 n := array_fill(0::numeric, ARRAY[wanted]);
 FOR k IN 1..count LOOP n[wanted - count + k] := t[k]::numeric; END LOOP;
 r := CASE unit WHEN 'YEAR_MONTH' THEN make_interval(months => (n[1] * 12 + n[2])::int) WHEN 'DAY_HOUR' THEN n[1]::float8 * interval '1 day' + n[2]::float8 * interval '1 hour'
  WHEN 'DAY_MINUTE' THEN n[1]::float8 * interval '1 day' + (n[2] * 60 + n[3])::float8 * interval '1 minute' WHEN 'DAY_SECOND' THEN n[1]::float8 * interval '1 day' + (n[2] * 3600 + n[3] * 60 + n[4])::float8 * interval '1 second'
  WHEN 'DAY_MICROSECOND' THEN n[1]::float8 * interval '1 day' + (n[2] * 3600 + n[3] * 60 + n[4])::float8 * interval '1 second' + n[5]::float8 * interval '1 microsecond'
  WHEN 'HOUR_MINUTE' THEN (n[1] * 60 + n[2])::float8 * interval '1 minute' WHEN 'HOUR_SECOND' THEN (n[1] * 3600 + n[2] * 60 + n[3])::float8 * interval '1 second'
  WHEN 'HOUR_MICROSECOND' THEN (n[1] * 3600 + n[2] * 60 + n[3])::float8 * interval '1 second' + n[4]::float8 * interval '1 microsecond'
  WHEN 'MINUTE_SECOND' THEN (n[1] * 60 + n[2])::float8 * interval '1 second' WHEN 'MINUTE_MICROSECOND' THEN (n[1] * 60 + n[2])::float8 * interval '1 second' + n[3]::float8 * interval '1 microsecond'
  ELSE n[1]::float8 * interval '1 second' + n[2]::float8 * interval '1 microsecond' END;
 RETURN CASE WHEN negative THEN -r ELSE r END; END $$;
-- STR_TO_DATE; `kind` is 'date', 'time' or 'datetime', by the format; the modes NO_ZERO_DATE and NO_ZERO_IN_DATE. What can't be read is NULL with MySQL's warning.
CREATE OR REPLACE FUNCTION "mysql".str_to_date(s text, f text, kind text, no_zero boolean, no_zero_in boolean) RETURNS timestamp LANGUAGE plpgsql VOLATILE STRICT AS
$$ DECLARE re text COLLATE "C" := ''; i int := 1; c text COLLATE "C"; keys text[] := '{}'; m text[] COLLATE "C"; y int := 0; mo int := 0; d int := 0; h int := 0; mi int := 0; se int := 0; us int := 0; doy int; pm text; k int; r timestamp; BEGIN
 WHILE i <= length(f) LOOP c := substr(f, i, 1);
  IF c = '%' AND i < length(f) THEN i := i + 1; c := substr(f, i, 1);
   re := re || '\s*' || CASE WHEN c = 'Y' THEN '(\d{1,4})' WHEN c = 'j' THEN '(\d{1,3})' WHEN c = 'f' THEN '(\d{1,6})' WHEN c IN ('M', 'b', 'W', 'a') THEN '([A-Za-z]+)' WHEN c = 'p' THEN '([AaPp][Mm])' ELSE '(\d{1,2})' END; keys := keys || c;
  ELSIF c ~ '\s' THEN re := re || '\s*'; ELSE re := re || '\s*' || regexp_replace(c, '([^A-Za-z0-9])', '\\\1'); END IF; i := i + 1; END LOOP;
 m := regexp_match(s COLLATE "C", '^\s*' || re || '(.*)$');
 IF m IS NOT NULL THEN
  FOR k IN 1..coalesce(array_length(keys, 1), 0) LOOP c := keys[k];
   CASE WHEN c = 'Y' THEN y := m[k]::int + CASE WHEN length(m[k]) > 2 THEN 0 WHEN m[k]::int < 70 THEN 2000 ELSE 1900 END; WHEN c = 'y' THEN y := m[k]::int + CASE WHEN m[k]::int < 70 THEN 2000 ELSE 1900 END; WHEN c IN ('m', 'c') THEN mo := m[k]::int; WHEN c IN ('d', 'e') THEN d := m[k]::int;
    WHEN c IN ('H', 'k') THEN h := m[k]::int; WHEN c IN ('h', 'I', 'l') THEN h := m[k]::int; IF h < 1 OR h > 12 THEN h := 99; END IF; WHEN c = 'i' THEN mi := m[k]::int; WHEN c IN ('s', 'S') THEN se := m[k]::int; WHEN c = 'f' THEN us := rpad(m[k], 6, '0')::int; WHEN c = 'p' THEN pm := upper(m[k]);
    WHEN c = 'j' THEN doy := m[k]::int;
    WHEN c IN ('M', 'b') THEN mo := (SELECT n FROM generate_series(1, 12) n WHERE lower(m[k]) = CASE c WHEN 'M' THEN (array['january','february','march','april','may','june','july','august','september','october','november','december'])[n] ELSE (array['jan','feb','mar','apr','may','jun','jul','aug','sep','oct','nov','dec'])[n] END); ELSE NULL; END CASE; END LOOP;
  IF pm IS NOT NULL AND h <> 99 THEN h := h % 12 + CASE WHEN pm = 'PM' THEN 12 ELSE 0 END; END IF;
  IF kind = 'time' THEN IF h <= 23 AND mi <= 59 AND se <= 59 THEN r := make_timestamp(2000, 1, 1, h, mi, se) + us * interval '1 microsecond'; END IF;
  ELSE
   IF doy IS NOT NULL AND y > 0 AND doy BETWEEN 1 AND 366 THEN mo := extract(month FROM make_date(y, 1, 1) + (doy - 1))::int; d := extract(day FROM make_date(y, 1, 1) + (doy - 1))::int; y := extract(year FROM make_date(y, 1, 1) + (doy - 1))::int; END IF;
   IF mo IS NOT NULL AND NOT (CASE WHEN y = 0 AND mo = 0 AND d = 0 THEN no_zero ELSE no_zero_in AND (y = 0 OR mo = 0 OR d = 0) END) THEN r := "mysql".moment_of_parts(y, mo, d, h, mi, se, us); END IF; END IF;
 END IF;
 IF r IS NULL THEN PERFORM "mysql".warn(1411, 'Incorrect ' || CASE WHEN kind = 'time' THEN 'time' ELSE 'datetime' END || ' value: ''' || s || ''' for function str_to_date');
 ELSIF octet_length(btrim(m[coalesce(array_length(keys, 1), 0) + 1])) > 0 THEN PERFORM "mysql".warn(1292, 'Truncated incorrect ' || kind || ' value: ''' || s || ''''); END IF;
 RETURN r; END $$;
-- EXTRACT keeps the sign of a duration.
CREATE OR REPLACE FUNCTION "mysql".signed_time_part(unit text, i interval) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN i < interval '0' THEN -"mysql".time_part(unit, i) ELSE "mysql".time_part(unit, i) END $$;
-- A duration rounded to so many digits.
CREATE OR REPLACE FUNCTION "mysql".rounded_time(i interval, digits integer) RETURNS interval LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT make_interval(secs => round(extract(epoch FROM i), digits)::float8) $$;
-- Dates as text and as numbers; zero dates included.
CREATE OR REPLACE FUNCTION "mysql".moment_text(m timestamp, format text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN m = timestamp '-infinity' THEN translate(to_char(timestamp '0001-01-01', format), '1', '0') ELSE to_char(m, format) END $$;
