-- What MySQL warns of where utf8 and utf8mb3 are named.

SET NAMES utf8mb3;
SHOW WARNINGS;
SET NAMES 'utf8';
SET NAMES utf8mb3 COLLATE utf8mb3_bin;
SET CHARACTER SET utf8mb3;
SET CHARACTER SET utf8;
SET character_set_client = utf8mb3;
SET character_set_results = utf8mb3, character_set_connection = 'utf8';
SET collation_connection = utf8mb3_bin;
SET NAMES utf8mb4;
CREATE TABLE texts (t VARCHAR(3));
SELECT CAST(t AS CHAR CHARACTER SET utf8mb3) FROM texts;
SELECT CONVERT(t USING utf8mb3), CONVERT(t USING utf8mb3) FROM texts;
SELECT CAST(t AS CHAR(3) CHARSET utf8) FROM texts;
SELECT CAST(t AS CHAR CHARACTER SET 'utf8mb3') FROM texts;
SELECT CAST(t AS CHAR CHARSET `utf8mb3`) FROM texts;
