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
CREATE TABLE counted (id BIGINT PRIMARY KEY, d DECIMAL(10, 2), f DOUBLE);
INSERT INTO counted VALUES (1, 1, 1), (2, 2.5, 2.5), (3, 3, 3), (9007199254740993, 4, 4);
-- execute 3.0
SELECT id FROM counted WHERE id = ?;
-- execute 2.5
SELECT id FROM counted WHERE id > ? ORDER BY id;
-- execute 3.0
SELECT id FROM counted WHERE d <= ? ORDER BY id;
-- execute 9007199254740992.0
SELECT id FROM counted WHERE id = ?;
-- execute 3.0, 7.0
SELECT ? / 2, ? + 1, id FROM counted WHERE id = 1;
-- execute 1.0, 3.0
SELECT id FROM counted WHERE id IN (?, ?) ORDER BY id;
-- execute 1.0, 2.0
SELECT id FROM counted WHERE id BETWEEN ? AND ? ORDER BY id;
CREATE TABLE dates (d DATE, dt DATETIME, dm DATETIME(3));
INSERT INTO dates VALUES ('2017-01-01', '2017-01-01 10:00:00', '2017-01-01 10:00:00.5');
SELECT d = 20170101000000.0, d >= 20170101000000.0, d = 20170101.0, d <> 99991231000000.0 FROM dates;
SELECT dt = 20170101100000.0, dt > 20170101095959.5, dm > 20170101100000.25, dm = 20170101100000.5 FROM dates;
CREATE TABLE act (id BIGINT PRIMARY KEY, endDate DATETIME);
CREATE TABLE ta (tileId BIGINT, activityId BIGINT, PRIMARY KEY (tileId, activityId));
INSERT INTO act VALUES (1, '2020-01-01'), (2, '2020-01-02'), (3, '2020-01-03');
INSERT INTO ta VALUES (2, 1), (3, 1), (2, 2);
SELECT a.id, x.c FROM act a JOIN (SELECT activityId aid, COUNT(*) c FROM ta GROUP BY activityId) x ON x.aid = a.id GROUP BY a.id ORDER BY a.id;
SELECT a.id, x.c FROM act a LEFT JOIN (SELECT activityId aid, COUNT(*) c FROM ta GROUP BY activityId) x ON x.aid = a.id GROUP BY a.id ORDER BY a.id;
WITH x AS (SELECT activityId aid, COUNT(*) c FROM ta GROUP BY activityId) SELECT a.id, x.c FROM act a JOIN x ON x.aid = a.id GROUP BY a.id ORDER BY a.id;
SELECT a.id, x.c FROM act a JOIN (SELECT activityId + 0 aid, COUNT(*) c FROM ta GROUP BY activityId) x ON x.aid = a.id GROUP BY a.id ORDER BY a.id;
-- execute ''
SELECT id FROM act WHERE id = 1 AND endDate = ?;
-- execute 'abc'
SELECT id FROM act WHERE id = 1 AND endDate > ?;
-- execute '2020-01-02'
SELECT id FROM act WHERE endDate >= ? ORDER BY id;
CREATE TABLE post (id INT PRIMARY KEY, a VARCHAR(20), b VARCHAR(20));
INSERT INTO post VALUES (1, 'x', 'y');
ALTER TABLE post ADD COLUMN v VARCHAR(255) AS (CONCAT(a, ' ', b)) VIRTUAL NOT NULL;
ALTER TABLE post ADD s VARCHAR(255) AS (CONCAT(a, b)) STORED NOT NULL;
SELECT * FROM post;
CREATE TABLE user2 (id INT PRIMARY KEY, gen INT AS (id * 2) STORED NOT NULL, g3 INT AS (id * 3) VIRTUAL NOT NULL);
INSERT INTO user2 (id, gen) VALUES (1, DEFAULT);
INSERT INTO user2 VALUES (2, DEFAULT, DEFAULT);
INSERT INTO user2 SET id = 3, gen = DEFAULT;
UPDATE user2 SET id = 4, gen = DEFAULT WHERE id = 3;
SELECT * FROM user2 ORDER BY id;

-- An entry of several parts has no dash behind those that are empty at the beginning.
create table dashes (a varchar(3), b varchar(3), c int, unique key k (a, b, c));
insert into dashes values ('', '', 1), ('', 'x', 2), ('y', '', 3);
insert into dashes values ('', '', 1);
insert into dashes values ('', 'x', 2);
insert into dashes values ('y', '', 3);
insert ignore into dashes values ('', '', 1), ('', 'x', 2), ('y', '', 3);
create table empties (a varchar(3), b varchar(3), unique key k (a, b));
insert into empties values ('', '');
insert into empties values ('', '');
insert ignore into empties values ('', '');

-- Names that the query's tables have too are ambiguous in ON DUPLICATE KEY UPDATE, but for grouped queries and UNION.
create table b2 (x int, y int, primary key (x));
insert into b2 values (1, 1);
create table b3 (x int);
insert into b3 values (1);
insert into b2 (x, y) select x + 1, y from b2 on duplicate key update y = y + 1;
insert into b2 (x, y) select q.x, q.y from b2 q on duplicate key update y = b2.y + q.y;
insert into b2 (x, y) select x, 1 from b3 on duplicate key update y = x;
insert into b2 (x, y) select distinct x, 1 from b3 on duplicate key update y = x;
insert into b2 (x, y) select x, 7 from b3 group by x on duplicate key update y = x;
insert into b2 (x, y) select x, 1 from b3 union select 1, 2 on duplicate key update y = y + 5;
insert into b2 (x, y) select * from (select 1 as x, 2) d on duplicate key update y = x;
insert into b2 (x, y) select b3.x, 5 from b3 on duplicate key update y = values(y) + b3.x;
insert into b2 (x, y) select x, 5 from b3 on duplicate key update y = y + 1;
select * from b2 order by x;

-- ENUM and SET are sorted by their numbers; what isn't a label is 0.
set sql_mode = '';
create table labels (id int primary key, e enum('q', 'p'), s set('z', 'a', 'm'));
insert into labels values (1, 'p', 'z'), (2, 'x', ''), (3, 'q', 'a,z'), (4, null, null), (5, 'p', 'm'), (6, 'q', 'a,m');
select id, e from labels order by e, id;
select id, e from labels order by e desc, id;
select id, s from labels order by s, id;
select id, s from labels order by s desc, id;
select e, count(*) from labels group by e order by e;
select s, count(*) from labels group by s order by s desc;
select distinct e from labels order by e desc;
select id, row_number() over (order by e, s, id) as n from labels order by n;
select group_concat(e order by e, id), group_concat(s order by s) from labels;
set sql_mode = default;

-- LIMIT of a write holds whatever plan PostgreSQL makes of it.
create table limited (id int auto_increment primary key, k int unique, t varchar(6) not null default 'd');
insert into limited (k, t) values (1, 'a'), (2, 'a'), (3, 'a'), (4, 'a'), (5, 'a');
analyze table limited;
update limited set t = 'x' order by id limit 1;
update limited set t = 'y' order by k desc limit 2;
update limited set t = 'z' where t = 'a' order by id desc limit 1;
delete from limited order by id limit 1;
delete from limited order by k desc limit 2;
select id, k, t from limited order by id;

-- AUTO_INCREMENT = n goes back to behind the last row, and no further.
create table renumbered (id int auto_increment primary key, k int unique);
insert into renumbered (k) values (1), (2), (3);
insert ignore into renumbered (k) values (3);
insert ignore into renumbered (k) values (3);
alter table renumbered auto_increment = 1;
insert into renumbered (k) values (9);
delete from renumbered where id > 2;
alter table renumbered auto_increment = 1;
insert into renumbered (k) values (10);
alter table renumbered auto_increment = 100;
alter table renumbered auto_increment = 50, add column c int;
insert into renumbered (k) values (11);
select id, k from renumbered order by id;
