-- Every type, every synonym. Each file is one story, run statement by statement on MySQL and through the planner.
CREATE TABLE ints (a tinyint, b smallint, c mediumint, d int, e bigint, f integer(11), g int1, h int2, i int3, j int4, k int8, l middleint, m tinyint(1), n bool, o boolean, p tinyint(4), q int(11) unsigned, r tinyint(1) unsigned, s bigint(20) unsigned NOT NULL, t SERIAL);
CREATE TABLE numbers (a decimal, b dec(5), c numeric(10,2), d fixed(7,3) unsigned, e float, f float(10), g float(30), h double, i double precision, j real, k float4, l float8, m decimal(65,30), n decimal(0), o float unsigned, p double unsigned);
CREATE TABLE bits (a bit, b bit(8), c bit(63), d bit(64), e year, f year(4));
CREATE TABLE times (a date, b time, c time(3), d datetime, e datetime(6), f timestamp, g timestamp(2) NULL, h timestamp NOT NULL);
CREATE TABLE strings (a char, b char(10), c varchar(255), d character(5), e character varying(9), f char varying(9), g nchar(5), h national varchar(7), i national char(3), j nvarchar(3), k tinytext, l text, m mediumtext, n longtext, o text(100), p text(70000), q long, r long varchar, s varcharacter(3), t national char varying(4));
CREATE TABLE binaries (a binary, b binary(16), c varbinary(255), d tinyblob, e blob, f mediumblob, g longblob, h blob(20), i blob(70000), j long varbinary, k char byte, l varchar(5) charset binary, m text charset binary);
CREATE TABLE sets (a enum('x','y'), b set('p','q','r'), c enum('it''s','b ') NOT NULL, d set('') , e enum('a','B') charset latin1, f json);
CREATE TABLE charsets (a varchar(5) binary, b varchar(5) charset utf8mb4, c varchar(5) charset utf8, d varchar(5) charset latin1, e varchar(5) collate utf8mb4_bin, f varchar(5) charset utf8mb4 collate utf8mb4_unicode_ci NOT NULL, g text charset utf8mb3 collate utf8mb3_bin, h varchar(4) charset latin1 binary, i varchar(4) binary charset latin1, j varchar(5) ascii, k int collate utf8mb4_bin, l varchar(8) NOT NULL COLLATE 'utf8mb4_general_ci' DEFAULT 'x');
CREATE TABLE inexact (a float(10,3));
CREATE TABLE padded (a int(10) zerofill);
-- refused
CREATE TABLE refused3 (a vector(3));
CREATE TABLE shapes (a geometry, b point NOT NULL, c linestring, d polygon, e multipoint, f multilinestring, g multipolygon, h geometrycollection, i geomcollection NOT NULL);
CREATE TABLE generated_columns (a int, b int GENERATED ALWAYS AS (a + 1) STORED);
CREATE TABLE checked (a int CHECK (a > 1));
CREATE TABLE checked_by_name (a int, CONSTRAINT c CHECK (a > 1));
CREATE TABLE searched (a text, FULLTEXT KEY (a));
-- refused
CREATE TABLE refused8 (a int) PARTITION BY HASH (a) PARTITIONS 2;
CREATE TABLE filled SELECT 1 AS a;
CREATE TABLE functional (a int, KEY ((a + 1)));
CREATE TABLE isam (a int) ENGINE=MyISAM;
-- refused
CREATE TABLE refused12 (a varchar(3) charset gbk);
-- refused
CREATE TABLE refused13 (a timestamp DEFAULT '2024-01-02 03:04:05');
CREATE TABLE bad (a decimal(70,2));
CREATE TABLE bad (a decimal(10,20));
CREATE TABLE bad (a decimal(60,40));
CREATE TABLE bad (a datetime(7));
CREATE TABLE bad (a bit(65));
CREATE TABLE bad (a bit(0));
CREATE TABLE bad (a int(300));
CREATE TABLE bad (a year(2));
CREATE TABLE bad (a enum('x','X'));
CREATE TABLE bad (a set('x,y'));
CREATE TABLE bad (a bogus);
CREATE TABLE bad (a int b);
CREATE TABLE bad (a varchar);
CREATE TABLE bad (a varchar(70000));
CREATE TABLE bad (a char(300));
CREATE TABLE bad (a varchar(10) charset nope);
CREATE TABLE bad (a varchar(10) charset latin1 collate utf8mb4_bin);
CREATE TABLE bad (a int) COLLATE nope;
CREATE TABLE bad (a int) ENGINE=nope;
CREATE TABLE bad (a int charset utf8mb4);
CREATE TABLE bad (a varchar(5) collate utf8mb4_bin not null collate utf8mb4_general_ci);
CREATE TABLE bad (a float auto_increment key);
CREATE TABLE bad (key int);
CREATE TABLE bad (order int, b int);
CREATE TABLE bad ();
CREATE TABLE bad;
