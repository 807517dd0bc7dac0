-- What eloquent sends, as a server's general log showed it.
-- not compared: length, flags, decimals, origin, type, charset
-- delimiter //
set names 'utf8mb4' collate 'utf8mb4_unicode_ci'//
set session sql_mode='ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'//
drop table if exists `lv_posts`//
drop table if exists `lv_users`//
create table `lv_users` (`id` bigint unsigned not null auto_increment primary key, `name` varchar(255) not null, `email` varchar(255) not null, `email_verified_at` timestamp null, `active` tinyint(1) not null default '1', `r` enum('a', 'b') not null default 'a', `j` json null, `d` decimal(8, 2) not null default '0', `cnt` int unsigned not null default '0', `remember_token` varchar(100) null, `created_at` timestamp null, `updated_at` timestamp null, `deleted_at` timestamp null) default character set utf8mb4 collate 'utf8mb4_unicode_ci'//
alter table `lv_users` add unique `lv_users_email_unique`(`email`)//
create table `lv_posts` (`id` bigint unsigned not null auto_increment primary key, `user_id` bigint unsigned not null, `b` text not null) default character set utf8mb4 collate 'utf8mb4_unicode_ci'//
alter table `lv_posts` add constraint `lv_posts_user_id_foreign` foreign key (`user_id`) references `lv_users` (`id`) on delete cascade//
alter table `lv_posts` add index `ix`(`user_id`, `id`)//
select column_name as `column_name` from information_schema.columns where table_schema = 'oracle_client_eloquent' and table_name = 'lv_users'//
alter table `lv_users` add `z` varchar(20) null after `name`//
alter table `lv_users` add index `lv_users_z_index`(`z`)//
alter table `lv_users` drop index `lv_users_z_index`//
alter table `lv_users` drop `z`//
SET FOREIGN_KEY_CHECKS=0//
insert into `lv_users` (`name`, `email`) values ('a', 'e')//
insert ignore into `lv_users` (`email`, `name`) values ('e', 'a')//
insert into `lv_users` (`email`, `name`) values ('e', 'b') on duplicate key update `name` = values(`name`)//
select exists(select * from `lv_users` where (`email` = 'q')) as `exists`//
insert into `lv_users` (`email`, `name`) values ('q', 'q')//
select count(*) as aggregate from `lv_users` where json_unquote(json_extract(`j`, '$."a"."b"')) = 1 or json_contains(`j`, '[1]', '$."x"') or date(`created_at`) = '2020-01-01' or year(`created_at`) = 2020//
rollback//
