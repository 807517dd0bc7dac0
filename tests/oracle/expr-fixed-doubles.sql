-- Sums and quotients of DOUBLE(M,D) keep the digits behind the point.
-- not compared: flags
create table f1(a int, b double(8, 2), f float(7,3), c double);
insert into f1 values (1, 28.50,1.5,1), (1, 121.85,1.25,1), (1, 157.23,1.125,1), (1, 1351.00,1,1), (1, -1965.35,1,1), (1, 81.75,1,1), (1, 217.08,1,1), (1, 7.94,1,1), (4, 96.07,1,1), (4, 6404.65,1,1), (4, -6500.72,1,1), (2, 100.00,1,1), (5, 5.00,1,1), (5, -2104.80,1,1),(5,2099.8,1,1);
select sum(b) s from f1 group by a order by a;
select a, sum(b) s from f1 group by a having s <> 0 order by a;
select a, sum(b) s from f1 group by a having s <=> 0 order by a;
select sum(b), avg(b), sum(f), avg(f), sum(c), avg(c), max(b), min(f), sum(b)+1, sum(b)*2, sum(b)+0.5, sum(b)/3 from f1;
select a, sum(b)=0, sum(b)>0, sum(b)=0.001, sum(b)=0e0, sum(b)+0=0, sum(f)=4 from f1 group by a order by a;
select a, b+b=57, b*2=57.00, b=28.5, f+f=3, b-28.5=0 from f1 limit 3;
select sum(distinct b), count(distinct b) from f1;
