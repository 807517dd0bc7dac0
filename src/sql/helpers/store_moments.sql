-- Texts and numbers on their way into DATE, DATETIME, TIMESTAMP and TIME columns: src/sql/temporal/read.rs and
-- src/sql/coerce/moments.rs, for values that PostgreSQL computes. See store.sql for what all functions take.
--
-- What was read travels as an array: 1 found, 2 to 8 year (of a duration: 1 below zero), month, day, hours, minutes,
-- seconds, microseconds, 9 tenths of one, 10 displacement in seconds, 11 truncated, 12 out of range, 13 zero, 14 to 16
-- code, place and standard of the first deprecated delimiter, 17 has a time of day, 18 a date was dropped.
-- `mode` has bits: 2 NO_ZERO_DATE, 4 NO_ZERO_IN_DATE, 8 ALLOW_INVALID_DATES, 16 TIME_TRUNCATE_FRACTIONAL.

-- The parts that were read, checked.
CREATE OR REPLACE FUNCTION "mysql".checked_moment(m integer[], mode integer) RETURNS integer[] LANGUAGE plpgsql IMMUTABLE AS
$$ DECLARE bad integer; BEGIN
 IF m[2:8] = '{0,0,0,0,0,0,0}' THEN IF mode & 2 > 0 THEN bad := 13; END IF;
 ELSIF m[3] = 0 OR m[4] = 0 THEN IF mode & 4 > 0 THEN bad := 13; END IF;
 ELSIF mode & 8 = 0 AND m[4] > (CASE WHEN m[3] = 2 THEN CASE WHEN m[2] % 4 = 0 AND (m[2] % 100 <> 0 OR m[2] % 400 = 0) AND m[2] <> 0 THEN 29 ELSE 28 END WHEN m[3] IN (4, 6, 9, 11) THEN 30 ELSE 31 END) THEN bad := 12;
 END IF;
 IF bad IS NOT NULL THEN m[bad] := 1; m[14] := NULL; ELSE m[1] := 1; END IF;
 RETURN m; END $$;

-- A text with a date, with or without a time of day.
CREATE OR REPLACE FUNCTION "mysql".read_moment(given text, mode integer) RETURNS integer[] LANGUAGE plpgsql IMMUTABLE AS
$$ DECLARE t text COLLATE "C" := given; m integer[] := '{0,0,0,0,0,0,0,0,0,NULL,0,0,0,NULL,NULL,NULL,0,0}'; p text[] COLLATE "C"; d text COLLATE "C"; c text COLLATE "C";
 i integer := 1; k integer; count integer := 0; years integer := 0; run integer; seen integer; last integer; standard text COLLATE "C"; compact boolean; rest text COLLATE "C"; BEGIN
 p := regexp_match(t, '^(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$');
 IF p IS NOT NULL THEN
  FOR k IN 1..6 LOOP m[k + 1] := coalesce(p[k], '0')::integer; END LOOP;
  m[8] := rpad(coalesce(p[7], '0'), 6, '0')::integer; count := CASE WHEN p[4] IS NULL THEN 3 ELSE 6 END; years := 4; i := char_length(t) + 1;
 ELSE
  WHILE substr(t, i, 1) ~ '[ \t\n\r\v\f]' LOOP i := i + 1; END LOOP;
  IF i > 1 THEN m[14] := ascii(t); m[15] := 0; END IF;
  run := char_length(substring(substr(t, i) from '^[0-9T]*'));
  IF substr(t, i, 1) !~ '[0-9]' THEN m[11] := 1; m[14] := NULL; RETURN m; END IF;
  compact := substr(t, i + run, 1) IN ('', '.');
  IF compact THEN years := CASE WHEN run IN (4, 8) OR run >= 14 THEN 4 ELSE 2 END; END IF;
  FOR k IN 0..5 LOOP
   d := substring(substr(t, i) from CASE WHEN NOT compact THEN '^[0-9]+' WHEN k = 0 AND years = 4 THEN '^[0-9]{1,4}' ELSE '^[0-9]{1,2}' END);
   EXIT WHEN d IS NULL;
   IF char_length(ltrim(d, '0')) > 6 THEN m[11] := 1; m[14] := NULL; RETURN m; END IF;
   m[k + 2] := d::integer; count := k + 1; i := i + char_length(d);
   IF k = 0 AND NOT compact THEN years := char_length(d); END IF;
   EXIT WHEN i > char_length(t);
   IF k = 2 AND substr(t, i, 1) = 'T' THEN i := i + 1; CONTINUE; END IF;
   IF k = 5 THEN
    IF substr(t, i, 1) = '.' THEN
     d := substring(substr(t, i + 1) from '^[0-9]*'); i := i + 1 + char_length(d);
     m[8] := rpad(left(d, 6), 6, '0')::integer; m[9] := CASE WHEN char_length(d) > 6 THEN substr(d, 7, 1)::integer ELSE 0 END;
    END IF;
    IF substr(t, i, 1) IN ('+', '-') THEN
     rest := substr(t, i);
     IF rest !~ '^[-+][0-9]{2}:[0-5][0-9]$' OR rest = '-00:00' OR substr(rest, 2) > '14:00' THEN m[11] := 1; m[14] := NULL; RETURN m; END IF;
     m[10] := (substr(rest, 2, 2)::integer * 3600 + substr(rest, 5, 2)::integer * 60) * CASE WHEN rest LIKE '-%' THEN -1 ELSE 1 END; i := char_length(t) + 1;
    END IF;
    EXIT;
   END IF;
   standard := CASE WHEN k < 2 THEN '-' WHEN k = 2 AND NOT compact THEN ' ' ELSE ':' END; last := i; seen := 0;
   LOOP
    c := substr(t, i, 1);
    EXIT WHEN c = '' OR NOT (c ~ '[[:punct:]]' OR (NOT compact AND c ~ '[ \t\n\r\v\f]'));
    IF c ~ '[ \t\n\r\v\f]' AND k <> 2 THEN
     IF substr(t, i) ~ '^[ \t\n\r\v\f]*$' THEN i := last; EXIT; END IF;
     m[11] := 1; m[14] := NULL; RETURN m;
    END IF;
    IF m[14] IS NULL AND (seen > 0 OR compact OR c <> standard) THEN m[14] := ascii(c); m[15] := i - 1; m[16] := CASE WHEN seen = 0 THEN ascii(standard) END; END IF;
    seen := seen + 1; i := i + 1;
   END LOOP;
   EXIT WHEN NOT compact AND substr(t, i, 1) !~ '[0-9]';
  END LOOP;
 END IF;
 rest := substr(t, i);
 IF years <= 2 AND m[2:8] <> '{0,0,0,0,0,0,0}' THEN m[2] := m[2] + CASE WHEN m[2] < 70 THEN 2000 ELSE 1900 END; END IF;
 IF count < 3 OR m[2] > 9999 OR m[3] > 12 OR m[4] > 31 OR m[5] > 23 OR m[6] > 59 OR m[7] > 59 THEN
  m[CASE WHEN m[2:8] <> '{0,0,0,0,0,0,0}' OR rest !~ '^[ \t\n\r\v\f]*$' THEN 11 ELSE 13 END] := 1; m[14] := NULL; RETURN m; END IF;
 m := "mysql".checked_moment(m, mode);
 IF m[1] = 0 THEN RETURN m; END IF;
 m[17] := (count > 3)::integer;
 IF octet_length(rest) > 0 THEN
  IF rest !~ '^[ \t\n\r\v\f]*$' THEN m[11] := 1; ELSIF m[14] IS NULL THEN m[14] := ascii(rest); m[15] := i - 1; END IF; END IF;
 RETURN m; END $$;
CREATE OR REPLACE FUNCTION "mysql".read_number_moment(x numeric, mode integer) RETURNS integer[] LANGUAGE plpgsql IMMUTABLE AS
$$ DECLARE m integer[] := '{0,0,0,0,0,0,0,0,0,NULL,0,0,0,NULL,NULL,NULL,0,0}'; n numeric := trunc(x); w numeric; f bigint := trunc(abs(x - trunc(x)) * 10000000)::bigint; t text COLLATE "C"; BEGIN
 w := CASE WHEN n = 0 AND x >= 0 THEN 0 WHEN n BETWEEN 101 AND 691231 THEN (n + 20000000) * 1000000 WHEN n BETWEEN 700101 AND 991231 THEN (n + 19000000) * 1000000 WHEN n BETWEEN 1000101 AND 99991231 THEN n * 1000000
  WHEN n BETWEEN 101000000 AND 691231235959 THEN n + 20000000000000 WHEN n BETWEEN 700101000000 AND 991231235959 THEN n + 19000000000000 WHEN n BETWEEN 10000101000000 AND 99991231235959 THEN n END;
 IF x < 0 OR n > 99991231235959 THEN m[12] := 1; RETURN m; END IF;
 IF w IS NULL THEN m[11] := 1; RETURN m; END IF;
 t := lpad(w::text, 14, '0');
 m[2] := substr(t, 1, 4)::integer; m[3] := substr(t, 5, 2)::integer; m[4] := substr(t, 7, 2)::integer; m[5] := substr(t, 9, 2)::integer; m[6] := substr(t, 11, 2)::integer; m[7] := substr(t, 13, 2)::integer;
 IF m[3] > 12 OR m[4] > 31 OR m[5] > 23 OR m[6] > 59 OR m[7] > 59 THEN m[11] := 1; RETURN m; END IF;
 m := "mysql".checked_moment(m, mode);
 IF m[1] = 0 THEN
  IF n <> 0 THEN m[11] := 1; END IF;
  RETURN m; END IF;
 m[17] := (n > 99991231)::integer;
 IF m[17] = 0 AND n <> 0 AND f > 0 THEN m[11] := 1; RETURN m; END IF;
 m[8] := f / 10; m[9] := f % 10;
 RETURN m; END $$;
CREATE OR REPLACE FUNCTION "mysql".moment_parts(x timestamp) RETURNS integer[] LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN
 IF NOT isfinite(x) THEN RETURN '{1,0,0,0,0,0,0,0,0,NULL,0,0,0,NULL,NULL,NULL,1,0}'; END IF;
 RETURN ARRAY[1, extract(year FROM x), extract(month FROM x), extract(day FROM x), extract(hour FROM x), extract(minute FROM x), trunc(extract(second FROM x)), mod(extract(microseconds FROM x), 1000000), 0, NULL, 0, 0, 0, NULL, NULL, NULL, 1, 0]::integer[]; END $$;

-- What MySQL says of what was read; `kind` is its word for the column's type.
CREATE OR REPLACE FUNCTION "mysql".moment_report(m integer[], kind text, given text, col text, strict boolean, "at" bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS
$$ DECLARE bad boolean := 1 IN (m[11], m[12], m[13]); place text; BEGIN
 IF m[14] IS NOT NULL AND NOT (strict AND bad) AND "at" IS NOT NULL THEN
  place := format('Delimiter ''%s'' in position %s in datetime value ''%s'' at row %s is', chr(m[14]), m[15], given, "at");
  IF m[16] IS NULL THEN RAISE WARNING USING ERRCODE = 'M4096', MESSAGE = place || ' superfluous and is deprecated. Please remove.';
  ELSE RAISE WARNING USING ERRCODE = 'M4095', MESSAGE = place || ' deprecated. Prefer the standard ''' || chr(m[16]) || '''.'; END IF;
 END IF;
 IF NOT bad THEN RETURN; END IF;
 IF strict THEN PERFORM "mysql".misfit(1292, 'Incorrect ' || kind || ' value: ''' || given || '''', col, strict, "at");
 ELSIF m[11] = 1 THEN PERFORM "mysql".misfit(1265, 'Data truncated', col, strict, "at");
 ELSE PERFORM "mysql".misfit(1264, 'Out of range value', col, strict, "at"); END IF; END $$;
CREATE OR REPLACE FUNCTION "mysql".dropped_note(kind text, given text, col text, strict boolean, "at" bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS
$$ BEGIN
 IF "at" IS NULL THEN RETURN; END IF;
 IF strict THEN PERFORM "mysql".note(1292, 'Incorrect ' || kind || ' value: ''' || given || ''' for column ''' || col || ''' at row ' || "at");
 ELSE PERFORM "mysql".cut_note(col, "at"); END IF; END $$;

-- What was read, as the column holds it: `kind` is 'date', 'datetime' or 'timestamp', `digits` those of its fraction.
-- A TIMESTAMP is answered as local time.
CREATE OR REPLACE FUNCTION "mysql".store_moment(m integer[], given text, kind text, digits integer, mode integer, col text, strict boolean, "at" bigint) RETURNS timestamp LANGUAGE plpgsql VOLATILE AS
$$ DECLARE k text COLLATE "C" := kind; bad boolean; r timestamp; z timestamptz; us integer := m[8]; unit integer := (10 ^ (6 - digits))::integer; beyond boolean := false; partial boolean := false; zone text := current_setting('TimeZone'); BEGIN
 IF m IS NULL THEN RETURN NULL; END IF;
 -- A date without month or day is none for a TIMESTAMP, whatever stands between its parts.
 IF k = 'timestamp' AND m[2] > 0 AND (m[3] = 0 OR m[4] = 0) THEN m[14] := NULL; END IF;
 PERFORM "mysql".moment_report(m, CASE k WHEN 'date' THEN k ELSE 'datetime' END, given, col, strict, "at");
 IF m[1] = 0 THEN RETURN '-infinity'; END IF;
 bad := 1 IN (m[11], m[12], m[13]);
 IF m[2] = 0 AND m[3] = 0 AND m[4] = 0 THEN
  us := CASE WHEN mode & 16 > 0 THEN us / unit * unit ELSE (us + unit / 2) / unit * unit END;
  IF k = 'timestamp' AND (m[5:7] <> '{0,0,0}' OR us > 0) THEN beyond := true;
  ELSIF k = 'datetime' AND us = 1000000 THEN
   IF strict THEN PERFORM "mysql".misfit(1292, 'Incorrect datetime value: ''' || given || '''', col, strict, "at"); ELSE PERFORM "mysql".misfit(1264, 'Out of range value', col, strict, "at"); END IF;
   RETURN '-infinity';
  ELSIF k = 'datetime' AND (m[5:7] <> '{0,0,0}' OR us > 0) THEN PERFORM "mysql".uncarried('a time of day on a zero date');
  ELSE
   IF k = 'date' AND m[2:8] <> '{0,0,0,0,0,0,0}' AND NOT bad THEN PERFORM "mysql".dropped_note('date', given, col, strict, "at"); END IF;
   RETURN '-infinity'; END IF;
 ELSIF m[2] = 0 OR m[3] = 0 OR m[4] = 0 OR m[4] > extract(day FROM make_date(m[2], m[3], 1) + interval '1 month - 1 day') THEN
  IF k <> 'timestamp' THEN PERFORM "mysql".uncarried('a partial zero date or a day that isn''t in the calendar'); END IF;
  beyond := true; partial := true;
 END IF;
 IF NOT beyond THEN
  IF mode & 16 > 0 THEN us := us / unit * unit;
  ELSE us := us + CASE WHEN digits >= 6 AND m[9] >= 5 THEN 1 ELSE 0 END; us := (us + unit / 2) / unit * unit; END IF;
  r := make_timestamp(m[2], m[3], m[4], m[5], m[6], m[7]) + us * interval '1 microsecond';
  IF r >= timestamp '10000-01-01' THEN
   IF "at" IS NOT NULL THEN
    IF strict THEN PERFORM "mysql".raise(1441, 'Datetime function: datetime field overflow'); END IF;
    RAISE WARNING USING ERRCODE = 'M1441', MESSAGE = 'Datetime function: datetime field overflow'; END IF;
   IF k <> 'timestamp' THEN RETURN '-infinity'; END IF;
   beyond := true;
  END IF;
 END IF;
 IF k = 'date' THEN
  IF r <> date_trunc('day', r) AND NOT bad THEN PERFORM "mysql".dropped_note('date', given, col, strict, "at"); END IF;
  RETURN date_trunc('day', r); END IF;
 IF NOT beyond AND m[10] IS NOT NULL THEN r := ((r - m[10] * interval '1 second') AT TIME ZONE 'UTC') AT TIME ZONE zone; END IF;
 IF k = 'timestamp' THEN
  z := r AT TIME ZONE zone;
  IF beyond OR z < timestamptz '1970-01-01 00:00:01+00' OR z >= timestamptz '2038-01-19 03:14:08+00' OR (z AT TIME ZONE zone) <> r THEN
   IF strict THEN PERFORM "mysql".misfit(1292, 'Incorrect datetime value: ''' || given || '''', col, strict, "at");
   ELSIF partial AND given COLLATE "C" ~ '^[0-9.]+$' THEN PERFORM "mysql".misfit(1265, 'Data truncated', col, strict, "at");
   ELSE PERFORM "mysql".misfit(1264, 'Out of range value', col, strict, "at"); END IF;
   IF NOT beyond AND (z AT TIME ZONE zone) <> r THEN PERFORM "mysql".uncarried('a time of day that the time zone skips'); END IF;
   RETURN '-infinity'; END IF;
 END IF;
 RETURN r; END $$;
CREATE OR REPLACE FUNCTION "mysql".store_text_moment(x text, kind text, digits integer, mode integer, col text, strict boolean, "at" bigint) RETURNS timestamp LANGUAGE plpgsql VOLATILE AS
$$ BEGIN IF x IS NULL THEN RETURN NULL; END IF;
 RETURN "mysql".store_moment("mysql".read_moment(x, mode), x, kind, digits, mode, col, strict, "at"); END $$;
CREATE OR REPLACE FUNCTION "mysql".store_number_moment(x numeric, kind text, digits integer, mode integer, col text, strict boolean, "at" bigint) RETURNS timestamp LANGUAGE plpgsql VOLATILE AS
$$ BEGIN IF x IS NULL THEN RETURN NULL; END IF;
 RETURN "mysql".store_moment("mysql".read_number_moment(x, mode), x::text, kind, digits, mode, col, strict, "at"); END $$;
CREATE OR REPLACE FUNCTION "mysql".micros(x numeric, mode integer) RETURNS numeric LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN mode & 16 > 0 THEN trunc(x, 6) ELSE round(x, 6) END $$;
CREATE OR REPLACE FUNCTION "mysql".store_real_moment(x double precision, kind text, digits integer, mode integer, col text, strict boolean, "at" bigint) RETURNS timestamp LANGUAGE plpgsql VOLATILE AS
$$ BEGIN IF x IS NULL THEN RETURN NULL; END IF;
 RETURN "mysql".store_moment("mysql".read_number_moment("mysql".micros("mysql".exact_double(x), mode), mode), "mysql".double_text(x), kind, digits, mode, col, strict, "at"); END $$;
CREATE OR REPLACE FUNCTION "mysql".store_own_moment(x timestamp, format text, kind text, digits integer, mode integer, col text, strict boolean, "at" bigint) RETURNS timestamp LANGUAGE plpgsql VOLATILE AS
$$ BEGIN IF x IS NULL THEN RETURN NULL; END IF;
 RETURN "mysql".store_moment("mysql".moment_parts(x), "mysql".moment_text(x, format), kind, digits, mode, col, strict, "at"); END $$;
-- TIME_TRUNCATE_FRACTIONAL: digits are cut.
CREATE OR REPLACE FUNCTION "mysql".cut_moment(x timestamp, digits integer) RETURNS timestamp LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN isfinite(x) THEN date_trunc('second', x) + (trunc(mod(extract(microseconds FROM x), 1000000) / 10 ^ (6 - digits)) * 10 ^ (6 - digits))::float8 * interval '1 microsecond' ELSE x END $$;
CREATE OR REPLACE FUNCTION "mysql".cut_time(x interval, digits integer) RETURNS interval LANGUAGE sql IMMUTABLE AS
$$ SELECT trunc(extract(epoch FROM x))::float8 * interval '1 second' + (trunc(mod(extract(epoch FROM x), 1), digits) * 1000000)::float8 * interval '1 microsecond' $$;

-- A text as a duration.
CREATE OR REPLACE FUNCTION "mysql".read_duration(given text) RETURNS integer[] LANGUAGE plpgsql IMMUTABLE AS
$$ DECLARE t text COLLATE "C" := given; m integer[] := '{0,0,0,0,0,0,0,0,0,NULL,0,0,0,NULL,NULL,NULL,1,0}'; o integer[]; i integer := 1; begun integer; rest text COLLATE "C"; d text COLLATE "C"; p text[] COLLATE "C"; n numeric[] := '{0,0,0,0}'; f bigint; BEGIN
 WHILE substr(t, i, 1) ~ '[ \t\n\r\v\f]' LOOP i := i + 1; END LOOP;
 IF i > 1 THEN m[14] := ascii(t); m[15] := 0; END IF;
 IF substr(t, i, 1) = '-' THEN m[2] := 1; i := i + 1; END IF;
 rest := substr(t, i);
 IF rest = '' THEN m[14] := NULL; RETURN m; END IF;
 IF char_length(rest) >= 12 AND rest ~ '[ \t\n\r\v\f]|^[0-9]{12}' THEN
  o := "mysql".read_moment(rest, 8);
  IF o[1] = 0 AND rest ~ '^[^ \t\n\r\v\f]*-[^ \t\n\r\v\f]*[ \t\n\r\v\f]' THEN m[11] := 1; m[14] := NULL; RETURN m; END IF;
  IF o[1] = 1 AND o[17] = 1 THEN o[18] := (o[2:4] <> '{0,0,0}')::integer; o[2] := 0; RETURN o; END IF;
 END IF;
 begun := i; d := substring(rest from '^[0-9]*');
 IF char_length(ltrim(d, '0')) > 10 OR ('0' || d)::numeric > 4294967295 THEN m[14] := NULL; RETURN m; END IF;
 p := regexp_match(rest, '^([0-9]+)[ \t\n\r\v\f]+([0-9]+)(?::([0-9]+))?(?::([0-9]+))?');
 IF p IS NOT NULL AND char_length(substring(rest from '^[0-9]+[ \t\n\r\v\f]+(.*)$')) > 1 THEN
  n := ARRAY[p[1], coalesce(p[2], '0'), coalesce(p[3], '0'), coalesce(p[4], '0')]::numeric[];
  i := i + char_length(substring(rest from '^[0-9]+[ \t\n\r\v\f]+[0-9]+(?::[0-9]+)?(?::[0-9]+)?'));
 ELSE
  p := regexp_match(rest, '^([0-9]*)[ \t\n\r\v\f]*:([0-9]+)(?::([0-9]+))?');
  IF p IS NOT NULL THEN
   n := ARRAY['0', '0' || p[1], p[2], coalesce(p[3], '0')]::numeric[];
   i := i + char_length(substring(rest from '^[0-9]*[ \t\n\r\v\f]*:[0-9]+(?::[0-9]+)?'));
  ELSE
   f := ('0' || d)::bigint; n := ARRAY[0, f / 10000, f / 100 % 100, f % 100]; i := i + char_length(d);
  END IF;
 END IF;
 IF substr(t, i) ~ '^\.([0-9]|$)' THEN
  d := substring(substr(t, i + 1) from '^[0-9]*'); i := i + 1 + char_length(d);
  m[8] := rpad(left(d, 6), 6, '0')::integer; m[9] := CASE WHEN char_length(d) > 6 THEN substr(d, 7, 1)::integer ELSE 0 END;
 END IF;
 IF substr(t, i) ~ '^[eE][-+]?[0-9]' THEN m[14] := NULL; RETURN m; END IF;
 IF n[3] > 59 OR n[4] > 59 THEN m[12] := 1; m[14] := NULL; RETURN m; END IF;
 IF i <= char_length(t) THEN
  IF substr(t, i) ~ '^[ \t\n\r\v\f]*$' THEN IF m[14] IS NULL THEN m[14] := ascii(substr(t, i)); m[15] := i - 1; END IF;
  ELSE m[11] := 1; IF i = begun THEN m[14] := NULL; RETURN m; END IF; END IF;
 END IF;
 RETURN "mysql".checked_duration(m, n[1] * 24 + n[2], n[3], n[4]); END $$;
CREATE OR REPLACE FUNCTION "mysql".checked_duration(m integer[], h numeric, mi numeric, s numeric) RETURNS integer[] LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN
 m[1] := 1; m[5] := least(h, 839); m[6] := mi; m[7] := s;
 IF h > 838 OR (h = 838 AND mi = 59 AND s = 59 AND m[8] > 0) THEN m[12] := 1; m[5] := 838; m[6] := 59; m[7] := 59; m[8] := 0; m[9] := 0; END IF;
 RETURN m; END $$;
CREATE OR REPLACE FUNCTION "mysql".read_number_duration(x numeric) RETURNS integer[] LANGUAGE plpgsql IMMUTABLE AS
$$ DECLARE m integer[] := '{0,0,0,0,0,0,0,0,0,NULL,0,0,0,NULL,NULL,NULL,1,0}'; o integer[]; n numeric := trunc(abs(x)); f bigint := trunc((abs(x) - n) * 10000000)::bigint; BEGIN
 m[2] := (x < 0)::integer;
 IF n > 8385959 THEN
  IF n >= 10000000000 AND x > 0 THEN o := "mysql".read_number_moment(x, 0);
   IF o[1] = 1 THEN o[2] := 0; o[9] := f % 10; o[18] := 1; RETURN o; END IF; END IF;
  RETURN "mysql".checked_duration(m, 839, 0, 0); END IF;
 IF mod(n, 100) > 59 OR mod(trunc(n / 100), 100) > 59 THEN m[12] := 1; RETURN m; END IF;
 m[8] := f / 10; m[9] := f % 10;
 RETURN "mysql".checked_duration(m, trunc(n / 10000), mod(trunc(n / 100), 100), mod(n, 100)); END $$;
CREATE OR REPLACE FUNCTION "mysql".store_duration(m integer[], given text, digits integer, mode integer, col text, strict boolean, "at" bigint) RETURNS interval LANGUAGE plpgsql VOLATILE AS
$$ DECLARE us integer := m[8]; unit integer := (10 ^ (6 - digits))::integer; r interval; BEGIN
 IF m IS NULL THEN RETURN NULL; END IF;
 IF m[10] IS NOT NULL THEN PERFORM "mysql".uncarried('a time with a time zone offset in a TIME column'); END IF;
 PERFORM "mysql".moment_report(m, 'time', given, col, strict, "at");
 IF m[1] = 0 THEN RETURN interval '0'; END IF;
 IF m[18] = 1 AND NOT 1 IN (m[11], m[12], m[13]) THEN PERFORM "mysql".dropped_note('time', given, col, strict, "at"); END IF;
 IF mode & 16 > 0 THEN us := us / unit * unit;
 ELSE us := us + CASE WHEN digits >= 6 AND m[9] >= 5 THEN 1 ELSE 0 END; us := (us + unit / 2) / unit * unit; END IF;
 r := make_interval(hours => m[5], mins => m[6], secs => m[7]) + us * interval '1 microsecond';
 IF r > interval '838:59:59' THEN r := interval '838:59:59'; m[11] := 0; m[12] := 1; m[14] := NULL; PERFORM "mysql".moment_report(m, 'time', given, col, strict, "at"); END IF;
 RETURN CASE WHEN m[2] = 1 THEN -r ELSE r END; END $$;
CREATE OR REPLACE FUNCTION "mysql".store_text_time(x text, digits integer, mode integer, col text, strict boolean, "at" bigint) RETURNS interval LANGUAGE plpgsql VOLATILE AS
$$ BEGIN IF x IS NULL THEN RETURN NULL; END IF;
 RETURN "mysql".store_duration("mysql".read_duration(x), x, digits, mode, col, strict, "at"); END $$;
CREATE OR REPLACE FUNCTION "mysql".store_number_time(x numeric, digits integer, mode integer, col text, strict boolean, "at" bigint) RETURNS interval LANGUAGE plpgsql VOLATILE AS
$$ BEGIN IF x IS NULL THEN RETURN NULL; END IF;
 RETURN "mysql".store_duration("mysql".read_number_duration(x), x::text, digits, mode, col, strict, "at"); END $$;
CREATE OR REPLACE FUNCTION "mysql".store_real_time(x double precision, digits integer, mode integer, col text, strict boolean, "at" bigint) RETURNS interval LANGUAGE plpgsql VOLATILE AS
$$ BEGIN IF x IS NULL THEN RETURN NULL; END IF;
 RETURN "mysql".store_duration("mysql".read_number_duration("mysql".micros("mysql".exact_double(x), mode)), "mysql".double_text(x), digits, mode, col, strict, "at"); END $$;
CREATE OR REPLACE FUNCTION "mysql".store_own_time(x timestamp, format text, digits integer, mode integer, col text, strict boolean, "at" bigint) RETURNS interval LANGUAGE plpgsql VOLATILE AS
$$ DECLARE m integer[] := "mysql".moment_parts(x); BEGIN IF x IS NULL THEN RETURN NULL; END IF;
 m[2] := 0;
 RETURN "mysql".store_duration(m, "mysql".moment_text(x, format), digits, mode, col, strict, "at"); END $$;
