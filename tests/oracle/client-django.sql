-- What django sends, as a server's general log showed it.
-- not compared: length, flags, decimals, origin, type, charset
-- delimiter //
SET NAMES utf8mb4//
SET AUTOCOMMIT = 0//
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED//
SELECT table_name, table_type, table_comment FROM information_schema.tables WHERE table_schema = DATABASE()//
SELECT `django_migrations`.`id`, `django_migrations`.`oracle_client_django`, `django_migrations`.`name`, `django_migrations`.`applied` FROM `django_migrations`//
SELECT `django_content_type`.`id`, `django_content_type`.`app_label`, `django_content_type`.`model` FROM `django_content_type` WHERE `django_content_type`.`app_label` = 'contenttypes'//
SELECT `django_content_type`.`id`, `django_content_type`.`app_label`, `django_content_type`.`model` FROM `django_content_type` WHERE (`django_content_type`.`app_label` = 'contenttypes' AND `django_content_type`.`model` IN ('contenttype'))//
SELECT `auth_permission`.`content_type_id` AS `content_type`, `auth_permission`.`codename` AS `codename` FROM `auth_permission` INNER JOIN `django_content_type` ON (`auth_permission`.`content_type_id` = `django_content_type`.`id`) WHERE `auth_permission`.`content_type_id` IN (1) ORDER BY `django_content_type`.`app_label` ASC, `django_content_type`.`model` ASC, 2 ASC//
SELECT `django_content_type`.`id`, `django_content_type`.`app_label`, `django_content_type`.`model` FROM `django_content_type` WHERE (`django_content_type`.`app_label` = 'auth' AND `django_content_type`.`model` IN ('user', 'group', 'permission'))//
SELECT `auth_permission`.`content_type_id` AS `content_type`, `auth_permission`.`codename` AS `codename` FROM `auth_permission` INNER JOIN `django_content_type` ON (`auth_permission`.`content_type_id` = `django_content_type`.`id`) WHERE `auth_permission`.`content_type_id` IN (2, 3, 4) ORDER BY `django_content_type`.`app_label` ASC, `django_content_type`.`model` ASC, 2 ASC//
SELECT column_name, referenced_column_name, referenced_table_name FROM information_schema.key_column_usage WHERE table_name = 'auth_group' AND table_schema = DATABASE() AND referenced_table_schema = DATABASE() AND referenced_table_name IS NOT NULL AND referenced_column_name IS NOT NULL//
SELECT kc.`constraint_name`, kc.`column_name`, kc.`referenced_table_name`, kc.`referenced_column_name`, c.`constraint_type` FROM information_schema.key_column_usage AS kc, information_schema.table_constraints AS c WHERE kc.table_schema = DATABASE() AND ( kc.referenced_table_schema = DATABASE() OR kc.referenced_table_schema IS NULL ) AND c.table_schema = kc.table_schema AND c.constraint_name = kc.constraint_name AND c.constraint_type != 'CHECK' AND kc.table_name = 'auth_group' ORDER BY kc.`ordinal_position`//
SELECT table_collation FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'auth_group'//
SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, extra, column_default, CASE WHEN collation_name = 'utf8mb4_0900_ai_ci' THEN NULL ELSE collation_name END AS collation_name, CASE WHEN column_type LIKE '% unsigned' THEN 1 ELSE 0 END AS is_unsigned, column_comment FROM information_schema.columns WHERE table_name = 'auth_group' AND table_schema = DATABASE()//
SELECT * FROM `auth_group` LIMIT 1//
SELECT cc.constraint_name, cc.check_clause FROM information_schema.check_constraints AS cc, information_schema.table_constraints AS tc WHERE cc.constraint_schema = DATABASE() AND tc.table_schema = cc.constraint_schema AND cc.constraint_name = tc.constraint_name AND tc.constraint_type = 'CHECK' AND tc.table_name = 'auth_group'//
SHOW INDEX FROM `auth_group`//
SELECT * FROM `auth_group_permissions` LIMIT 1//
SHOW INDEX FROM `auth_group_permissions`//
SELECT * FROM `auth_permission` LIMIT 1//
SHOW INDEX FROM `auth_permission`//
SELECT * FROM `django_content_type` LIMIT 1//
SHOW INDEX FROM `django_content_type`//
SELECT * FROM `auth_user` LIMIT 1//
SHOW INDEX FROM `auth_user`//
SELECT * FROM `auth_user_groups` LIMIT 1//
SHOW INDEX FROM `auth_user_groups`//
SELECT * FROM `auth_user_user_permissions` LIMIT 1//
SHOW INDEX FROM `auth_user_user_permissions`//
SELECT * FROM `author` LIMIT 1//
SHOW INDEX FROM `author`//
SELECT * FROM `child` LIMIT 1//
SHOW INDEX FROM `child`//
SELECT * FROM `django_admin_log` LIMIT 1//
SHOW INDEX FROM `django_admin_log`//
SELECT * FROM `django_migrations` LIMIT 1//
SHOW INDEX FROM `django_migrations`//
SELECT * FROM `django_session` LIMIT 1//
SHOW INDEX FROM `django_session`//
SELECT * FROM `sa_t` LIMIT 1//
SHOW INDEX FROM `sa_t`//
SELECT `auth_user`.`id`, `auth_user`.`password`, `auth_user`.`last_login`, `auth_user`.`is_superuser`, `auth_user`.`username`, `auth_user`.`first_name`, `auth_user`.`last_name`, `auth_user`.`email`, `auth_user`.`is_staff`, `auth_user`.`is_active`, `auth_user`.`date_joined` FROM `auth_user` WHERE `auth_user`.`username` = 'a'//
DELETE FROM `auth_user_groups` WHERE `auth_user_groups`.`user_id` IN (1)//
DELETE FROM `auth_user_user_permissions` WHERE `auth_user_user_permissions`.`user_id` IN (1)//
DELETE FROM `django_admin_log` WHERE `django_admin_log`.`user_id` IN (1)//
DELETE FROM `auth_user` WHERE `auth_user`.`id` IN (1)//
COMMIT//
INSERT INTO `auth_user` (`password`, `last_login`, `is_superuser`, `username`, `first_name`, `last_name`, `email`, `is_staff`, `is_active`, `date_joined`) VALUES ('pbkdf2_sha256$1000000$HJAu5Vj4MnaccfPLn6nSUW$cfGQqsb3cSDi4Ss96V+renMgmOvVwttvsMKS/SVb5Zc=', NULL, 0, 'a', '', '', 'a@b.c', 0, 1, '2026-11-22 16:25:28.401225')//
SELECT `auth_group`.`id`, `auth_group`.`name` FROM `auth_group` WHERE `auth_group`.`name` = 'g' LIMIT 21//
SELECT `auth_user`.`id` AS `id` FROM `auth_user` WHERE (`auth_user`.`date_joined` BETWEEN '2026-01-01 06:00:00' AND '2027-01-01 05:59:59.999999' AND `auth_user`.`username` LIKE '%A%') LIMIT 3//
SELECT 1 AS `a` FROM `auth_user` WHERE REGEXP_LIKE(`auth_user`.`username`, 'a', 'i') LIMIT 1//
INSERT IGNORE INTO `auth_user` (`password`, `last_login`, `is_superuser`, `username`, `first_name`, `last_name`, `email`, `is_staff`, `is_active`, `date_joined`) VALUES ('', NULL, 0, 'b1', '', '', '', 0, 1, '2026-11-22 16:25:28.736170')//
SELECT `auth_user`.`id`, `auth_user`.`password`, `auth_user`.`last_login`, `auth_user`.`is_superuser`, `auth_user`.`username`, `auth_user`.`first_name`, `auth_user`.`last_name`, `auth_user`.`email`, `auth_user`.`is_staff`, `auth_user`.`is_active`, `auth_user`.`date_joined` FROM `auth_user` WHERE `auth_user`.`username` = 'c1' LIMIT 21 FOR UPDATE//
UPDATE `auth_user` SET `last_login` = NULL, `email` = 'x', `date_joined` = '2026-11-22 16:21:11.914040' WHERE `auth_user`.`id` = 3//
SELECT CAST(DATE_FORMAT(CONVERT_TZ(`auth_user`.`date_joined`, 'UTC', 'America/Chicago'), '%Y-%m-01 00:00:00') AS DATETIME) AS `m`, COUNT(`auth_user`.`id`) AS `c` FROM `auth_user` GROUP BY 1 ORDER BY 1 ASC//
UPDATE `auth_user` SET `last_name` = `auth_user`.`first_name` WHERE `auth_user`.`id` = 4//
SELECT `auth_user`.`id`, `auth_user`.`password`, `auth_user`.`last_login`, `auth_user`.`is_superuser`, `auth_user`.`username`, `auth_user`.`first_name`, `auth_user`.`last_name`, `auth_user`.`email`, `auth_user`.`is_staff`, `auth_user`.`is_active`, `auth_user`.`date_joined` FROM `auth_user` WHERE `auth_user`.`id` = 4 LIMIT 21 FOR UPDATE//
SAVEPOINT `s140587336289152_x1`//
UPDATE `auth_user` SET `password` = 'pbkdf2_sha256$1000000$HJAu5Vj4MnaccfPLn6nSUW$cfGQqsb3cSDi4Ss96V+renMgmOvVwttvsMKS/SVb5Zc=', `last_login` = NULL, `is_superuser` = 0, `username` = 'a', `first_name` = '', `last_name` = '', `email` = 'a@b.c', `is_staff` = 0, `is_active` = 1, `date_joined` = '2026-11-22 16:25:28.401225' WHERE `auth_user`.`id` = 4//
RELEASE SAVEPOINT `s140587336289152_x1`//
SET FOREIGN_KEY_CHECKS = 0//
TRUNCATE `auth_group`//
TRUNCATE `django_session`//
TRUNCATE `auth_permission`//
TRUNCATE `auth_user`//
TRUNCATE `django_admin_log`//
TRUNCATE `auth_group_permissions`//
TRUNCATE `auth_user_groups`//
TRUNCATE `auth_user_user_permissions`//
TRUNCATE `django_content_type`//
INSERT INTO `django_content_type` (`app_label`, `model`) VALUES ('contenttypes', 'contenttype')//
INSERT INTO `auth_permission` (`name`, `content_type_id`, `codename`) VALUES ('Can add content type', 1, 'add_contenttype'), ('Can change content type', 1, 'change_contenttype'), ('Can delete content type', 1, 'delete_contenttype'), ('Can view content type', 1, 'view_contenttype')//
INSERT INTO `django_content_type` (`app_label`, `model`) VALUES ('auth', 'permission'), ('auth', 'group'), ('auth', 'user')//
rollback//
