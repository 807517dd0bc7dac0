-- Groups of one table that no ORDER BY sorts come in the order of their first rows.
-- not compared: type, length, flags, origin, decimals

CREATE TABLE t (id INT PRIMARY KEY, g INT, h VARCHAR(10), n INT, j JSON);
INSERT INTO t VALUES (5,3,'b',1,'1'),(1,7,'a',2,'2'),(2,NULL,'b',3,'3'),(3,7,'c',4,'4'),(4,1,'a',5,'5'),(6,NULL,'a',6,'6'),(0,3,'z',9,'0');
-- ordered
SELECT g, COUNT(*) FROM t GROUP BY g;
-- ordered
SELECT COUNT(*) FROM t GROUP BY g;
-- ordered
SELECT MAX(id), g FROM t GROUP BY g;
-- ordered
SELECT h, MAX(id) FROM t GROUP BY h;
-- ordered
SELECT g, h, SUM(n) FROM t GROUP BY g, h;
-- ordered
SELECT g + 1 AS x, SUM(n) FROM t GROUP BY x;
-- ordered
SELECT g, COUNT(*) FROM t WHERE n > 1 GROUP BY g;
-- ordered
SELECT g, COUNT(*) AS c FROM t GROUP BY g HAVING c > 1;
-- ordered
SELECT g, COUNT(*) AS c FROM t GROUP BY g LIMIT 2;
-- ordered
SELECT g, COUNT(*) AS c FROM t GROUP BY g LIMIT 2 OFFSET 1;
-- ordered
SELECT g, GROUP_CONCAT(id ORDER BY id) FROM t GROUP BY g;
-- ordered
SELECT h, COUNT(DISTINCT n) FROM t GROUP BY h;
-- ordered
SELECT g, SUM(DISTINCT n) FROM t GROUP BY g;
-- ordered
SELECT g, JSON_ARRAYAGG(id) FROM t WHERE id < 3 GROUP BY g;
-- ordered
SELECT g, JSON_OBJECTAGG(id, n) FROM t WHERE id < 3 GROUP BY g;
-- ordered
SELECT g, AVG(n), MIN(n), STD(n), BIT_OR(n) FROM t GROUP BY g;
-- ordered
SELECT g, COUNT(*) FROM t WHERE id > 1 GROUP BY g;
-- ordered
SELECT g, COUNT(*) FROM t WHERE id IN (6, 2, 4) GROUP BY g;
-- ordered
SELECT id, COUNT(*) FROM t GROUP BY id;
-- ordered
SELECT id DIV 2 AS d, COUNT(*) FROM t GROUP BY d;
-- ordered
SELECT -id AS d, COUNT(*) FROM t GROUP BY d;
-- ordered
SELECT g, (SELECT COUNT(*) FROM t AS u WHERE u.g = t.g) AS c FROM t GROUP BY g;
CREATE TABLE u (id INT NOT NULL, g INT, n INT, UNIQUE KEY (id));
INSERT INTO u VALUES (9,1,1),(8,2,2),(7,1,3),(3,3,4);
-- ordered
SELECT g, COUNT(*) FROM u GROUP BY g;
-- ordered
SELECT g, SUM(n) FROM u AS v GROUP BY g;
