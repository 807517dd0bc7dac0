-- Text that isn't a date beside a column of dates ends a statement. MySQL's SHOW WARNINGS has a warning before the error.
-- not compared: length, decimals, origin, type, flags, warnings
CREATE TABLE h (id INT PRIMARY KEY, d DATE NOT NULL, dt DATETIME NOT NULL, ts TIMESTAMP(3) NULL);
INSERT INTO h VALUES (1, '2001-01-01', '2001-01-01 10:00:00', '2001-01-01 10:00:00.5');
SELECT id FROM h WHERE dt > 'abc';
SELECT id FROM h WHERE d = '2001-02-30';
SELECT id FROM h WHERE d = '';
SELECT id FROM h WHERE d >= '0000-00-00';
SELECT ts > 'abc' FROM h;
UPDATE h SET id=1 WHERE ts > 'abc';
DELETE IGNORE FROM h WHERE dt >= 'abc';
INSERT IGNORE INTO h VALUES (2, '0000-00-00', '0000-00-00', NULL);
SELECT CASE dt WHEN 'abc' THEN 1 ELSE 2 END, CASE dt WHEN 1 THEN 1 ELSE 2 END FROM h;
SELECT id FROM h WHERE d IN ('abc','2001-01-01') ORDER BY id;
SELECT id FROM h WHERE dt BETWEEN 'x' AND '2001-01-01';
SELECT id FROM h WHERE dt BETWEEN 'x' AND 'y';

-- STR_TO_DATE under the modes of zeros.
SET sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE';
SELECT STR_TO_DATE('0000-00-00', '%Y-%m-%d') AS a, STR_TO_DATE('2004-00-00', '%Y-%m-%d') AS b, STR_TO_DATE('10:00', '%H:%i') AS c, STR_TO_DATE('2004-00-05 10:00:00', '%Y-%m-%d %H:%i:%s') AS d, STR_TO_DATE('0000-01-01', '%Y-%m-%d') AS e;
SET sql_mode = 'NO_ZERO_DATE';
SELECT STR_TO_DATE('0000-00-00', '%Y-%m-%d') AS a;
SET sql_mode = 'NO_ZERO_IN_DATE';
SELECT STR_TO_DATE('0000-00-00', '%Y-%m-%d') AS a, STR_TO_DATE('2004-00-00', '%Y-%m-%d') AS b;
SET sql_mode = '';
SELECT STR_TO_DATE('0000-00-00', '%Y-%m-%d') AS a;
SET sql_mode = DEFAULT;
