-- The same statement with other values: plans are shared between texts that differ in literals only, and between
-- executions; each class of value keeps its own meaning.
-- not compared: length, decimals
CREATE TABLE t (id INT PRIMARY KEY, n INT, big BIGINT, d DECIMAL(10,2), f DOUBLE, s VARCHAR(20), day DATE, at DATETIME, KEY (n), KEY (s));
INSERT INTO t VALUES (1, 5, 5, 5.00, 5, '5', '2024-01-05', '2024-01-05 00:00:00');
INSERT INTO t VALUES (2, 6, 9007199254740993, 5.50, 5.5, '5.0', '2024-02-29', '2024-02-29 23:59:59');
INSERT INTO t VALUES (3, NULL, NULL, NULL, NULL, 'abc', NULL, NULL), (4, 0, 0, 0, 0, '', '2000-01-01', '2000-01-01 12:00:00');
INSERT INTO t (id, s) VALUES (5, 'it''s'), (6, 'a\\b\n'), (7, '05'), (8, NULL);
SELECT id FROM t WHERE s = 5 ORDER BY id;
SELECT id FROM t WHERE s = '5' ORDER BY id;
SELECT id FROM t WHERE s = 5.0 ORDER BY id;
SELECT id FROM t WHERE n = 5 ORDER BY id;
SELECT id FROM t WHERE n = '5' ORDER BY id;
SELECT id FROM t WHERE n = '5.0' ORDER BY id;
SELECT id FROM t WHERE n = 5.0 ORDER BY id;
SELECT id FROM t WHERE n = 5.5 ORDER BY id;
SELECT id FROM t WHERE n < 5.5 ORDER BY id;
SELECT id FROM t WHERE n < '5.5' ORDER BY id;
SELECT id FROM t WHERE d = 5.5 ORDER BY id;
SELECT id FROM t WHERE d = '5.50' ORDER BY id;
SELECT id FROM t WHERE d = 5 ORDER BY id;
SELECT id FROM t WHERE f = 5.5 ORDER BY id;
SELECT id FROM t WHERE f >= '5.5' ORDER BY id;
SELECT id FROM t WHERE big = 9007199254740993 ORDER BY id;
SELECT id FROM t WHERE day = '2024-01-05' ORDER BY id;
SELECT id FROM t WHERE day >= '2024-01-05' AND day <= '2024-12-31' ORDER BY id;
SELECT id FROM t WHERE at = '2024-01-05' ORDER BY id;
SELECT id FROM t WHERE at BETWEEN '2024-01-01' AND '2024-03-01' ORDER BY id;
SELECT id FROM t WHERE n IN (5, 6) ORDER BY id;
SELECT id FROM t WHERE n IN ('5', 6) ORDER BY id;
SELECT id FROM t WHERE s IN ('5', 'ABC') ORDER BY id;
SELECT id FROM t WHERE s LIKE 'a%' ORDER BY id;
SELECT id FROM t WHERE s LIKE 'A\\\\b%' ORDER BY id;
SELECT id FROM t WHERE s = 'it\'s' ORDER BY id;
SELECT id FROM t WHERE s = "it's" ORDER BY id;
SELECT id FROM t WHERE id = -1 OR n = -5 ORDER BY id;
UPDATE t SET n = '7', s = 8 WHERE id = '1';
SELECT n, s FROM t WHERE id = 1;
UPDATE t SET n = 'x' WHERE id = 1;
INSERT INTO t (id, n) VALUES ('9', '10');
INSERT INTO t (id, n) VALUES (10, 99999999999);
SELECT id, n FROM t WHERE id > 8 ORDER BY id;
-- execute 5
SELECT id FROM t WHERE n = ? ORDER BY id;
-- execute '5'
SELECT id FROM t WHERE n = ? ORDER BY id;
-- execute '6.0'
SELECT id FROM t WHERE n = ? ORDER BY id;
-- execute 6.5
SELECT id FROM t WHERE n < ? ORDER BY id;
-- execute NULL
SELECT id FROM t WHERE n = ? ORDER BY id;
-- execute 5
SELECT id FROM t WHERE s = ? ORDER BY id;
-- execute '5'
SELECT id FROM t WHERE s = ? ORDER BY id;
-- execute 5.0
SELECT id FROM t WHERE s = ? ORDER BY id;
-- execute 1, '7', 2
SELECT id FROM t WHERE id = ? AND s <> ? AND n > ? ORDER BY id;
-- execute 20, 'twenty', NULL, '2024-01-01'
INSERT INTO t (id, s, n, day) VALUES (?, ?, ?, ?);
-- execute '21', 21, '21', '2024-1-2'
INSERT INTO t (id, s, n, day) VALUES (?, ?, ?, ?);
SELECT id, s, n, day FROM t WHERE id >= 20 ORDER BY id;
SELECT (SELECT s FROM t b WHERE b.id = 3), id FROM t WHERE id = 1;
SELECT id FROM (SELECT id FROM t WHERE n = 7) d WHERE id = 1;
