#!/bin/bash
# Runs once inside the MySQL container, when its data folder is made: the account that Bascule reads the catalogue and
# the snapshot with. Applications keep their own accounts.
set -eu
password=$(< /run/secrets/mysql_bascule_password)
MYSQL_PWD=$(< /run/secrets/mysql_root_password) mysql --user=root <<SQL
CREATE USER bascule@'%' IDENTIFIED BY '${password//\'/\'\'}';
GRANT SELECT, SHOW VIEW, TRIGGER, REPLICATION CLIENT ON *.* TO bascule@'%';
SQL
