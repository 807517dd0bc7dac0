-- The order that MySQL gives rows where a statement leaves it open.
-- not compared: type, length, flags, origin, decimals

CREATE TABLE w (id INT, sex CHAR(1), k INT);
INSERT INTO w VALUES (3,'M',1),(1,'F',2),(4,'M',1),(2,'F',1),(5,NULL,2);
CREATE TABLE p (id INT PRIMARY KEY, sex CHAR(1), k INT);
INSERT INTO p SELECT * FROM w;

-- Windows that don't sort find the rows as the table has them, or as ORDER BY wants them.
-- ordered
SELECT id, ROW_NUMBER() OVER () n FROM w;
-- ordered
SELECT id, ROW_NUMBER() OVER () n FROM p;
SELECT id, ROW_NUMBER() OVER () n FROM w ORDER BY id;
SELECT id, ROW_NUMBER() OVER () n FROM w WHERE k = 1 ORDER BY id DESC LIMIT 2;
SELECT id, FIRST_VALUE(id) OVER () f, LAST_VALUE(id) OVER () l, LAG(id) OVER () g FROM w ORDER BY id DESC;
SELECT id, SUM(k) OVER (ROWS UNBOUNDED PRECEDING) s FROM w ORDER BY s, id;
SELECT id, SUM(k) OVER (ROWS UNBOUNDED PRECEDING) s FROM w ORDER BY id + s;
SELECT id, SUM(id) OVER (ROWS UNBOUNDED PRECEDING) s FROM w ORDER BY k, id DESC;
SELECT * FROM (SELECT id, ROW_NUMBER() OVER () n FROM w ORDER BY id) d ORDER BY n DESC;
SELECT k, COUNT(*), ROW_NUMBER() OVER () n FROM w GROUP BY k ORDER BY n;
SELECT sex, COUNT(*), ROW_NUMBER() OVER () FROM w GROUP BY sex ORDER BY sex;
-- ordered
SELECT sex, COUNT(*), ROW_NUMBER() OVER () FROM w GROUP BY sex WITH ROLLUP;
-- ordered
SELECT sex, COUNT(*), SUM(COUNT(*)) OVER (ROWS 1 PRECEDING) FROM w GROUP BY sex WITH ROLLUP;

-- Several windows: each leaves the rows as it sorted them.
SELECT id, sex, k, ROW_NUMBER() OVER () n, RANK() OVER (ORDER BY sex) r FROM w ORDER BY id;
SELECT id, sex, k, RANK() OVER (ORDER BY sex) r, ROW_NUMBER() OVER () n FROM w ORDER BY id;
SELECT id, sex, k, RANK() OVER (ORDER BY sex) r, ROW_NUMBER() OVER (ORDER BY k) n FROM w ORDER BY id;
SELECT id, sex, k, ROW_NUMBER() OVER (ORDER BY sex) r, ROW_NUMBER() OVER (ORDER BY k) n FROM w WHERE id > 0;
SELECT id, sex, k, ROW_NUMBER() OVER (ORDER BY k) r, ROW_NUMBER() OVER (ORDER BY sex, id) n FROM w;
SELECT id, sex, k, ROW_NUMBER() OVER w1 a, ROW_NUMBER() OVER (ORDER BY sex) b FROM w WINDOW w1 AS (ORDER BY k);
SELECT id, sex, RANK() OVER w1 a, MIN(id) OVER w1 b FROM w WINDOW w1 AS (PARTITION BY sex ORDER BY id);
-- ordered
SELECT id, sex, ROW_NUMBER() OVER (PARTITION BY sex) a FROM w;
SELECT id, k, MAX(id) OVER (PARTITION BY sex ORDER BY k RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) a FROM w ORDER BY id;

-- What ORDER BY leaves open comes as the table has it.
SELECT id, k FROM w ORDER BY k;
SELECT id, k FROM w ORDER BY k DESC;
SELECT id, sex FROM p ORDER BY sex DESC;
SELECT id, sex, k FROM p ORDER BY sex, k;

-- UNION shows a row where it came first.
-- ordered
SELECT id FROM w UNION SELECT k FROM w;
-- ordered
SELECT k, sex FROM w UNION SELECT id, 'm' FROM w LIMIT 4;
-- ordered
SELECT * FROM (SELECT k + 1 FROM w UNION SELECT id FROM w LIMIT 3 OFFSET 1) d;
-- ordered
WITH c AS (SELECT k FROM w UNION ALL SELECT id FROM w UNION SELECT 9 LIMIT 4) SELECT * FROM c;

-- ORDER BY behind VALUES isn't done, in parentheses neither.
(VALUES ROW(1), ROW(2)) ORDER BY 1 DESC;
(VALUES ROW(1, 9), ROW(2, 4)) ORDER BY 2 LIMIT 1;
(VALUES ROW(1), ROW(2) LIMIT 2) ORDER BY 1 DESC;

-- Comparisons that MySQL would push into a query with windows.
-- ordered
SELECT * FROM w WHERE id IN (SELECT ROW_NUMBER() OVER () FROM w);
-- ordered
SELECT id <> ALL (SELECT ROW_NUMBER() OVER () FROM w) FROM w;
-- ordered
SELECT id = ALL (SELECT ROW_NUMBER() OVER () FROM w) FROM w;
-- ordered
SELECT id <> SOME (SELECT ROW_NUMBER() OVER () FROM w) FROM w;
-- ordered
SELECT * FROM w o WHERE id IN (SELECT ROW_NUMBER() OVER () FROM w WHERE w.id > o.id);
-- ordered
SELECT * FROM w o WHERE id > ALL (SELECT ROW_NUMBER() OVER () + o.k FROM w);
-- ordered
SELECT * FROM w o WHERE id = ANY (SELECT b FROM (SELECT ROW_NUMBER() OVER () b FROM w) d WHERE b > o.k);

-- Constants that are rolled up, and rows that DISTINCT takes after the totals.
CREATE TABLE rolled (a INT, b INT);
INSERT INTO rolled VALUES (1,10),(1,20),(2,45),(2,45),(3,30);
SELECT DISTINCT 'x', a, SUM(b) FROM rolled GROUP BY 1, 2 WITH ROLLUP;
SELECT a AS f1, 'w' AS f2 FROM rolled GROUP BY f1, f2 WITH ROLLUP HAVING ISNULL(f2);
SELECT (SELECT 'a') AS f1, 5 f2 FROM rolled GROUP BY f1, f2 WITH ROLLUP HAVING f2 = 5;
SELECT DISTINCT a FROM rolled WHERE a = 1 GROUP BY a WITH ROLLUP;
SELECT GROUPING((SELECT MAX(a) FROM rolled)) FROM rolled GROUP BY (SELECT MAX(a) FROM rolled) WITH ROLLUP;
-- ordered
SELECT GROUPING((SELECT 1)) FROM rolled GROUP BY (SELECT 1) WITH ROLLUP;
SELECT a, b, SUM(b) FROM rolled GROUP BY a, b WITH ROLLUP ORDER BY GROUPING(a);
SELECT a, b, SUM(b) FROM rolled GROUP BY a, b WITH ROLLUP HAVING SUM(b) > 25 ORDER BY a DESC;

-- Sums from which rows are taken away again.
CREATE TABLE s (id INT PRIMARY KEY, n INT, f DOUBLE, d DECIMAL(8,2));
INSERT INTO s VALUES (1,10,0.5,1.5),(2,20,1.2,2.5),(3,20,2.5,3.5),(4,40,NULL,NULL),(5,NULL,4.5,5.25),(6,60,5.5,6);
SET windowing_use_high_precision = OFF;
SELECT id, STD(n) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING) FROM s ORDER BY id;
SELECT id, VAR_SAMP(f) OVER (ORDER BY id ROWS 1 PRECEDING), VARIANCE(f) OVER (ORDER BY id) FROM s ORDER BY id;
SELECT id, STDDEV_SAMP(d) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND 2 FOLLOWING) FROM s ORDER BY id;

-- Bits of binary strings.
CREATE TABLE bits (id INT PRIMARY KEY, b VARBINARY(4), c VARBINARY(512), d BLOB);
INSERT INTO bits VALUES (1, x'0102', x'01', x'01'), (2, NULL, NULL, NULL), (3, x'0F01', x'02', x'02'), (4, x'010203', x'03', x'03');
SELECT HEX(BIT_AND(b)), HEX(BIT_OR(b)), HEX(BIT_XOR(b)) FROM bits WHERE id < 4;
SELECT HEX(BIT_AND(b)), HEX(BIT_OR(b)), HEX(BIT_XOR(b)) FROM bits WHERE id = 2;
SELECT BIT_OR(b) FROM bits;
SELECT BIT_OR(c) FROM bits;
SELECT BIT_OR(d) FROM bits;
SELECT id, HEX(BIT_OR(b) OVER (ORDER BY id ROWS 1 PRECEDING)) FROM bits WHERE id < 4 ORDER BY id;
