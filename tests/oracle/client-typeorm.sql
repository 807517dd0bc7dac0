-- What typeorm sends, as a server's general log showed it.
-- not compared: length, flags, decimals, origin, type, charset
-- delimiter //
START TRANSACTION//
SELECT DATABASE() AS `db_name`//
SELECT `TABLE_SCHEMA`, `TABLE_NAME`, `TABLE_COMMENT` FROM `INFORMATION_SCHEMA`.`TABLES` WHERE `TABLE_SCHEMA` = 'oracle_client_typeorm' AND `TABLE_NAME` = 'to_user'//
SELECT * FROM `INFORMATION_SCHEMA`.`COLUMNS` WHERE `TABLE_SCHEMA` = 'oracle_client_typeorm' AND `TABLE_NAME` = 'typeorm_metadata'//
CREATE TABLE `to_user` (`id` int NOT NULL AUTO_INCREMENT, `name` varchar(50) NOT NULL, `ok` tinyint NOT NULL DEFAULT 1, `st` enum ('a', 'b') NOT NULL DEFAULT 'a', `d` datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), `u` datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), `j` text NULL, UNIQUE INDEX `IDX_79e9a58e6edc48127a05484ab5` (`name`), PRIMARY KEY (`id`)) ENGINE=InnoDB//
COMMIT//
SELECT * FROM (SELECT * FROM `INFORMATION_SCHEMA`.`KEY_COLUMN_USAGE` `kcu` WHERE `kcu`.`TABLE_SCHEMA` = 'oracle_client_typeorm' AND `kcu`.`TABLE_NAME` = 'to_user') `kcu` WHERE `CONSTRAINT_NAME` = 'PRIMARY'//
SELECT `s`.* FROM (SELECT * FROM `INFORMATION_SCHEMA`.`STATISTICS` WHERE `TABLE_SCHEMA` = 'oracle_client_typeorm' AND `TABLE_NAME` = 'to_user') `s` LEFT JOIN (SELECT * FROM `INFORMATION_SCHEMA`.`REFERENTIAL_CONSTRAINTS` WHERE `CONSTRAINT_SCHEMA` = 'oracle_client_typeorm' AND `TABLE_NAME` = 'to_user') `rc` ON `s`.`INDEX_NAME` = `rc`.`CONSTRAINT_NAME` AND `s`.`TABLE_SCHEMA` = `rc`.`CONSTRAINT_SCHEMA` WHERE `s`.`INDEX_NAME` != 'PRIMARY' AND `rc`.`CONSTRAINT_NAME` IS NULL//
SELECT `kcu`.`TABLE_SCHEMA`, `kcu`.`TABLE_NAME`, `kcu`.`CONSTRAINT_NAME`, `kcu`.`COLUMN_NAME`, `kcu`.`REFERENCED_TABLE_SCHEMA`, `kcu`.`REFERENCED_TABLE_NAME`, `kcu`.`REFERENCED_COLUMN_NAME`, `rc`.`DELETE_RULE` `ON_DELETE`, `rc`.`UPDATE_RULE` `ON_UPDATE` FROM (SELECT * FROM `INFORMATION_SCHEMA`.`KEY_COLUMN_USAGE` `kcu` WHERE `kcu`.`TABLE_SCHEMA` = 'oracle_client_typeorm' AND `kcu`.`TABLE_NAME` = 'to_user') `kcu` INNER JOIN (SELECT * FROM `INFORMATION_SCHEMA`.`REFERENTIAL_CONSTRAINTS` WHERE `CONSTRAINT_SCHEMA` = 'oracle_client_typeorm' AND `TABLE_NAME` = 'to_user') `rc` ON `rc`.`CONSTRAINT_SCHEMA` = `kcu`.`CONSTRAINT_SCHEMA` AND `rc`.`TABLE_NAME` = `kcu`.`TABLE_NAME` AND `rc`.`CONSTRAINT_NAME` = `kcu`.`CONSTRAINT_NAME`//
ALTER TABLE `to_user` ADD `extra` bigint UNSIGNED NULL//
DROP INDEX `IDX_79e9a58e6edc48127a05484ab5` ON `to_user`//
ALTER TABLE `to_user` DROP COLUMN `name`//
ALTER TABLE `to_user` ADD `name` varchar(60) NOT NULL//
ALTER TABLE `to_user` ADD UNIQUE INDEX `IDX_79e9a58e6edc48127a05484ab5` (`name`)//
INSERT INTO `to_user`(`id`, `name`, `ok`, `st`, `d`, `u`, `j`, `extra`) VALUES (DEFAULT, 'a', DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT)//
INSERT INTO `to_user`(`id`, `name`, `ok`, `st`, `d`, `u`, `j`, `extra`) VALUES (DEFAULT, 'a', false, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT) ON DUPLICATE KEY UPDATE `name` = VALUES(`name`), `ok` = VALUES(`ok`)//
SELECT COUNT(1) AS `cnt` FROM `to_user` `to_user` WHERE ((`to_user`.`name` = 'a'))//
DELETE FROM `to_user` WHERE `name` = 'a'//
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE//
rollback//
