-- SHOW INDEX after ANALYZE TABLE: how many values a key has.
create table keyed (id int primary key, a int, b varchar(10), s varchar(20) collate utf8mb4_bin, key a (a), key b (b), unique key s (s), key ab (a, id), g geometry not null srid 0, spatial key g (g));
show index from keyed;
insert into keyed values (1,1,'a','x',st_geomfromtext('POINT(1 1)')),(2,1,'a','y',st_geomfromtext('POINT(1 1)')),(3,2,null,'z',st_geomfromtext('POINT(1 1)')),(4,2,null,'zz',st_geomfromtext('POINT(1 1)')),(5,3,'b','zzz',st_geomfromtext('POINT(1 1)'));
analyze table keyed;
show index from keyed;
