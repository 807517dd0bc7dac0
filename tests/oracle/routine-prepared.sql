-- CALL as a prepared statement; OUT parameters come as a result.
-- not compared: length, type, flags, charset

create table t (id int primary key, a int);
insert into t values (1, 10), (2, 20);
-- delimiter //
create procedure p1(in x int) select x, x + 1//
create procedure p2(in x int, out y int, inout z varchar(10)) begin set y = x * 2; set z = concat(z, '!'); end//
create procedure p3(in x int) begin select a from t where id = x; update t set a = a + 1; select count(*) from t where a > x; end//
create procedure p4() begin insert into t values (1, 1); end//
create procedure p5(out a bigint, out b datetime, out c decimal(10,2), out d double, out e time, out f date) begin set a = 1, b = '2024-01-01 10:00:00', c = 1.5, d = 2.5, e = '10:20:30', f = '2024-02-03'; end//
-- delimiter ;
-- execute 5
call p1(?);
-- execute 'abc'
call p1(?);
-- execute NULL
call p1(?);
-- execute 5, NULL, 'x'
call p2(?, ?, ?);
-- execute 1
call p3(?);
call p3(2);
-- execute 1, 2, 3, 4, 5, 6
call p5(?, ?, ?, ?, ?, ?);
call p5(@a, @b, @c, @d, @e, @f);
select @a, @b, @c, @d, @e, @f;
-- execute 7
call p2(?, @y, @z);
prepare s from 'call p2(?, ?, ?)';
set @i = 4, @o = 0, @io = 'q';
execute s using @i, @o, @io;
select @i, @o, @io;
prepare s from 'call p4()';
execute s;
prepare s from 'call nothere()';
execute s;
drop procedure p1;
drop procedure if exists p1;
call p1(1);
-- delimiter //
create procedure again() begin execute own; end//
prepare own from 'call again()'//
execute own//
call again()//
set max_sp_recursion_depth = 100//
execute own//
call again()//
create procedure down(n int, inout m int) begin if n > 0 then call down(n - 1, m); end if; set m = m + 1; end//
set @m = 0//
call down(30, @m)//
select @m//
call down(101, @m)//
select @m//
set max_sp_recursion_depth = 0//
