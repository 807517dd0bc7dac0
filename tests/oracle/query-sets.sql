-- SET columns are sorted by their number, ENUM columns by their position.
-- not compared: flags, origin
CREATE TABLE sets (s SET('b', 'a', 'c'), n INT);
INSERT INTO sets VALUES ('a', 1), ('b,a', 2), (NULL, 3), ('', 4), ('c', 5), ('b', 6), ('a,c', 7);
SELECT * FROM sets ORDER BY s;
SELECT * FROM sets ORDER BY s DESC;
SELECT s, COUNT(*) FROM sets GROUP BY s ORDER BY s;
SELECT DISTINCT s FROM sets ORDER BY s;
SELECT GROUP_CONCAT(s ORDER BY s) FROM sets;
SELECT ROW_NUMBER() OVER (ORDER BY s) AS r, s FROM sets ORDER BY r;
CREATE TABLE enums (e ENUM('z', 'a', 'm'));
INSERT INTO enums VALUES ('a'), ('m'), ('z'), ('a'), (NULL);
SELECT DISTINCT e FROM enums ORDER BY e;
SELECT DISTINCT e FROM enums ORDER BY e DESC;
SELECT e, COUNT(*) FROM enums GROUP BY e ORDER BY e;
