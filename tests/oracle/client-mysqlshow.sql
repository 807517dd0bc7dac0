-- What mysqlshow sends, as a server's general log showed it.
-- not compared: length, flags, decimals, origin, type, charset
-- delimiter //
show tables//
rollback//
