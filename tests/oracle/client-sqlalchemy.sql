-- What sqlalchemy sends, as a server's general log showed it.
-- not compared: length, flags, decimals, origin, type, charset
-- delimiter //
SET NAMES utf8mb4//
SET AUTOCOMMIT = 0//
SELECT DATABASE()//
SELECT @@transaction_isolation//
SELECT @@sql_mode//
SELECT @@lower_case_table_names//
ROLLBACK//
select 1//
SHOW FULL TABLES FROM `oracle_client_sqlalchemy`//
SHOW CREATE TABLE `auth_group`//
SHOW CREATE TABLE `auth_group_permissions`//
SHOW CREATE TABLE `auth_permission`//
SHOW CREATE TABLE `auth_user`//
SHOW CREATE TABLE `auth_user_groups`//
SHOW CREATE TABLE `auth_user_user_permissions`//
SHOW CREATE TABLE `author`//
SHOW CREATE TABLE `child`//
SHOW CREATE TABLE `django_admin_log`//
SHOW CREATE TABLE `django_content_type`//
SHOW CREATE TABLE `django_migrations`//
SHOW CREATE TABLE `django_session`//
SHOW CREATE TABLE `v1`//
DESCRIBE `v1`//
DESCRIBE `oracle_client_sqlalchemy`.`nope`//
DESCRIBE `oracle_client_sqlalchemy`.`sa_t`//
COMMIT//
CREATE TABLE sa_t ( id INTEGER NOT NULL AUTO_INCREMENT, s VARCHAR(20), f BOOL, d DATETIME, n NUMERIC(8, 2), x TEXT, PRIMARY KEY (id), UNIQUE (s) )//
INSERT INTO sa_t (s, f) VALUES ('a', 1)//
SELECT sa_t.id, sa_t.s, sa_t.f, sa_t.d, sa_t.n, sa_t.x FROM sa_t WHERE sa_t.s = 'a' LIMIT 1 FOR UPDATE//
SAVEPOINT sa_savepoint_1//
ROLLBACK TO SAVEPOINT sa_savepoint_1//
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED//
SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ//
rollback//
