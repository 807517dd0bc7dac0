-- Aggregates and recursion. The rules for all helpers are in ../helpers.rs.

-- An unsigned number as the 64 bits of a signed one.
CREATE OR REPLACE FUNCTION "mysql".to_bits(n numeric) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN n IS NULL THEN NULL WHEN round(n) > 9223372036854775807 THEN least(round(n), 18446744073709551615) - 18446744073709551616 ELSE greatest(round(n), -9223372036854775808) END::bigint $$;

-- Variance by MySQL's recurrence: its last digits differ from those of PostgreSQL's own. The state is count, mean, sum.
CREATE OR REPLACE FUNCTION "mysql".vary(state double precision[], x double precision) RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN x IS NULL THEN state WHEN state[1] = 0 THEN ARRAY[1, x, 0]
   ELSE ARRAY[state[1] + 1, state[2] + (x - state[2]) / (state[1] + 1), state[3] + (x - state[2]) * (x - (state[2] + (x - state[2]) / (state[1] + 1)))] END $$;
CREATE OR REPLACE FUNCTION "mysql".vary_pop(state double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN state[1] > 0 THEN state[3] / state[1] END $$;
CREATE OR REPLACE FUNCTION "mysql".vary_samp(state double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN state[1] > 1 THEN state[3] / (state[1] - 1) END $$;
CREATE OR REPLACE FUNCTION "mysql".deviate_pop(state double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN state[1] > 0 THEN sqrt(state[3] / state[1]) END $$;
CREATE OR REPLACE FUNCTION "mysql".deviate_samp(state double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN state[1] > 1 THEN sqrt(state[3] / (state[1] - 1)) END $$;
CREATE OR REPLACE AGGREGATE "mysql".var_pop(double precision) (sfunc = "mysql".vary, stype = double precision[], finalfunc = "mysql".vary_pop, initcond = '{0,0,0}');
CREATE OR REPLACE AGGREGATE "mysql".var_samp(double precision) (sfunc = "mysql".vary, stype = double precision[], finalfunc = "mysql".vary_samp, initcond = '{0,0,0}');
CREATE OR REPLACE AGGREGATE "mysql".stddev_pop(double precision) (sfunc = "mysql".vary, stype = double precision[], finalfunc = "mysql".deviate_pop, initcond = '{0,0,0}');
CREATE OR REPLACE AGGREGATE "mysql".stddev_samp(double precision) (sfunc = "mysql".vary, stype = double precision[], finalfunc = "mysql".deviate_samp, initcond = '{0,0,0}');

-- The same over moving frames without windowing_use_high_precision: sums of distances from the first value, from which
-- rows are taken away again. The state is count, first value, sum, sum of squares.
CREATE OR REPLACE FUNCTION "mysql".shift_in(state double precision[], x double precision) RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN x IS NULL THEN state WHEN state[1] = 0 THEN ARRAY[1, x, 0, 0]
   ELSE ARRAY[state[1] + 1, state[2], state[3] + (x - state[2]), state[4] + (x - state[2]) * (x - state[2])] END $$;
CREATE OR REPLACE FUNCTION "mysql".shift_out(state double precision[], x double precision) RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN x IS NULL THEN state
   ELSE ARRAY[state[1] - 1, state[2], state[3] - (x - state[2]), state[4] - (x - state[2]) * (x - state[2])] END $$;
CREATE OR REPLACE FUNCTION "mysql".shifted(state double precision[], lost double precision) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN state[1] <= lost THEN NULL WHEN state[1] = 1 THEN 0
   ELSE greatest((state[4] - state[3] * state[3] / state[1]) / (state[1] - lost), 0) END $$;
CREATE OR REPLACE FUNCTION "mysql".shifted_pop(state double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT "mysql".shifted(state, 0) $$;
CREATE OR REPLACE FUNCTION "mysql".shifted_samp(state double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT "mysql".shifted(state, 1) $$;
CREATE OR REPLACE FUNCTION "mysql".shifted_deviate_pop(state double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT sqrt("mysql".shifted(state, 0)) $$;
CREATE OR REPLACE FUNCTION "mysql".shifted_deviate_samp(state double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT sqrt("mysql".shifted(state, 1)) $$;
CREATE OR REPLACE AGGREGATE "mysql".moving_var_pop(double precision) (sfunc = "mysql".shift_in, stype = double precision[], finalfunc = "mysql".shifted_pop, initcond = '{0,0,0,0}', msfunc = "mysql".shift_in, minvfunc = "mysql".shift_out, mstype = double precision[], mfinalfunc = "mysql".shifted_pop, minitcond = '{0,0,0,0}');
CREATE OR REPLACE AGGREGATE "mysql".moving_var_samp(double precision) (sfunc = "mysql".shift_in, stype = double precision[], finalfunc = "mysql".shifted_samp, initcond = '{0,0,0,0}', msfunc = "mysql".shift_in, minvfunc = "mysql".shift_out, mstype = double precision[], mfinalfunc = "mysql".shifted_samp, minitcond = '{0,0,0,0}');
CREATE OR REPLACE AGGREGATE "mysql".moving_stddev_pop(double precision) (sfunc = "mysql".shift_in, stype = double precision[], finalfunc = "mysql".shifted_deviate_pop, initcond = '{0,0,0,0}', msfunc = "mysql".shift_in, minvfunc = "mysql".shift_out, mstype = double precision[], mfinalfunc = "mysql".shifted_deviate_pop, minitcond = '{0,0,0,0}');
CREATE OR REPLACE AGGREGATE "mysql".moving_stddev_samp(double precision) (sfunc = "mysql".shift_in, stype = double precision[], finalfunc = "mysql".shifted_deviate_samp, initcond = '{0,0,0,0}', msfunc = "mysql".shift_in, minvfunc = "mysql".shift_out, mstype = double precision[], mfinalfunc = "mysql".shifted_deviate_samp, minitcond = '{0,0,0,0}');

-- BIT_AND, BIT_OR and BIT_XOR of binary strings.
CREATE OR REPLACE AGGREGATE "mysql".all_and(bytea) (sfunc = "mysql".bytes_and, stype = bytea);
CREATE OR REPLACE AGGREGATE "mysql".all_or(bytea) (sfunc = "mysql".bytes_or, stype = bytea);
CREATE OR REPLACE AGGREGATE "mysql".all_xor(bytea) (sfunc = "mysql".bytes_xor, stype = bytea);

-- GROUP_CONCAT's result, at most so many bytes.
CREATE OR REPLACE FUNCTION "mysql".cut_group(s text, most bigint) RETURNS text LANGUAGE plpgsql STABLE AS
$$ DECLARE kept text COLLATE "C"; BEGIN
 IF s IS NULL OR octet_length(s) <= most THEN RETURN s; END IF;
 kept := left(s, most::integer);
 WHILE octet_length(kept) > most LOOP kept := left(kept, -1 * greatest(1, ((octet_length(kept) - most) / 4)::integer)); END LOOP;
 PERFORM "mysql".warn(1260, 'Row 1 was cut by GROUP_CONCAT()');
 RETURN kept; END $$;

-- May a recursive common table expression go on from this iteration?
CREATE OR REPLACE FUNCTION "mysql".may_recurse(iteration bigint, most bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE AS
$$ BEGIN
 IF iteration >= most THEN
   RAISE EXCEPTION USING ERRCODE = 'M3636', MESSAGE = format('Recursive query aborted after %s iterations. Try increasing @@cte_max_recursion_depth to a larger value.', most + 1);
 END IF;
 RETURN true; END $$;

-- Text that has to fit a column without being cut.
CREATE OR REPLACE FUNCTION "mysql".fit(s text, most integer, name text) RETURNS text LANGUAGE plpgsql VOLATILE AS
$$ BEGIN
 IF char_length(s) > most THEN
   RAISE EXCEPTION USING ERRCODE = 'M1406', MESSAGE = format('Data too long for column ''%s'' at row 1', name);
 END IF;
 RETURN s; END $$;
