-- Names in ON DUPLICATE KEY UPDATE behind a query.
create table i1(a int primary key, b int);
create table i2(a int, b int, c int);
insert into i1 values (1,1);
insert into i2 values (1,2,3);
insert into i1(a) select a from i2 on duplicate key update b = c;
insert into i1(a) select a from i2 on duplicate key update b = b + 1;
insert into i1(a) select a from i2 on duplicate key update a = a + c;
insert into i1(a) select i2.a from i2 on duplicate key update i1.b = i2.b + i1.b;
insert into i1(a) select i2.a from i2 on duplicate key update i2.b = 1;
insert into i1(a) select i2.a from i2 on duplicate key update b = values(i2.a);
insert into i1(a) select i2.a from i2 on duplicate key update b = values(b);
insert into i1(a) select i2.a from i2 on duplicate key update b = values(c);
insert into i1(a) select a from i2 group by a on duplicate key update b = c;
insert into i1(a) select a from i2 group by a on duplicate key update b = b+1;
insert into i1(a) select * from (select a from i2) d on duplicate key update b = a;
select * from i1;
CREATE VIEW iv AS SELECT a FROM i1;
TRUNCATE TABLE iv;
