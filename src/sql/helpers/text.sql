-- Text. The rules for all helpers are in ../helpers.rs.

-- Letters without case and accents, for LIKE and searches under *_ai_ci.
CREATE OR REPLACE FUNCTION "mysql".fold_letters(s text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT translate(lower(regexp_replace(normalize(s COLLATE "C", NFKD), '[\u0300-\u036f]', '', 'g') COLLATE "und-x-icu"), 'øđłħŧœæð', 'odlhtœæd') $$;
CREATE OR REPLACE FUNCTION "mysql".fold(s text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN octet_length(s) = char_length(s) THEN lower(s COLLATE "C") ELSE "mysql".fold_letters(s) END $$;

-- A collation that is said inside an expression holds for all that is made of it, and two of them can't meet; what a
-- function says inside stays there. These are inlined, so that is all they do.
CREATE OR REPLACE FUNCTION "mysql".upper(s text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT pg_catalog.upper(s COLLATE "und-x-icu") $$;
CREATE OR REPLACE FUNCTION "mysql".lower(s text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT pg_catalog.lower(s COLLATE "und-x-icu") $$;
CREATE OR REPLACE FUNCTION "mysql".replace(s text, a text, b text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT pg_catalog.replace(s COLLATE "C", a COLLATE "C", b COLLATE "C") $$;
CREATE OR REPLACE FUNCTION "mysql".only_ascii(s text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT regexp_replace(s COLLATE "C", '[^\u0001-\u007f]', '?', 'g') $$;
CREATE OR REPLACE FUNCTION "mysql".only_bmp(s text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT regexp_replace(s COLLATE "C", '[^\u0001-\uffff]', '?', 'g') $$;

-- A number of characters: PostgreSQL's greatest and least pass over NULL, MySQL's functions don't.
CREATE OR REPLACE FUNCTION "mysql".extent(n bigint, most int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CASE WHEN n <= 0 THEN 0 WHEN n > most THEN most ELSE n::int END $$;

-- For definitions, where PostgreSQL wants expressions that are immutable. The server's encoding never changes.
CREATE OR REPLACE FUNCTION "mysql".to_bytes(s text, encoding name) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT convert_to(s, encoding) $$;
-- PostgreSQL's own takes any types, so it can't promise to be immutable, as generated columns must be.
CREATE OR REPLACE FUNCTION "mysql".concat_ws(separator text, VARIADIC list text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT array_to_string(list, separator) $$;

-- Text.
CREATE OR REPLACE FUNCTION "mysql".substring(s text, p bigint, l bigint DEFAULT 2147483647) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN p = 0 OR l <= 0 THEN '' WHEN p > 2147483647 THEN '' WHEN p > 0 THEN substr(s, p::int, least(l, 2147483647 - p)::int)
   WHEN -p > char_length(s) THEN '' ELSE substr(s, (char_length(s) + p + 1)::int, least(l, 1000000000)::int) END $$;
CREATE OR REPLACE FUNCTION "mysql".substring_index(s text, d text, n bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN n = 0 OR d COLLATE "C" = '' THEN ''
   WHEN octet_length(s) = 0 THEN ''
   WHEN n > 0 THEN array_to_string((string_to_array(s COLLATE "C", d COLLATE "C"))[1:least(n, 2147483647)::int], d)
   ELSE array_to_string(a[greatest(array_length(a, 1) + n + 1, 1)::int:array_length(a, 1)], d) END FROM (SELECT string_to_array(s COLLATE "C", d COLLATE "C") a) q $$;
CREATE OR REPLACE FUNCTION "mysql".lpad(s text, n bigint, p text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN n < 0 OR n > 16777216 THEN NULL WHEN n <= char_length(s) THEN left(s, n::int) WHEN octet_length(p) = 0 THEN s ELSE pg_catalog.lpad(s, n::int, p) END $$;
CREATE OR REPLACE FUNCTION "mysql".rpad(s text, n bigint, p text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN n < 0 OR n > 16777216 THEN NULL WHEN n <= char_length(s) THEN left(s, n::int) WHEN octet_length(p) = 0 THEN s ELSE pg_catalog.rpad(s, n::int, p) END $$;
CREATE OR REPLACE FUNCTION "mysql".trim(s text, what text, at_start boolean, at_end boolean) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE r text COLLATE "C" := s; w text COLLATE "C" := what; BEGIN
 IF octet_length(w) = 0 THEN RETURN s; END IF;
 WHILE at_start AND left(r, char_length(w)) = w LOOP r := substr(r, char_length(w) + 1); END LOOP;
 WHILE at_end AND right(r, char_length(w)) = w LOOP r := left(r, -char_length(w)); END LOOP;
 RETURN r; END $$;
CREATE OR REPLACE FUNCTION "mysql".locate(n text, h text, p bigint DEFAULT 1) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN p < 1 OR p > char_length(h) + 1 THEN 0 ELSE (SELECT CASE WHEN k = 0 THEN 0 ELSE k + p - 1 END
   FROM (SELECT strpos(substr("mysql".fold(h), p::int) COLLATE "C", "mysql".fold(n) COLLATE "C") k) q) END::bigint $$;
CREATE OR REPLACE FUNCTION "mysql".locate_exact(n text, h text, p bigint DEFAULT 1) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN p < 1 OR p > char_length(h) + 1 THEN 0 ELSE (SELECT CASE WHEN k = 0 THEN 0 ELSE k + p - 1 END
   FROM (SELECT strpos(substr(h, p::int) COLLATE "C", n COLLATE "C") k) q) END::bigint $$;
CREATE OR REPLACE FUNCTION "mysql".field(x text, VARIADIC a text[]) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT coalesce((SELECT i FROM unnest(a) WITH ORDINALITY u(v, i) WHERE "mysql".fold(v) COLLATE "C" = "mysql".fold(x) COLLATE "C" ORDER BY i LIMIT 1), 0)::bigint $$;
CREATE OR REPLACE FUNCTION "mysql".find_in_set(x text, l text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN octet_length(l) = 0 OR strpos(x COLLATE "C", ',') > 0 THEN 0 ELSE coalesce((SELECT i FROM unnest(string_to_array("mysql".fold(l) COLLATE "C", ',')) WITH ORDINALITY u(v, i)
   WHERE v COLLATE "C" = "mysql".fold(x) COLLATE "C" ORDER BY i LIMIT 1), 0) END::bigint $$;
CREATE OR REPLACE FUNCTION "mysql".compare(a text, b text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN "mysql".fold(a) COLLATE "C" = "mysql".fold(b) COLLATE "C" THEN 0 WHEN a COLLATE "und-x-icu" < b COLLATE "und-x-icu" THEN -1 ELSE 1 END::bigint $$;
CREATE OR REPLACE FUNCTION "mysql".quote(s text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN s IS NULL THEN 'NULL' ELSE '''' || replace(replace(s COLLATE "C", '\', '\\'), '''', '\''') || '''' END $$;
CREATE OR REPLACE FUNCTION "mysql".format(n numeric, d bigint, locale text DEFAULT 'en_US') RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE r text COLLATE "C" := round(n, least(greatest(d, 0), 30)::int)::text; l text COLLATE "C" := lower(locale); BEGIN
 -- to_char has a limit of digits that a double passes; so the thousands are parted from the right.
 r := reverse(regexp_replace(reverse(split_part(r, '.', 1)), '(\d{3})(?=\d)', '\1,', 'g')) || CASE WHEN d > 0 THEN '.' || split_part(r, '.', 2) ELSE '' END;
 IF l LIKE 'en\_%' THEN RETURN r; ELSIF l IN ('de_de', 'da_dk', 'es_ar', 'id_id', 'nl_be', 'tr_tr', 'is_is', 'fo_fo', 'vi_vn', 'ro_ro') THEN RETURN translate(r, ',.', '.,'); END IF;
 RAISE EXCEPTION USING ERRCODE = 'M1235', MESSAGE = format('This version of MySQL doesn''t yet support ''FORMAT with locale %s''', locale); END $$;
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
CREATE OR REPLACE FUNCTION "mysql".wide_text(given bytea, unit int) RETURNS text LANGUAGE plpgsql VOLATILE STRICT AS
$$ DECLARE b bytea; r text COLLATE "C" := ''; k bigint; high bigint; i int := 0; name text := CASE unit WHEN 2 THEN 'utf16' ELSE 'utf32' END;
BEGIN
 b := decode(repeat('00', (unit - octet_length(given) % unit) % unit), 'hex') || given;
 WHILE i < octet_length(b) LOOP
  k := get_byte(b, i) * 256 + get_byte(b, i + 1);
  IF unit = 4 THEN k := k * 65536 + get_byte(b, i + 2) * 256 + get_byte(b, i + 3); END IF;
  i := i + unit;
  IF high IS NOT NULL THEN
   IF k NOT BETWEEN 56320 AND 57343 THEN k := 55296; ELSE k := 65536 + ((high - 55296) << 10) + (k - 56320); END IF;
   high := NULL;
  ELSIF unit = 2 AND k BETWEEN 55296 AND 56319 AND i < octet_length(b) THEN high := k; CONTINUE; END IF;
  IF k BETWEEN 55296 AND 57343 OR k > 1114111 THEN
   PERFORM "mysql".warn(1300, 'Invalid ' || name || ' character string: ''' || upper(encode(substr(given, 1, 3), 'hex')) || ''''); RETURN NULL;
  END IF;
  IF k = 0 THEN RAISE EXCEPTION USING ERRCODE = 'M1235', MESSAGE = 'This version of MySQL doesn''t yet support ''a NUL character in text'''; END IF;
  r := r || chr(k::int);
 END LOOP;
 RETURN r; END $$;
CREATE OR REPLACE FUNCTION "mysql".wide_bytes(s text, encoding text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT coalesce(string_agg(decode(CASE WHEN encoding = 'utf32' THEN lpad(to_hex(k), 8, '0')
   WHEN k > 65535 THEN CASE encoding WHEN 'ucs2' THEN '003f' WHEN 'utf16' THEN lpad(to_hex(55296 + ((k - 65536) >> 10)), 4, '0') || lpad(to_hex(56320 + ((k - 65536) & 1023)), 4, '0')
     ELSE regexp_replace(lpad(to_hex(55296 + ((k - 65536) >> 10)), 4, '0') || lpad(to_hex(56320 + ((k - 65536) & 1023)), 4, '0'), '(..)(..)', '\2\1', 'g') END
   WHEN encoding = 'utf16le' THEN regexp_replace(lpad(to_hex(k), 4, '0'), '(..)(..)', '\2\1') ELSE lpad(to_hex(k), 4, '0') END, 'hex'), ''::bytea ORDER BY i), ''::bytea)
 FROM (SELECT ascii(c) k, i FROM unnest(string_to_array(s COLLATE "C", NULL)) WITH ORDINALITY u(c, i)) q $$;

-- Sets of bits as text.
CREATE OR REPLACE FUNCTION "mysql".export_set(n numeric, a text, b text, sep text DEFAULT ',', len bigint DEFAULT 64) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT coalesce(string_agg(CASE WHEN "mysql".bits(n) >> i & 1 = 1 THEN a ELSE b END, sep ORDER BY i), '') FROM generate_series(0, CASE WHEN len BETWEEN 0 AND 64 THEN len ELSE 64 END::int - 1) i $$;
CREATE OR REPLACE FUNCTION "mysql".make_set(n numeric, VARIADIC a text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN n IS NOT NULL THEN coalesce((SELECT string_agg(v, ',' ORDER BY i) FROM unnest(a) WITH ORDINALITY u(v, i) WHERE i <= 64 AND "mysql".bits(n) >> (i - 1)::int & 1 = 1), '') END $$;
CREATE OR REPLACE FUNCTION "mysql".insert(s text, p bigint, l bigint, r text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN p < 1 OR p > char_length(s) THEN s WHEN l < 0 OR l > char_length(s) - p + 1 THEN left(s, p::int - 1) || r ELSE left(s, p::int - 1) || r || substr(s, (p + l)::int) END $$;
CREATE OR REPLACE FUNCTION "mysql".soundex(s text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE u text COLLATE "C" := upper(s COLLATE "C"); r text COLLATE "C" := ''; c text COLLATE "C"; k text COLLATE "C"; last text COLLATE "C" := ''; BEGIN
 IF u ~ '[^\u0001-\u007f]' THEN RAISE EXCEPTION USING ERRCODE = 'M1235', MESSAGE = 'This version of MySQL doesn''t yet support ''SOUNDEX of letters outside ASCII'''; END IF;
 FOR i IN 1..char_length(u) LOOP c := substr(u, i, 1); CONTINUE WHEN c !~ '[A-Z]';
  k := translate(c, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '01230120022455012623010202');
  IF r = '' THEN r := c; last := k; ELSIF c IN ('H', 'W') THEN NULL; ELSIF k <> '0' AND k <> last THEN r := r || k; last := k; ELSIF k = '0' THEN last := k; END IF; END LOOP;
 RETURN CASE WHEN r = '' THEN '' ELSE rpad(r, greatest(char_length(r), 4), '0') END; END $$;
-- Bytes of text and binary strings.
CREATE OR REPLACE FUNCTION "mysql".ascii(b bytea) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN octet_length(b) = 0 THEN 0 ELSE get_byte(b, 0) END::bigint $$;
CREATE OR REPLACE FUNCTION "mysql".ord(b bytea) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT coalesce((SELECT sum(get_byte(b, i)::bigint << (8 * (octet_length(b) - 1 - i))) FROM generate_series(0, octet_length(b) - 1) i), 0)::bigint $$;
CREATE OR REPLACE FUNCTION "mysql".char_bytes(VARIADIC codes bigint[]) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT decode(coalesce(string_agg(CASE WHEN char_length(h) % 2 = 1 THEN '0' || h ELSE h END, '' ORDER BY i), ''), 'hex') FROM (SELECT to_hex(c & 4294967295) h, i FROM unnest(codes) WITH ORDINALITY u(c, i) WHERE c IS NOT NULL) q $$;
-- CHAR(… USING utf16): each code fills whole units.
CREATE OR REPLACE FUNCTION "mysql".wide_char(unit int, VARIADIC codes bigint[]) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT coalesce(string_agg(decode(repeat('00', (unit - octet_length(b) % unit) % unit), 'hex') || b, ''::bytea ORDER BY i), ''::bytea)
 FROM (SELECT "mysql".char_bytes(c) b, i FROM unnest(codes) WITH ORDINALITY u(c, i) WHERE c IS NOT NULL) q $$;
CREATE OR REPLACE FUNCTION "mysql".bytes_substring(b bytea, p bigint, l bigint DEFAULT 2147483647) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN p = 0 OR l <= 0 OR p > 2147483647 THEN ''::bytea WHEN p > 0 THEN substr(b, p::int, least(l, 2147483647 - p)::int)
   WHEN -p > octet_length(b) THEN ''::bytea ELSE substr(b, (octet_length(b) + p + 1)::int, least(l, 1000000000)::int) END $$;
CREATE OR REPLACE FUNCTION "mysql".bytes_left(b bytea, n bigint) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN n <= 0 THEN ''::bytea ELSE substr(b, 1, least(n, octet_length(b))::int) END $$;
CREATE OR REPLACE FUNCTION "mysql".bytes_right(b bytea, n bigint) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN n <= 0 THEN ''::bytea WHEN n >= octet_length(b) THEN b ELSE substr(b, (octet_length(b) - n + 1)::int) END $$;
CREATE OR REPLACE FUNCTION "mysql".from_base64(s text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE t text COLLATE "C" := regexp_replace(s COLLATE "C", '[ \t\n\r]', '', 'g'); BEGIN
 IF char_length(t) % 4 <> 0 OR t !~ '^[A-Za-z0-9+/]*={0,2}$' THEN RETURN NULL; END IF;
 RETURN decode(t, 'base64'); EXCEPTION WHEN others THEN RETURN NULL; END $$;
-- UUIDs and addresses.
CREATE OR REPLACE FUNCTION "mysql".is_uuid(s text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT (s COLLATE "C" ~* '^([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\})$')::int $$;
CREATE OR REPLACE FUNCTION "mysql".uuid_to_bin(s text, swap bigint DEFAULT 0) RETURNS bytea LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ DECLARE h text COLLATE "C"; BEGIN
 IF s IS NULL THEN RETURN NULL; END IF;
 IF "mysql".is_uuid(s) = 0 THEN RAISE EXCEPTION USING ERRCODE = 'M1411', MESSAGE = format('Incorrect string value: ''%s'' for function uuid_to_bin', s); END IF;
 h := translate(s COLLATE "C", '{}-', '');
 RETURN decode(CASE WHEN coalesce(swap, 0) <> 0 THEN substr(h, 13, 4) || substr(h, 9, 4) || substr(h, 1, 8) || substr(h, 17) ELSE h END, 'hex'); END $$;
CREATE OR REPLACE FUNCTION "mysql".bin_to_uuid(b bytea, swap bigint DEFAULT 0) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ DECLARE h text COLLATE "C" := encode(b, 'hex'); BEGIN
 IF b IS NULL THEN RETURN NULL; END IF;
 IF octet_length(b) <> 16 THEN RAISE EXCEPTION USING ERRCODE = 'M1411', MESSAGE = format('Incorrect string value: ''%s'' for function bin_to_uuid', regexp_replace(encode(b, 'escape'), '\\000', '\\x00', 'g')); END IF;
 IF coalesce(swap, 0) <> 0 THEN h := substr(h, 9, 8) || substr(h, 5, 4) || substr(h, 1, 4) || substr(h, 17); END IF;
 RETURN concat_ws('-', substr(h, 1, 8), substr(h, 9, 4), substr(h, 13, 4), substr(h, 17, 4), substr(h, 21)); END $$;
CREATE OR REPLACE FUNCTION "mysql".is_ipv4(s text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT (s COLLATE "C" ~ '^([0-9]{1,3}\.){3}[0-9]{1,3}$' AND NOT EXISTS (SELECT 1 FROM unnest(string_to_array(s COLLATE "C", '.')) v WHERE v COLLATE "C" ~ '^[0-9]{1,3}$' AND v::int > 255))::int $$;
CREATE OR REPLACE FUNCTION "mysql".is_ipv6(s text) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ BEGIN IF s COLLATE "C" !~ '^[0-9A-Fa-f:.]+$' OR strpos(s COLLATE "C", ':') = 0 THEN RETURN 0; END IF; RETURN (family(s::inet) = 6)::int; EXCEPTION WHEN others THEN RETURN 0; END $$;
CREATE OR REPLACE FUNCTION "mysql".inet6_aton(s text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ BEGIN IF "mysql".is_ipv4(s) = 1 OR "mysql".is_ipv6(s) = 1 THEN RETURN substr(inet_send((regexp_replace(s COLLATE "C", '(^|\.)0+(?=[0-9])', '\1', 'g'))::inet), 5); END IF; RETURN NULL; EXCEPTION WHEN others THEN RETURN NULL; END $$;
CREATE OR REPLACE FUNCTION "mysql".inet6_ntoa(b bytea) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE octet_length(b) WHEN 4 THEN concat_ws('.', get_byte(b, 0), get_byte(b, 1), get_byte(b, 2), get_byte(b, 3)) WHEN 16 THEN host((SELECT string_agg(substr(encode(b, 'hex'), i * 4 + 1, 4), ':' ORDER BY i) FROM generate_series(0, 7) i)::inet) END $$;
CREATE OR REPLACE FUNCTION "mysql".inet_aton(s text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN s COLLATE "C" ~ '^[0-9]{1,3}(\.[0-9]{1,3}){0,3}$' AND NOT EXISTS (SELECT 1 FROM unnest(p) v WHERE v::int > 255)
   THEN CASE array_length(p, 1) WHEN 1 THEN p[1]::bigint WHEN 2 THEN (p[1]::bigint << 24) + p[2]::bigint WHEN 3 THEN (p[1]::bigint << 24) + (p[2]::bigint << 16) + p[3]::bigint
   ELSE (p[1]::bigint << 24) + (p[2]::bigint << 16) + (p[3]::bigint << 8) + p[4]::bigint END END FROM (SELECT CASE WHEN s COLLATE "C" ~ '^[0-9.]{1,15}$' THEN string_to_array(s COLLATE "C", '.') END p) q $$;
