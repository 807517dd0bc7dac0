-- Rows of one table that no ORDER BY sorts come as InnoDB keeps them: by its clustered index.
-- not compared: type, length, flags, origin, decimals

CREATE TABLE p (id INT PRIMARY KEY, a INT, b INT, s VARCHAR(10), KEY (a));
INSERT INTO p VALUES (5,1,10,'x'),(3,3,10,'y'),(9,2,30,'x'),(1,9,10,'z'),(7,4,20,'b');
UPDATE p SET b = b + 1 WHERE id < 4;
-- ordered
SELECT * FROM p;
-- ordered
SELECT b FROM p;
-- ordered
SELECT id + b FROM p AS q;
-- ordered
(SELECT * FROM p);
-- ordered
SELECT ALL p.* FROM p FOR UPDATE;
-- ordered
SELECT *, (SELECT MAX(b) FROM p q WHERE q.b <= p.b) m FROM p;
-- ordered
SELECT * FROM p HAVING b > 1;
-- ordered
SELECT @n := b AS n FROM p;
SELECT @n;

-- LIMIT gives the first of them.
-- ordered
SELECT * FROM p LIMIT 2;
-- ordered
SELECT * FROM p LIMIT 2 OFFSET 3;
-- ordered
SELECT SQL_CALC_FOUND_ROWS * FROM p LIMIT 1, 2;
SELECT FOUND_ROWS();
SELECT b, s INTO @b, @s FROM p LIMIT 1;
SELECT @b, @s;
PREPARE first FROM 'SELECT * FROM p WHERE b > ? LIMIT ?';
SET @least = 10, @rows = 2;
-- ordered
EXECUTE first USING @least, @rows;

-- Conditions on what no other index leads with, and on the key itself.
-- ordered
SELECT * FROM p WHERE b >= 10;
-- ordered
SELECT * FROM p WHERE b = 11 LIMIT 1;
-- ordered
SELECT * FROM p WHERE id > 2;
-- ordered
SELECT * FROM p WHERE id IN (9, 5, 1);
-- ordered
SELECT * FROM p WHERE s LIKE '%x%' OR id = 1;
SELECT * FROM p WHERE id = 9;
-- Another index may be read: any order.
SELECT * FROM p WHERE a > 1;
SELECT id, a FROM p;
SELECT id FROM p WHERE b > 0 AND a > 1;

-- Without a primary key it's the first unique key that has neither NULLs nor prefixes.
CREATE TABLE u (a INT, b INT NOT NULL, c VARCHAR(5) NOT NULL, d INT NOT NULL, e INT, UNIQUE (a), UNIQUE (c(2)), UNIQUE (d), UNIQUE (b), KEY (e));
INSERT INTO u VALUES (1,5,'b',2,1),(2,4,'aa',1,2),(3,9,'B2',4,0),(0,1,'9',3,3);
-- ordered
SELECT * FROM u;
-- ordered
SELECT b, c FROM u;
-- ordered
SELECT * FROM u WHERE d > 1;
SELECT d, e FROM u;
REPLACE INTO u VALUES (7,1,'z',2,1);
-- ordered
SELECT * FROM u;

-- Text is sorted by its collation, labels by their positions, and DESC holds.
CREATE TABLE t (k VARCHAR(5) PRIMARY KEY, v INT);
INSERT INTO t VALUES ('b',1),('A',2),('C',3),('ä2',4),('_',5),('Z',6);
-- ordered
SELECT * FROM t;
-- ordered
SELECT * FROM t WHERE v > 1 LIMIT 3;
CREATE TABLE tb (k VARCHAR(5) CHARACTER SET latin1 COLLATE latin1_bin PRIMARY KEY, v INT);
INSERT INTO tb VALUES ('b',1),('A',2),('C',3),('_',5);
-- ordered
SELECT * FROM tb;
CREATE TABLE d (k INT, v INT, w INT, PRIMARY KEY (k DESC, v));
INSERT INTO d VALUES (1,1,1),(2,3,2),(2,1,3),(3,5,4);
-- ordered
SELECT * FROM d;
-- ordered
SELECT * FROM d WHERE k = 2;
CREATE TABLE l (k ENUM('z','y','a') PRIMARY KEY, v INT);
INSERT INTO l VALUES ('a',1),('y',2),('z',3);
-- ordered
SELECT * FROM l;
CREATE TABLE m (a INT, b INT, c INT, e INT, PRIMARY KEY (b, a), KEY (c));
INSERT INTO m VALUES (2,3,1,1),(1,9,2,1),(2,1,3,1),(1,3,0,1);
-- ordered
SELECT * FROM m;
-- ordered
SELECT * FROM m WHERE a = 1 AND b > 0;
-- ordered
SELECT a, b, e FROM m WHERE b = 3;

-- An index that isn't read changes nothing.
CREATE TABLE i (a INT PRIMARY KEY, b INT, c TEXT, KEY (b) INVISIBLE, KEY (c(3)));
INSERT INTO i VALUES (3,1,'z'),(1,2,'y'),(2,0,'x');
-- ordered
SELECT a, b FROM i;
-- ordered
SELECT a, c FROM i WHERE b < 9;

-- Temporary tables are InnoDB's as well; other engines have rows as they were inserted.
CREATE TEMPORARY TABLE tt (a INT PRIMARY KEY, b INT);
INSERT INTO tt VALUES (3,1),(1,2),(2,3);
-- ordered
SELECT * FROM tt;
CREATE TABLE my (a INT PRIMARY KEY, b INT) ENGINE=MyISAM;
INSERT INTO my VALUES (3,1),(1,2),(2,3);
-- ordered
SELECT * FROM my;
CREATE TABLE heap (a INT PRIMARY KEY, b INT) ENGINE=MEMORY;
INSERT INTO heap VALUES (3,1),(1,2),(2,3);
-- ordered
SELECT * FROM heap;

-- Keys over prefixes cluster, and are left as they come.
CREATE TABLE pre (k VARCHAR(9), v INT NOT NULL UNIQUE, w INT, PRIMARY KEY (k(2)));
INSERT INTO pre VALUES ('b',1,1),('Az',2,2),('9',0,3);
SELECT * FROM pre;
