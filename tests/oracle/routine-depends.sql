-- Functions that read tables and call each other, while what they name changes.
-- not compared: length, type, flags, charset, origin, decimals

create table t (id int primary key, a int);
insert into t values (1, 10), (2, 20);
create view v as select id, a * 2 as b from t;
-- delimiter //
create function total() returns int reads sql data return (select sum(a) from t)//
create function pick(i int) returns int reads sql data return (select a from t where id = i)//
create function viewed(i int) returns int reads sql data begin declare x int default (select b from v where id = i); if x is null then return -1; end if; return x; end//
create function twice() returns int reads sql data return total() * 2//
select total(), pick(1), pick(9), viewed(2), viewed(9), twice()//
insert into t values (3, 30)//
select total(), twice()//
select id, pick(id), viewed(id) from t order by id//
alter table t modify a decimal(10,2)//
update t set a = a + 0.5//
select total(), pick(1), viewed(1), twice()//
alter table t add c int default 5 first//
select total(), pick(1), viewed(1), twice()//
create or replace view v as select id, a * 3 as b from t//
select viewed(1)//
rename table t to t2//
create table t (id int primary key, a bigint)//
insert into t values (1, 7)//
select total(), pick(1), twice()//
drop function total//
select twice()//
create function total() returns bigint deterministic return 100//
select twice(), total()//
drop table t2//
truncate table t//
select pick(1)//
update t set a = pick(1)//
create procedure p() begin declare x int; set x = pick(1); select x; insert into t values (5, twice()); select * from t; end//
call p()//
-- delimiter ;
