-- ADDTIME and SUBTIME of dates: only the clock of a moment is added.
-- not compared: length
select addtime(timestamp'2020-01-01 10:00:00', date'2025-04-11'), addtime(timestamp'2020-01-01 10:00:00', timestamp'2025-04-11 01:00:00');
select addtime(time'10:00:00', timestamp'2025-04-11 01:00:00.5'), subtime(time'10:00:00', timestamp'2025-04-11 01:00:00'), addtime(time'10:00:00', date'2025-04-11');
select addtime(date'2020-01-01', date'2025-04-11');
select addtime(date'2020-01-01', timestamp'2025-04-11 01:00:00'), addtime(date'2020-01-01','01:00:00'), subtime(date'2020-01-01','01:00:00');
create table tt (t time, d date, dt datetime(3));
insert into tt values ('10:00:00','2025-04-11','2025-04-11 01:02:03.456'),(null,null,null);
select addtime(t,d), addtime(t,dt), addtime(dt,d), addtime(dt,dt), subtime(t,dt), subtime(dt,d), addtime(d,t) from tt;
select addtime(dt,t), addtime(t,t) from tt;
select coalesce(addtime(t, date(d)), '00:00:00') c from tt;
