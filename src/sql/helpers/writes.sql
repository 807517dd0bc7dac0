-- Writes that MySQL carries out row by row. The rules for all helpers are in ../helpers.rs; what these take and why
-- they are right is told in ../rowwise.rs.

-- Takes `wanted` ids, one every `step`, that no other session has ids between; returns the first. Sequences have no
-- such call, so a run that another session broke into is given up, as MySQL gives up ids too.
CREATE OR REPLACE FUNCTION "mysql".take_ids(sequence regclass, wanted bigint, step bigint, start bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS
$$ DECLARE low bigint; high bigint; first bigint; more bigint; BEGIN
 FOR attempt IN 1..1000 LOOP
   SELECT min(x), max(x) INTO low, high FROM (SELECT nextval(sequence) AS x FROM generate_series(1, wanted * step)) AS taken;
   CONTINUE WHEN high - low + 1 <> wanted * step;
   IF step = 1 THEN RETURN low; END IF;
   first := low + ((start - low) % step + step) % step;
   more := first - low;
   IF more = 0 THEN RETURN first; END IF;
   SELECT max(x) INTO low FROM (SELECT nextval(sequence) AS x FROM generate_series(1, more)) AS taken;
   IF low = high + more THEN RETURN first; END IF;
 END LOOP;
 PERFORM "mysql".raise(1467, 'Failed to read auto-increment value from storage engine'); END $$;

-- The ids of a statement's rows: `given` holds what the statement gives, NULL (or 0) where an id is wanted. `total` is
-- the number of rows when it was known before, else NULL: InnoDB takes that many ids at once, or 1, 2, 4, … It's 0 for
-- engines that lock the table and take no more than they need.
CREATE OR REPLACE FUNCTION "mysql".new_ids(given numeric[], zero boolean, total bigint, sequence regclass, step bigint, start bigint,
  OUT ids numeric[], OUT first numeric) LANGUAGE plpgsql VOLATILE AS
$$ DECLARE id numeric; next bigint; bound bigint := -1; wanted bigint; taken integer := 0; top numeric := 0; BEGIN
 ids := coalesce(given, '{}');
 FOR i IN 1..cardinality(ids) LOOP
   id := ids[i];
   IF id IS NULL OR (id = 0 AND NOT zero) THEN
     IF next IS NULL OR next > bound THEN
       IF top > 0 THEN PERFORM "mysql".reach(sequence, top); END IF;
       wanted := CASE WHEN total = 0 THEN (SELECT count(*) FROM unnest(ids[i:]) AS rest (own) WHERE own IS NULL OR (own = 0 AND NOT zero))
       WHEN taken = 0 AND total IS NOT NULL THEN total ELSE 1 << least(taken, 16) END;
       next := "mysql".take_ids(sequence, wanted, step, start);
       bound := next + wanted * step - 1;
       taken := taken + 1;
     END IF;
     ids[i] := next;
     first := coalesce(first, next);
     next := next + step;
   ELSE
     top := greatest(top, id);
     IF next IS NOT NULL AND id >= next THEN next := id + step - (id - next) % step; END IF;
   END IF;
 END LOOP;
 IF top > 0 THEN PERFORM "mysql".reach(sequence, top); END IF; END $$;

-- INSERT IGNORE, ON DUPLICATE KEY UPDATE and REPLACE. `rows` holds the values as text, `id` is the place of the
-- AUTO_INCREMENT column among them. `add`, `find` (one for each unique key, in MySQL's order), `entry` (the message of
-- a duplicate, likewise), `change` and `gone` are statements over the row ($1) and the place of a stored row
-- ($2). `failing` are names of constraints beside their MySQL error's number and text.
CREATE OR REPLACE FUNCTION "mysql".write_rows(kind text, rows text[], id integer, zero boolean, total bigint, sequence regclass, step bigint, start bigint,
  add text, find text[], entry text[], change text, gone text, failing text[],
  OUT records bigint, OUT copied bigint, OUT deleted bigint, OUT updated bigint, OUT touched bigint, OUT first_id numeric, OUT last_id numeric)
  LANGUAGE plpgsql VOLATILE AS
$$ DECLARE "row" text[]; place tid; stored text; own numeric; fresh boolean; n bigint; done boolean; attempt integer; k integer;
  next bigint; bound bigint := -1; wanted bigint; taken integer := 0; last_place tid; last_key integer; broken text; counted boolean := strpos(change COLLATE "C", '"mysql"."row"(') > 0; BEGIN
 records := 0; copied := 0; deleted := 0; updated := 0; touched := 0;
 IF rows IS NULL OR cardinality(rows) = 0 THEN RETURN; END IF;
 FOREACH "row" SLICE 1 IN ARRAY rows LOOP
   records := records + 1; fresh := false;
   IF id IS NOT NULL THEN
     own := "row"[id]::numeric;
     fresh := sequence IS NOT NULL AND (own IS NULL OR (own = 0 AND NOT zero));
     IF fresh THEN
       IF next IS NULL OR next > bound THEN
         wanted := CASE WHEN taken = 0 AND total IS NOT NULL THEN total ELSE 1 << least(taken, 16) END;
         next := "mysql".take_ids(sequence, wanted, step, start);
         bound := next + wanted * step - 1;
         taken := taken + 1;
       END IF;
       own := next; "row"[id] := own::text;
     END IF;
     last_id := own;
   END IF;
   done := false; attempt := 0;
   WHILE NOT done LOOP
     attempt := attempt + 1;
     IF attempt > 1000 THEN PERFORM "mysql".raise(1213, 'Deadlock found when trying to get lock; try restarting transaction'); END IF;
     place := NULL;
     IF kind = 'replace' THEN
       -- The last of the conflicting rows becomes the new one, the others go. Only there, and only when it met on the
       -- last key, MySQL sees that nothing changes and doesn't count it.
       last_place := NULL;
       FOR k IN 1..coalesce(cardinality(find), 0) LOOP
         EXECUTE find[k] INTO place, stored USING "row";
         CONTINUE WHEN place IS NULL OR place = last_place;
         IF last_place IS NOT NULL THEN
           EXECUTE gone USING "row", last_place;
           deleted := deleted + 1;
         END IF;
         last_place := place; last_key := k;
       END LOOP;
     END IF;
     IF last_place IS NOT NULL THEN
       EXECUTE change USING "row", last_place; GET DIAGNOSTICS n = ROW_COUNT;
       IF n > 0 OR last_key < cardinality(find) THEN deleted := deleted + 1; END IF;
       n := 1;
     ELSIF failing IS NULL THEN
       EXECUTE add USING "row"; GET DIAGNOSTICS n = ROW_COUNT;
     ELSE
       BEGIN
         EXECUTE add USING "row"; GET DIAGNOSTICS n = ROW_COUNT;
       EXCEPTION WHEN foreign_key_violation OR check_violation THEN
         GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
         k := array_position(failing, broken);
         IF k IS NULL THEN RAISE; END IF;
         PERFORM "mysql".warn(failing[k + 1]::integer, failing[k + 2]);
         records := records - 1;
         n := -1;
       END;
     END IF;
     IF n > 0 THEN
       copied := copied + 1; done := true;
       IF fresh THEN first_id := coalesce(first_id, own); next := next + step;
       ELSIF own > 0 AND sequence IS NOT NULL THEN
         PERFORM "mysql".reach(sequence, own);
         IF next IS NOT NULL AND own >= next THEN next := own + step - (own - next) % step; END IF;
       END IF;
       EXIT;
     END IF;
     EXIT WHEN n < 0;
     CONTINUE WHEN kind = 'replace';
     FOR k IN 1..coalesce(cardinality(find), 0) LOOP
       EXECUTE find[k] INTO place, stored USING "row";
       CONTINUE WHEN place IS NULL;
       done := true;
       IF kind = 'ignore' THEN
         EXECUTE entry[k] INTO broken USING "row";
         PERFORM "mysql".warn(1062, broken);
         EXIT;
       END IF;
       last_id := stored::numeric;
       touched := touched + 1;
       stored := NULL;
       IF counted THEN PERFORM set_config('mysql.row', records::text, true); END IF;
       EXECUTE change INTO stored USING "row", place;
       GET DIAGNOSTICS n = ROW_COUNT;
       IF n > 0 THEN
         updated := updated + 1;
         IF id IS NOT NULL THEN
           last_id := stored::numeric;
           IF last_id > 0 AND sequence IS NOT NULL THEN PERFORM "mysql".reach(sequence, last_id); END IF;
         END IF;
       END IF;
       EXIT;
     END LOOP;
   END LOOP;
 END LOOP;
 IF copied + updated = 0 THEN last_id := NULL; END IF; END $$;

-- UPDATE in the order of `places`. `change` is a statement over the place ($2); what it doesn't touch is the same as
-- before. With `entry`, rows that would violate a constraint stay as they are: `entry` are names of unique indexes
-- beside the statement that says which value there is twice.
CREATE OR REPLACE FUNCTION "mysql".update_rows(places tid[], change text, entry text[], failing text[], OUT matched bigint, OUT changed bigint)
  LANGUAGE plpgsql VOLATILE AS
$$ DECLARE place tid; n bigint; k integer; broken text; counted boolean := strpos(change COLLATE "C", '"mysql"."row"(') > 0; nth bigint := 0; BEGIN
 matched := coalesce(cardinality(places), 0); changed := 0;
 IF matched = 0 THEN RETURN; END IF;
 FOREACH place IN ARRAY places LOOP
   nth := nth + 1;
   IF counted THEN PERFORM set_config('mysql.row', nth::text, true); END IF;
   IF entry IS NULL THEN
     EXECUTE change USING NULL::text[], place; GET DIAGNOSTICS n = ROW_COUNT;
   ELSE
     BEGIN
       EXECUTE change USING NULL::text[], place; GET DIAGNOSTICS n = ROW_COUNT;
     EXCEPTION
       WHEN unique_violation THEN
         GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
         k := array_position(entry, broken);
         IF k IS NULL THEN RAISE; END IF;
         EXECUTE entry[k + 1] INTO broken USING NULL::text[], place;
         PERFORM "mysql".warn(1062, broken);
         n := 0;
       WHEN foreign_key_violation OR check_violation THEN
         GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
         k := array_position(failing, broken);
         IF k IS NULL THEN RAISE; END IF;
         PERFORM "mysql".warn(failing[k + 1]::integer, failing[k + 2]);
         n := 0;
     END;
   END IF;
   changed := changed + n;
 END LOOP; END $$;

-- UPDATE over a join, row by row: each of `rows` is the place of a row and its new values.
CREATE OR REPLACE FUNCTION "mysql".update_joined(rows text[], change text, OUT matched bigint, OUT changed bigint) LANGUAGE plpgsql VOLATILE AS
$$ DECLARE "row" text[]; n bigint; BEGIN
 matched := 0; changed := 0;
 IF rows IS NULL OR cardinality(rows) = 0 THEN RETURN; END IF;
 FOREACH "row" SLICE 1 IN ARRAY rows LOOP
   EXECUTE change USING "row", "row"[1]::tid; GET DIAGNOSTICS n = ROW_COUNT;
   matched := matched + 1; changed := changed + n;
 END LOOP; END $$;

-- DELETE IGNORE: rows that others refer to stay.
CREATE OR REPLACE FUNCTION "mysql".delete_rows(places tid[], gone text, failing text[]) RETURNS bigint LANGUAGE plpgsql VOLATILE AS
$$ DECLARE place tid; n bigint; k integer; broken text; deleted bigint := 0; BEGIN
 IF places IS NULL THEN RETURN 0; END IF;
 FOREACH place IN ARRAY places LOOP
   IF failing IS NULL THEN
     EXECUTE gone USING NULL::text[], place; GET DIAGNOSTICS n = ROW_COUNT;
     deleted := deleted + n;
     CONTINUE;
   END IF;
   BEGIN
     EXECUTE gone USING NULL::text[], place; GET DIAGNOSTICS n = ROW_COUNT;
   EXCEPTION WHEN foreign_key_violation THEN
     GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
     k := array_position(failing, broken);
     IF k IS NULL THEN RAISE; END IF;
     PERFORM "mysql".warn(failing[k + 1]::integer, failing[k + 2]);
     n := 0;
   END;
   deleted := deleted + n;
 END LOOP;
 RETURN deleted; END $$;

-- Bytes as MySQL shows them in messages.
CREATE OR REPLACE FUNCTION "mysql".shown(value bytea) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT coalesce(string_agg(CASE WHEN b BETWEEN 32 AND 126 THEN chr(b) ELSE '\x' || upper(lpad(to_hex(b), 2, '0')) END, '' ORDER BY i), '')
   FROM (SELECT i, get_byte(value, i) AS b FROM generate_series(0, octet_length(value) - 1) AS i) AS bytes $$;

-- LAST_INSERT_ID(expr): the session is told by a notice.
CREATE OR REPLACE FUNCTION "mysql".last_insert_id(value numeric) RETURNS numeric LANGUAGE plpgsql VOLATILE AS
$$ BEGIN RAISE NOTICE USING ERRCODE = 'MLIID', MESSAGE = coalesce(value, 0)::text; RETURN value; END $$;
