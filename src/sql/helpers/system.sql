-- The collations that MySQL's own tables are written in: no user table may have brought them along.
CREATE COLLATION IF NOT EXISTS "mysql"."utf8mb3_general_ci" (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
CREATE COLLATION IF NOT EXISTS "mysql"."utf8mb4_0900_ai_ci" (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
CREATE COLLATION IF NOT EXISTS "mysql"."ascii_general_ci" (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
