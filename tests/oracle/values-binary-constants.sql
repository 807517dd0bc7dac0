-- Binary constants beside character data: text of that data's character set; and text that a set doesn't have.
-- not compared: decimals
CREATE TABLE t (x VARCHAR(10) NOT NULL, l VARCHAR(10) CHARACTER SET latin1, b VARCHAR(10) COLLATE utf8mb4_bin,
  a VARCHAR(10) CHARACTER SET ascii, e ENUM('a', 'b'), v VARBINARY(5));
INSERT INTO t VALUES ('a', 'a', 'a', 'a', 'a', 'a');
SELECT x = 0x41, x = 0x61, x <= 0x41, x < 0x61, l = 0x41, b = 0x41, b = 0x61, 0x41 = x, x <> 0x41, x <=> 0x41 FROM t;
SELECT x IN (0x41, 0x42), x LIKE 0x41, x BETWEEN 0x41 AND 0x42, STRCMP(x, 0x41) FROM t;
SELECT CASE x WHEN 0x41 THEN 1 ELSE 0 END, NULLIF(x, 0x41) FROM t;
SELECT x = _binary'A', x = CAST('A' AS BINARY), v = 0x41, v = 0x61, e = 0x41, e = 1 FROM t;
SELECT 'a' = 0x41, 'a' COLLATE utf8mb4_general_ci = 0x41, CONCAT('a') = 0x41 FROM t;
SET @t = 'a', @b = 0x41;
SELECT @t = 0x41, x = @b FROM t;
SELECT COUNT(*) FROM t WHERE x = 0x41;
SELECT COUNT(*) FROM t WHERE x IN (0x41);
SELECT x = X'e9' FROM t;
SELECT x = b'10010001' FROM t;
SELECT l = X'c1', l = X'61', l = X'e9' FROM t;
SELECT GREATEST(_utf8mb4'é', a) FROM t;
SELECT CONCAT(a, _utf8mb4'é') FROM t;
SELECT a = _utf8mb4'日本語' FROM t;
SELECT COALESCE(l, _utf8mb4'日本語') FROM t;
UPDATE t SET x = 'b' WHERE x = 0x41;
SELECT x FROM t;
DELETE FROM t WHERE x IN (0x42);
SELECT COUNT(*) FROM t;
