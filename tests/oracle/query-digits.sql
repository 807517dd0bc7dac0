-- What IF and CASE choose has the digits of all branches once it's in a temporary table of MySQL's.
-- not compared: flags, origin
CREATE TABLE digits (a INT);
INSERT INTO digits VALUES (2), (9000);
SELECT MAX(IF(a > 5000, 1 / a, 5000)) FROM digits;
SELECT DISTINCT IF(a > 5000, 1 / a, 5000) AS x FROM digits ORDER BY x;
SELECT IF(a > 5000, 1 / a, 5000) AS x, COUNT(*) FROM digits GROUP BY x ORDER BY x;
SELECT IF(a > 5000, 1 / a, 5000) AS x FROM digits;
