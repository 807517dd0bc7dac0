-- Procedures: flow, variables, parameters, cursors, results.
-- not compared: length, type, flags, charset

create table t (id int primary key auto_increment, a int, s varchar(20));
-- delimiter //
create procedure p1() select 1 as one//
create procedure p1() select 2//
create procedure if not exists p1() select 2//
show warnings//
call p1()//
call p1//
call p1(1)//
create procedure p2(in x int, out y int, inout z int) begin set y = x + z; set z = z * 2; end//
set @z = 5//
call p2(3, @y, @z)//
select @y, @z//
call p2(3, 4, @z)//
call p2(3, @y)//
call p2('abc', @y, @z)//
call p2(3.6, @y, @z)//
select @y, @z//
create procedure p3(n int) begin declare i int default 0; while i < n do insert into t(a, s) values (i, concat('r', i)); set i = i + 1; end while; end//
call p3(3)//
select * from t//
select row_count(), last_insert_id()//
create procedure p4() begin declare done int default 0; declare x int; declare y varchar(20); declare c cursor for select a, s from t order by id; declare continue handler for not found set done = 1; open c; r: loop fetch c into x, y; if done then leave r; end if; select x, y; end loop; close c; end//
call p4()//
show warnings//
create procedure p5(x int) begin case x when 1 then select 'one'; when 2 then select 'two'; else select 'many'; end case; end//
call p5(1)//
call p5(2)//
call p5(7)//
call p5(null)//
create procedure p6(x int) begin case when x > 1 then select 'big'; when x < 0 then select 'neg'; end case; end//
call p6(5)//
call p6(0)//
show warnings//
create procedure p7() begin declare exit handler for sqlexception begin get diagnostics condition 1 @e = mysql_errno, @m = message_text, @st = returned_sqlstate; select @e, @m, @st; end; insert into t values (1, 1, 'x'); select 'not reached'; end//
call p7()//
show warnings//
create procedure p8() begin signal sqlstate '45000' set message_text = 'boo', mysql_errno = 5000; end//
call p8()//
show warnings//
create procedure p9() begin declare exit handler for sqlexception resignal; signal sqlstate '77777'; end//
call p9()//
create procedure p10(n int) begin if n > 0 then select n; call p10(n - 1); end if; end//
call p10(2)//
set max_sp_recursion_depth = 5//
call p10(2)//
call p10(10)//
set max_sp_recursion_depth = 0//
create procedure p11() begin declare v int; select a into v from t where id = 2; select v; select a, id into v, @u from t where id = 3; select v, @u; select a into v from t where id = 99; select v; end//
call p11()//
show warnings//
create procedure p12() begin declare v int; select a into v from t; end//
call p12()//
create procedure p13() begin declare x tinyint; set x = 1000; select x; end//
call p13()//
set sql_mode = ''//
call p13()//
create procedure p14() begin declare x tinyint; set x = 1000; select x; end//
call p14()//
show warnings//
set sql_mode = default//
call p14()//
show warnings//
create procedure p15() begin start transaction; insert into t values (100, 1, 'y'); rollback; select count(*) from t; end//
call p15()//
create procedure p16() begin declare x int default 3; repeat set x = x - 1; if x = 1 then select 'one'; end if; until x <= 0 end repeat; l: loop set x = x + 1; if x = 2 then iterate l; end if; if x > 3 then leave l; end if; select x; end loop l; end//
call p16()//
create procedure p17() prepare s from 'select ?'//
call p17()//
execute s using @y//
create procedure p18(a int) begin declare b int default a; begin declare a int default 10; select a, b; end; select a, b; end//
call p18(1)//
create procedure p19() begin declare d datetime(3) default '2024-01-02 03:04:05.678'; declare dd date default d; declare tt time default d; declare n decimal(5,2) default 1.005; declare f float default 1.1; declare e enum('a','b') default 'b'; declare j json default '{"a": 1}'; declare b blob default 'xyz'; declare bi bit(4) default 5; declare y year default 2020; declare c char(5) default 'ab'; select d, dd, tt, n, f, e, j, b, bi+0, y, c, length(c); set d = now(); set d = null; select d; end//
call p19()//
create procedure p20(out d datetime(3), out t time, out n decimal(6,2), out c varchar(10)) begin set d = '2024-01-01', t = '10:00', n = 2, c = 'x'; end//
call p20(@d, @t, @n, @c)//
select @d, @t, @n, @c//
create procedure p21() select * from t limit 1; select 'other'//
create procedure p22(n int) begin select id from t order by id limit n; end//
call p22(2)//
create procedure p23() begin update t set s = 'u' where id <= 2; end//
call p23()//
select row_count()//
create procedure p24() begin declare x int; set x = (select count(*) from t); select x; set @q = x, x = x + 1; select x, @q; end//
call p24()//
create procedure p25() begin declare continue handler for 1062 select 'dup'; declare continue handler for sqlstate '42S02' select 'notable'; declare continue handler for sqlexception select 'other'; insert into t values (1, 1, 'x'); select * from nothere; select 1/'x', nocol from t; select 'end'; end//
call p25()//
show warnings//
-- delimiter ;
