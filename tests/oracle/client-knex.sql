-- What knex sends, as a server's general log showed it.
-- not compared: length, flags, decimals, origin, type, charset
-- delimiter //
select * from information_schema.tables where table_name = 'author' and table_schema = database()//
drop table if exists `kx`//
create table `kx` (`id` int unsigned not null auto_increment primary key, `name` varchar(255), `created_at` timestamp not null default CURRENT_TIMESTAMP, `updated_at` timestamp not null default CURRENT_TIMESTAMP, `b` boolean default '0', `j` json, `e` enum('a', 'b'), `aid` int unsigned)//
alter table `kx` add unique `kx_name_unique`(`name`)//
alter table `kx` add constraint `kx_aid_foreign` foreign key (`aid`) references `author` (`id`)//
show columns from `kx`//
alter table `kx` add `z` varchar(20) after `name`//
show full fields from `kx` where field = 'b'//
SELECT KCU.CONSTRAINT_NAME, KCU.TABLE_NAME, KCU.COLUMN_NAME, KCU.REFERENCED_TABLE_NAME, KCU.REFERENCED_COLUMN_NAME, RC.UPDATE_RULE, RC.DELETE_RULE FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE AS KCU JOIN INFORMATION_SCHEMA.REFERENTIAL_CONSTRAINTS AS RC USING(CONSTRAINT_NAME) WHERE KCU.REFERENCED_TABLE_NAME = 'kx' AND KCU.CONSTRAINT_SCHEMA = 'oracle_client_knex' AND RC.CONSTRAINT_SCHEMA = 'oracle_client_knex'//
alter table `kx` change `b` `c` tinyint(1) NULL DEFAULT '0'//
alter table `kx` drop `e`//
alter table `kx` add index `zi`(`z`)//
select * from information_schema.columns where table_name = 'kx' and table_schema = 'oracle_client_knex'//
insert into `kx` (`name`) values ('a'), ('b')//
insert into `kx` (`name`, `z`) values ('a', '1') on duplicate key update `name` = values(`name`), `z` = values(`z`)//
insert ignore into `kx` (`name`) values ('a')//
BEGIN//
SAVEPOINT trx3//
update `kx` set `z` = '2'//
RELEASE SAVEPOINT trx3//
COMMIT//
create table `knex_migrations` (`id` int unsigned not null auto_increment primary key, `name` varchar(255), `batch` int, `migration_time` timestamp)//
create table `knex_migrations_lock` (`index` int unsigned not null auto_increment primary key, `is_locked` int)//
select * from `knex_migrations_lock`//
insert into `knex_migrations_lock` (`is_locked`) values (0)//
select `name` from `knex_migrations` order by `id` asc//
update `knex_migrations_lock` set `is_locked` = 1 where `is_locked` = 0//
select max(`batch`) as `max_batch` from `knex_migrations`//
update `knex_migrations_lock` set `is_locked` = 0//
rollback//
