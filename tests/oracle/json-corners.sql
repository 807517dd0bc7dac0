-- What documents are at the edges: errors where columns hold no JSON, levels, the negative zero, labels, order.

CREATE TABLE texts (id INT PRIMARY KEY, txt TEXT, en ENUM('a', 'b'), se SET('a', 'c'), vc VARCHAR(20));
INSERT INTO texts VALUES (1, '5', 'b', 'a,c', '[1'), (2, '[', 'a', 'c', '2');
SELECT COUNT(*) FROM texts WHERE JSON_EXTRACT(txt, '$') = 5;
SELECT id FROM texts ORDER BY CAST(vc AS JSON);
SELECT JSON_LENGTH(vc) FROM texts WHERE id = 1;
SELECT CAST(vc AS JSON) IS NULL FROM texts;
SELECT JSON_TYPE(CAST(en AS JSON)), CAST(se AS JSON), JSON_ARRAY(en, se), JSON_OBJECT(en, 1) FROM texts ORDER BY id;
SELECT JSON_EXTRACT(en, '$') FROM texts;
SELECT JSON_SET('[]', '$[0]', en), JSON_SEARCH('["a"]', 'one', en) FROM texts ORDER BY id;
SELECT JSON_STORAGE_FREE('[]'), JSON_STORAGE_FREE(NULL);
SELECT JSON_STORAGE_FREE('no');

CREATE TABLE musts (id INT PRIMARY KEY AUTO_INCREMENT, j JSON NOT NULL);
INSERT IGNORE INTO musts (j) VALUES (NULL);
INSERT IGNORE INTO musts (id) VALUES (7);
SELECT id, j, JSON_TYPE(j) FROM musts ORDER BY id;

SELECT CAST('-0.0' AS JSON), JSON_TYPE('-0.0'), CAST('-0' AS JSON), CAST('-1e-500' AS JSON), JSON_ARRAY(-0e0);
SELECT CAST('-0.0' AS JSON) = CAST('0' AS JSON), CAST(CAST('-0.0' AS JSON) AS SIGNED), CAST('[-0.0, 0.0]' AS JSON);
SELECT CAST(CAST('-0.0' AS JSON) AS DOUBLE), JSON_PRETTY('[-0.0]'), JSON_UNQUOTE(CAST('-0.0' AS JSON));
CREATE TABLE zeros (id INT PRIMARY KEY, j JSON);
INSERT INTO zeros VALUES (1, '-0.0'), (2, '{"a": -0.0}'), (3, '0.0');
SELECT id, j, j -> '$.a' FROM zeros ORDER BY j, id;

CREATE TABLE sorted (id INT PRIMARY KEY, j JSON);
INSERT INTO sorted VALUES (1, '[1, 2]'), (2, '[3]'), (3, '{"a": 1}'), (4, '5'), (5, '"x"'), (6, '[]');
SELECT id FROM sorted ORDER BY j, id;
SHOW WARNINGS;
SELECT id FROM sorted WHERE id IN (4, 5) ORDER BY j, id;

CREATE TABLE deep (id INT PRIMARY KEY, j JSON);
INSERT INTO deep VALUES (1, CONCAT(REPEAT('[', 100), REPEAT(']', 100)));
INSERT INTO deep VALUES (2, CONCAT(REPEAT('[', 101), REPEAT(']', 101)));
SELECT JSON_DEPTH(j) FROM deep;
SELECT JSON_ARRAY(j) FROM deep;
SELECT JSON_OBJECT('a', j) FROM deep;
SELECT JSON_ARRAYAGG(j) FROM deep;
SELECT JSON_OBJECTAGG('a', j) FROM deep;
SELECT JSON_SET('[1]', '$[0]', j) FROM deep;
SELECT JSON_MERGE_PRESERVE('{"a": 1}', JSON_OBJECT('a', j)) FROM deep;
SELECT JSON_EXTRACT(j, '$', '$') FROM deep;
SELECT JSON_ARRAY_APPEND('[1]', '$[0]', j) FROM deep;
INSERT INTO deep SELECT 3, JSON_ARRAY(j) FROM deep;
UPDATE deep SET j = JSON_ARRAY(j);
SELECT id, JSON_LENGTH(j) FROM deep;

CREATE TABLE nuls (id INT PRIMARY KEY, j JSON);
INSERT INTO nuls VALUES (1, '"abc\\u0000\\u0000"'), (2, '"abc\\u0000"'), (3, '"abc"'), (4, '"abd"'), (5, '"abc\\u0001"');
INSERT INTO nuls VALUES (6, '["a\\u0000\\u0001\\\\u0000b", {"k": "\\u0000"}]'), (7, '"\\u0000*\\u0000x"'), (8, '"\\\\u0000"');
INSERT INTO nuls SELECT 9, CONCAT('[', CAST(j AS CHAR), ']') FROM nuls WHERE id = 1;
SELECT id, j, JSON_TYPE(j), JSON_LENGTH(j) FROM nuls ORDER BY j, id;
SELECT id FROM nuls WHERE j = CAST('"abc\\u0000"' AS JSON);
SELECT id, CAST(j AS CHAR), JSON_PRETTY(j), JSON_ARRAY('a', j) FROM nuls ORDER BY id;
SELECT j -> '$[0]', j -> '$[1].k' FROM nuls WHERE id = 6;
SELECT id, j < CAST('"abc\\u0001"' AS JSON), j < CAST('"abcd"' AS JSON) FROM nuls ORDER BY id;
SELECT MIN(j), MAX(j) FROM nuls;
SELECT JSON_VALID('"\\u0000"'), JSON_EXTRACT('["\\u0000"]', '$[0]');
SELECT JSON_VALUE('"x"', '$' RETURNING JSON) + 0;

CREATE TABLE turned (id INT PRIMARY KEY, txt VARCHAR(50));
INSERT INTO turned VALUES (1, '{"a":1.50,"b":5.00}'), (2, '1e2'), (3, '"\\u0000"'), (4, '-0.0'), (5, NULL);
ALTER TABLE turned MODIFY txt JSON;
SELECT id, txt, JSON_TYPE(txt) FROM turned ORDER BY id;
SELECT JSON_UNQUOTE(CAST('ABCD' AS BINARY));
SELECT JSON_SCHEMA_VALID(JSON_OBJECT(), POINT(1, 1));
SELECT JSON_EXTRACT(POINT(1, 1), '$');
CREATE TABLE filled (id INT, j JSON DEFAULT ('{"a":1.50,"b":5.00}'));
INSERT INTO filled (id) VALUES (1);
ALTER TABLE filled ADD m JSON NOT NULL DEFAULT ('5.00');
SELECT j, m, JSON_TYPE(m) FROM filled;
