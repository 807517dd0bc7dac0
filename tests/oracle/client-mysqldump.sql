-- What mysqldump sends, as a server's general log showed it.
-- not compared: length, flags, decimals, origin, type, charset
-- delimiter //
/*!40100 SET @@SQL_MODE='' *///
/*!40103 SET TIME_ZONE='+00:00' *///
/*!80000 SET SESSION information_schema_stats_expiry=0 *///
SET SESSION NET_READ_TIMEOUT= 86400, SESSION NET_WRITE_TIMEOUT= 86400//
SET @@SESSION.terminology_use_previous = NONE//
SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ//
START TRANSACTION /*!40100 WITH CONSISTENT SNAPSHOT *///
SELECT policy_name FROM performance_schema.column_masking_policy//
SELECT LOGFILE_GROUP_NAME, FILE_NAME, TOTAL_EXTENTS, INITIAL_SIZE, ENGINE, EXTRA FROM INFORMATION_SCHEMA.FILES WHERE ENGINE = 'ndbcluster' AND FILE_TYPE = 'UNDO LOG' AND FILE_NAME IS NOT NULL AND LOGFILE_GROUP_NAME IS NOT NULL AND LOGFILE_GROUP_NAME IN (SELECT DISTINCT LOGFILE_GROUP_NAME FROM INFORMATION_SCHEMA.FILES WHERE ENGINE = 'ndbcluster' AND FILE_TYPE = 'DATAFILE' AND TABLESPACE_NAME IN (SELECT DISTINCT TABLESPACE_NAME FROM INFORMATION_SCHEMA.PARTITIONS WHERE TABLE_SCHEMA IN ('oracle_client_mysqldump'))) GROUP BY LOGFILE_GROUP_NAME, FILE_NAME, ENGINE, TOTAL_EXTENTS, INITIAL_SIZE ORDER BY LOGFILE_GROUP_NAME//
SELECT DISTINCT TABLESPACE_NAME, FILE_NAME, LOGFILE_GROUP_NAME, EXTENT_SIZE, INITIAL_SIZE, ENGINE FROM INFORMATION_SCHEMA.FILES WHERE FILE_TYPE = 'DATAFILE' AND TABLESPACE_NAME IN (SELECT DISTINCT TABLESPACE_NAME FROM INFORMATION_SCHEMA.PARTITIONS WHERE TABLE_SCHEMA IN ('oracle_client_mysqldump')) ORDER BY TABLESPACE_NAME, LOGFILE_GROUP_NAME//
SAVEPOINT sp//
show tables//
show table status like 'auth\_group'//
SET SQL_QUOTE_SHOW_CREATE=1//
SET SESSION character_set_results = 'binary'//
show create table `auth_group`//
show fields from `auth_group`//
SELECT /*!40001 SQL_NO_CACHE */ * FROM `auth_group`//
select @@collation_database//
SHOW TRIGGERS LIKE 'auth\_group'//
ROLLBACK TO SAVEPOINT sp//
show create table `auth_group_permissions`//
show fields from `auth_group_permissions`//
SELECT /*!40001 SQL_NO_CACHE */ * FROM `auth_group_permissions`//
show create table `auth_permission`//
show fields from `auth_permission`//
SELECT /*!40001 SQL_NO_CACHE */ * FROM `auth_permission`//
show create table `auth_user`//
show fields from `auth_user`//
SELECT /*!40001 SQL_NO_CACHE */ * FROM `auth_user`//
show create table `auth_user_groups`//
show fields from `auth_user_groups`//
SELECT /*!40001 SQL_NO_CACHE */ * FROM `auth_user_groups`//
show create table `auth_user_user_permissions`//
show fields from `auth_user_user_permissions`//
SELECT /*!40001 SQL_NO_CACHE */ * FROM `auth_user_user_permissions`//
show create table `author`//
show fields from `author`//
SELECT /*!40001 SQL_NO_CACHE */ * FROM `author`//
show create table `django_admin_log`//
show fields from `django_admin_log`//
SELECT /*!40001 SQL_NO_CACHE */ * FROM `django_admin_log`//
show create table `django_content_type`//
show fields from `django_content_type`//
SELECT /*!40001 SQL_NO_CACHE */ * FROM `django_content_type`//
show create table `django_migrations`//
show fields from `django_migrations`//
SELECT /*!40001 SQL_NO_CACHE */ * FROM `django_migrations`//
show create table `django_session`//
show fields from `django_session`//
SELECT /*!40001 SQL_NO_CACHE */ * FROM `django_session`//
RELEASE SAVEPOINT sp//
show events//
SELECT LIBRARY_NAME FROM INFORMATION_SCHEMA.LIBRARIES WHERE LIBRARY_SCHEMA = 'oracle_client_mysqldump' ORDER BY LIBRARY_NAME//
SHOW FUNCTION STATUS WHERE Db = 'oracle_client_mysqldump'//
SHOW PROCEDURE STATUS WHERE Db = 'oracle_client_mysqldump'//
rollback//
