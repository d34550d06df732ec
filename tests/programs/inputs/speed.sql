-- SPDX-License-Identifier: BSD-2-Clause
-- Inserts, indexes, joins, updates, deletes, sorting, text, blobs, recursion, JSON, vacuum.
PRAGMA page_size = 4096;
PRAGMA cache_size = -16000;
BEGIN;
CREATE TABLE item (id INTEGER PRIMARY KEY, number INTEGER, name TEXT, body BLOB);
WITH RECURSIVE counter (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < 40000)
INSERT INTO item SELECT n, n * 7919 % 40009, printf('%08d-%s', n * 31 % 9973, hex(n * 48271)),
	zeroblob(n % 97) FROM counter;
COMMIT;
CREATE INDEX item_number ON item (number);
CREATE INDEX item_name ON item (name);
SELECT 'items', count(*), sum(number), min(name), max(name), sum(length(body)) FROM item;
CREATE TABLE pair AS SELECT a.id AS a, b.id AS b, a.name || b.name AS names
	FROM item AS a JOIN item AS b ON b.number = a.id WHERE a.id % 3 = 0;
SELECT 'pairs', count(*), sum(a * 3 + b), max(names) FROM pair;
BEGIN;
UPDATE item SET name = name || '+' || name WHERE number % 5 = 0;
UPDATE item SET number = -number WHERE id BETWEEN 1000 AND 20000;
DELETE FROM item WHERE id % 7 = 3;
COMMIT;
SELECT 'changed', count(*), sum(number), sum(length(name)) FROM item;
SELECT 'groups', number % 10 AS digit, count(*), total(id), group_concat(substr(name, 1, 2), '')
	FROM (SELECT * FROM item WHERE id < 3000 ORDER BY id) GROUP BY digit ORDER BY digit;
SELECT 'sorted', name, id FROM item ORDER BY substr(name, 4) DESC, id LIMIT 5;
SELECT 'json', json_array_length(json_group_array(json_object('id', id, 'name', name))) FROM item;
SELECT 'distinct', count(DISTINCT substr(name, 1, 5)) FROM item;
SELECT 'like', count(*) FROM item WHERE name LIKE '%7%9%A%';
DROP INDEX item_name;
DELETE FROM pair WHERE a % 2 = 0;
VACUUM;
REINDEX;
ANALYZE;
PRAGMA integrity_check;
PRAGMA foreign_key_check;
