-- What activerecord sends, as a server's general log showed it.
-- not compared: length, flags, decimals, origin, type, charset
-- delimiter //
SET NAMES utf8mb4, @@SESSION.sql_mode = CONCAT(CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), ',NO_AUTO_VALUE_ON_ZERO'), @@SESSION.sql_auto_is_null = 0, @@SESSION.wait_timeout = 2147483//
DROP TABLE IF EXISTS `ar_users` CASCADE//
CREATE TABLE `ar_users` (`id` bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, `name` varchar(255), `ok` tinyint(1) DEFAULT FALSE, `j` json, `d` decimal(8,2), `b` text, `lock_version` int DEFAULT 0, `created_at` datetime(6) NOT NULL, `updated_at` datetime(6) NOT NULL, UNIQUE INDEX `index_ar_users_on_name` (`name`))//
DROP TABLE IF EXISTS `ar_posts` CASCADE//
CREATE TABLE `ar_posts` (`id` bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, `ar_user_id` bigint, `t` varchar(255), INDEX `index_ar_posts_on_ar_user_id` (`ar_user_id`), CONSTRAINT `fk_rails_9c579fa0e9` FOREIGN KEY (`ar_user_id`) REFERENCES `ar_users` (`id`) )//
ALTER TABLE `ar_users` ADD `z` varchar(255) AFTER `name`//
SHOW FULL FIELDS FROM `ar_users`//
ALTER TABLE `ar_users` CHANGE `z` `z` text DEFAULT NULL//
ALTER TABLE `ar_users` RENAME COLUMN `z` TO `y`//
SHOW KEYS FROM `ar_users`//
SELECT fk.referenced_table_name AS 'to_table', fk.referenced_column_name AS 'primary_key', fk.column_name AS 'column', fk.constraint_name AS 'name', rc.update_rule AS 'on_update', rc.delete_rule AS 'on_delete' FROM information_schema.referential_constraints rc JOIN information_schema.key_column_usage fk USING (constraint_schema, constraint_name) WHERE fk.referenced_column_name IS NOT NULL AND fk.table_schema = database() AND fk.table_name = 'ar_users' AND rc.constraint_schema = database() AND rc.table_name = 'ar_users'//
ALTER TABLE `ar_users` DROP COLUMN `y`//
CREATE INDEX `index_ar_users_on_d` ON `ar_users` (`d`)//
DROP INDEX `index_ar_users_on_d` ON `ar_users`//
UPDATE `ar_users` SET `name`='x' WHERE `name` IS NULL//
ALTER TABLE `ar_users` CHANGE `name` `name` varchar(255) NOT NULL//
SELECT table_name FROM (SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = database()) _subquery WHERE _subquery.table_type = 'BASE TABLE' AND _subquery.table_name = 'ar_internal_metadata'//
CREATE TABLE `ar_internal_metadata` (`key` varchar(255) NOT NULL PRIMARY KEY, `value` varchar(255), `created_at` datetime(6) NOT NULL, `updated_at` datetime(6) NOT NULL)//
SHOW FULL FIELDS FROM `ar_internal_metadata`//
SELECT `ar_internal_metadata`.* FROM `ar_internal_metadata` WHERE `ar_internal_metadata`.`key` = 'environment' LIMIT 1//
SELECT table_name FROM (SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = database()) _subquery//
BEGIN//
INSERT INTO `ar_internal_metadata` (`key`, `value`, `created_at`, `updated_at`) VALUES ('environment', 'default_env', '2026-11-22 16:27:31.085327', '2026-11-22 16:27:31.085327')//
COMMIT//
SELECT column_name FROM information_schema.statistics WHERE index_name = 'PRIMARY' AND table_schema = database() AND table_name = 'ar_users' ORDER BY seq_in_index//
SELECT 1 AS one FROM `ar_users` WHERE `ar_users`.`name` = 'a' LIMIT 1//
INSERT INTO `ar_users` (`name`, `created_at`, `updated_at`, `lock_version`) VALUES ('a', '2026-11-22 16:27:31.125854', '2026-11-22 16:27:31.125854', 0)//
SELECT `ar_users`.* FROM `ar_users` WHERE `ar_users`.`name` = 'A' ORDER BY `ar_users`.`id` DESC LIMIT 2 OFFSET 1//
SELECT `ar_users`.* FROM `ar_users` WHERE `ar_users`.`name` = 'b' LIMIT 1//
INSERT INTO `ar_users` (`name`) VALUES ('a') ON DUPLICATE KEY UPDATE `name`=`name`//
rollback//
