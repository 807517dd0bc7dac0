-- Names and order of keys, implicit NOT NULL, implicit indexes.
CREATE TABLE sbtest1(
id INTEGER NOT NULL AUTO_INCREMENT,
k INTEGER DEFAULT '0' NOT NULL,
c CHAR(120) DEFAULT '' NOT NULL,
pad CHAR(60) DEFAULT '' NOT NULL,
PRIMARY KEY (id)
) /*! ENGINE = innodb */ ;
CREATE INDEX k_1 ON sbtest1(k);
CREATE TABLE k1 (a int, b int, c int, unique (b), primary key (a), key (c), unique uc (c), unique ub (b,c), key zz(a));
CREATE TABLE k2 (`a b` int, key (`a b`), key(`a b`), key `a b_5`(`a b`), key(`a b`));
CREATE TABLE k3 (x varchar(20), t text, b blob, primary key(x(20)), key kx (x(10)), key ky (x(20)), key (t(100), x), unique key (b(8)));
CREATE TABLE k4 (a int key, b int unique, c int unique key, d int not null unique, e int, index using btree (e desc, a asc), key kk using hash (e) comment 'why', index i2 (e) using btree);
CREATE TABLE k5 (id bigint unsigned auto_increment, a int, primary key (id desc), unique key u (a desc, id));
CREATE TABLE k6 (a int auto_increment unique, b int primary key) auto_increment=100;
CREATE TABLE k7 (a int, constraint pk primary key (a), b int, constraint u1 unique (b), constraint u2 unique key u3 (b, a));
CREATE TABLE k8 (A int, primary key (a), Key K (A));
CREATE TABLE k9 (a int invisible, b int visible, c int column_format fixed, d int comment 'it''s "d"') comment='the table' row_format=dynamic, key_block_size=0 stats_persistent 1 default charset=utf8mb4 collate utf8mb4_bin;
CREATE TABLE IF NOT EXISTS k9 (a int);
CREATE TABLE k9 (a int);
CREATE TABLE l1 LIKE k1;
CREATE TABLE l2 (LIKE k6);
CREATE TABLE l1 LIKE k1;
CREATE TABLE IF NOT EXISTS l1 LIKE k1;
CREATE TABLE l3 LIKE nosuch;
CREATE TABLE bad (a int, A int);
CREATE TABLE bad (a int, key k (a), key K (a));
CREATE TABLE bad (a int primary key, b int primary key);
CREATE TABLE bad (a int, primary key (zz));
CREATE TABLE bad (a int, key (zz));
CREATE TABLE bad (a int auto_increment);
CREATE TABLE bad (a int auto_increment key, b int auto_increment key);
CREATE TABLE bad (a text, key (a));
CREATE TABLE bad (a varchar(10), key (a(20)));
CREATE TABLE bad (a int, key (a(2)));
CREATE TABLE bad (a int, key (a,a));
CREATE TABLE bad (a int, key `PRIMARY` (a));
CREATE TABLE bad (a int null primary key);
CREATE TABLE bad (a int null, primary key(a));
CREATE TABLE bad (a varchar(1000), key (a));
CREATE TABLE bad (j json, key (j));
CREATE TABLE bad (a int invisible);
CREATE TABLE nodb.bad (a int);
CREATE INDEX q ON k4 (nope);
CREATE INDEX i2 ON k4 (a);
CREATE INDEX q ON nosuch (a);
CREATE UNIQUE INDEX qq ON k4 (e, b) ALGORITHM=INPLACE LOCK=NONE;
DROP INDEX qq ON k4;
DROP INDEX nope ON k4;
DROP INDEX nope ON nosuch;
DROP INDEX `PRIMARY` ON k4;
DROP TABLE nosuch;
DROP TABLE nosuch, k4, nosuch2;
DROP TABLE IF EXISTS nosuch, k2, nosuch2;
DROP TABLE nodb.t;
DROP TABLE IF EXISTS nodb.t;
ALTER TABLE k4 DROP PRIMARY KEY, ADD PRIMARY KEY (a, b);
DROP TABLE k3, k3;
DROP TABLE k3, k4 CASCADE;
TRUNCATE k6;
TRUNCATE TABLE nosuch;
CREATE TABLE;
DROP TABLE;
CREATE TABLE t (a int;
CREATE TABLE `unterminated;
