-- SHOW REPLICA STATUS: how long its sets of GTIDs may be depends on the server's.
-- not compared: length
show replica status;
