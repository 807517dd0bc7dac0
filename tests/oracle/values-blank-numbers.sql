-- Text that is nothing but blanks is 0 without a warning where a DOUBLE is wanted, so that strict writes go on.
-- not compared: length, type, flags, decimals
-- prepared too
create table ef (id int primary key, t varchar(6));
insert into ef values (1, ''), (2, 'yy'), (3, '3'), (4, ' '), (5, '\t');
select '' > 3, '' + 0, ' ' = 0;
select id, t > 3 from ef order by id;
select id, t + 0 from ef where id in (1, 4, 5) order by id;
select id, t in (3, '') from ef order by id;
select id, t = 3 or t = '' from ef order by id;
select cast('' as double), cast(t as double) from ef where id = 1;
select id from ef where t = 0 order by id;
select concat(t, '') + 0 from ef where id = 4;
select sum(t), avg(t), max(t + 0) from ef where id in (1, 3, 4);
select t between 1 and 2, t = 1, if(t, 1, 2), t and 1, not t from ef where id = 1;
select round(t), t + 1e0, abs(t), -t from ef where id = 1;
-- execute '', ' '
select ? + 1e0, ? - 1e0;
update ef set id = id + 10 where id = 1 and t = 0;
update ef set id = id + 10 where id in (4, 5) and t < 1;
delete from ef where t in (3, '') and id <> 2;
delete from ef where t = 0;
select id from ef order by id;
