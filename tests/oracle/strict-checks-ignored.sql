-- Rows that violate a CHECK are left out under IGNORE, with a warning each.
create table ck (a int primary key, b int, c int, constraint `Big enough` check (b > 5), check (c is null or c < 100), constraint lax check (b < 1000) not enforced);
insert ignore into ck values (1,10,1),(2,3,1),(3,11,1),(1,50,1),(4,2000,1);
select * from ck order by a;
insert ignore into ck values (7,3,1);
insert ignore into ck set a = 9, b = 7, c = 100;
insert ignore into ck select a + 10, b - 5, c from ck order by a;
select * from ck order by a;
update ignore ck set b = b - 5 order by a;
select * from ck order by a;
update ignore ck set c = 200 where a = 3;
insert into ck values (20,1,1);
update ck set b = 1 where a = 3;
replace into ck values (1,2,1);
select * from ck order by a;
create table ca (id int auto_increment primary key, b int check (b > 5));
insert ignore into ca (b) values (6),(1),(7);
select last_insert_id(), count(*) from ca;
select * from ca order by id;
