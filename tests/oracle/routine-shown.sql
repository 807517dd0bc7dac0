-- What is shown of routines.
-- not compared: length, type, flags, charset, origin, decimals

set timestamp = 1700000000;
-- delimiter //
create procedure p1(in a int, out `b c` varchar(10) charset latin1) comment 'it''s' modifies sql data sql security invoker begin select 1; end//
create function f1(x decimal(10,2), s varchar(5)) returns varchar(20) deterministic return 'x'//
create procedure P2() reads sql data begin
  -- a comment stays
  select 1 /* so does this */;
end//
-- delimiter ;
select specific_name, routine_type, data_type, character_maximum_length, dtd_identifier, routine_body, routine_definition, external_language, is_deterministic, sql_data_access, security_type, created, last_altered, sql_mode, routine_comment, character_set_client, collation_connection, database_collation from information_schema.routines where routine_schema = 'oracle_routine_shown' order by routine_name;
select * from information_schema.parameters where specific_schema = 'oracle_routine_shown' order by specific_name, ordinal_position;
alter procedure p1 comment 'new' sql security definer;
select routine_comment, security_type from information_schema.routines where routine_name = 'p1' and routine_schema = 'oracle_routine_shown';
alter function f1 no sql;
select sql_data_access from information_schema.routines where routine_name = 'f1' and routine_schema = 'oracle_routine_shown';
alter function f1 deterministic;
show create procedure nothere;
show create function oracle_routine_shown.nothere;
drop procedure p2;
select routine_name, routine_type from information_schema.routines where routine_schema = 'oracle_routine_shown' order by 1;
drop function f1;
show function status where db = 'oracle_routine_shown';
