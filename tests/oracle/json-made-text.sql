-- Character functions of JSON give text that is compared by its bytes.
-- not compared: length, flags
create table r (a int not null, j json, s varchar(10));
insert into r values (1,'{"a":"b"}','x'),(2,'[1]','y');
create table c8 as select upper(j) u, concat(j,'a') c, lower(j) l, left(j,3) le, trim(j) t, replace(j,'a','b') re, substring(j,2) su, reverse(j) rv, repeat(j,2) rp, concat(j) cc, ifnull(j,'a') ii, coalesce(j,s) cs from r;
show create table c8;
select collation(upper(j)), collation(concat(j,'a')), collation(left(j,2)), collation(trim(j)), collation(concat(s, j)), coercibility(upper(j)) from r where a = 1;
select upper(j) = '{"A": "b"}', upper(j) = lower(j), concat(j, 'A') = concat(j, 'a'), left(j, 2) = '{"' from r;
insert into c8 (u, ii) values ('not JSON', '');
select u from c8 order by u;
select a from r where upper(j) like '{"a%';
