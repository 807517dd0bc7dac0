-- AES with MySQL's folding of keys and its block modes (manual, "AES_ENCRYPT()"). The blocks are pgcrypto's; where that
-- extension isn't there and can't be made, the functions say so.
DO $do$ DECLARE home text; BEGIN
 IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'pgcrypto') AND EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'pgcrypto') THEN
  BEGIN CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA "mysql"; EXCEPTION WHEN insufficient_privilege OR undefined_file OR unique_violation THEN NULL; END;
 END IF;
 SELECT n.nspname INTO home FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pgcrypto';
 IF home IS NULL THEN
  EXECUTE $sql$ CREATE OR REPLACE FUNCTION "mysql".aes_blocks(data bytea, key bytea, encrypts boolean) RETURNS bytea LANGUAGE sql VOLATILE AS
   $f$ SELECT "mysql".fail(1235, 'This version of MySQL doesn''t yet support ''AES without the extension pgcrypto in PostgreSQL''', NULL::bytea) $f$ $sql$;
 ELSE
  EXECUTE format($sql$ CREATE OR REPLACE FUNCTION "mysql".aes_blocks(data bytea, key bytea, encrypts boolean) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS
   $f$ SELECT CASE WHEN encrypts THEN %1$I.encrypt(data, key, 'aes-ecb/pad:none') ELSE %1$I.decrypt(data, key, 'aes-ecb/pad:none') END $f$ $sql$, home);
 END IF; END $do$;
CREATE OR REPLACE FUNCTION "mysql".xor_bytes(a bytea, b bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE r bytea := a; BEGIN
 FOR i IN 0 .. length(a) - 1 LOOP r := set_byte(r, i, get_byte(a, i) # get_byte(b, i)); END LOOP; RETURN r; END $$;
-- A key of any length is folded over the cipher's.
CREATE OR REPLACE FUNCTION "mysql".aes_key(key bytea, bits integer) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE n int := bits / 8; r bytea := decode(repeat('00', n), 'hex'); BEGIN
 FOR i IN 0 .. length(key) - 1 LOOP r := set_byte(r, i % n, get_byte(r, i % n) # get_byte(key, i)); END LOOP; RETURN r; END $$;
-- CBC over whole blocks.
CREATE OR REPLACE FUNCTION "mysql".aes_chained(data bytea, key bytea, iv bytea, encrypts boolean) RETURNS bytea LANGUAGE plpgsql VOLATILE AS
$$ DECLARE r bytea := ''; held bytea := iv; part bytea; BEGIN
 FOR i IN 0 .. length(data) / 16 - 1 LOOP
  part := substr(data, i * 16 + 1, 16);
  IF encrypts THEN held := "mysql".aes_blocks("mysql".xor_bytes(part, held), key, true); r := r || held;
  ELSE r := r || "mysql".xor_bytes("mysql".aes_blocks(part, key, false), held); held := part; END IF;
 END LOOP; RETURN r; END $$;
-- The modes that make a stream of the cipher: it's always encrypting. `width` is the number of bytes that are fed back.
CREATE OR REPLACE FUNCTION "mysql".aes_stream(data bytea, key bytea, iv bytea, width integer, feeds_key boolean, encrypts boolean) RETURNS bytea LANGUAGE plpgsql VOLATILE AS
$$ DECLARE r bytea := ''; held bytea := iv; pad bytea; part bytea; made bytea; at int := 0; BEGIN
 WHILE at < length(data) LOOP
  pad := "mysql".aes_blocks(held, key, true);
  part := substr(data, at + 1, width); made := "mysql".xor_bytes(part, pad); r := r || made; at := at + width;
  held := CASE WHEN feeds_key THEN pad ELSE substr(held, width + 1) || CASE WHEN encrypts THEN made ELSE part END END;
 END LOOP; RETURN r; END $$;
-- The same bit by bit, the highest one first.
CREATE OR REPLACE FUNCTION "mysql".aes_bits(data bytea, key bytea, iv bytea, encrypts boolean) RETURNS bytea LANGUAGE plpgsql VOLATILE AS
$$ DECLARE r bytea := data; held bit(128) := ('x' || encode(iv, 'hex'))::bit(128); block bytea; seen int; made int; BEGIN
 FOR i IN 0 .. length(data) * 8 - 1 LOOP
  block := decode(lpad(to_hex(substring(held FROM 1 FOR 64)::bit(64)::bigint), 16, '0') || lpad(to_hex(substring(held FROM 65 FOR 64)::bit(64)::bigint), 16, '0'), 'hex');
  seen := get_byte(data, i / 8) >> (7 - i % 8) & 1;
  made := seen # (get_byte("mysql".aes_blocks(block, key, true), 0) >> 7);
  r := set_byte(r, i / 8, get_byte(r, i / 8) & ~(1 << (7 - i % 8)) | (made << (7 - i % 8)));
  held := set_bit(held << 1, 127, CASE WHEN encrypts THEN made ELSE seen END);
 END LOOP; RETURN r; END $$;
-- AES_ENCRYPT and AES_DECRYPT; `name` is what messages call them. Blocks are filled up as PKCS #7 has it; what wasn't is NULL.
CREATE OR REPLACE FUNCTION "mysql".aes(name text, data bytea, key bytea, iv bytea, bits integer, mode text) RETURNS bytea LANGUAGE plpgsql VOLATILE AS
$$ DECLARE encrypts boolean := name = 'aes_encrypt'; k bytea; fill int; r bytea; BEGIN
 IF mode <> 'ecb' THEN
  IF coalesce(length(iv), 0) < 16 THEN PERFORM "mysql".raise(1882, 'The initialization vector supplied to ' || name || ' is too short. Must be at least 16 bytes long'); END IF;
  iv := substr(iv, 1, 16);
 END IF;
 IF data IS NULL OR key IS NULL THEN RETURN NULL; END IF;
 IF length(key) > bits / 8 THEN
  RAISE WARNING USING ERRCODE = 'M3237', MESSAGE = 'AES key size should be ' || bits / 8 || ' bytes length or secure KDF methods hkdf or pbkdf2_hmac should be used, please provide exact AES key size or use KDF methods for better security.';
 END IF;
 k := "mysql".aes_key(key, bits);
 CASE mode
  WHEN 'cfb1' THEN RETURN "mysql".aes_bits(data, k, iv, encrypts);
  WHEN 'cfb8' THEN RETURN "mysql".aes_stream(data, k, iv, 1, false, encrypts);
  WHEN 'cfb128' THEN RETURN "mysql".aes_stream(data, k, iv, 16, false, encrypts);
  WHEN 'ofb' THEN RETURN "mysql".aes_stream(data, k, iv, 16, true, encrypts);
  ELSE NULL;
 END CASE;
 IF encrypts THEN
  fill := 16 - length(data) % 16;
  data := data || decode(repeat(lpad(to_hex(fill), 2, '0'), fill), 'hex');
 ELSIF length(data) = 0 OR length(data) % 16 <> 0 THEN RETURN NULL;
 END IF;
 r := CASE WHEN mode = 'cbc' THEN "mysql".aes_chained(data, k, iv, encrypts) ELSE "mysql".aes_blocks(data, k, encrypts) END;
 IF encrypts THEN RETURN r; END IF;
 fill := get_byte(r, length(r) - 1);
 IF fill NOT BETWEEN 1 AND 16 OR substr(r, length(r) - fill + 1) <> decode(repeat(lpad(to_hex(fill), 2, '0'), fill), 'hex') THEN RETURN NULL; END IF;
 RETURN substr(r, 1, length(r) - fill); END $$;
