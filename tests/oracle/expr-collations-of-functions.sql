-- Which argument's collation functions of several texts take, when they have several.
-- not compared: length, flags, message
set names utf8mb4 collate utf8mb4_0900_ai_ci;
create table fx (id int primary key, s varchar(20), sb varchar(20) collate utf8mb4_bin, st set('p', 'q'), c char(5), e enum('a', 'b')) collate utf8mb4_0900_ai_ci;
insert into fx values (1, 'abc', 'ABC', 'p', 'A', 'a'), (2, 'b', 'Zebra', 'q', 'b', 'b');
select id, field(s, sb), field(s, st, sb), field(sb, s), field('abc', sb, 'x'), field('B', concat(c, sb)), field('BZEBRA', concat(c, sb)) from fx order by id;
select id, locate(s, sb), locate(sb, s), instr(sb, s), instr(s, sb), locate('b', sb), locate('B', sb, 2), locate('', sb), locate('a', sb, 9) from fx order by id;
select id, s = sb, s in (sb), s in ('x', sb), c in (e, sb), strcmp(s, sb) from fx order by id;
select collation(concat(s, sb)), collation(substring_index(s, sb, 1)), collation(insert('abc', 1, 1, sb)), collation(replace(s, sb, '')), collation(lpad(s, 5, sb)), collation(rpad(sb, 5, s)) from fx where id = 1;
select collation(cast(sb as char)), coercibility(cast(sb as char)), collation(cast(1 as char)), coercibility(cast(1 as char)), collation(cast(s as char(2))) from fx where id = 1;
select greatest('B', c), greatest(c, 'B'), greatest('B', 'b'), least('B', c), least(c, 'B'), least('b', 'B'), greatest(c, 'b', 'B') from fx where id = 2;
select substring_index('', 'x', -2), substring_index('', s, 1), substring_index('abc', '', 1), substring_index(s, '', -1) from fx where id = 1;
set names utf8mb4 collate utf8mb4_general_ci;
select s = cast(c as char) from fx;
select s like cast(c as char) from fx;
select strcmp(s, cast(c as char)) from fx;
select concat(s, cast(c as char)), locate(s, cast(c as char)), coalesce(s, cast(c as char)) from fx order by id;

-- Doubles inside texts, and functions without sign.
select concat(-1e10 * 0), concat(-0e0), concat(9.999999991819695e-6), concat(1.2345678901234567e-4), concat(1.2345678901234567e-5), concat(1.23456789e-14), concat(1.234e-14), concat(1e-15), concat(1234567890123456.8e0), concat(12345678901234568e0), concat(1.5e-14);
select year('2000-01-01') - 3000;
select year('2000-01-01') - year('1999-01-01'), crc32('a') + 0;
select crc32('a') - 4294967295;

-- Halves of a second are rounded up on either side of 2000; a remainder keeps its sign at zero.
create table halves (id int primary key, m datetime(3), t datetime(0));
insert into halves (id, m) values (1, '1987-12-01 00:00:01.5'), (2, '2023-03-01 00:00:01.5'), (3, '1999-12-31 23:59:59.5'), (4, '1000-01-01 00:00:00.5'), (5, '1987-12-01 00:00:01.499');
select id, cast(m as datetime), cast(date_add(m, interval 1 day) as datetime(2)) from halves order by id;
update halves set t = m;
update halves set t = date_add(m, interval 0 second) where id < 3;
select id, t from halves order by id;
select -4e0 % 2, 4e0 % -2, -4e0 % 3, concat(-4e0 % 2), (-1e0 * 0) % 5;
select truncate(cast(18446744073709551615 as unsigned), -1), truncate(cast(5 as unsigned), -1), truncate(-15, -1), round(cast(18446744073709551614 as unsigned), -1), truncate(round(cast(18446744073709551615 as unsigned)), -2);
select round(cast(18446744073709551615 as unsigned), -1);
