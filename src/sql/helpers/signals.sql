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
