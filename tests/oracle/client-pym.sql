-- What pym sends, as a server's general log showed it.
-- not compared: length, flags, decimals, origin, type, charset
-- delimiter //
SET NAMES utf8mb4//
SET AUTOCOMMIT = 0//
select * from author where id=1//
insert into author(name) values ('z')//
COMMIT//
rollback//
