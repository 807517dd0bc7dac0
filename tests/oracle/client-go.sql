-- What go sends, as a server's general log showed it.
-- not compared: length, flags, decimals, origin, type, charset
-- delimiter //
SET NAMES utf8mb4//
select name from author where id=1//
select * from author where id=1//
START TRANSACTION//
insert into author(name) values('g')//
ROLLBACK//
select name from author where id=1//
rollback//
