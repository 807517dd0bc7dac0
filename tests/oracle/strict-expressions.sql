-- What is only warned of in a query fails a write under strict mode, unless it says IGNORE.
-- not compared: length, decimals
CREATE TABLE t (id INT PRIMARY KEY, n INT, s VARCHAR(20));
INSERT INTO t VALUES (1, 1, 'abc'), (2, 2, '7');
SELECT 'abc' + 1;
UPDATE t SET n = s + 1 WHERE id = 1;
UPDATE t SET n = s + 1 WHERE id = 2;
SELECT id, n FROM t ORDER BY id;
BEGIN;
UPDATE t SET n = 'abc' + 1 WHERE id = 1;
SELECT 'abc' + 1;
UPDATE t SET n = 5 WHERE id = 1;
COMMIT;
SELECT id, n FROM t ORDER BY id;
DELETE FROM t WHERE s + 1 > 100;
INSERT INTO t SELECT id + 10, s + 1, s FROM t WHERE id = 1;
SET sql_mode = '';
UPDATE t SET n = s + 1 WHERE id = 1;
SELECT id, n FROM t ORDER BY id;
