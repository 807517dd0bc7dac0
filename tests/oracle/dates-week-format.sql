-- default_week_format: the mode of WEEK where none is given.
SET default_week_format = 1;
SELECT WEEK('2021-01-03'), WEEK('2021-01-03', 0), YEARWEEK('2021-01-03'), WEEKOFYEAR('2021-01-03');
SET default_week_format = 6;
SELECT WEEK('2020-12-31'), WEEK('2021-01-03', 0), EXTRACT(WEEK FROM '2021-01-03');
SET default_week_format = 8;
SELECT @@default_week_format, WEEK('2021-01-03');
SET default_week_format = DEFAULT;
SELECT WEEK('2021-01-03'), EXTRACT(WEEK FROM '2021-01-03');
