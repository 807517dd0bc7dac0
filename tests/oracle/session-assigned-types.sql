-- Assignments to user variables in queries, of every type.
-- not compared: length, decimals
SET time_zone='+00:00';
CREATE TABLE b (id INT PRIMARY KEY, b VARBINARY(10), c BLOB, j JSON, e ENUM('a','b'), s SET('x','y'), bi BIT(8), f FLOAT, y YEAR, d DATE, dt DATETIME(3), ts TIMESTAMP(6) NULL, t TIME(1), n DECIMAL(10,2));
INSERT INTO b VALUES (1,x'00ff',x'4142','[1,2]','b','x,y',65,1.5,2001,'2001-01-01','2001-01-01 10:00:00.5','2001-01-01 10:00:00.5','10:00:00.5',1.5), (2,'zz','yy','{}','a','y',66,2.5,2002,'0001-01-01','2001-01-01','2001-01-01','-10:00:00',2.5);
SELECT @x:=dt, @y:=d, @z:=t FROM (SELECT TIMESTAMP'2001-01-01 10:00:00.5' dt, DATE'2001-01-01' d, TIME'10:00:00' t) q;
SELECT @x,@y,@z;
SELECT @b:=b, @c:=c, @e:=e, @s:=s, @f:=f, @y:=y, @d:=d, @dt:=dt, @ts:=ts, @t:=t, @n:=n FROM b ORDER BY id DESC;
SELECT HEX(@b), @c, @e, @s, @f, @y, @d, @dt, @ts, @t;
SELECT @bi:=bi FROM b ORDER BY id;
SELECT @bi, HEX(@bi);
SELECT @j:=j FROM b ORDER BY id;
SELECT @j = CAST("{}" AS CHAR);
SET @b=x'4142';
SELECT HEX(@b:=CONCAT(@b,b)) FROM b ORDER BY id;
SELECT HEX(@b);
SELECT @cnt:=@cnt+1, @prev:=d FROM (SELECT DATE'2001-01-01' d) q, (SELECT @cnt:=0) i;
SELECT @cnt, @prev;
