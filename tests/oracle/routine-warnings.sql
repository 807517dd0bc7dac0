-- Procedures: what is left in the diagnostics area.
-- not compared: length, type, flags, charset

create table t (id int primary key, a int not null, s varchar(5));
insert into t values (1, 1, 'a'), (2, 2, 'b');
-- delimiter //
create procedure a1() begin select cast('1x' as signed); select 1; end//
call a1()//
show warnings//
create procedure a2() begin select cast('1x' as signed); select count(*) from t; end//
call a2()//
show warnings//
create procedure a3() begin select cast('1x' as signed); set @x = 1; end//
call a3()//
show warnings//
create procedure a4() begin declare x int; select cast('1x' as signed); set x = 1; end//
call a4()//
show warnings//
create procedure a5() begin declare x int; select cast('1x' as signed); set x = (select count(*) from t); end//
call a5()//
show warnings//
create procedure a6() begin declare x int; select cast('1x' as signed); set @x = (select count(*) from t); end//
call a6()//
show warnings//
create procedure a7() begin declare x int; select cast('1x' as signed); if x then select 1; end if; end//
call a7()//
show warnings//
create procedure a8() begin declare x int; select cast('1x' as signed); select cast('2x' as signed); end//
call a8()//
show warnings//
create procedure a9() begin declare x int; select cast('1x' as signed); start transaction; end//
call a9()//
show warnings//
create procedure a10() begin declare x int; select cast('1x' as signed); call a1(); end//
call a10()//
show warnings//
create procedure a11() begin declare x tinyint; declare continue handler for sqlwarning select 'w'; select cast('1x' as signed); select 5; select 6; end//
call a11()//
show warnings//
create procedure a12() begin declare c cursor for select id from t; select cast('1x' as signed); open c; close c; end//
call a12()//
show warnings//
create procedure a13() begin select cast('1x' as signed); update t set a = 1; end//
call a13()//
show warnings//
create procedure a14() begin select cast('1x' as signed); create temporary table zz(a int); end//
call a14()//
show warnings//
create procedure a15() begin select cast('1x' as signed); show tables; end//
call a15()//
show warnings//
create procedure a16() begin select cast('1x' as signed); show warnings; select count(*) from t; show warnings; end//
call a16()//
show warnings//
-- delimiter ;
-- delimiter //
create procedure dd(x decimal(10,3)) begin select x, x * 2, x / 3; end//
call dd(1.23456)//
show warnings//
create procedure dd2(x decimal(10,3)) begin declare y int; set y = 1; end//
call dd2(1.23456)//
show warnings//
create procedure dd3(x decimal(10,3)) begin select count(*) from t; end//
call dd3(1.23456)//
show warnings//
create procedure dd5(x decimal(10,3)) begin declare continue handler for sqlwarning select 'w'; declare continue handler for 1265 select 'n'; select 2; end//
call dd5(1.23456)//
show warnings//
create procedure dd6(x tinyint) begin declare continue handler for sqlwarning select 'w'; select 2; end//
set sql_mode = ''//
call dd6(123456)//
show warnings//
-- 
