-- Text. The rules for all helpers are in ../helpers.rs.

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

-- Patterns. A LIKE pattern that ends with its escape means that character; PostgreSQL refuses it.
CREATE OR REPLACE FUNCTION "mysql".like_pattern(p text, e text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE r text COLLATE "C" := ''; c text COLLATE "C"; i int := 1; n int := char_length(p); BEGIN
 IF e COLLATE "C" = '\' AND p COLLATE "C" !~ '\\$' THEN RETURN p; END IF;
 WHILE i <= n LOOP c := substr(p, i, 1);
  IF c = e COLLATE "C" THEN
    IF i < n THEN i := i + 1; c := substr(p, i, 1); END IF;
    r := r || CASE WHEN c IN ('%', '_', '\') THEN '\' ELSE '' END || c;
  ELSE r := r || CASE WHEN c = '\' THEN '\\' ELSE c END; END IF;
  i := i + 1; END LOOP; RETURN r; END $$;
-- A regular expression that isn't known beforehand: only what means the same to both is let through.
CREATE OR REPLACE FUNCTION "mysql".regexp_pattern(p text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ BEGIN
 IF octet_length(p) = 0 THEN RAISE EXCEPTION USING ERRCODE = 'M3685', MESSAGE = 'Illegal argument to a regular expression.'; END IF;
 IF p COLLATE "C" ~ '[][\\{}]|\(\?|[*+?]\+' THEN RAISE EXCEPTION USING ERRCODE = 'M1235', MESSAGE = 'This version of MySQL doesn''t yet support ''this regular expression where it isn''t constant'''; END IF;
 RETURN '***:' || replace(replace(p COLLATE "C", '.', '[^\n\r]'), '$', '(?=\n?\Z)'); END $$;
CREATE OR REPLACE FUNCTION "mysql".regexp_start(s text, p bigint) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ BEGIN IF p < 1 OR p > char_length(s) + 1 THEN RAISE EXCEPTION USING ERRCODE = 'M3686', MESSAGE = 'Index out of bounds in regular expression search.'; END IF; RETURN p::int; END $$;

-- Character sets. Bytes that aren't text give NULL; characters that a set doesn't have become '?'.
CREATE OR REPLACE FUNCTION "mysql".decode(b bytea, encoding name) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ BEGIN RETURN convert_from(b, encoding); EXCEPTION WHEN others THEN RETURN NULL; END $$;
CREATE OR REPLACE FUNCTION "mysql".representable(s text, encoding name) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE r text COLLATE "C" := ''; c text COLLATE "C"; BEGIN
 BEGIN PERFORM convert_to(s, encoding); RETURN s; EXCEPTION WHEN others THEN NULL; END;
 FOREACH c IN ARRAY string_to_array(s COLLATE "C", NULL) LOOP
  BEGIN PERFORM convert_to(c, encoding); r := r || c; EXCEPTION WHEN others THEN r := r || '?'; END; END LOOP;
 RETURN r; END $$;
CREATE OR REPLACE FUNCTION "mysql".wide_bytes(s text, encoding text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT coalesce(string_agg(decode(CASE WHEN encoding = 'utf32' THEN lpad(to_hex(k), 8, '0')
   WHEN k > 65535 THEN CASE encoding WHEN 'ucs2' THEN '003f' WHEN 'utf16' THEN lpad(to_hex(55296 + ((k - 65536) >> 10)), 4, '0') || lpad(to_hex(56320 + ((k - 65536) & 1023)), 4, '0')
     ELSE regexp_replace(lpad(to_hex(55296 + ((k - 65536) >> 10)), 4, '0') || lpad(to_hex(56320 + ((k - 65536) & 1023)), 4, '0'), '(..)(..)', '\2\1', 'g') END
   WHEN encoding = 'utf16le' THEN regexp_replace(lpad(to_hex(k), 4, '0'), '(..)(..)', '\2\1') ELSE lpad(to_hex(k), 4, '0') END, 'hex'), ''::bytea ORDER BY i), ''::bytea)
 FROM (SELECT ascii(c) k, i FROM unnest(string_to_array(s COLLATE "C", NULL)) WITH ORDINALITY u(c, i)) q $$;
