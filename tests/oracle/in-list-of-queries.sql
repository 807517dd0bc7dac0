-- Lists of IN that begin with a query in parentheses.
-- not compared: flags

SELECT 1 IN ((SELECT 1), 2) a, 3 NOT IN ((SELECT 1), 2) b, 1 IN ((SELECT 2) + 1, 1) c, 3 IN ((SELECT 2) + 1) d;
SELECT 1 IN ((SELECT 1)) a, 1 IN (((SELECT 1))) b, 2 IN ((SELECT 1) UNION (SELECT 2)) c, 1 IN ((1)) d, 4 IN ((1) + 3, (2)) e;
SELECT ROW(1,2) IN ((SELECT 1,2), ROW(3,4)) a, ROW(1,2) IN ((1,3),(1,2)) b, (1,2) NOT IN ((3,4)) c;
SELECT ROW(1,ROW(2,3)) IN ((SELECT 1,1),ROW(1,ROW(2,3)));
SELECT 1 IN ((SELECT 1), (SELECT 1, 2));
SELECT 1 IN ((SELECT 1), 2;
CREATE TABLE listed (a INT PRIMARY KEY, b INT);
INSERT INTO listed VALUES (1,2),(2,3),(3,9);
SELECT * FROM listed l WHERE a IN ((SELECT MIN(b) FROM listed), (SELECT l.b - 6)) ORDER BY a;
SELECT * FROM listed l WHERE a NOT IN ((SELECT MIN(b) FROM listed), 7) AND b IN ((SELECT 2), 9) ORDER BY a;
