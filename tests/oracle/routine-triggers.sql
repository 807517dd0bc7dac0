-- Triggers: what they do to the rows, when and in which order they are fired, and what MySQL refuses of them.
-- not compared: length, type, flags, charset, origin

create table log (i int auto_increment primary key, t varchar(200), at datetime null);
create table c (id int auto_increment primary key, k int unique, n int, g int as (n * 2) stored, u timestamp(6) null on update current_timestamp(6), v varchar(3) not null default 'x', b bigint unsigned, e enum('p', 'q'), d decimal(6, 2), f double, j json, dt datetime(3), bl varbinary(8));
-- delimiter //
create trigger c1 before insert on c for each row set new.n = new.n + 1//
create trigger c2 after insert on c for each row insert into log (t) values (concat_ws(' ', 'ai', new.id, new.k, new.n, new.g, new.v, new.e))//
insert into c (k, n, e) values (1, 1, 'q')//
select last_insert_id(), row_count()//
insert into c (k, n) values (2, 2)//
select last_insert_id()//
select id, k, n, g, v, e from c order by id//
select i, t from log order by i//
drop trigger c1//
insert into c (k, n) values (3, 3), (4, 4)//
select id, k, n from c order by id//
select i, t from log order by i//
delete from log//
create trigger c3 after update on c for each row insert into log (t) values (concat_ws(' ', 'au', old.k, new.k, old.n, new.n, new.u is null))//
create trigger c4 after delete on c for each row insert into log (t) values (concat_ws(' ', 'ad', old.k, old.n, old.g))//
update c set n = 2 where k = 1//
update c set n = n + 1 where k <= 2//
update c set n = 2 where k = 1//
delete from c where k = 2//
delete from c where k in (3, 99)//
select t from log order by t//
delete from log//

-- What a trigger before the row changes counts as a change; the column's own clock doesn't know it.
create table h (id int primary key, n int, m int, u timestamp(6) null on update current_timestamp(6))//
create trigger h1 before update on h for each row set new.m = old.m + 1//
insert into h (id, n, m) values (1, 1, 1), (2, 2, 2)//
update h set n = n where id = 1//
select id, n, m, u is null from h order by id//
update h set n = 5//
select id, n, m, u is null from h order by id//
update h set n = 5 where id = 3//

-- NULL for a column that a trigger fills.
create table a (id char(36) primary key, n int not null, v varchar(5))//
create trigger a1 before insert on a for each row set new.id = coalesce(new.id, 'made'), new.n = ifnull(new.n, 7)//
insert into a (v) values ('x')//
insert into a (id, n, v) values ('k', null, 'y')//
insert into a values (null, 1, 'z')//
insert into a values ('m', 1, 'toolong')//
select * from a order by id//
create table b (id int primary key, n int not null)//
create trigger b1 before insert on b for each row set new.id = new.id + 1//
insert into b (id) values (1)//
insert into b (n) values (1)//
insert into b values (null, 1)//
insert into b values (1, null)//
insert into b values (1, 2), (2, 3)//
insert into b select id + 10, n from b order by id//
select * from b order by id//

-- Order, names and texts.
create table o (id int primary key, s varchar(20) default '')//
create trigger o2 before insert on o for each row set new.s = concat(new.s, '2')//
create trigger o1 before insert on o for each row set new.s = concat(new.s, '1')//
create trigger o0 before insert on o for each row precedes o2 set new.s = concat(new.s, '0')//
create trigger o9 before insert on o for each row follows o2 set new.s = concat(new.s, '9')//
insert into o (id) values (1)//
select * from o//
select trigger_name, event_manipulation, event_object_table, action_order, action_statement, action_timing, action_orientation, definer = current_user() from information_schema.triggers where trigger_schema = database() order by event_object_table, action_order, trigger_name//
show triggers like 'nothing%'//
show create trigger nope//
drop trigger O2//
insert into o (id) values (2)//
select * from o//

-- What is refused when a trigger is made.
create trigger x before insert on c for each row set new.zz = 1//
create trigger x before insert on c for each row set new.n = new.zz//
create trigger x before insert on c for each row set old.n = 1//
create trigger x before insert on c for each row set new.n = old.n//
create trigger x before delete on c for each row insert into log (t) values (new.n)//
create trigger x before update on c for each row set old.n = 1//
create trigger x after update on c for each row set new.n = 1//
create trigger x before insert on c for each row select 1//
create trigger x before insert on c for each row return 1//
create trigger x before insert on c for each row begin commit; end//
create trigger x before insert on nope for each row set new.a = 1//
create view vw as select 1 as a//
create trigger x before insert on vw for each row set new.a = 1//
create trigger o1 before insert on c for each row set new.n = 1//
create trigger if not exists o1 before insert on c for each row set new.n = 1//
create trigger x before insert on c for each row follows o1 set new.n = 1//
create trigger x before insert on c for each row//
create trigger x during insert on c for each row set new.n = 1//
create temporary table tt (a int)//
create trigger x before insert on tt for each row set new.a = 1//
drop trigger nope//
drop trigger if exists nope//
drop trigger nodb.nope//

-- Bodies.
create table parent (id int primary key, total int not null default 0, named varchar(20))//
create table child (id int auto_increment primary key, p int, amount int, big tinyint)//
create trigger child_ai after insert on child for each row update parent set total = total + new.amount where id = new.p//
create trigger child_au after update on child for each row begin
  if not (old.amount <=> new.amount) then
    update parent set total = total - old.amount + new.amount where id = new.p;
  elseif new.p <> old.p then
    update parent set total = total - old.amount where id = old.p;
    update parent set total = total + new.amount where id = new.p;
  end if;
end//
create trigger child_ad after delete on child for each row begin
  declare left_over int;
  update parent set total = total - old.amount where id = old.p;
  select total into left_over from parent where id = old.p;
  if left_over < 0 then signal sqlstate '45000' set message_text = 'below nothing', mysql_errno = 3000; end if;
end//
insert into parent (id, named) values (1, 'One'), (2, 'Two')//
insert into child (p, amount) values (1, 10), (2, 20), (1, 5)//
select last_insert_id(), row_count()//
select * from parent order by id//
update child set amount = amount + 1//
select * from parent order by id//
update child set p = 2 where id = 1//
select * from parent order by id//
delete from child where id = 2//
update parent set total = 0 where id = 2//
delete from child where p = 2//
select id, p, amount from child order by id//
select * from parent order by id//
insert into child (p, amount) select 1, id from parent order by id//
alter table child auto_increment = 100//
select * from parent order by id//
create trigger child_bi before insert on child for each row begin
  declare n int default 0;
  while n < 3 do set n = n + 1; end while;
  case new.p when 1 then set new.amount = new.amount * n; when 2 then set new.amount = -1; else set new.amount = null; end case;
end//
insert into child (p, amount) values (1, 100)//
insert into child (p, amount) values (2, 100)//
insert into child (p, amount) values (3, 100)//
select p, amount from child order by id//
select * from parent order by id//
start transaction//
insert into child (p, amount) values (1, 1000)//
rollback//
select * from parent order by id//

-- Errors in bodies undo the whole statement.
create table q (id int primary key, s varchar(20))//
create trigger q1 before insert on q for each row begin
  if new.s = 'BAD' then signal sqlstate '45000' set message_text = 'no bad rows'; end if;
end//
insert into q values (1, 'good'), (2, 'bad'), (3, 'good')//
select * from q//
insert into q values (1, 'good'), (2, 'ok')//
insert ignore into q values (2, 'ok'), (3, 'bad')//
insert ignore into q values (2, 'ok'), (3, 'fine')//
select * from q order by id//
create trigger q2 before update on q for each row set new.id = 'abc'//
update q set s = 'x' where id = 1//
drop trigger q2//
create trigger q2 before update on q for each row set new.s = 'much too long for a column'//
update q set s = 'x' where id = 1//
drop trigger q2//
create trigger q2 before update on q for each row set new.s = null//
update q set s = 'x' where id = 1//
select * from q order by id//
create trigger q3 after delete on q for each row insert into q values (9, 'nine')//
delete from q where id = 1//
select * from q order by id//
drop trigger q3//
create trigger q3 after delete on q for each row insert into log (t) values (q.id)//
delete from q where id = 1//
drop trigger q3//
create trigger q3 after delete on q for each row insert into gone values (1)//
delete from q where id = 1//
drop trigger q3//
create trigger q3 after delete on q for each row insert into parent values (1, 1, 'One')//
delete from q where id = 1//
drop trigger q3//
create trigger q3 after delete on q for each row insert into parent (id, named) values (old.id + 100, 'a name that is longer than it may be')//
delete from q where id = 1//
select * from q order by id//

-- Foreign keys fire none.
create table fp (a int primary key)//
create table fc (id int primary key, a int, foreign key (a) references fp (a) on delete cascade on update cascade)//
create trigger fc_bd before delete on fc for each row insert into log (t) values (concat('bd ', old.a))//
create trigger fc_bu before update on fc for each row insert into log (t) values (concat('bu ', old.a, ' ', new.a))//
create trigger fp_ad after delete on fp for each row insert into log (t) values (concat('parent ', old.a))//
insert into fp values (1), (2), (3)//
insert into fc values (1, 1), (2, 2), (3, 3)//
delete from log//
delete from fp where a = 1//
update fp set a = 20 where a = 2//
delete from fc where a = 20//
update fc set id = 30 where id = 3//
select t from log order by i//
select * from fc order by id//

-- Clocks and defaults.
create table clock (id int primary key, made datetime, day date, s varchar(40))//
create trigger clock1 before insert on clock for each row set new.made = now(), new.day = curdate(), new.s = upper(concat(new.s, '-', new.id))//
insert into clock (id, s) values (1, 'abc')//
select id, made = now() or made > now() - interval 1 minute, day = curdate() or day = curdate() - interval 1 day, s from clock//
create trigger clock2 after update on clock for each row insert into log (t, at) values (concat(old.s, '>', new.s), now())//
update clock set s = 'new' where id = 1//
select t, at > now() - interval 1 minute from log order by i desc limit 1//

-- INSERT … ON DUPLICATE KEY UPDATE, IGNORE, and tables that change around their triggers.
create table k (id int auto_increment primary key, k int unique, n int)//
create trigger k1 before insert on k for each row insert into log (t) values (concat('bi ', new.k))//
create trigger k2 after insert on k for each row insert into log (t) values (concat('ai ', new.k))//
delete from log//
insert into k (k, n) values (1, 1)//
insert into k (k, n) values (1, 2) on duplicate key update n = values(n)//
insert into k (k, n) values (2, 2) on duplicate key update n = values(n)//
insert ignore into k (k, n) values (1, 7)//
insert ignore into k (k, n) values (3, 3)//
select k, n from k order by k//
select t from log order by i//
alter table k add column z int default 4//
insert into k (k, n) values (5, 5)//
rename table k to kk//
insert into kk (k, n) values (6, 6)//
select trigger_name, event_object_table from information_schema.triggers where event_object_table like 'k%' and trigger_schema = database() order by 1//
alter table kk drop column n//
insert into kk (k) values (7)//
drop trigger k1//
create trigger k1 before insert on kk for each row set new.z = new.z + 1//
insert into kk (k) values (8)//
alter table kk drop column z//
insert into kk (k) values (9)//
drop trigger k1//
alter table kk auto_increment = 100//
insert into kk (k) values (9)//
truncate table kk//
drop table kk//
select count(*) from information_schema.triggers where trigger_name like 'k_' and trigger_schema = database()//
create table k (id int primary key)//
create trigger k1 before insert on k for each row set new.id = new.id + 1//
insert into k values (1)//
create table k_like like k//
insert into k_like values (1)//
select * from k_like//
select * from k//

-- Values of every kind into the new row, from literals, expressions and the row itself.
create table types (id int primary key, ti tinyint unsigned, bi bigint unsigned, d decimal(5, 2), f float, db double, c char(4), v varchar(5), tt tinytext, tx text, mt mediumtext, lt longtext, b binary(3), vb varbinary(3), bl blob, da date, ti6 time(3), dt datetime, ts timestamp null, y year, e enum('a', 'b'), s set('x', 'y'), j json, bt bit(5))//
create trigger types1 before insert on types for each row begin
  set new.ti = new.id * 2, new.bi = 18446744073709551615 - new.id, new.d = new.id / 3, new.f = new.id / 3, new.db = new.id / 3;
  set new.c = concat(new.id, 'c'), new.v = upper(concat('v', new.id)), new.tt = repeat('t', new.id), new.tx = concat(new.tt, '!'), new.mt = concat(new.tx, '?'), new.lt = concat(new.mt, 1.5);
  set new.b = 'b', new.vb = x'00ff', new.bl = concat(new.vb, 'l');
  set new.da = date_add('2024-02-28', interval new.id day), new.ti6 = maketime(new.id, 2, 3.4567), new.dt = timestamp(new.da, '10:20:30.6'), new.ts = new.dt, new.y = 2020 + new.id;
  set new.e = if(new.id = 1, 'a', 'B'), new.s = 'y,x', new.j = json_object('id', new.id, 'v', new.v), new.bt = new.id + 3;
end//
insert into types (id) values (1), (2)//
select id, ti, bi, d, f, db, c, v, tt, tx, mt, lt, hex(b), hex(vb), hex(bl) from types order by id//
select id, da, ti6, dt, ts, y, e, s, j, bt + 0 from types order by id//
insert into types (id) values (200)//
create table narrow (id int primary key, n tinyint, v varchar(3), d date, e enum('a'))//
create trigger narrow1 before insert on narrow for each row set new.n = new.id * 50//
insert into narrow (id) values (3)//
drop trigger narrow1//
create trigger narrow1 before insert on narrow for each row set new.v = concat('ab', new.id)//
insert into narrow (id) values (10)//
drop trigger narrow1//
create trigger narrow1 before insert on narrow for each row set new.d = concat('2024-13-0', new.id)//
insert into narrow (id) values (1)//
drop trigger narrow1//
create trigger narrow1 before insert on narrow for each row set new.e = concat('b', new.id)//
insert into narrow (id) values (1)//
drop trigger narrow1//
create trigger narrow1 before insert on narrow for each row set new.n = 1 / (new.id - 1)//
insert into narrow (id) values (1)//
drop trigger narrow1//
create trigger narrow1 before insert on narrow for each row set new.e = 'no', new.v = 1.5//
insert into narrow (id) values (1)//
select * from narrow//

-- The modes under which a trigger was made hold in it.
set sql_mode = ''//
create table m (id int primary key, n tinyint, s varchar(3))//
create trigger m1 before insert on m for each row set new.n = new.id * 100, new.s = concat('abc', new.id)//
set sql_mode = default//
insert into m (id) values (1)//
insert into m (id) values (2)//
select * from m order by id//
