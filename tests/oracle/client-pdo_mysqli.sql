-- What pdo_mysqli sends, as a server's general log showed it.
-- not compared: length, flags, decimals, origin, type, charset
-- delimiter //
select * from author where id='1'//
select * from author where id='1'//
START TRANSACTION//
insert into author(name) values('p')//
ROLLBACK//
SET NAMES utf8mb4//
select * from author//
SAVEPOINT `a`//
SET AUTOCOMMIT=0//
select 1;//
select 2//
rollback//
