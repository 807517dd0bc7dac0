-- JSON paths. The rules for all helpers are in ../helpers.rs.
--
-- A path is read into legs, a text for each: .name (member), *. (every member), #n (cell from the start), ~n (cell from
-- the end), *# (every cell), :a b (range of two cells), ** (the value itself and everything below it).

CREATE OR REPLACE FUNCTION "mysql".json_path_error(t text, at integer) RETURNS void LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN PERFORM "mysql".json_error(3143, format('Invalid JSON path expression. The error is around character position %s.', octet_length(left(t, at - 1)))); END $$;
-- A cell's number: n, last or last-n. Raises at the place where MySQL does.
CREATE OR REPLACE FUNCTION "mysql".json_path_cell(t text, at integer, OUT leg text, OUT next integer) LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE digits text COLLATE "C"; sign text := '#';
BEGIN
  next := at;
  IF substr(t, at, 4) COLLATE "C" = 'last' THEN
    sign := '~'; next := at + 4;
    digits := substring(substr(t, next) COLLATE "C" from '^[ \t\n\r]*-[ \t\n\r]*');
    IF digits IS NULL THEN leg := '~0'; RETURN; END IF;
    next := next + length(digits);
  END IF;
  digits := substring(substr(t, next) COLLATE "C" from '^[0-9]+');
  IF digits IS NULL OR digits::numeric > 4294967295 THEN PERFORM "mysql".json_path_error(t, next); END IF;
  next := next + length(digits);
  leg := sign || digits::bigint;
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_path(source text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE t text COLLATE "C" := source; at integer; legs text[] := '{}'; ch text COLLATE "C"; word text COLLATE "C"; one record; two record; size integer := length(source); ends text[];
BEGIN
  at := 1 + coalesce(length(substring(t from '^[ \t\n\r]+')), 0);
  IF at > size THEN PERFORM "mysql".json_path_error(t, at); END IF;
  IF substr(t, at, 1) <> '$' THEN PERFORM "mysql".json_path_error('*' || t, at + 1); END IF;
  at := at + 1;
  LOOP
    at := at + coalesce(length(substring(substr(t, at) from '^[ \t\n\r]+')), 0);
    EXIT WHEN at > size;
    ch := substr(t, at, 1);
    IF ch = '.' THEN
      at := at + 1 + coalesce(length(substring(substr(t, at + 1) from '^[ \t\n\r]+')), 0);
      ch := substr(t, at, 1);
      IF ch = '' THEN PERFORM "mysql".json_path_error(t, at);
      ELSIF ch = '*' THEN legs := legs || '*.'::text; at := at + 1;
      ELSIF ch = '"' THEN
        word := substring(substr(t, at) from '^"(?:[^"\\]|\\.)*"');
        IF word IS NULL THEN PERFORM "mysql".json_path_error(t, size + 1); END IF;
        at := at + length(word);
        IF (SELECT problem IS NOT NULL FROM "mysql".json_problem(word)) THEN PERFORM "mysql".json_path_error(t, at); END IF;
        legs := legs || ('.' || (word::jsonb #>> '{}'));
      ELSE
        word := substring(substr(t, at) from '^[^ \t\n\r.\[*]+');
        IF word IS NULL THEN PERFORM "mysql".json_path_error(t, at); END IF;
        at := at + length(word);
        IF word ~ '\\' AND word !~ '^(\\u[0-9a-fA-F]{4}|[^\\])*$' THEN PERFORM "mysql".json_path_error(t, at); END IF;
        IF word ~ '\\' THEN word := ('"' || replace(word, '"', '\"') || '"')::jsonb #>> '{}'; END IF;
        IF word !~ '^([a-zA-Z_$]|[^\x01-\x7f])([a-zA-Z0-9_$]|[^\x01-\x7f])*$' THEN PERFORM "mysql".json_path_error(t, at); END IF;
        legs := legs || ('.' || word);
      END IF;
    ELSIF ch = '[' THEN
      at := at + 1 + coalesce(length(substring(substr(t, at + 1) from '^[ \t\n\r]+')), 0);
      IF substr(t, at, 1) = '*' THEN
        at := at + 1; legs := legs || '*#'::text;
      ELSE
        one := "mysql".json_path_cell(t, at); at := one.next;
        word := substring(substr(t, at) from '^[ \t\n\r]+to[ \t\n\r]+');
        IF word IS NULL THEN legs := legs || one.leg;
        ELSE
          two := "mysql".json_path_cell(t, at + length(word)); at := two.next;
          legs := legs || (':' || one.leg || ' ' || two.leg);
          IF left(one.leg, 1) = left(two.leg, 1) AND (CASE left(one.leg, 1) WHEN '#' THEN substr(one.leg, 2)::bigint > substr(two.leg, 2)::bigint ELSE substr(one.leg, 2)::bigint < substr(two.leg, 2)::bigint END) THEN
            PERFORM "mysql".json_path_error(t, at);
          END IF;
        END IF;
      END IF;
      at := at + coalesce(length(substring(substr(t, at) from '^[ \t\n\r]+')), 0);
      IF at > size THEN PERFORM "mysql".json_path_error(t, at); END IF;
      at := at + 1;
      IF substr(t, at - 1, 1) <> ']' THEN PERFORM "mysql".json_path_error(t, at); END IF;
    ELSIF ch = '*' THEN
      at := at + 1;
      IF substr(t, at, 1) <> '*' THEN PERFORM "mysql".json_path_error(t, at); END IF;
      at := at + 1;
      IF at > size OR substr(t, at, 1) = '*' THEN PERFORM "mysql".json_path_error(t, at); END IF;
      legs := legs || '**'::text;
    ELSE PERFORM "mysql".json_path_error(t, at);
    END IF;
  END LOOP;
  IF legs[cardinality(legs)] = '**' THEN PERFORM "mysql".json_path_error(t, at); END IF;
  RETURN legs;
END $$;
-- True for a path that can match several values.
CREATE OR REPLACE FUNCTION "mysql".json_path_is_wild(legs text[]) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT EXISTS (SELECT FROM unnest(legs) AS l(leg) WHERE left(leg, 1) COLLATE "C" IN ('*', ':')) $$;
-- A path where wildcards aren't allowed.
CREATE OR REPLACE FUNCTION "mysql".json_plain_path(t text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE legs text[] := "mysql".json_path(t);
BEGIN
  IF "mysql".json_path_is_wild(legs) THEN PERFORM "mysql".json_error(3149, 'In this situation, path expressions may not contain the * and ** tokens or an array range.'); END IF;
  RETURN legs;
END $$;

-- Position of a cell in an array of the given length; below 0 or beyond the end when there is none.
CREATE OR REPLACE FUNCTION "mysql".json_cell_index(leg text, size bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE left(leg, 1) COLLATE "C" WHEN '#' THEN substr(leg, 2)::bigint ELSE size - 1 - substr(leg, 2)::bigint END $$;
-- `[n]` of a value: what isn't an array counts as an array of one.
CREATE OR REPLACE FUNCTION "mysql".json_cell(j jsonb, n integer) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN jsonb_typeof(j) = 'array' THEN j -> n WHEN n = 0 THEN j END $$;
CREATE OR REPLACE FUNCTION "mysql".json_last_cell(j jsonb, n integer) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN jsonb_typeof(j) = 'array' THEN j -> (-1 - n) WHEN n = 0 THEN j END $$;
-- The one value at a path without wildcards, or NULL.
CREATE OR REPLACE FUNCTION "mysql".json_at(j jsonb, legs text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE leg text COLLATE "C"; place bigint; size bigint;
BEGIN
  FOREACH leg IN ARRAY legs LOOP
    IF left(leg, 1) = '.' THEN j := CASE WHEN jsonb_typeof(j) = 'object' THEN j -> substr(leg, 2) END;
    ELSIF jsonb_typeof(j) = 'array' THEN
      size := jsonb_array_length(j); place := "mysql".json_cell_index(leg, size);
      j := CASE WHEN place >= 0 AND place < size THEN j -> place::integer END;
    ELSIF substr(leg, 2) <> '0' THEN RETURN NULL;
    END IF;
    IF j IS NULL THEN RETURN NULL; END IF;
  END LOOP;
  RETURN j;
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_path_name(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN name COLLATE "C" ~ '^([a-zA-Z_$]|[^\x01-\x7f])([a-zA-Z0-9_$]|[^\x01-\x7f])*$' THEN '.' || name ELSE '.' || to_json(name)::text END $$;
-- A value and everything below it, in MySQL's order, each with its path.
CREATE OR REPLACE FUNCTION "mysql".json_descendants(j jsonb, path text) RETURNS TABLE (item jsonb, place text) LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE below record;
BEGIN
  item := j; place := path; RETURN NEXT;
  IF jsonb_typeof(j) = 'object' THEN
    FOR below IN SELECT key, value FROM jsonb_each(j) LOOP RETURN QUERY SELECT * FROM "mysql".json_descendants(below.value, path || "mysql".json_path_name(below.key)); END LOOP;
  ELSIF jsonb_typeof(j) = 'array' THEN
    FOR below IN SELECT value, n - 1 AS n FROM jsonb_array_elements(j) WITH ORDINALITY AS e(value, n) LOOP RETURN QUERY SELECT * FROM "mysql".json_descendants(below.value, path || '[' || below.n || ']'); END LOOP;
  END IF;
END $$;
-- Every value at a path, each once, in MySQL's order.
CREATE OR REPLACE FUNCTION "mysql".json_seek(j jsonb, legs text[], start text DEFAULT '$') RETURNS TABLE (item jsonb, place text) LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE leg text COLLATE "C" := legs[1]; rest text[] := legs[2:]; one bigint; two bigint; size bigint; kind text := jsonb_typeof(j); below record;
BEGIN
  IF leg IS NULL THEN item := j; place := start; RETURN NEXT; RETURN; END IF;
  IF leg = '**' THEN
    RETURN QUERY SELECT s.item, s.place FROM (
      SELECT DISTINCT ON (r.place COLLATE "C") r.item, r.place, d.n, r.n AS m FROM ROWS FROM ("mysql".json_descendants(j, start)) WITH ORDINALITY AS d(item, place, n)
      CROSS JOIN LATERAL ROWS FROM ("mysql".json_seek(d.item, rest, d.place)) WITH ORDINALITY AS r(item, place, n) ORDER BY r.place COLLATE "C", d.n, r.n) AS s ORDER BY s.n, s.m;
  ELSIF leg = '*.' THEN
    IF kind = 'object' THEN
      FOR below IN SELECT key, value FROM jsonb_each(j) LOOP RETURN QUERY SELECT * FROM "mysql".json_seek(below.value, rest, start || "mysql".json_path_name(below.key)); END LOOP;
    END IF;
  ELSIF left(leg, 1) = '.' THEN
    IF kind = 'object' AND j ? substr(leg, 2) THEN RETURN QUERY SELECT * FROM "mysql".json_seek(j -> substr(leg, 2), rest, start || "mysql".json_path_name(substr(leg, 2))); END IF;
  ELSE
    size := CASE WHEN kind = 'array' THEN jsonb_array_length(j) ELSE 1 END;
    IF leg = '*#' THEN
      IF kind <> 'array' THEN RETURN; END IF;
      one := 0; two := size - 1;
    ELSIF left(leg, 1) = ':' THEN
      one := greatest("mysql".json_cell_index(split_part(substr(leg, 2), ' ', 1), size), 0); two := least("mysql".json_cell_index(split_part(leg, ' ', 2), size), size - 1);
    ELSE one := "mysql".json_cell_index(leg, size); two := one;
      IF one < 0 OR one >= size THEN RETURN; END IF;
    END IF;
    IF kind <> 'array' THEN
      IF one = 0 AND two = 0 THEN RETURN QUERY SELECT * FROM "mysql".json_seek(j, rest, start); END IF;
      RETURN;
    END IF;
    FOR at IN one .. two LOOP RETURN QUERY SELECT * FROM "mysql".json_seek(j -> at::integer, rest, start || '[' || at || ']'); END LOOP;
  END IF;
END $$;
-- JSON_EXTRACT.
CREATE OR REPLACE FUNCTION "mysql".json_extract(j jsonb, VARIADIC paths text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ DECLARE legs text[]; path text; all_found jsonb[] := '{}'; several boolean := cardinality(paths) > 1;
BEGIN
  IF j IS NULL THEN RETURN NULL; END IF;
  FOREACH path IN ARRAY paths LOOP
    IF path IS NULL THEN RETURN NULL; END IF;
    legs := "mysql".json_path(path);
    several := several OR "mysql".json_path_is_wild(legs);
    all_found := all_found || ARRAY(SELECT s.item FROM ROWS FROM ("mysql".json_seek(j, legs)) WITH ORDINALITY AS s(item, place, n) ORDER BY n);
  END LOOP;
  IF j IS NULL OR cardinality(all_found) = 0 THEN RETURN NULL; END IF;
  RETURN CASE WHEN several THEN "mysql".json_shallow(to_jsonb(all_found)) ELSE all_found[1] END;
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_one_or_all(t text, name text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ BEGIN
  IF lower(t COLLATE "C") NOT IN ('one', 'all') THEN PERFORM "mysql".json_error(3154, format('The oneOrAll argument to %s may take these values: ''one'' or ''all''.', name)); END IF;
  RETURN lower(t COLLATE "C") = 'one';
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_contains_path(j jsonb, how text, VARIADIC paths text[]) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ DECLARE one boolean := "mysql".json_one_or_all(how, 'json_contains_path'); path text; there boolean;
BEGIN
  IF j IS NULL OR one IS NULL THEN RETURN NULL; END IF;
  FOREACH path IN ARRAY paths LOOP
    IF path IS NULL THEN RETURN NULL; END IF;
    there := EXISTS (SELECT FROM "mysql".json_seek(j, "mysql".json_path(path)));
    IF there = one THEN RETURN one; END IF;
  END LOOP;
  RETURN NOT one;
END $$;
CREATE OR REPLACE FUNCTION "mysql".json_length(j jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE jsonb_typeof(j) WHEN 'array' THEN jsonb_array_length(j)::bigint WHEN 'object' THEN (SELECT count(*) FROM jsonb_object_keys(j)) WHEN NULL THEN NULL ELSE 1 END WHERE j IS NOT NULL $$;
CREATE OR REPLACE FUNCTION "mysql".json_keys(j jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN jsonb_typeof(j) = 'object' THEN coalesce((SELECT jsonb_agg(k ORDER BY n) FROM jsonb_object_keys(j) WITH ORDINALITY AS s(k, n)), '[]') END $$;
CREATE OR REPLACE FUNCTION "mysql".json_depth(j jsonb) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ BEGIN
  RETURN CASE jsonb_typeof(j)
    WHEN 'array' THEN 1 + coalesce((SELECT max("mysql".json_depth(e)) FROM jsonb_array_elements(j) AS s(e)), 0)
    WHEN 'object' THEN 1 + coalesce((SELECT max("mysql".json_depth(e)) FROM jsonb_each(j) AS s(k, e)), 0) ELSE 1 END;
END $$;
-- JSON_SEARCH. Text is compared byte by byte.
CREATE OR REPLACE FUNCTION "mysql".json_search(j jsonb, how text, wanted text, escape_mark text, VARIADIC paths text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$ DECLARE one boolean := "mysql".json_one_or_all(how, 'json_search'); places text[];
BEGIN
  IF length(escape_mark) > 1 THEN PERFORM "mysql".json_error(1210, 'Incorrect arguments to ESCAPE'); END IF;
  IF j IS NULL OR one IS NULL OR wanted IS NULL OR array_position(paths, NULL) IS NOT NULL THEN RETURN NULL; END IF;
  places := ARRAY(SELECT s.place FROM (SELECT DISTINCT ON (d.place COLLATE "C") d.place, p.n AS a, r.n AS b, d.n AS c
    FROM unnest(paths) WITH ORDINALITY AS p(path, n)
    CROSS JOIN LATERAL ROWS FROM ("mysql".json_seek(j, "mysql".json_path(p.path))) WITH ORDINALITY AS r(item, place, n)
    CROSS JOIN LATERAL ROWS FROM ("mysql".json_descendants(r.item, r.place)) WITH ORDINALITY AS d(item, place, n)
    WHERE jsonb_typeof(d.item) = 'string' AND "mysql".json_type(d.item) = 'STRING' AND "mysql".json_string(d.item #>> '{}') COLLATE "C" LIKE wanted COLLATE "C" ESCAPE coalesce(nullif(escape_mark, ''), '\')
    ORDER BY d.place COLLATE "C", p.n, r.n, d.n) AS s ORDER BY s.a, s.b, s.c);
  RETURN CASE WHEN cardinality(places) = 0 THEN NULL WHEN one OR cardinality(places) = 1 THEN to_jsonb(places[1]) ELSE to_jsonb(places) END;
END $$;
