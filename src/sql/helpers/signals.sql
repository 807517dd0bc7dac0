-- MySQL's errors, warnings and notes. The rules for all helpers are in ../helpers.rs.

-- An error of MySQL: the SQLSTATE is M and MySQL's number, the message is MySQL's text.
CREATE OR REPLACE FUNCTION "mysql".raise(code integer, message text) RETURNS void LANGUAGE plpgsql VOLATILE AS
$$ BEGIN RAISE EXCEPTION USING ERRCODE = 'M' || lpad(code::text, 4, '0'), MESSAGE = coalesce(message, ''); END $$;
-- The same where a value stands. VOLATILE, or PostgreSQL would evaluate it while planning, in branches never taken too.
CREATE OR REPLACE FUNCTION "mysql".fail(code integer, message text, x anyelement) RETURNS anyelement LANGUAGE plpgsql VOLATILE AS
$$ BEGIN RAISE EXCEPTION USING ERRCODE = 'M' || lpad(code::text, 4, '0'), MESSAGE = coalesce(message, ''); END $$;

-- Lines of SHOW WARNINGS. VOLATILE as well, or a line would come once for planning and once more for each execution.
-- In a write under strict mode, which the setting mysql.strict tells, MySQL fails where it warns otherwise.
CREATE OR REPLACE FUNCTION "mysql".warn(code integer, message text) RETURNS void LANGUAGE plpgsql VOLATILE AS
$$ BEGIN
 IF current_setting('mysql.strict', true) = 'on' THEN PERFORM "mysql".raise(code, message); END IF;
 RAISE WARNING USING ERRCODE = 'M' || lpad(code::text, 4, '0'), MESSAGE = coalesce(message, ''); END $$;
CREATE OR REPLACE FUNCTION "mysql".note(code integer, message text) RETURNS void LANGUAGE plpgsql VOLATILE AS
$$ BEGIN RAISE NOTICE USING ERRCODE = 'M' || lpad(code::text, 4, '0'), MESSAGE = coalesce(message, ''); END $$;
-- A value that is warned of.
CREATE OR REPLACE FUNCTION "mysql".warned(code integer, message text, x anyelement) RETURNS anyelement LANGUAGE plpgsql VOLATILE AS
$$ BEGIN PERFORM "mysql".warn(code, message); RETURN x; END $$;

-- SIGNAL: the SQLSTATE travels beside the number.
CREATE OR REPLACE FUNCTION "mysql".signal(code integer, state text, message text) RETURNS void LANGUAGE plpgsql VOLATILE AS
$$ BEGIN
 IF message IS NULL THEN PERFORM "mysql".raise(1231, 'Variable ''MESSAGE_TEXT'' can''t be set to the value of ''NULL'''); END IF;
 IF length(message) > 128 THEN PERFORM "mysql".raise(1648, 'Data too long for condition item ''MESSAGE_TEXT'''); END IF;
 RAISE EXCEPTION USING ERRCODE = 'M' || lpad(code::text, 4, '0'), MESSAGE = message, DETAIL = 'SQLSTATE ' || state; END $$;

-- Values on their way into variables of stored functions: what doesn't fit fails under strict mode, else it's changed with
-- a warning.
CREATE OR REPLACE FUNCTION "mysql".integer_in(x numeric, low numeric, high numeric, name text, strict boolean) RETURNS numeric LANGUAGE plpgsql VOLATILE AS
$$ DECLARE told text := 'Out of range value for column ''' || name || ''' at row 1'; BEGIN
 IF x IS NULL OR x BETWEEN low AND high THEN RETURN x; END IF;
 IF strict THEN PERFORM "mysql".raise(1264, told); END IF;
 RAISE WARNING USING ERRCODE = 'M1264', MESSAGE = told;
 RETURN CASE WHEN x < low THEN low ELSE high END; END $$;
CREATE OR REPLACE FUNCTION "mysql".decimal_in(x numeric, digits integer, decimals integer, name text, strict boolean) RETURNS numeric LANGUAGE plpgsql VOLATILE AS
$$ DECLARE r numeric := round(x, decimals); most numeric := (repeat('9', digits) || 'e-' || decimals)::numeric;
 told text := 'Out of range value for column ''' || name || ''' at row 1'; BEGIN
 IF x IS NULL THEN RETURN NULL; END IF;
 IF abs(r) > most THEN
  IF strict THEN PERFORM "mysql".raise(1264, told); END IF;
  RAISE WARNING USING ERRCODE = 'M1264', MESSAGE = told;
  RETURN round(sign(r) * most, decimals); END IF;
 IF r <> x THEN PERFORM "mysql".note(1265, 'Data truncated for column ''' || name || ''' at row 1'); END IF;
 RETURN r; END $$;
CREATE OR REPLACE FUNCTION "mysql".text_in(x text, most integer, pads boolean, name text, strict boolean) RETURNS text LANGUAGE plpgsql VOLATILE AS
$$ DECLARE t text COLLATE "C" := CASE WHEN pads THEN rtrim(x, ' ') ELSE x END; BEGIN
 IF t IS NULL OR length(t) <= most THEN RETURN t; END IF;
 IF rtrim(substr(t, most + 1), ' ') = '' THEN
  PERFORM "mysql".note(1265, 'Data truncated for column ''' || name || ''' at row 1');
 ELSIF strict THEN PERFORM "mysql".raise(1406, 'Data too long for column ''' || name || ''' at row 1');
 ELSE RAISE WARNING USING ERRCODE = 'M1265', MESSAGE = 'Data truncated for column ''' || name || ''' at row 1'; END IF;
 RETURN substr(t, 1, most); END $$;
