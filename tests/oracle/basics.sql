-- The shortest way through: a table, its rows, its errors.
-- prepared too
CREATE TABLE item (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20) NOT NULL, price DECIMAL(8,2), UNIQUE KEY (name));
INSERT INTO item (name, price) VALUES ('hammer', 9.5), ('saw', NULL);
INSERT INTO item (name) VALUES ('HAMMER');
SELECT * FROM item ORDER BY id;
SELECT name, price * 2 AS twice FROM item WHERE name = 'Saw';
-- execute 'hammer', 1
SELECT id FROM item WHERE name = ? AND id = ?;
UPDATE item SET price = 9.5;
UPDATE item SET price = 7;
SELECT missing FROM item;
SELECT * FROM nowhere;
DELETE FROM item WHERE id = 2;
-- session b
SELECT COUNT(*) FROM item;
