-- What never ends, and what is deprecated in the text itself.
-- not compared: length
-- delimiter //
create table t (a int)//
insert into t values (1), (2), (3)//
select 'abc//
select "abc//
select `abc//
select 1 + 'it//
select 1,
 2 + 'on line two//
insert into t values ('never//
update t set a = 'never//
select 1 /*!50116, 2 */ as a//
select 1 /*!50116 , 2 */ as a//
select 1 /*!99999, 2 */ as a//
select 1 /*!, 2 */, 3 /*!50116,4*/ as a//
insert into t values (4) /*!50116, (5)*///
select SQL_CALC_FOUND_ROWS a from t order by a limit 2//
select found_rows()//
select a, found_rows() > 0 from t order by a limit 1//
