-- Decimal variables have thirty digits behind the point where they're calculated with.
-- not compared: length, flags, origin, type, decimals
CREATE TABLE pu (a INT, d DECIMAL(10,4));
INSERT INTO pu VALUES (1, 2.5);
SET @a = 0.0, @b = 0e-3;
PREPARE s FROM 'SELECT SUM(a + ?), a - ?, SUM(a + d + ?), (SELECT SUM(a + ?) FROM pu) FROM pu GROUP BY a, d';
EXECUTE s USING @a, @a, @a, @a;
EXECUTE s USING @a, @b, @a, @b;
SELECT SUM(d + @a), a * @a, d - @a FROM pu GROUP BY a, d;
