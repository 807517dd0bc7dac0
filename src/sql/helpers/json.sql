-- JSON documents. The rules for all helpers are in ../helpers.rs.

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
