-- What sequelize sends, as a server's general log showed it.
-- not compared: length, flags, decimals, origin, type, charset
-- delimiter //
SET time_zone = '+00:00'//
SELECT 1+1 AS result//
DROP TABLE IF EXISTS `SqPosts`//
DROP TABLE IF EXISTS `SqUsers`//
SELECT CONSTRAINT_NAME as constraint_name,CONSTRAINT_NAME as constraintName,CONSTRAINT_SCHEMA as constraintSchema,CONSTRAINT_SCHEMA as constraintCatalog,TABLE_NAME as tableName,TABLE_SCHEMA as tableSchema,TABLE_SCHEMA as tableCatalog,COLUMN_NAME as columnName,REFERENCED_TABLE_SCHEMA as referencedTableSchema,REFERENCED_TABLE_SCHEMA as referencedTableCatalog,REFERENCED_TABLE_NAME as referencedTableName,REFERENCED_COLUMN_NAME as referencedColumnName FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE where TABLE_NAME = 'SqUsers' AND CONSTRAINT_NAME!='PRIMARY' AND CONSTRAINT_SCHEMA='oracle_client_sequelize' AND REFERENCED_TABLE_NAME IS NOT NULL//
CREATE TABLE IF NOT EXISTS `SqUsers` (`id` INTEGER NOT NULL auto_increment , `name` VARCHAR(255) UNIQUE, `age` INTEGER, `ok` TINYINT(1), `j` JSON, `e` ENUM('a', 'b'), `d` DECIMAL(10,2), `createdAt` DATETIME NOT NULL, `updatedAt` DATETIME NOT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB//
SHOW INDEX FROM `SqUsers`//
CREATE TABLE IF NOT EXISTS `SqPosts` (`id` INTEGER NOT NULL auto_increment , `t` TEXT, `createdAt` DATETIME NOT NULL, `updatedAt` DATETIME NOT NULL, `SqUserId` INTEGER, PRIMARY KEY (`id`), FOREIGN KEY (`SqUserId`) REFERENCES `SqUsers` (`id`) ON DELETE SET NULL ON UPDATE CASCADE) ENGINE=InnoDB//
SHOW INDEX FROM `SqPosts`//
SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_NAME = 'SqUsers' AND TABLE_SCHEMA = 'oracle_client_sequelize'//
SHOW FULL COLUMNS FROM `SqUsers`//
ALTER TABLE `SqUsers` CHANGE `name` `name` VARCHAR(255) UNIQUE//
ALTER TABLE `SqUsers` CHANGE `age` `age` INTEGER//
ALTER TABLE `SqUsers` CHANGE `ok` `ok` TINYINT(1)//
ALTER TABLE `SqUsers` CHANGE `j` `j` JSON//
ALTER TABLE `SqUsers` CHANGE `e` `e` ENUM('a', 'b')//
ALTER TABLE `SqUsers` CHANGE `d` `d` DECIMAL(10,2)//
ALTER TABLE `SqUsers` CHANGE `createdAt` `createdAt` DATETIME NOT NULL//
ALTER TABLE `SqUsers` CHANGE `updatedAt` `updatedAt` DATETIME NOT NULL//
SHOW FULL COLUMNS FROM `SqPosts`//
ALTER TABLE `SqPosts` CHANGE `t` `t` TEXT//
ALTER TABLE `SqPosts` CHANGE `createdAt` `createdAt` DATETIME NOT NULL//
ALTER TABLE `SqPosts` CHANGE `updatedAt` `updatedAt` DATETIME NOT NULL//
SELECT CONSTRAINT_CATALOG AS constraintCatalog, CONSTRAINT_NAME AS constraintName, CONSTRAINT_SCHEMA AS constraintSchema, CONSTRAINT_TYPE AS constraintType, TABLE_NAME AS tableName, TABLE_SCHEMA AS tableSchema from INFORMATION_SCHEMA.TABLE_CONSTRAINTS WHERE table_name='SqPosts' AND constraint_name = 'SqPosts_ibfk_1' AND TABLE_SCHEMA = 'oracle_client_sequelize'//
ALTER TABLE `SqPosts` DROP FOREIGN KEY `SqPosts_ibfk_1`//
ALTER TABLE `SqPosts` ADD FOREIGN KEY (`SqUserId`) REFERENCES `SqUsers` (`id`) ON DELETE SET NULL ON UPDATE CASCADE//
SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA = 'oracle_client_sequelize'//
SHOW FULL COLUMNS FROM `author`//
SHOW INDEX FROM `author`//
INSERT INTO `SqUsers` (`id`,`name`,`age`,`j`,`createdAt`,`updatedAt`) VALUES (DEFAULT,'a',1,'{\"x\":1}','2026-11-22 16:26:24','2026-11-22 16:26:24')//
INSERT INTO `SqUsers` (`id`,`name`,`age`,`createdAt`,`updatedAt`) VALUES (NULL,'a',2,'2026-11-22 16:26:24','2026-11-22 16:26:24'),(NULL,'b',NULL,'2026-11-22 16:26:24','2026-11-22 16:26:24') ON DUPLICATE KEY UPDATE `age`=VALUES(`age`)//
INSERT IGNORE INTO `SqUsers` (`id`,`name`,`createdAt`,`updatedAt`) VALUES (NULL,'a','2026-11-22 16:26:24','2026-11-22 16:26:24')//
INSERT INTO `SqUsers` (`name`,`age`,`createdAt`,`updatedAt`) VALUES ('a',9,'2026-11-22 16:26:24','2026-11-22 16:26:24') ON DUPLICATE KEY UPDATE `name`=VALUES(`name`),`age`=VALUES(`age`),`updatedAt`=VALUES(`updatedAt`)//
SELECT count(`SqUser`.`id`) AS `count` FROM `SqUsers` AS `SqUser` LEFT OUTER JOIN `SqPosts` AS `SqPosts` ON `SqUser`.`id` = `SqPosts`.`SqUserId` WHERE `SqUser`.`age` > 1//
SELECT `SqUser`.*, `SqPosts`.`id` AS `SqPosts.id`, `SqPosts`.`t` AS `SqPosts.t`, `SqPosts`.`createdAt` AS `SqPosts.createdAt`, `SqPosts`.`updatedAt` AS `SqPosts.updatedAt`, `SqPosts`.`SqUserId` AS `SqPosts.SqUserId` FROM (SELECT `SqUser`.`id`, `SqUser`.`name`, `SqUser`.`age`, `SqUser`.`ok`, `SqUser`.`j`, `SqUser`.`e`, `SqUser`.`d`, `SqUser`.`createdAt`, `SqUser`.`updatedAt` FROM `SqUsers` AS `SqUser` WHERE `SqUser`.`age` > 1 ORDER BY `SqUser`.`id` DESC LIMIT 1, 2) AS `SqUser` LEFT OUTER JOIN `SqPosts` AS `SqPosts` ON `SqUser`.`id` = `SqPosts`.`SqUserId` ORDER BY `SqUser`.`id` DESC//
START TRANSACTION//
SELECT `id`, `name`, `age`, `ok`, `j`, `e`, `d`, `createdAt`, `updatedAt` FROM `SqUsers` AS `SqUser` WHERE `SqUser`.`name` = 'zz'//
INSERT INTO `SqUsers` (`id`,`name`,`createdAt`,`updatedAt`) VALUES (DEFAULT,'zz','2026-11-22 16:26:24','2026-11-22 16:26:24')//
COMMIT//
UPDATE `SqUsers` SET `age`=`age`+ 1,`updatedAt`='2026-11-22 16:26:24' WHERE `name` = 'a'//
UPDATE `SqUsers` SET `age`=5,`updatedAt`='2026-11-22 16:26:24' WHERE `name` = 'a' LIMIT 1//
DELETE FROM `SqUsers` WHERE `name` = 'zz' LIMIT 1//
SET TRANSACTION ISOLATION LEVEL READ COMMITTED//
SELECT `id`, `name`, `age`, `ok`, `j`, `e`, `d`, `createdAt`, `updatedAt` FROM `SqUsers` AS `SqUser` WHERE `SqUser`.`name` = 'a' FOR UPDATE//
rollback//
