-- Floating-point numbers with a fixed number of digits: what expressions show, and what equals what.

create table fixed (id int, f float(5,2), d double(8,3), g float, dc decimal(6,4));
insert into fixed values (1,10.3,1.5,1.1,2.5),(2,20.53,2.25,2.2,1.25),(3,null,null,null,null);
select f, d, g, f+1, d*2, -f, f/3, f+d, f/d, d/1.5, f/g, dc/f, -d, -g from fixed order by id;
select sum(f), avg(f), min(f), max(f), std(f), sum(d), avg(d), max(d), variance(d), sum(g), avg(g), sum(-f), sum(f*2) from fixed;
select abs(f), ifnull(f,0), coalesce(d,1), if(1,f,d), f%3, ifnull(f,1.2345), ifnull(f,g), case when id=1 then f else dc end, greatest(f,d), least(f,2.5), greatest(f,g), ifnull(f,2.5e0) from fixed order by id;
select ceil(f), floor(d), sqrt(f), mod(f,3), pow(f,2), sign(f) from fixed order by id;
create table mixed (id int, f float(5,2), d double(8,3), g float, dc decimal(6,4), i int, b bigint, ti tinyint, si smallint, mi mediumint);
insert into mixed values (1,10.3,1.5,1.1,2.5,3,4,5,6,7),(2,20.53,2.25,2.2,1.25,3,4,5,6,7),(3,null,null,null,null,null,null,null,null,null);
select ifnull(g,0), coalesce(g,1), if(1,g,0), case when 1 then g else 0 end, ifnull(g,i), ifnull(g,b), ifnull(g,ti), ifnull(g,si), ifnull(g,mi), ifnull(g,dc), ifnull(g,1.5), ifnull(g,d), ifnull(g,2e0), greatest(g,0), ifnull(i,g) from mixed order by id;
select id from mixed where f = 10.3;
select id from mixed where f = 20.53;
select id from mixed where f in (10.3,20.53);
select id from mixed where f between 10.3 and 20.53;
select id from mixed where f <> 10.3;
select id, f > 10.3, f>=10.3, f<10.3, f<=10.3, f<=>10.3, f=10.304, f=10.306, f=10, f<=>null, f=d, d=1.5, g=1.1, f='10.3', f=10.3e0, f=g from mixed order by id;
select a.id, b.id from mixed a join mixed b on a.f=b.f;
select id from mixed having f = 10.3;
update mixed set i=100 where f=10.3;
select i from mixed where id=1;
select sum(ifnull(g,0)), max(ifnull(g,0)), min(g), max(ifnull(f,0)) from mixed;
