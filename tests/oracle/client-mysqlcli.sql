-- What mysqlcli sends, as a server's general log showed it.
-- not compared: length, flags, decimals, origin, type, charset
-- delimiter //
show tables//
desc author//
rollback//
