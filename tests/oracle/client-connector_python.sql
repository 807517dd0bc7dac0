-- What connector_python sends, as a server's general log showed it.
-- not compared: length, flags, decimals, origin, type, charset
-- delimiter //
SET NAMES 'utf8mb4' COLLATE 'utf8mb4_0900_ai_ci'//
SET @@session.autocommit = OFF//
SELECT @@session.sql_mode//
select * from author where id=1//
COMMIT//
select name from author where id=1//
SET @@session.sql_mode = 'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'//
rollback//
