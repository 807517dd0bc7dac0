-- SELECT … INTO variables of stored functions.
-- not compared: length, type, flags, charset, origin
create table ft (id int primary key, n int, s varchar(20), d date);
insert into ft values (1,10,'one','2020-01-01'),(2,null,'two',null),(3,300,'three','2021-02-03');
-- delimiter //
create function g1(k int) returns varchar(30) reads sql data begin declare a int default -1; declare b varchar(3) default 'x'; select n, s into a, b from ft where id = k; return concat(ifnull(a,'-'), ':', b); end//
select g1(1)//
select g1(2)//
select g1(9)//
show warnings//
create function g2() returns int reads sql data begin declare a int; select n into a from ft; return a; end//
select g2()//
create function g3(k int) returns int reads sql data begin declare c int; declare t tinyint; select count(*), max(n) into c, t from ft where id <= k; return c * 1000 + t; end//
select id, g3(id) from ft order by id//
select g3(1)//
create function g4() returns int reads sql data begin declare a int; select n, s into a from ft limit 1; return a; end//
select g4()//
create function g6() returns int reads sql data begin declare a int; select nosuch into a from ft; return a; end//
select g6()//
create function g7() returns int begin declare a int default 7; select 1 from ft; return a; end//
create function g8() returns int reads sql data begin declare a int default 7; select 1+a into a; set a = a + (select count(*) from ft); select a * 2 as q into a from dual; return a; end//
select g8()//
drop function g7//
create function g9(k int) returns int reads sql data begin declare v int; select n into v from ft where id = k for update; return v; end//
select g9(1), g9(7)//
alter table ft drop column n//
select g1(1)//
alter table ft add column n int default 4//
select g1(1)//
