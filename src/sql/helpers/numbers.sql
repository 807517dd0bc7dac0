-- Numbers: what text is worth as a number, and how numbers print. The rules for all helpers are in ../helpers.rs.

-- Divisors under ERROR_FOR_DIVISION_BY_ZERO: 0 is NULL with a warning where there is a dividend.
CREATE OR REPLACE FUNCTION "mysql".by_zero() RETURNS boolean LANGUAGE plpgsql VOLATILE AS
$$ BEGIN PERFORM "mysql".warn(1365, 'Division by 0'); RETURN NULL; END $$;
CREATE OR REPLACE FUNCTION "mysql".divisor(d numeric, n numeric) RETURNS numeric LANGUAGE sql VOLATILE AS
$$ SELECT CASE WHEN d = 0 THEN CASE WHEN n IS NOT NULL AND "mysql".by_zero() THEN d END ELSE d END $$;
CREATE OR REPLACE FUNCTION "mysql".divisor(d float8, n float8) RETURNS float8 LANGUAGE sql VOLATILE AS
$$ SELECT CASE WHEN d = 0 THEN CASE WHEN n IS NOT NULL AND "mysql".by_zero() THEN d END ELSE d END $$;
CREATE OR REPLACE FUNCTION "mysql".divisor(d int8, n int8) RETURNS int8 LANGUAGE sql VOLATILE AS
$$ SELECT CASE WHEN d = 0 THEN CASE WHEN n IS NOT NULL AND "mysql".by_zero() THEN d END ELSE d END $$;
-- The same for looking once more.
CREATE OR REPLACE FUNCTION "mysql".silent_divisor(d numeric, n numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT nullif(d, 0) $$;
CREATE OR REPLACE FUNCTION "mysql".silent_divisor(d float8, n float8) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT nullif(d, 0) $$;
CREATE OR REPLACE FUNCTION "mysql".silent_divisor(d int8, n int8) RETURNS int8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT nullif(d, 0) $$;

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
$$ SELECT CASE WHEN abs(round(n, s)) >= 10::numeric ^ (p - s) THEN sign(n) * (repeat('9', p) || 'e-' || s)::numeric ELSE round(n, s) END $$;

-- Numbers as MySQL prints them: plain between 1e-15 and 1e15, else with an exponent without '+'. FLOAT has six digits.
CREATE OR REPLACE FUNCTION "mysql".double_text(x double precision) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN x = 0 THEN x::text
   WHEN ((abs(x) >= 1e-15 AND abs(x) < 1e15) OR (abs(x) >= 1e15 AND abs(x) < 1e16 AND x <> trunc(x)))
     AND octet_length(trim_scale(x::text::numeric)::text) <= 22 THEN trim_scale(x::text::numeric)::text
   ELSE regexp_replace(x::text, 'e([+]|(-))0*', 'e\2') END $$;
CREATE OR REPLACE FUNCTION "mysql".float_text(x real) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT "mysql".double_text((x::numeric)::double precision) $$;

-- Integers of 64 bits without sign, and results that don't fit.
CREATE OR REPLACE FUNCTION "mysql".in_unsigned(x numeric, shown text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ BEGIN IF x < 0 OR x > 18446744073709551615 THEN RAISE EXCEPTION USING ERRCODE = 'M1690', MESSAGE = format('BIGINT UNSIGNED value is out of range in ''%s''', shown); END IF; RETURN x; END $$;
CREATE OR REPLACE FUNCTION "mysql".in_signed(x numeric, shown text) RETURNS bigint LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ BEGIN IF x < -9223372036854775808 OR x > 9223372036854775807 THEN RAISE EXCEPTION USING ERRCODE = 'M1690', MESSAGE = format('BIGINT value is out of range in ''%s''', shown); END IF; RETURN x::bigint; END $$;
CREATE OR REPLACE FUNCTION "mysql".in_decimal(x numeric, shown text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ BEGIN IF abs(x) >= 1e81 THEN RAISE EXCEPTION USING ERRCODE = 'M1690', MESSAGE = format('DECIMAL value is out of range in ''%s''', shown); END IF; RETURN x; END $$;
-- A difference of unsigned decimals.
CREATE OR REPLACE FUNCTION "mysql".in_natural(x numeric, shown text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ BEGIN IF x < 0 THEN RAISE EXCEPTION USING ERRCODE = 'M1690', MESSAGE = format('DECIMAL UNSIGNED value is out of range in ''%s''', shown); END IF; RETURN x; END $$;
-- The bits of an unsigned integer in a bigint, and back. Fractions are rounded, what doesn't fit is cut.
CREATE OR REPLACE FUNCTION "mysql".bits(n numeric) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN r IS NULL THEN NULL WHEN r > 9223372036854775807 THEN (least(r, 18446744073709551615) - 18446744073709551616)::bigint ELSE greatest(r, -9223372036854775808)::bigint END FROM (SELECT round(n) r) q $$;
-- What isn't an integer stands for a signed one in operations on bits.
CREATE OR REPLACE FUNCTION "mysql".signed_bits(n numeric) RETURNS numeric LANGUAGE plpgsql VOLATILE AS
$$ BEGIN IF abs(round(n) + 0.5) > 9223372036854775808 THEN PERFORM "mysql".warn(1292, format('Truncated incorrect DECIMAL value: ''%s''', n)); END IF;
 RETURN CASE WHEN n IS NOT NULL THEN greatest(least(n, 9223372036854775807), -9223372036854775808) END; END $$;
CREATE OR REPLACE FUNCTION "mysql".signed_bits(d double precision) RETURNS numeric LANGUAGE plpgsql VOLATILE AS
$$ DECLARE n numeric := round(d)::numeric;
BEGIN IF abs(n + 0.5) > 9223372036854775808 THEN PERFORM "mysql".warn(1292, format('Truncated incorrect INTEGER value: ''%s''', "mysql".double_text(d))); END IF;
 RETURN CASE WHEN n IS NOT NULL THEN greatest(least(n, 9223372036854775807), -9223372036854775808) END; END $$;
CREATE OR REPLACE FUNCTION "mysql".unsigned(b bigint) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN b < 0 THEN b + 18446744073709551616 ELSE b::numeric END $$;
CREATE OR REPLACE FUNCTION "mysql".shift_left(b bigint, n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN n BETWEEN 0 AND 63 THEN b << n::int WHEN b IS NULL OR n IS NULL THEN NULL ELSE 0 END $$;
CREATE OR REPLACE FUNCTION "mysql".shift_right(b bigint, n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN n = 0 THEN b WHEN n BETWEEN 1 AND 63 THEN (b >> n::int) & ~((-1::bigint) << (64 - n::int)) WHEN b IS NULL OR n IS NULL THEN NULL ELSE 0 END $$;
-- Bit operators on binary strings of one length.
CREATE OR REPLACE FUNCTION "mysql".bytes_same(a bytea, b bytea) RETURNS void LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN IF octet_length(a) <> octet_length(b) THEN RAISE EXCEPTION USING ERRCODE = 'M3513', MESSAGE = 'Binary operands of bitwise operators must be of equal length'; END IF; END $$;
CREATE OR REPLACE FUNCTION "mysql".bytes_and(a bytea, b bytea) RETURNS bytea LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS
$$ BEGIN PERFORM "mysql".bytes_same(a, b); FOR i IN 0..octet_length(a) - 1 LOOP a := set_byte(a, i, get_byte(a, i) & get_byte(b, i)); END LOOP; RETURN a; END $$;
CREATE OR REPLACE FUNCTION "mysql".bytes_or(a bytea, b bytea) RETURNS bytea LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS
$$ BEGIN PERFORM "mysql".bytes_same(a, b); FOR i IN 0..octet_length(a) - 1 LOOP a := set_byte(a, i, get_byte(a, i) | get_byte(b, i)); END LOOP; RETURN a; END $$;
CREATE OR REPLACE FUNCTION "mysql".bytes_xor(a bytea, b bytea) RETURNS bytea LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS
$$ BEGIN PERFORM "mysql".bytes_same(a, b); FOR i IN 0..octet_length(a) - 1 LOOP a := set_byte(a, i, get_byte(a, i) # get_byte(b, i)); END LOOP; RETURN a; END $$;
CREATE OR REPLACE FUNCTION "mysql".bytes_not(a bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ BEGIN FOR i IN 0..octet_length(a) - 1 LOOP a := set_byte(a, i, 255 - get_byte(a, i)); END LOOP; RETURN a; END $$;
CREATE OR REPLACE FUNCTION "mysql".bytes_shift_left(a bytea, n bigint) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE r bytea := a; k int; m int; l int := octet_length(a); v int; BEGIN
 IF n < 0 OR n >= l * 8 THEN k := l; m := 0; ELSE k := n / 8; m := n % 8; END IF;
 FOR i IN 0..l - 1 LOOP v := 0;
  IF i + k < l THEN v := (get_byte(a, i + k) << m) & 255; END IF;
  IF m > 0 AND i + k + 1 < l THEN v := v | (get_byte(a, i + k + 1) >> (8 - m)); END IF;
  r := set_byte(r, i, v); END LOOP; RETURN r; END $$;
CREATE OR REPLACE FUNCTION "mysql".bytes_shift_right(a bytea, n bigint) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE r bytea := a; k int; m int; l int := octet_length(a); v int; BEGIN
 IF n < 0 OR n >= l * 8 THEN k := l; m := 0; ELSE k := n / 8; m := n % 8; END IF;
 FOR i IN 0..l - 1 LOOP v := 0;
  IF i - k >= 0 THEN v := get_byte(a, i - k) >> m; END IF;
  IF m > 0 AND i - k - 1 >= 0 THEN v := v | ((get_byte(a, i - k - 1) << (8 - m)) & 255); END IF;
  r := set_byte(r, i, v); END LOOP; RETURN r; END $$;
-- The exact value of a double, and the remainder of a division of doubles, which is exact in C.
CREATE OR REPLACE FUNCTION "mysql".exact_double(x double precision) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT sign(x)::numeric * CASE WHEN e = 0 THEN m ELSE m + 4503599627370496 END::numeric * CASE WHEN p >= 0 THEN 2::numeric ^ p ELSE 5::numeric ^ (-p) * ('1e' || p)::numeric END
 FROM (SELECT e, m, greatest(e, 1) - 1075 p FROM (SELECT ((b >> 52) & 2047)::int e, b & 4503599627370495 m FROM (SELECT ('x' || encode(float8send(x), 'hex'))::bit(64)::bigint b) a) c) d $$;
CREATE OR REPLACE FUNCTION "mysql".fmod(a double precision, b double precision) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN r = 0 AND (a < 0 OR a::text = '-0') THEN '-0'::double precision ELSE r END
   FROM (SELECT CASE WHEN b <> 0 THEN mod("mysql".exact_double(a), "mysql".exact_double(b))::double precision END AS r) q $$;
-- SET as a number: one bit for each member.
CREATE OR REPLACE FUNCTION "mysql".set_number(s text, labels text[]) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN s IS NOT NULL THEN coalesce((SELECT sum(2::numeric ^ (array_position(labels, member COLLATE "C") - 1)) FROM unnest(string_to_array(s COLLATE "C", ',')) member), 0) END $$;
-- A time as a number: HHMMSS with its fraction.
CREATE OR REPLACE FUNCTION "mysql".time_number(i interval) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT sign(s) * (trunc(abs(s) / 3600) * 10000 + trunc(mod(abs(s), 3600) / 60) * 100 + mod(abs(s), 60)) FROM (SELECT extract(epoch FROM i) s) q $$;
CREATE OR REPLACE FUNCTION "mysql".log(b double precision, x double precision) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN b > 0 AND b <> 1 AND x > 0 THEN ln(x) / ln(b) END $$;
CREATE OR REPLACE FUNCTION "mysql".log(x double precision) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN x > 0 THEN ln(x) END $$;
-- C's log2 is exact for powers of two.
CREATE OR REPLACE FUNCTION "mysql".log2(x double precision) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN x > 0 THEN CASE WHEN abs(r) < 1000 AND 2::float8 ^ round(r) = x THEN round(r) ELSE r END END FROM (SELECT CASE WHEN x > 0 THEN ln(x) / ln(2::float8) END r) q $$;
CREATE OR REPLACE FUNCTION "mysql".atan(y double precision, x double precision) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT atan2(y, x) $$;
CREATE OR REPLACE FUNCTION "mysql".atan(x double precision) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT pg_catalog.atan(x) $$;
CREATE OR REPLACE FUNCTION "mysql".cot(x double precision) RETURNS double precision LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS
$$ BEGIN IF x = 0 THEN RAISE EXCEPTION USING ERRCODE = 'M1690', MESSAGE = format('DOUBLE value is out of range in ''cot(%s)''', "mysql".double_text(x)); END IF; RETURN 1 / tan(x); END $$;

-- What text is worth as a number, with MySQL's warning when it isn't one as a whole. VOLATILE, so that a warning comes
-- once for each time that a value is taken.
CREATE OR REPLACE FUNCTION "mysql".double_of(s text) RETURNS double precision LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS
$$ DECLARE t text COLLATE "C" := ltrim(s, E' \t\n\r\f\v'); n text COLLATE "C"; BEGIN
 IF s IS NULL THEN RETURN NULL; END IF;
 n := substring(t from '^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?');
 -- Text that is nothing but blanks is 0 without a word.
 IF t = '' THEN RETURN 0; END IF;
 IF n IS NULL OR rtrim(t, E' \t\n\r\f\v') <> n THEN PERFORM "mysql".warn(1292, format('Truncated incorrect DOUBLE value: ''%s''', s)); END IF;
 RETURN coalesce(n::double precision, 0);
EXCEPTION WHEN numeric_value_out_of_range THEN
 IF n ~ '[eE]-' THEN RETURN 0; END IF;
 PERFORM "mysql".warn(1292, format('Truncated incorrect DOUBLE value: ''%s''', s));
 RETURN CASE WHEN n LIKE '-%' THEN -1.7976931348623157e308 ELSE 1.7976931348623157e308 END; END $$;
CREATE OR REPLACE FUNCTION "mysql".decimal_of(s text, kind text) RETURNS numeric LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS
$$ DECLARE t text COLLATE "C" := ltrim(s, E' \t\n\r\f\v'); n text COLLATE "C"; r numeric; BEGIN
 IF s IS NULL THEN RETURN NULL; END IF;
 n := substring(t from '^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?');
 IF t = '' AND kind = 'DOUBLE' THEN RETURN 0; END IF;
 IF n IS NULL OR rtrim(t, E' \t\n\r\f\v') <> n THEN PERFORM "mysql".warn(1292, format('Truncated incorrect %s value: ''%s''', kind, s)); END IF;
 r := coalesce(n::numeric, 0);
 RETURN CASE WHEN abs(r) >= 1e65 THEN sign(r) * (1e65 - 1) ELSE r END; END $$;
-- CAST(… AS DECIMAL(p, s)) of what may not fit; `name` is how MySQL calls the expression.
CREATE OR REPLACE FUNCTION "mysql".told_decimal(n numeric, p integer, s integer, name text) RETURNS numeric LANGUAGE plpgsql VOLATILE AS
$$ BEGIN IF abs(round(n, s)) >= 10::numeric ^ (p - s) THEN PERFORM "mysql".warn(1264, format('Out of range value for column ''%s'' at row 1', name)); END IF;
 RETURN "mysql".to_decimal(n, p, s); END $$;
-- CAST(text AS SIGNED) and AS UNSIGNED: digits only, 64 bits.
CREATE OR REPLACE FUNCTION "mysql".integer_of(s text) RETURNS numeric LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS
$$ DECLARE t text COLLATE "C" := ltrim(s, E' \t\n\r\f\v'); n text COLLATE "C"; r numeric; BEGIN
 IF s IS NULL THEN RETURN NULL; END IF;
 n := substring(t from '^[-+]?[0-9]+'); r := coalesce(n::numeric, 0);
 IF n IS NULL OR rtrim(t, E' \t\n\r\f\v') <> n OR r > 18446744073709551615 OR r < -9223372036854775808 THEN
   PERFORM "mysql".warn(1292, format('Truncated incorrect INTEGER value: ''%s''', s)); END IF;
 RETURN least(greatest(r, -9223372036854775808), 18446744073709551615); END $$;
-- In definitions, whose expressions are immutable and so can't warn: text that isn't an integer is always an error.
CREATE OR REPLACE FUNCTION "mysql".sure_signed(s text) RETURNS bigint LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ BEGIN
 IF s COLLATE "C" ~ '^\s*[-+]?\d+\s*$' THEN RETURN s::bigint; END IF;
 IF s IS NULL THEN RETURN NULL; END IF;
 RAISE EXCEPTION USING ERRCODE = 'M1292', MESSAGE = 'Truncated incorrect INTEGER value: ''' || s || ''''; END $$;
CREATE OR REPLACE FUNCTION "mysql".sure_unsigned(s text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ BEGIN
 IF s COLLATE "C" ~ '^\s*[+]?\d+\s*$' AND s::numeric <= 18446744073709551615 THEN RETURN s::numeric; END IF;
 IF s IS NULL THEN RETURN NULL; END IF;
 RAISE EXCEPTION USING ERRCODE = 'M1292', MESSAGE = 'Truncated incorrect INTEGER value: ''' || s || ''''; END $$;
CREATE OR REPLACE FUNCTION "mysql".signed_of(s text) RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS
$$ DECLARE r numeric := "mysql".integer_of(s); BEGIN
 IF r > 9223372036854775807 AND r < 18446744073709551615 THEN PERFORM "mysql".warn(1105, 'Cast to signed converted positive out-of-range integer to its negative complement'); END IF;
 RETURN "mysql".bits(r); END $$;
CREATE OR REPLACE FUNCTION "mysql".unsigned_of(s text) RETURNS numeric LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS
$$ DECLARE r numeric := "mysql".integer_of(s); BEGIN
 IF r < 0 THEN PERFORM "mysql".warn(1105, 'Cast to unsigned converted negative integer to its positive complement'); RETURN r + 18446744073709551616; END IF;
 RETURN r; END $$;
-- A double as an integer of 64 bits: rounded half to even, cut to the range.
CREATE OR REPLACE FUNCTION "mysql".real_signed(x double precision) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN x IS NULL THEN NULL WHEN x >= 9223372036854775807::float8 THEN 9223372036854775807 WHEN x <= -9223372036854775808::float8 THEN -9223372036854775808 ELSE round(x)::bigint END $$;
CREATE OR REPLACE FUNCTION "mysql".to_unsigned(n numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN n < 0 THEN 18446744073709551616 + greatest(n, -9223372036854775808) WHEN n IS NOT NULL THEN least(n, 18446744073709551615) END $$;
CREATE OR REPLACE FUNCTION "mysql".year_of(n numeric, shown text, quoted boolean) RETURNS smallint LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS
$$ DECLARE y numeric := round(n); BEGIN
 IF n IS NULL THEN RETURN NULL; END IF;
 IF quoted AND shown COLLATE "C" !~ '^\s*[-+]?[0-9.]' THEN PERFORM "mysql".warn(1292, format('Truncated incorrect YEAR value: ''%s''', shown)); RETURN NULL; END IF;
 IF quoted AND shown COLLATE "C" !~ '^\s*[-+]?[0-9.]+(e[-+]?[0-9]+)?\s*$' THEN PERFORM "mysql".warn(1292, format('Truncated incorrect YEAR value: ''%s''', shown)); END IF;
 IF y = 0 THEN RETURN CASE WHEN quoted THEN 2000 ELSE 0 END; END IF;
 IF y BETWEEN 1 AND 69 THEN RETURN y + 2000; ELSIF y BETWEEN 70 AND 99 THEN RETURN y + 1900; ELSIF y BETWEEN 1901 AND 2155 THEN RETURN y; END IF;
 PERFORM "mysql".warn(1292, format('Truncated incorrect YEAR value: ''%s''', shown)); RETURN NULL; END $$;
-- CAST AS CHAR(n) and BINARY(n).
CREATE OR REPLACE FUNCTION "mysql".char_of(s text, n integer) RETURNS text LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ BEGIN IF char_length(s) > n THEN PERFORM "mysql".warn(1292, format('Truncated incorrect CHAR(%s) value: ''%s''', n, s)); RETURN left(s, n); END IF; RETURN s; END $$;
CREATE OR REPLACE FUNCTION "mysql".binary_of(b bytea, n integer) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ BEGIN IF octet_length(b) > n THEN PERFORM "mysql".warn(1292, format('Truncated incorrect BINARY(%s) value: ''%s''', n, regexp_replace(encode(b, 'escape'), '\\(\d\d\d)', '?', 'g'))); RETURN substr(b, 1, n); END IF;
 RETURN b || decode(repeat('00', n - octet_length(b)), 'hex'); END $$;

-- Numbers in other bases; the range is that of unsigned integers of 64 bits, and of signed ones for negative bases.
CREATE OR REPLACE FUNCTION "mysql".conv(s text, f bigint, t bigint) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE d text COLLATE "C" := '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'; x text COLLATE "C" := upper(ltrim(s COLLATE "C")); n numeric := 0; m boolean; k int; i int := 1; r text COLLATE "C" := ''; a bigint := abs(t); BEGIN
 IF abs(f) < 2 OR abs(f) > 36 OR a < 2 OR a > 36 OR octet_length(s) = 0 THEN RETURN NULL; END IF;
 m := left(x, 1) = '-'; IF left(x, 1) IN ('-', '+') THEN i := 2; END IF;
 WHILE i <= char_length(x) LOOP k := strpos(d, substr(x, i, 1)) - 1; EXIT WHEN k < 0 OR k >= abs(f);
  n := n * abs(f) + k; IF n > 18446744073709551615 THEN n := 18446744073709551615; END IF; i := i + 1; END LOOP;
 IF f < 0 THEN n := CASE WHEN m THEN -least(n, 9223372036854775808) ELSE least(n, 9223372036854775807) END;
 ELSIF m AND n < 18446744073709551615 THEN n := CASE WHEN n = 0 THEN 0 ELSE 18446744073709551616 - n END; END IF;
 IF n < 0 THEN n := n + 18446744073709551616; END IF; m := false;
 IF t < 0 AND n > 9223372036854775807 THEN m := true; n := 18446744073709551616 - n; END IF;
 IF n = 0 THEN RETURN '0'; END IF;
 WHILE n > 0 LOOP r := substr(d, mod(n, a)::int + 1, 1) || r; n := div(n, a); END LOOP;
 RETURN CASE WHEN m THEN '-' ELSE '' END || r; END $$;

-- ROUND and TRUNCATE of floating-point numbers; p is the power of ten. What would leave the range is left as it is.
CREATE OR REPLACE FUNCTION "mysql".round_double(x double precision, p double precision) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN abs(x) < 1.797693134862315e308 / p THEN round(x * p) / p ELSE x END $$;
CREATE OR REPLACE FUNCTION "mysql".trunc_double(x double precision, p double precision) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN abs(x) < 1.797693134862315e308 / p THEN trunc(x * p) / p ELSE x END $$;
CREATE OR REPLACE FUNCTION "mysql".round_tens(x double precision, p double precision) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN abs(x) < p / 10 THEN x * 0 ELSE round(x / p) * p END $$;
CREATE OR REPLACE FUNCTION "mysql".trunc_tens(x double precision, p double precision) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN abs(x) < p THEN x * 0 ELSE trunc(x / p) * p END $$;
