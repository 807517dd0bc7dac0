-- Assignments to user variables inside queries.
-- not compared: length, flags, type, decimals, origin, charset
SET @a = 1;
SELECT @a := 2, @b := @a + 1, @a;
SHOW WARNINGS;
SELECT @a, @b;
SELECT @c := 'text', CONCAT(@c, '!'), @d := 1.50, @e := 2e0, @f := NULL;
SELECT @c, @d, @e, @f;
CREATE TABLE t (id INT PRIMARY KEY, x INT, s VARCHAR(10));
INSERT INTO t VALUES (1, 30, 'c'), (2, 10, 'a'), (3, 20, 'b');
SET @n = 0;
SELECT @n := @n + 1 AS n, id, x FROM t ORDER BY x;
SELECT @n;
SELECT @n := @n + 1 AS n, id FROM t ORDER BY x DESC LIMIT 2;
SELECT @n;
SELECT @r := @r + 1 AS n, x FROM t, (SELECT @r := 0) init ORDER BY x;
SELECT @r;
SELECT (@r := @r + 1) AS n, t.s FROM (SELECT @r := 10) init JOIN t ORDER BY t.id;
SELECT * FROM (SELECT @m := @m + 1 AS n, s FROM t, (SELECT @m := 0) init ORDER BY s) q WHERE n > 1 ORDER BY n;
SELECT @m;
SET @total = 0;
SELECT id, x, @total := @total + x AS running FROM t ORDER BY id;
SELECT @total;
SELECT @low := MIN(x), @high := MAX(x) FROM t;
SELECT @low, @high;
SELECT @found := id FROM t WHERE x > 100;
SELECT @found;
SELECT id FROM t WHERE (@seen := x) > 15 ORDER BY id;
SELECT @seen;
SELECT IF(@g = s, @k := @k + 1, @k := 1) AS k, @g := s AS s FROM t, (SELECT @g := '', @k := 0) init ORDER BY s;
SELECT @g, @k;
SET @prev = NULL;
SELECT id, x - @prev AS difference, @prev := x FROM t ORDER BY id;
SELECT @u := @u + 1, @u FROM t;
SELECT @v := CAST(5 AS UNSIGNED), @v * 2;
PREPARE p FROM 'SELECT @n := @n + ?';
SET @step = 5;
EXECUTE p USING @step;
EXECUTE p USING @step;
SELECT @n;
DEALLOCATE PREPARE p;
SELECT @`quoted name` := 3;
SELECT @nothing;
SELECT @a := 1 WHERE FALSE;
SELECT @a;

-- Assignments that rows are sorted or grouped by: the last row's value is left.
CREATE TABLE scored (f1 INT, f2 VARCHAR(2));
INSERT INTO scored VALUES (5, 'e'), (4, 'd'), (4, 'd'), (3, 'c'), (1, 'a');
SELECT @i := f1 AS j FROM scored ORDER BY j;
SELECT @i;
SELECT @i := f1 AS j FROM scored ORDER BY 1 DESC LIMIT 2;
SELECT @i;
SELECT @a := f1, COUNT(f1) FROM scored GROUP BY 1 ORDER BY 1 DESC;
SELECT @a;
SELECT @a := f2 AS x, COUNT(f2) FROM scored GROUP BY x ORDER BY x;
SELECT @a;

-- UPDATE that numbers its rows.
CREATE TABLE numbered (id INT PRIMARY KEY, pos INT NOT NULL, s VARCHAR(10));
INSERT INTO numbered VALUES (3, 0, 'c'), (1, 0, 'a'), (2, 0, 'b');
SET @i := 0;
UPDATE numbered SET pos = (@i := @i + 1) ORDER BY id;
SELECT id, pos, @i FROM numbered ORDER BY id;
UPDATE numbered SET pos = @i := @i + 1 WHERE id > 1 ORDER BY id DESC;
SELECT id, pos, @i FROM numbered ORDER BY id;
UPDATE numbered SET pos = (@i := @i + 1) WHERE id > 100;
SELECT @i;
SET @p := NULL;
UPDATE numbered SET s = (@p := CONCAT(COALESCE(@p, ''), s)) ORDER BY id;
SELECT id, s, @p FROM numbered ORDER BY id;
SET @i := 10;
UPDATE numbered SET pos = (@i := @i + 10), s = @i ORDER BY id LIMIT 2;
SELECT id, pos, s, @i FROM numbered ORDER BY id;
UPDATE numbered SET pos = (@i := pos) ORDER BY id;
SELECT @i;

-- Groups: MySQL assigns behind the sort, and groups that aren't sorted come as their first rows do.
SET sql_mode = '';
CREATE TABLE grouped (id INT PRIMARY KEY, n INT);
INSERT INTO grouped VALUES (1, 12), (2, 11), (3, 10), (4, 12), (5, 11);
SELECT @a := n FROM grouped GROUP BY n ORDER BY -n;
SELECT @a;
SELECT @a := SUM(id), @b := n FROM grouped GROUP BY n ORDER BY n DESC LIMIT 2;
SELECT @a, @b;
SELECT @a := 2 * n FROM grouped GROUP BY n LIMIT 1;
SELECT @a;
SELECT @a := n, @b := AVG(id) FROM grouped GROUP BY n LIMIT 2;
SELECT @a;
CREATE INDEX by_n ON grouped (n);
SELECT @a := n FROM grouped GROUP BY n LIMIT 1;
SET sql_mode = DEFAULT;

-- The type that a variable has when the statement begins is the one that it's read with.
SET @a = 0, @b = 0;
SELECT @a := '10', @b := '2', @a > @b;
SELECT @a := 10, @b := 2, @a > @b;
SET @g = 1;
SELECT @g, @g := 'test', @g;
SELECT CHARSET(@x := _latin2'test'), COERCIBILITY(@x := _latin2'test' COLLATE latin2_bin);
SELECT (@x := _latin2'test' COLLATE latin2_bin) = _latin2'TEST' COLLATE latin2_general_ci;
SET @v1 = NULL, @v2 = 1, @v3 = 1.1;
SELECT COERCIBILITY(@v1), COERCIBILITY(@v2), COERCIBILITY(@v3), COERCIBILITY(@never);
SET @f = 1, @f = NULL;
CREATE TABLE kept SELECT @f;
SHOW CREATE TABLE kept;
