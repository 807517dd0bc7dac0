-- BIT in local variables and parameters: the number that it is, from columns, cursors and expressions.
-- not compared: length, type
create table bb (b bit(1), c bit(8), w bit(64));
insert into bb values (b'0', 0, 18446744073709551615), (b'1', 65, 1);
-- delimiter //
create procedure b0() begin declare vb bit(1); select b into vb from bb where b=1; select hex(vb), vb+0, vb=1, vb is true; end//
call b0()//
create procedure b1() begin declare vb bit(1); select b into vb from bb where b=0; select hex(vb), vb+0, vb=0, vb is false, coalesce(vb,1)+1; end//
call b1()//
create procedure b2() begin declare vb bit(8); select c into vb from bb where b=1; select hex(vb), vb+0; end//
call b2()//
create procedure b3() begin declare vb bit(64); select w into vb from bb where b=0; select hex(vb), vb+0; end//
call b3()//
create procedure b4() begin declare vb bit(1); set vb=(select b from bb where b=1); select hex(vb), vb+0; end//
call b4()//
create procedure b5() begin declare vb bit(8); set vb='A'; select hex(vb), vb+0; end//
call b5()//
create procedure b6() begin declare vb bit(1); declare c cursor for select b from bb order by b; open c; fetch c into vb; select hex(vb),vb+0; fetch c into vb; select hex(vb),vb+0; close c; end//
call b6()//
create procedure b7() begin select b into @z from bb where b=1; select hex(@z), @z+0; set @w=(select b from bb where b=1); select hex(@w), @w+0; end//
call b7()//
create procedure po(out o bit) begin select b into o from bb where b=0; if o is true then select 'T'; else select 'F'; end if; end//
call po(@o)//
select @o, hex(@o)//
create procedure pi(i bit) begin select hex(i), i is true; end//
call pi(1)//
call pi(b'0')//
