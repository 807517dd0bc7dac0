-- Procedures: handlers, conditions, diagnostics, transactions, names.
-- not compared: length, type, flags, charset

create table t (id int primary key, a int not null, s varchar(5));
insert into t values (1, 1, 'a'), (2, 2, 'b');
-- delimiter //
create procedure inner1() begin insert into t values (1, 1, 'x'); end//
create procedure outer1() begin declare exit handler for 1062 select 'outer caught'; call inner1(); select 'no'; end//
call outer1()//
show warnings//
create procedure h1() begin declare continue handler for sqlexception set @x = concat(@x, 'O'); begin declare continue handler for 1062 set @x = concat(@x, 'I'); insert into t values (1, 1, 'x'); select * from nothere; end; insert into t values (1, 1, 'x'); end//
set @x = ''//
call h1()//
select @x//
show warnings//
create procedure h2() begin declare continue handler for sqlexception begin set @x = concat(@x, 'A'); select * from nothere2; end; select * from nothere; set @x = concat(@x, 'B'); end//
set @x = ''//
call h2()//
select @x//
show warnings//
create procedure h3() begin declare x int default 0; declare continue handler for sqlwarning set x = x + 1; insert ignore into t values (1, 1, 'x'); select cast('1x' as signed); select x; set @w = cast('2y' as signed); select x; end//
call h3()//
show warnings//
create procedure h4() begin declare exit handler for not found select 'nf'; select a into @a from t where id = 77; select 'no'; end//
call h4()//
show warnings//
create procedure h5() begin select a into @a from t where id = 77; select 'yes'; end//
call h5()//
show warnings//
create procedure h6() begin declare c cursor for select id from t; declare x int; end//
create procedure h6() begin declare x int; declare c cursor for select id from t; open c; fetch c into x; fetch c into x; fetch c into x; select 'no'; end//
call h6()//
create procedure h7() begin declare x int; declare c cursor for select id from t; fetch c into x; end//
call h7()//
create procedure h8() begin declare x int; declare c cursor for select id from t; open c; open c; end//
call h8()//
create procedure h9() begin declare x int; declare c cursor for select id from t; close c; end//
call h9()//
create procedure h10() begin declare x, y int; declare c cursor for select id from t; open c; fetch c into x, y; end//
call h10()//
create procedure r1() begin declare exit handler for sqlexception begin resignal set message_text = 'changed'; end; insert into t values (1, 1, 'x'); end//
call r1()//
show warnings//
create procedure r2() begin declare exit handler for sqlexception begin resignal sqlstate '45001' set message_text = 'new'; end; insert into t values (1, 1, 'x'); end//
call r2()//
show warnings//
create procedure r3() begin declare exit handler for sqlexception begin resignal; end; insert into t values (1, 1, 'x'); end//
call r3()//
show warnings//
create procedure r4() resignal//
call r4()//
create procedure s1() begin signal sqlstate '01000' set message_text = 'warn', mysql_errno = 1000; select 1; end//
call s1()//
show warnings//
create procedure s2() begin signal sqlstate '01000' set message_text = 'warn', mysql_errno = 1000; end//
call s2()//
show warnings//
create procedure s3() begin signal sqlstate '02000'; end//
call s3()//
create procedure s4() begin declare continue handler for sqlstate '02000' select 'h'; signal sqlstate '02000'; select 'after'; end//
call s4()//
create procedure s5(m varchar(200)) signal sqlstate '45000' set message_text = m//
call s5('hello')//
call s5(null)//
call s5(repeat('x', 150))//
create procedure s6() begin declare m varchar(10) default 'mm'; declare n int default 1234; signal sqlstate 'HY000' set message_text = m, mysql_errno = n, table_name = 'tt'; end//
call s6()//
create procedure g1() begin declare n, rc int; declare m text; declare e int; declare st char(5); insert into t values (3, 3, 'c'), (4, 4, 'd'); get diagnostics n = number, rc = row_count; select n, rc; begin declare exit handler for sqlexception begin get stacked diagnostics condition 1 m = message_text, e = mysql_errno, st = returned_sqlstate; get diagnostics n = number; select m, e, st, n; end; insert into t values (3, 3, 'c'); end; get current diagnostics n = number; select n; end//
call g1()//
create procedure g2() begin get diagnostics condition 5 @a = mysql_errno; end//
call g2()//
show warnings//
create procedure g3() get stacked diagnostics @a = number//
call g3()//
create procedure tx1() begin declare exit handler for sqlexception begin rollback; select 'rolled back'; end; start transaction; insert into t values (50, 1, 'x'); insert into t values (50, 1, 'x'); commit; end//
call tx1()//
select count(*) from t//
create procedure tx2() begin start transaction; insert into t values (51, 1, 'x'); savepoint a; insert into t values (52, 1, 'x'); rollback to a; commit; end//
call tx2()//
select id from t order by id//
create procedure pr1(tn varchar(20)) begin set @s = concat('select count(*) from ', tn); prepare st from @s; execute st; deallocate prepare st; end//
call pr1('t')//
call pr1('nothere')//
create procedure pr2() begin declare x int default 5; prepare st from 'select x'; execute st; end//
call pr2()//
create procedure cs(x varchar(10)) begin case x when 'a' then select 1; when 'A' then select 2; else begin end; end case; end//
call cs('A')//
call cs('b')//
create procedure ct() begin create temporary table tmp1 (a int); insert into tmp1 values (1); select * from tmp1; drop temporary table tmp1; create table tt2 (a int); drop table tt2; end//
call ct()//
create procedure lv() outer_: begin declare i int default 0; while true do set i = i + 1; if i > 3 then leave outer_; end if; end while; end//
call lv()//
create procedure it() begin declare i int default 0; l: while i < 5 do set i = i + 1; if i mod 2 = 0 then iterate l; end if; select i; end while l; end//
call it()//
create procedure nm(t int) begin select t.id from t where t.id = t; select t; end//
call nm(2)//
create procedure ord(id int) begin select a from t order by id; insert into t(id, a) values (id, id); update t set a = id where t.id = id; select * from t where t.id = id; delete from t where t.id = id; end//
call ord(70)//
create procedure dup(k int) insert into t values (k, k, 'd') on duplicate key update a = a + k//
call dup(1)//
call dup(1)//
select * from t where id = 1//
create procedure sh() begin show tables; show columns from t; end//
call sh()//
create procedure ex() begin explain select 1; end//
create procedure av() begin declare x int; select avg(a), sum(a) into x, @s from t where id < 3; select x, @s; end//
call av()//
create procedure em() begin end//
call em()//
create procedure nest() begin declare x int default 1; begin declare x int default 2; begin declare y int default x; set x = 3; select x, y; end; select x; end; select x; end//
call nest()//
create procedure ifs(a int) begin if a > 5 then select 'gt'; elseif a = 5 then select 'eq'; elseif a is null then select 'null'; else select 'lt'; end if; end//
call ifs(6)//
call ifs(5)//
call ifs(4)//
call ifs(null)//
create procedure lim(a int, b int) select id from t order by id limit a, b//
call lim(0, 2)//
call lim(1, 1)//
create procedure li() begin insert into t values (90, 1, 'q'); select row_count(); end//
call li()//
create procedure dt(d date) begin select d, d + interval 1 day, year(d), date_format(d, '%Y'); end//
call dt('2024-02-28')//
call dt('garbage')//
call dt(20240101)//
create procedure str(s varchar(3)) begin select s, length(s), upper(s), s like 'a%', s = 'ABC'; end//
call str('abc')//
call str('abcd')//
create procedure str2(s char(10) charset latin1) begin select s, charset(s), collation(s); end//
call str2('abc')//
create procedure un(x int unsigned, y bigint unsigned) begin select x - 1, y; end//
call un(5, 18446744073709551615)//
call un(-1, 1)//
create procedure dd(x decimal(10,3)) begin select x, x * 2, x / 3; end//
call dd(1.23456)//
create procedure by_name(in t varchar(10)) begin declare cnt int default 0; select count(*) into cnt from t where s = t; select cnt; end//
call by_name('a')//
-- delimiter ;
