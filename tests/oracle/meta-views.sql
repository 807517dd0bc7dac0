-- Views, checks and options of tables as information_schema and SHOW tell of them.
-- not compared: origin, flags, length, decimals, type, charset, warnings
create table t (id int primary key, a varchar(5), x int comment 'q', constraint ck check (x > 1), key i (x) comment 'kc');
create view v1 as select id, a, x from t where x > 0;
create view v2 as select id from v1;
show tables;
show full tables;
show full tables where table_type = 'VIEW';
select table_name, table_type, engine, table_comment from information_schema.tables where table_schema = database() order by table_name;
select table_name, column_name, ordinal_position, column_type, is_nullable, column_key from information_schema.columns where table_schema = database() order by table_name, ordinal_position;
select table_name, check_option, is_updatable, security_type, character_set_client, collation_connection from information_schema.views where table_schema = database() order by table_name;
describe v1;
show full columns from v1;
show columns from v2;
show index from v1;
select * from information_schema.check_constraints where constraint_schema = database();
select constraint_name, table_name, constraint_type, enforced from information_schema.table_constraints where table_schema = database() order by 1;
show index from t;
show create view t;
show create table t;
explain nosuch;
explain select nosuch from t;
explain select * from nosuch;
explain format=nonsense select 1;
explain v1;
select 1 /*!99999 + 1 */ as a;
select 1 /*!80000 + 1 */ as a;
/*!99999 select 1 */;
/* nothing */;
