-- SHOW EVENTS where there are none in the database.
-- MySQL's flags and decimals show whether its optimiser took a temporary table, which changes once any database has an event.
-- not compared: origin, flags, decimals

show events;
show events like 'a%';
