-- What a value in UPDATE warns of is warned of for each row that is found, and for none when none is.
-- not compared: length
-- prepared too
create table c (id int primary key, u decimal(4,1), n tinyint, d date);
insert into c values (1, 1, 1, null), (2, 2, 2, null), (3, 3, 3, null);
update c set u = 0.15;
update c set u = 0.15;
update c set u = 0.15 where id > 100;
update c set u = 0.16, n = 5 where id in (1, 3);
update c set u = 0.15 where id = 2;
-- execute 0.17, 2
update c set u = ? where id >= ?;
-- execute '0.18', 100
update c set u = ? where id >= ?;
set sql_mode = '';
update c set n = '12abc' where id > 100;
update c set u = '1.23x', n = '12abc' where id > 1;
update c set n = 1000 where id > 1;
update c set d = '2024-02-30' where id > 1;
update c set n = null where id = 1;
update c set n = 1000 order by id desc limit 2;
update ignore c set n = 1000 order by id desc limit 2;
insert into c (id, n) values (10, 1000), (11, 'x') on duplicate key update n = 3;
insert into c (id, u) values (1, 0.14), (2, 0.15) on duplicate key update u = values(u);
create table many (a int);
insert into many with recursive n as (select 1 as i union all select i + 1 from n where i < 70) select i from n;
alter table many add column t tinyint;
update many set t = 999;
select count(*) from many where t = 127;
set sql_mode = default;
update c set n = 'abc' where id > 100;
update c set n = 'abc' where id = 100;
update c set n = 'abc', u = 1 where id = 2;
update c set n = 1000 where id > 100;
update c set d = '2024-02-30' where id > 100;
update c set d = '2024-02-30' where id = 1;
create table e (id int primary key, e enum('a', 'b') not null, v varchar(2), t timestamp null, f float, b bit(2));
insert into e (id, e) values (1, 'a');
insert into e (id, e) values (2, 'a') on duplicate key update e = 'no';
insert into e (id, e) values (2, 'a') on duplicate key update e = 'no';
insert into e (id, e) values (3, 'a') on duplicate key update v = 'abc', t = '2024-02-30', b = 9, f = 'x';
insert into e (id, e) values (3, 'a') on duplicate key update v = 'abc';
insert into e (id, e) values (3, 'a') on duplicate key update t = '2024-02-30';
insert into e (id, e) values (3, 'a') on duplicate key update b = 9;
insert into e (id, e) values (3, 'a') on duplicate key update f = 'x';
update e set e = 'no' where id > 5;
update e set v = 'abc', t = 'x', b = 9, f = 'x' where id > 5;
update e set v = 'abc' where id = 1;
update e set t = 'x' where id = 1;
update e set b = 9 where id = 1;
update e set f = 'x' where id = 1;
set sql_mode = '';
insert into e (id, e) values (4, 'a') on duplicate key update v = 'abc', t = '2024-02-30', b = 9, f = 'x';
insert into e (id, e) values (4, 'a'), (5, 'b'), (3, 'b') on duplicate key update v = 'abc', t = '2024-02-30', b = 9, f = 'x';
update e set v = 'abcd', t = 'x', f = '1x', b = 8 where id > 1;
select id, e, v, t, f, b + 0 from e order by id;
insert into e (id, e, v, b) values (1, 'no', 'abc', 9), (2, 'no', 'abc', 9) on duplicate key update e = values(e), v = values(v), b = values(b);
select id, e, v, b + 0 from e where id < 3 order by id;
