-- Numbers: what text is worth as a number, and how numbers print. The rules for all helpers are in ../helpers.rs.

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
