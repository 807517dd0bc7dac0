-- Constants beside columns of YEAR.
-- not compared: length, decimals, type, flags
CREATE TABLE y (id INT PRIMARY KEY, y YEAR, s VARCHAR(20));
INSERT INTO y VALUES (1,1991,'1991'), (2,2005,'5'), (3,0,'0');
SELECT y='1991-01-01 01:01:01', y='1991', y='91', y=91, y=1991, y='5', y=5, y=0, y='0', y='0000', y='1991abc', y>'1990-01-01' FROM y;
SELECT y='abc' FROM y;
SELECT y=s FROM y;
SELECT y=1991.0, y=1991.4, y=91.0, y='91.0', y=1991e0, y>=90, y<5, y BETWEEN 90 AND 95, y IN (91,5), y IN ('91','5') FROM y;
SELECT id FROM y WHERE y='1991-01-01 01:01:01';
SELECT id FROM y WHERE y=91;
SELECT id FROM y WHERE y='5';
SELECT id FROM y WHERE y IN (91,5);
SELECT id FROM y WHERE y > 90 ORDER BY id;
-- execute 91
SELECT id FROM y WHERE y = ?;
-- execute 2005
SELECT id FROM y WHERE y = ?;
PREPARE p FROM 'SELECT id FROM y WHERE y=?';
SET @a=91;
EXECUTE p USING @a;
SET @a='5';
EXECUTE p USING @a;
