-- What mysql2 sends, as a server's general log showed it.
-- not compared: length, flags, decimals, origin, type, charset
-- delimiter //
select * from author where id=1//
select * from author where id=1 and name='x'//
START TRANSACTION//
COMMIT//
rollback//
