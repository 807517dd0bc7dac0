-- Rows, groups and sequences. The rules for all helpers are in ../helpers.rs.

-- Any value of a group: what MySQL shows for a column that grouping determines.
CREATE OR REPLACE FUNCTION "mysql".first_of(a anyelement, b anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT a $$;
CREATE OR REPLACE AGGREGATE "mysql".any_value(anyelement) (sfunc = "mysql".first_of, stype = anyelement, parallel = safe, combinefunc = "mysql".first_of);

-- Text that was compared without its trailing blanks, with them: a cast to text would cut them. Its collation is the
-- argument's, as for every function.
CREATE OR REPLACE FUNCTION "mysql".kept(t bpchar) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT textin(bpcharout(t)) $$;

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
