-- FORMAT of numbers with more digits than a pattern of to_char has.
-- not compared: length
select format(1.5e200,30), format(-1.25e150, 0), format(1e30, 2), format(-0.4, 0), format(-0.04, 1), format(1234567.891, 2, 'de_DE'), format(999, 2), format(-1000, 0), format(0.5, 0), format(12345678901234567890123456789012345678901234567890.125, 2);
