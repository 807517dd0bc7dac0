-- What the test suites of further frameworks and the installers of applications use.
-- not compared: length, flags, origin, decimals, type, charset
CREATE TABLE u (id INT PRIMARY KEY, name VARCHAR(20));
INSERT INTO u VALUES (1, 'u1'), (2, 'u2'), (3, 'u3');
SELECT t1.name, COUNT(t1.id) AS ct FROM (SELECT id, name FROM u UNION SELECT id, name FROM u) AS t1 GROUP BY t1.name ORDER BY COUNT(t1.id) DESC, 1;
SELECT name, COUNT(*) AS ct FROM (SELECT id, UPPER(name) name FROM u) AS t1 GROUP BY name ORDER BY name;
WITH c AS (SELECT name FROM u UNION SELECT name FROM u) SELECT name, COUNT(*) FROM c GROUP BY name ORDER BY name;
SELECT name FROM (SELECT CONCAT(name, 'x') AS name FROM u) q GROUP BY name HAVING name > 'u1' ORDER BY name;
CREATE TABLE m (id INT PRIMARY KEY, a VARCHAR(20), b VARCHAR(20) COLLATE utf8mb4_bin, c VARCHAR(20) COLLATE utf8mb4_general_ci);
INSERT INTO m VALUES (1, 'x', 'X', 'x'), (2, 'y', 'y', 'Y');
SELECT id FROM m WHERE CONCAT(a, b) = 'xx';
SELECT id FROM m WHERE CONCAT_WS('-', a, b) LIKE 'x-x';
SELECT id FROM m WHERE IFNULL(a, b) = 'X';
SELECT id FROM m WHERE IF(id = 1, a, b) = 'X';
SELECT id FROM m WHERE CASE WHEN id = 1 THEN a ELSE b END = 'X';
SELECT id FROM m WHERE GREATEST(a, b) = 'X';
SELECT id FROM m WHERE LEAST(a, b) = 'x';
SELECT id FROM m WHERE COALESCE(b, a) = 'x';
SELECT id FROM m WHERE CONCAT(a, c) = 'xx';
SELECT id FROM m WHERE CONCAT(a, c) COLLATE utf8mb4_bin = 'xx';
SELECT CONCAT(a, c) FROM m ORDER BY id;
SELECT COLLATION(CONCAT(a, b)), COLLATION(IFNULL(a, b)), COLLATION(CONCAT(a, c)) FROM m WHERE id = 1;
-- unordered
SELECT a FROM m UNION SELECT b FROM m;
SELECT a FROM m UNION SELECT c FROM m;
CREATE TABLE o (id INT PRIMARY KEY, ti TIME, t6 TIME(6));
INSERT INTO o VALUES (1, '100:00:00', '-838:59:59.000000'), (2, '-9:08:07', '0:00:00.5'), (3, '838:59:59', '123:04:05.678');
SELECT CONCAT(ti), CONCAT(t6), CAST(ti AS CHAR), ti LIKE '100%', LENGTH(ti), JSON_ARRAY(ti), JSON_OBJECT('a', t6) FROM o ORDER BY id;
SELECT GROUP_CONCAT(ti ORDER BY id) FROM o;
CREATE TABLE b (a VARBINARY(20));
INSERT INTO b VALUES ('ab/c'), ('a%c'), ('a`c');
-- unordered
SELECT a FROM b WHERE a NOT LIKE '%/%' ESCAPE '`';
SELECT a FROM b WHERE a LIKE 'a`%c' ESCAPE '`';
SELECT a FROM b WHERE a LIKE 'a``c' ESCAPE '`';
CREATE TABLE j (id INT PRIMARY KEY AUTO_INCREMENT, j JSON);
-- execute '{"a": 3}'
INSERT INTO j (j) VALUES (CAST(? AS JSON));
-- execute '[1, "x"]'
INSERT INTO j (j) VALUES (?);
-- execute '{"a":3}'
SELECT id FROM j WHERE j = CAST(? AS JSON);
-- execute 5
SELECT CAST(? AS JSON);
-- execute '5'
SELECT JSON_TYPE(CAST(? AS JSON));
-- execute 'no json'
SELECT CAST(? AS JSON);
SELECT j, JSON_TYPE(j) FROM j ORDER BY id;
CREATE TABLE wp_options (option_id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, option_name VARCHAR(191) NOT NULL DEFAULT '' UNIQUE, option_value LONGTEXT NOT NULL, autoload VARCHAR(20) DEFAULT 'yes');
INSERT INTO wp_options (option_name, option_value) VALUES ('_transient_a', 'x'), ('_transient_timeout_a', '5'), ('_transient_b', 'y'), ('_transient_timeout_b', '99999999999');
DELETE a, b FROM wp_options a, wp_options b WHERE a.option_name LIKE '\\_transient\\_%' AND a.option_name NOT LIKE '\\_transient\\_timeout\\_%' AND b.option_name = CONCAT('_transient_timeout_', SUBSTRING(a.option_name, 12)) AND b.option_value < 1795690242;
SELECT option_name FROM wp_options ORDER BY option_id;
DELETE a, b FROM wp_options a JOIN wp_options b ON a.option_id = b.option_id WHERE a.option_name = '_transient_b';
SELECT option_name FROM wp_options ORDER BY option_id;
CREATE TABLE cat (name VARCHAR(20) PRIMARY KEY, parent VARCHAR(20));
INSERT INTO cat VALUES ('root', NULL), ('p1', 'root'), ('c11', 'p1');
WITH RECURSIVE h AS ((SELECT name FROM cat WHERE parent IS NULL) UNION ALL (SELECT c.name FROM cat c INNER JOIN h ON c.parent = h.name)) SELECT name FROM h ORDER BY name;
WITH RECURSIVE h AS (SELECT name, 0 AS level, name AS path FROM cat WHERE parent IS NULL UNION ALL SELECT c.name, h.level + 1, CONCAT(h.path, '>', c.name) FROM cat c INNER JOIN h ON c.parent = h.name) SELECT name, level FROM h ORDER BY name;
WITH RECURSIVE h AS (SELECT name, CAST(name AS CHAR(100)) AS path FROM cat WHERE parent IS NULL UNION ALL SELECT c.name, CONCAT(h.path, '>', c.name) FROM cat c INNER JOIN h ON c.parent = h.name) SELECT path FROM h ORDER BY path;
CREATE TABLE stamped (id INT PRIMARY KEY, pub DATETIME(6) DEFAULT (CURRENT_TIMESTAMP(6)) NOT NULL, y INT DEFAULT (EXTRACT(YEAR FROM CURRENT_TIMESTAMP(6))) NOT NULL, d DATE DEFAULT (CURRENT_DATE), u BIGINT DEFAULT (UNIX_TIMESTAMP()));
INSERT INTO stamped (id) VALUES (1);
SELECT TIMESTAMPDIFF(SECOND, pub, NOW(6)) BETWEEN -1 AND 60, y = YEAR(NOW()), d = CURRENT_DATE, UNIX_TIMESTAMP() - u BETWEEN 0 AND 60 FROM stamped;
SHOW CREATE TABLE stamped;
CREATE TABLE hashed (a INT, c VARCHAR(64) AS (SHA2(a, 256)) STORED);
INSERT INTO hashed (a) VALUES (1);
SELECT * FROM hashed;
CREATE TABLE extracted (e JSON, g INT AS (CAST(e->>'$.n' AS UNSIGNED)) VIRTUAL, h BIGINT AS (CAST(e->>'$.n' AS SIGNED)) STORED);
INSERT INTO extracted (e) VALUES ('{"n": 5}'), ('{"n": "7"}'), ('{}');
SELECT * FROM extracted ORDER BY g;
CREATE TABLE bin (id INT, t ENUM('page', 'subcat') DEFAULT 'page' NOT NULL) DEFAULT CHARSET=binary;
INSERT INTO bin VALUES (1, 'page'), (2, 'subcat');
SELECT *, HEX(t) FROM bin WHERE t = 'page';
SHOW CREATE TABLE bin;
CREATE VIEW vu AS SELECT name FROM u;
RENAME TABLE vu TO vw;
SELECT * FROM vw ORDER BY name;
CREATE TABLE widened (id INT PRIMARY KEY, b VARCHAR(50), KEY (b(20)));
ALTER TABLE widened MODIFY b VARCHAR(10);
SHOW CREATE TABLE widened;
