-- What describes temporary tables. MySQL reads it through other helper tables than for base tables, so the descriptions of
-- these columns aren't compared.
-- not compared: length, type, flags, origin, decimals, charset
create table b (id int primary key auto_increment, v varchar(10));
create temporary table b (z int);
describe b;
select table_name from information_schema.tables where table_schema = database() order by 1;
select table_name, column_name from information_schema.columns where table_schema = database() order by 1, 2;
select index_name from information_schema.statistics where table_schema = database() order by 1;
select constraint_name from information_schema.table_constraints where table_schema = database() order by 1;
show index from b;
show tables like 'b';
drop temporary table b;
describe b;
create table x2 (id int auto_increment primary key, u int unique, g int as (u * 2), dt datetime default current_timestamp);
create temporary table x3 like x2;
show columns from x3;
show full columns from x3;
describe x3 u;
explain x3;
show index from x3;
create temporary table x4 select * from x2;
show columns from x4;
create temporary table x6 (a timestamp null default current_timestamp on update current_timestamp, b int default (1 + 1), c int invisible, d int default 4 comment 'cc', e int as (d + 1) stored, f datetime(3) on update now(3));
show columns from x6;
show columns from x6 like 'd%';
show columns from x6 where field = 'e';
show full columns from x6;
show create table x6;
-- session b
show columns from x6;
show create table x6;
show tables;
select count(*) from information_schema.columns where table_name = 'x6';
drop temporary table x6;
