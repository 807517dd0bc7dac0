-- Numbers, documents, binary strings and times of day with intervals: MySQL reads them as dates and answers with text.

select date_add(20000102, interval 1 day), 20000102 + interval 1 day, date_add(20000102121314, interval 1 minute), date_add(20000102.5, interval 1 day), date_add(20000102e0, interval 1 day), date_add(20000102121314.567, interval 1 second);
select date_add(0, interval 1 day), date_add(123, interval 1 day), date_add(20001332, interval 1 day), date_sub(-1, interval 1 day);
create table shifted(id int, i int, b bigint, d decimal(20,6), f double, y year, j json, t time, v varbinary(20));
insert into shifted values (1,20000102,20000102121314,20000102121314.5,20000102121314,1988,'"2000-01-02"','10:00:00','2000-01-02'),(2,0,1,101,990101,2001,'20000102',null,'x'),(3,null,null,null,null,null,null,'-1:00:00','20000102121314'),(4,20001301,20000230121314,20000102256060,1e20,2000,'"2000-01-02 10:11:12.5"','100:00:00',null);
select i, date_add(i, interval 1 day), i - interval 1 hour from shifted order by id;
select b, date_add(b, interval 1 day) from shifted order by id;
select d, date_add(d, interval 1 second) from shifted order by id;
select f, date_add(f, interval 1 day) from shifted order by id;
select y, date_add(y, interval 1 day) from shifted order by id;
select j, date_add(j, interval 1 day) from shifted where id <> 2 order by id;
select j, date_sub(j, interval 1 hour) from shifted where id <> 2 order by id;
select id, date_add(v, interval 1 day), date_add(v, interval 1 minute) from shifted order by id;
select timestampadd(minute, 1, b), timestampadd(day,1,i) from shifted order by id;
select i from shifted where date_add(i, interval 1 day) = '2000-01-03';
select id, time(date_add(t, interval 1 day)) from shifted order by id;
set sql_mode = '';
select date_add(0, interval 1 day), date_add(20000102.5, interval 1 day), date_add(20000102121314.567, interval 1 second), date_add(20000102e0, interval 1 day), date_add(20000102.5e0, interval 1 day);
set sql_mode=default;
select date_add(20000102, interval 1 microsecond), date_add(20000102121314, interval '1.5' second), date_add(20000102, interval 1 second), date_add(99991231, interval 1 day), date_add(20000102121314, interval 1.5 second);
select date_add(20000102.5, interval 1 second), date_add(20000102121314.5, interval 1 day),date_add(20000102.5e0, interval 1 second);
select date_add(x'3230303030313032', interval 1 day), date_add(_binary'2000-01-02', interval 1 day);
select date_add(cast(1988 as year), interval 1 day), timestampadd(minute, 1, json_value('1988', '$' returning year));
