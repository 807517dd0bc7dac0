-- What mariadb_node sends, as a server's general log showed it.
-- not compared: length, flags, decimals, origin, type, charset
-- delimiter //
select * from author where id=1//
select * from author where id=1//
insert into author(name) values ('q1')//
START TRANSACTION//
COMMIT//
rollback//
