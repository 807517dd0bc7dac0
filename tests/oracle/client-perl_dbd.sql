-- What perl_dbd sends, as a server's general log showed it.
-- not compared: length, flags, decimals, origin, type, charset
-- delimiter //
select * from author where id='1'//
SET autocommit=0//
update author set name='q' where id=1//
COMMIT//
SELECT DATABASE()//
SHOW /*!50002 FULL*/ TABLES FROM `oracle_client_perl_dbd` LIKE '%'//
DESCRIBE `author` '%'//
rollback//
