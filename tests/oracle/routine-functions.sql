-- Stored functions: what they compute, what they refuse, how they are called.
-- not compared: length, type, flags, charset, origin

create table t (id int primary key, a int, s varchar(20), d decimal(8,2));
insert into t values (1, 10, 'one', 1.5), (2, 20, 'two', 2.25), (3, null, null, null);
-- delimiter //
create function fact(n int) returns bigint deterministic begin declare r bigint default 1; while n > 1 do set r = r * n; set n = n - 1; end while; return r; end//
select fact(5), fact(0), fact(null)//
select id, fact(id) from t order by id//
create function hello(s char(20)) returns char(50) deterministic return concat('Hello, ', s, '!')//
select hello('world')//
select hello(s) from t order by id//
create function grade(x int) returns varchar(10) no sql begin if x >= 20 then return 'high'; elseif x >= 10 then return 'mid'; else return 'low'; end if; end//
select id, grade(a) from t order by id//
set names utf8mb4 collate utf8mb4_0900_ai_ci//
select * from t where grade(a) = 'mid'//
select grade(a) g, count(*) from t group by g order by g//
create function fib(n int) returns int deterministic begin declare a, b, c int default 0; set b = 1; l: loop if n <= 0 then leave l; end if; set c = a + b, a = b, b = c, n = n - 1; end loop; return a; end//
select fib(10), oracle_routine_functions.fib(1)//
create function cs(x int) returns varchar(5) deterministic begin case x when 1 then return 'a'; when 2 then return 'b'; else return 'z'; end case; end//
select cs(1), cs(2), cs(3), cs(null)//
create function cs2(x int) returns varchar(5) deterministic begin case x when 1 then return 'a'; end case; return 'n'; end//
select cs2(1)//
select cs2(2)//
create function dbl(x decimal(10,2)) returns decimal(10,2) deterministic return x * 2//
select dbl(d), dbl(1.5), dbl('2.5') from t order by id//
create function rep(s varchar(10), n int) returns varchar(100) deterministic begin declare r varchar(100) default ''; declare i int default 0; repeat set r = concat(r, s); set i = i + 1; until i >= n end repeat; return r; end//
select rep('ab', 3)//
create function nodiv(x int, y int) returns int deterministic begin if y = 0 then signal sqlstate '45000' set message_text = 'division by nothing'; end if; return x div y; end//
select nodiv(7, 2)//
select nodiv(7, 0)//
show warnings//
create function dd(d date) returns date deterministic return d + interval 1 day//
select dd('2024-02-28'), dd(null)//
create function yr(d date) returns int deterministic return year(d)//
select yr('2024-02-28')//
create function f3(x int) returns int deterministic begin declare y tinyint; set y = x; return y; end//
select f3(1000)//
select f3(5) + 1, f3(null)//
create function f1() returns tinyint deterministic return 1000//
select f1()//
create function f4(x int) returns int deterministic begin if x > 1 then return 1; end if; end//
select f4(0)//
select f3()//
select f3(1, 2)//
create function f6(x decimal(5,2)) returns decimal(6,3) deterministic return x * 2//
select f6(1.239), f6('1.5')//
create function f7(s varchar(5)) returns varchar(20) deterministic return concat(s, '!')//
select f7('abc'), f7('abcdef')//
select f7(123)//
update t set a = fact(3) where id = 1//
select a from t where id = 1//
insert into t values (fact(3), 1, grade(25), dbl(3))//
select * from t order by id//
drop function hello//
select hello('x')//
drop function hello//
create function fact(n int) returns int deterministic return 1//
create function if not exists fact(n int) returns int deterministic return 1//
show warnings//
create procedure usef(n int) begin declare x bigint; set x = fact(n); select x, fact(n); end//
call usef(4)//
create function m(a int, b int) returns int deterministic return if(a > b, a, b)//
select m(1, 2), m(m(5, 3), m(2, 9))//
select max(m(id, 2)) from t//
create function cmp(a varchar(10), b varchar(10)) returns int deterministic return a = b//
select cmp('a', 'A'), cmp('a', 'b')//
create function emp() returns varchar(10) deterministic return ''//
select length(emp()), emp() is null//
create function nul() returns int deterministic return null//
select nul(), nul() is null//
create function un(x int unsigned) returns int unsigned deterministic return x + 1//
select un(4294967294)//
select un(4294967295)//
select un(-1)//
create function dbl2(x double) returns double deterministic return x / 3//
select dbl2(1), dbl2(1.5)//
create function bl(b tinyint(1)) returns boolean deterministic return not b//
select bl(1), bl(0), bl(true)//
create function tx(t text) returns longtext deterministic return upper(t)//
select tx('abc')//
create function lv(x int) returns int deterministic blk: begin if x = 1 then leave blk; end if; return x; end//
select lv(2)//
select lv(1)//
create function nst(x int) returns int deterministic begin declare y int default 1; begin declare y int default 5; set x = x + y; end; return x + y; end//
select nst(10)//
create view vf as select id, fact(id) as f from t//
select * from vf order by id//
-- delimiter ;
drop function if exists callee; drop function if exists caller;
-- delimiter //
create function callee(x int) returns int deterministic return x + 1//
create function caller(x int) returns int deterministic return callee(x) * 2//
select caller(1)//
drop function callee//
create function callee(x int) returns varchar(10) deterministic return concat(x, '5')//
select caller(1)//
create function f66(x decimal(5,2)) returns decimal(6,3) deterministic return x * 2//
select f66(1.239)//
show warnings//
select f66('1.5')//
show warnings//
-- delimiter ;
-- delimiter //
create function rec(x int) returns int deterministic return rec(x - 1)//
select rec(1)//
create function nocol(x int) returns int deterministic begin if x = 1 then return y; end if; return x; end//
select nocol(2)//
select nocol(1)//
create function notable() returns int reads sql data return (select count(*) from nothere)//
select notable()//
create function nofunc(x int) returns int deterministic return nosuch(1)//
select nofunc(1)//
-- delimiter ;
