-- Floating-point numbers in columns that are too narrow, and beyond the range of FLOAT.
-- not compared: length, decimals
create table w1 (a char(1), b char(3), c varchar(6), d varbinary(6), e varchar(10), f float, g float(58,0), h double);
set sql_mode='';
insert into w1 (a,b,c,d,e) values (5.4e+1,5.4e+1,5.4e+1,5.4e+1,5.4e+1),(5.5e1,5.5e2,5.5e3,5.5e3,5.5e3);
insert into w1 (a,b,c,d,e) values (0.5e4,0.5e4,2e5,2e5,2e5),(1e0,1.25e0,2e6,2e6,2e6),(1.5e0,1.25e1,2e-4,2e-4,2e-4),(0.9e0,9.99e0,2e-5,2e-5,2e-5);
insert into w1 (a,b,c,d,e) values (-1e0,-1.25e0,-2e6,-2e6,-2e6),(-5e4,-1e-5,1.23456789e0,1.23456789e0,1.2345678901234e0),(0e0,1e-10,1.23456789e-5,1.23456789e-5,1.2345678901234e-5);
insert into w1 (a,b,c,d,e) values (1e20,1e20,1e20,1e20,1e20),(1e-20,1e-20,1e-20,1e-20,1e-20),(1e100,1.5e100,1.23456e100,1.23456e-100,1.23456789e-100),(9.9e0,99.99e0,999999.9e0,9999999.9e0,9999999999.9e0);
insert into w1 (a,b,c,d,e) values (0.05e0,0.05e0,0.0056789e0,0.00056789e0,0.000056789012e0),(0.001e0,0.001e0,0.0123456e0,0.00123456e0,0.000123456e0),(123456e0,123456e0,1234567e0,12345678.9e0,1234567890123e0);
insert into w1 (f,g,h) values (1e-50,1e30,1e-400),('1e-50','1e30','1e-400'),(1e-42,-1e40,1e-320),(1e50,'1e+52',1e308);
select * from w1;
set sql_mode=DEFAULT;
insert into w1 (a) values (5.4e1);
insert into w1 (c) values (1.23456789e0);
insert into w1 (c) values (12345678.9e0);
insert into w1 (g) values ('1e+52');
insert into w1 (f) values (1e-50);
