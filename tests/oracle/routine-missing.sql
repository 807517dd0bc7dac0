-- Statements about routines, triggers and events that don't exist.

drop procedure if exists p;
drop procedure if exists nodb.p;
drop function if exists f;
drop function if exists nodb.f;
drop trigger if exists t1;
drop trigger if exists nodb.t1;
drop event if exists e;
drop event if exists nodb.e;
drop procedure p;
drop procedure nodb.p;
drop function f;
drop function nodb.f;
drop trigger t1;
drop trigger nodb.t1;
drop event e;
drop event nodb.e;
call p();
call nodb.p();
alter procedure p comment 'x';
alter function p comment 'x';
