-- lc_time_names: the names of months and days in other languages.
-- not compared: length
SET lc_time_names = 'xx_YY';
SET lc_time_names = '';
SET lc_time_names = NULL;
SET lc_time_names = 200;
SET lc_time_names = 'DE_at';
SELECT @@lc_time_names;
CREATE TABLE t (id INT PRIMARY KEY, d DATE, f VARCHAR(20));
INSERT INTO t VALUES (1, '2020-01-31', '%a %W %b %M'), (2, '2021-05-03', 'x%%M%y%'), (3, NULL, '%M'), (4, '2022-12-25', NULL);
SELECT id, MONTHNAME(d), DAYNAME(d), DATE_FORMAT(d, f), DATE_FORMAT(d, '%W, %D %M %Y, %b %a %%b') FROM t ORDER BY id;
SET lc_time_names = 5;
SELECT @@lc_time_names, id, MONTHNAME(d), DAYNAME(d), DATE_FORMAT(d, f), FROM_UNIXTIME(86400 * id, '%W %M') FROM t ORDER BY id;
SELECT COUNT(*) FROM t WHERE MONTHNAME(d) = 'MAI';
SELECT STR_TO_DATE('1 February 2020', '%d %M %Y'), UPPER(DAYNAME('2020-02-01'));
PREPARE s FROM 'SELECT DAYNAME(d) FROM t WHERE id = 2';
EXECUTE s;
SET lc_time_names = 'zh_CN';
SELECT DAYNAME('2020-02-01'), MONTHNAME('2020-10-01');
SET lc_time_names = DEFAULT;
SELECT @@lc_time_names, DAYNAME(d) FROM t WHERE id = 1;
