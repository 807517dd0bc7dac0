-- Procedures: what MySQL refuses when one is made.
-- not compared: length, type, flags, charset

drop procedure if exists p;
-- delimiter //
create procedure p() begin l: loop leave m; end loop; end//
create procedure p() begin l: begin iterate l; end; end//
create procedure p() begin l: loop l: loop leave l; end loop; end loop; end//
create procedure p() begin l: loop leave l; end loop m; end//
create procedure p() return 1//
create procedure p() lock tables t read//
create procedure p() unlock tables//
create procedure p() use q//
create procedure p() load data infile 'x' into table t//
create procedure p() create procedure q() select 1//
create procedure p() create function q() returns int return 1//
create procedure p() create trigger q before insert on t for each row set @a=1//
create procedure p() drop procedure q//
create procedure p() alter procedure q comment 'x'//
create procedure p() alter view v as select 1//
create procedure p() begin signal nocond; end//
create procedure p() begin declare c condition for 1062; signal c; end//
create procedure p() begin declare c condition for sqlstate '45000'; declare c condition for sqlstate '45001'; end//
create procedure p() begin declare exit handler for nocond begin end; end//
create procedure p() begin open c; end//
create procedure p() begin fetch c into x; end//
create procedure p() begin close c; end//
create procedure p() begin set x = 1; end//
create procedure p() begin set oracle_routine_grammar.x = 1; end//
create procedure p() begin declare x int; declare X int; end//
create procedure p() begin declare x, x int; end//
create procedure p(a int, A int) begin end//
create procedure p() begin declare c cursor for select 1; declare c cursor for select 2; end//
create procedure p() begin declare c cursor for select 1; declare x int; end//
create procedure p() begin declare exit handler for not found begin end; declare x int; end//
create procedure p() begin declare exit handler for not found begin end; declare c cursor for select 1; end//
create procedure p() begin declare exit handler for not found begin end; declare d condition for 1062; end//
create procedure p() begin declare exit handler for not found begin end; declare exit handler for not found begin end; end//
create procedure p() begin declare exit handler for 1062, 1062 begin end; end//
create procedure p() begin declare exit handler for sqlstate '00000' begin end; end//
create procedure p() begin declare exit handler for sqlstate '4500' begin end; end//
create procedure p() begin declare exit handler for 0 begin end; end//
create procedure p() begin declare c condition for 0; end//
create procedure p() begin declare c cursor for select 1 into @a; end//
create procedure p() begin declare c cursor for insert into t values (1); end//
create procedure p() begin select 1 into x; end//
create procedure p() begin signal sqlstate '00123'; end//
create procedure p() begin signal sqlstate '45000' set message_text = 'a', message_text = 'b'; end//
create procedure p() begin signal sqlstate '45000' set foo = 'a'; end//
create procedure p() begin if 1 then end if; end//
create procedure p() begin while 1 do end while; end//
create procedure p() begin select 1; select 2 from; end//
create procedure p() begin
 declare x int;
 selec 1;
end//
create procedure p() begin
 declare x int;
 set x = ;
end//
create procedure p() begin
 declare x int;
 if x then select 1; else; end if;
end//
create procedure p(out) begin end//
create procedure p(x) begin end//
create procedure p(x int,) begin end//
create procedure p() returns int return 1//
create procedure p() begin get diagnostics x = number; end//
create procedure p() begin get diagnostics condition 1 @x = number; end//
create procedure p() begin commit; end//
drop procedure p//
create procedure `p `() select 1//
create procedure `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`() select 1//
create procedure nodb.p() select 1//
create procedure p() select 1 union select 2//
alter procedure p comment 'hi' sql security invoker//
alter procedure p deterministic//
drop procedure p//
create procedure p() comment 'x' language sql not deterministic modifies sql data sql security invoker begin end//
call p//
drop procedure P//
create function f() returns int begin end//
create function f() returns int begin select 1; return 1; end//
create function f() returns int begin prepare s from 'x'; return 1; end//
create function f() returns int begin commit; return 1; end//
create function f() returns int begin create table x(a int); return 1; end//
create function f(in x int) returns int return 1//
-- delimiter ;
