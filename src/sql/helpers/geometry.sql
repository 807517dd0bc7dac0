-- Geometry values without PostGIS. The rules for all helpers are in ../helpers.rs.
--
-- The carrier of MySQL's geometries is bytea in MySQL's own form: the SRID in 4 bytes, then WKB, all little-endian. In
-- geographic systems x is the longitude; text and WKB have the axes of the system, with 4326 the latitude first.
-- Positions in bytes count from 0. Inner functions return the position after what they read, NULL where it isn't valid.

-- Numbers as bytes.
CREATE OR REPLACE FUNCTION "mysql".geometry_uint_bytes(n bigint) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT set_byte(set_byte(set_byte(set_byte('\x00000000'::bytea, 0, (n & 255)::integer), 1, (n >> 8 & 255)::integer), 2, (n >> 16 & 255)::integer), 3, (n >> 24 & 255)::integer) $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_turned(b bytea) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT substring(b, 8, 1) || substring(b, 7, 1) || substring(b, 6, 1) || substring(b, 5, 1) || substring(b, 4, 1) || substring(b, 3, 1) || substring(b, 2, 1) || substring(b, 1, 1) $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_double_bytes(x double precision) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT "mysql".geometry_turned(float8send(x)) $$;
-- The same from bytes.
CREATE OR REPLACE FUNCTION "mysql".geometry_uint(b bytea, place integer, big boolean DEFAULT false) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN big THEN get_byte(b, place) * 16777216::bigint + get_byte(b, place + 1) * 65536 + get_byte(b, place + 2) * 256 + get_byte(b, place + 3)
  ELSE get_byte(b, place + 3) * 16777216::bigint + get_byte(b, place + 2) * 65536 + get_byte(b, place + 1) * 256 + get_byte(b, place) END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_double(b bytea, place integer) RETURNS double precision LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ DECLARE low bigint := "mysql".geometry_uint(b, place); high bigint := "mysql".geometry_uint(b, place + 4); power integer; part bigint; x double precision;
BEGIN
  power := (high >> 20 & 2047)::integer; part := (high & 1048575) << 32 | low;
  IF power = 2047 THEN x := CASE WHEN part <> 0 THEN 'NaN' ELSE 'Infinity' END;
  ELSIF power = 0 THEN x := part::float8 * 4.9406564584124654e-324::float8;
  ELSE x := (part + 4503599627370496)::float8 * power(2::float8, (power - 1075)::float8); END IF;
  RETURN CASE WHEN high >= 2147483648 THEN -x ELSE x END;
END $$;

-- Spatial reference systems: G for geographic ones, P for projected ones, NULL for unknown ones.
CREATE OR REPLACE FUNCTION "mysql".geometry_system(srid bigint) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS
$$ BEGIN
  IF srid IN (0, 3857) THEN RETURN 'P'; ELSIF srid = 4326 THEN RETURN 'G'; ELSIF srid NOT BETWEEN 1 AND 2147483646 THEN RETURN NULL; END IF;
  IF srid::integer <@ '{[3819,3820),[3821,3822),[3824,3825),[3889,3890),[3906,3907),[4001,4009),[4010,4017),[4018,4026),[4027,4035),[4036,4037),[4041,4048),[4052,4055),[4075,4076),[4081,4082),[4120,4125),[4127,4140),[4141,4172),[4173,4177),[4178,4185),[4188,4217),[4218,4226),[4227,4228),[4229,4233),[4236,4260),[4261,4264),[4265,4268),[4269,4287),[4288,4290),[4292,4294),[4295,4296),[4297,4305),[4306,4317),[4318,4320),[4322,4323),[4324,4325),[4326,4327),[4463,4464),[4470,4471),[4475,4476),[4483,4484),[4490,4491),[4555,4556),[4558,4559),[4600,4631),[4632,4634),[4636,4640),[4641,4645),[4646,4647),[4657,4681),[4682,4685),[4686,4731),[4732,4766),[4801,4812),[4813,4819),[4820,4822),[4823,4825),[4901,4902),[4903,4905),[5013,5014),[5132,5133),[5228,5230),[5233,5234),[5246,5247),[5252,5253),[5264,5265),[5324,5325),[5340,5341),[5354,5355),[5360,5361),[5365,5366),[5371,5372),[5373,5374),[5381,5382),[5393,5394),[5451,5452),[5464,5465),[5467,5468),[5489,5490),[5524,5525),[5527,5528),[5546,5547),[5561,5562),[5593,5594),[5681,5682),[5886,5887),[6135,6136),[6207,6208),[6311,6312),[6318,6319),[6322,6323),[6325,6326),[6365,6366),[6668,6669),[6706,6707),[6783,6784),[6881,6884),[6892,6893),[6894,6895),[6983,6984),[6990,6991),[7035,7036),[7037,7038),[7039,7040),[7041,7042),[7073,7074),[7084,7085),[7086,7087),[7133,7134),[7136,7137),[7139,7140),[7373,7374),[7683,7684),[7686,7687),[7798,7799),[7844,7845),[7881,7882),[7886,7887),[8042,8044),[8086,8087),[8232,8233),[8237,8238),[8240,8241),[8246,8247),[8249,8250),[8252,8253),[8255,8256),[8351,8352),[8427,8429),[8431,8432),[8449,8450),[8545,8546),[8685,8686),[8818,8819),[8860,8861),[8888,8889),[8900,8901),[8902,8903),[8907,8908),[8972,9001),[9003,9004),[9006,9007),[9009,9010),[9012,9013),[9014,9015),[9017,9018),[9019,9020),[9053,9058),[9059,9070),[9140,9141)}'::int4multirange THEN RETURN 'G'; END IF;
  IF srid::integer <@ '{[2000,2008),[2009,2036),[2039,2063),[2065,2085),[2087,2091),[2093,2139),[2154,2155),[2157,2166),[2169,2170),[2172,2181),[2188,2191),[2193,2194),[2195,2199),[2200,2214),[2215,2244),[2246,2291),[2294,2297),[2299,2300),[2301,2302),[2303,2400),[2401,2492),[2494,2550),[2551,2577),[2578,2600),[2601,2694),[2695,2889),[2891,2934),[2935,2944),[2945,2974),[2975,2979),[2980,2982),[2985,2989),[2991,3038),[3040,3050),[3052,3073),[3074,3076),[3077,3103),[3106,3143),[3144,3146),[3148,3150),[3152,3314),[3316,3349),[3350,3356),[3358,3359),[3360,3366),[3367,3454),[3455,3752),[3753,3774),[3775,3778),[3779,3782),[3783,3785),[3788,3792),[3793,3803),[3812,3813),[3814,3817),[3825,3830),[3832,3842),[3844,3853),[3854,3855),[3857,3858),[3873,3886),[3890,3894),[3907,3913),[3920,3921),[3942,3951),[3968,3971),[3976,3977),[3978,3980),[3986,3990),[3991,3998),[4026,4027),[4037,4039),[4048,4052),[4056,4064),[4071,4072),[4082,4084),[4087,4089),[4093,4097),[4217,4218),[4390,4416),[4417,4435),[4437,4440),[4455,4458),[4462,4463),[4467,4468),[4471,4472),[4484,4490),[4491,4555),[4559,4560),[4568,4590),[4647,4648),[4652,4657),[4766,4801),[4812,4813),[4822,4823),[4826,4827),[4839,4840),[5014,5019),[5041,5043),[5048,5049),[5069,5073),[5105,5131),[5167,5189),[5221,5222),[5223,5226),[5234,5236),[5243,5244),[5247,5248),[5253,5260),[5266,5267),[5269,5276),[5292,5312),[5316,5317),[5320,5322),[5325,5326),[5329,5332),[5337,5338),[5343,5350),[5355,5358),[5361,5363),[5367,5368),[5382,5384),[5387,5388),[5389,5390),[5396,5397),[5456,5458),[5459,5464),[5469,5470),[5472,5473),[5479,5483),[5490,5491),[5513,5517),[5518,5521),[5523,5524),[5530,5532),[5533,5540),[5550,5553),[5559,5560),[5562,5570),[5588,5590),[5596,5597),[5623,5626),[5627,5628),[5629,5630),[5631,5640),[5641,5642),[5643,5645),[5646,5647),[5649,5656),[5659,5660),[5663,5681),[5682,5686),[5700,5701),[5825,5826),[5836,5838),[5839,5840),[5842,5843),[5844,5845),[5858,5859),[5875,5878),[5879,5881),[5887,5888),[5890,5891),[5896,5900),[5921,5941),[6050,6126),[6128,6130),[6201,6203),[6204,6205),[6210,6212),[6244,6276),[6307,6308),[6312,6313),[6316,6317),[6328,6349),[6350,6357),[6362,6363),[6366,6373),[6381,6388),[6391,6392),[6393,6517),[6518,6604),[6605,6638),[6646,6647),[6669,6693),[6703,6704),[6707,6710),[6720,6724),[6736,6739),[6784,6864),[6867,6869),[6870,6871),[6875,6877),[6879,6881),[6884,6888),[6915,6916),[6922,6926),[6931,6934),[6956,6960),[6962,6963),[6966,6967),[6984,6985),[6991,6992),[7005,7008),[7057,7071),[7074,7083),[7109,7129),[7131,7133),[7142,7143),[7257,7371),[7374,7377),[7528,7646),[7692,7697),[7755,7788),[7791,7796),[7799,7802),[7803,7806),[7825,7832),[7845,7860),[7877,7879),[7882,7884),[7887,7888),[7899,7900),[7991,7993),[8013,8033),[8035,8037),[8044,8046),[8058,8060),[8065,8069),[8082,8084),[8088,8089),[8090,8094),[8095,8174),[8177,8178),[8179,8183),[8184,8186),[8187,8188),[8189,8190),[8191,8192),[8193,8194),[8196,8199),[8200,8211),[8212,8215),[8216,8217),[8218,8219),[8220,8221),[8222,8223),[8224,8227),[8311,8349),[8352,8354),[8379,8386),[8387,8388),[8391,8392),[8395,8396),[8433,8434),[8441,8442),[8455,8457),[8518,8530),[8531,8532),[8533,8537),[8538,8541),[8677,8680),[8682,8683),[8686,8688),[8692,8694),[8826,8827),[8836,8841),[8857,8860),[8903,8904),[8908,8911),[9039,9041),[9141,9142),[20004,20033),[20135,20139),[20249,20259),[20349,20357),[20436,20441),[20499,20500),[20538,20540),[20790,20792),[20822,20825),[20934,20937),[21035,21038),[21095,21098),[21148,21151),[21291,21293),[21413,21424),[21453,21464),[21500,21501),[21780,21783),[21818,21819),[21896,21900),[22032,22034),[22091,22093),[22171,22178),[22181,22188),[22191,22198),[22234,22236),[22275,22276),[22277,22278),[22279,22280),[22281,22282),[22283,22284),[22285,22286),[22287,22288),[22289,22290),[22291,22292),[22293,22294),[22300,22301),[22332,22333),[22391,22393),[22521,22526),[22700,22701),[22770,22771),[22780,22781),[22991,22995),[23028,23039),[23090,23091),[23095,23096),[23239,23241),[23700,23701),[23830,23853),[23866,23873),[23877,23885),[23887,23895),[23946,23949),[24047,24049),[24100,24101),[24200,24201),[24305,24307),[24311,24314),[24342,24348),[24370,24384),[24500,24501),[24547,24549),[24600,24601),[24718,24721),[24817,24822),[24877,24883),[24891,24894),[25000,25001),[25231,25232),[25391,25396),[25828,25838),[25884,25885),[25932,25933),[26191,26193),[26194,26196),[26237,26238),[26331,26333),[26391,26394),[26632,26633),[26692,26693),[26701,26723),[26729,26747),[26748,26761),[26766,26788),[26791,26800),[26847,26871),[26891,26900),[26901,26924),[26929,26947),[26948,26979),[26980,26999),[27039,27041),[27120,27121),[27200,27201),[27205,27233),[27258,27261),[27291,27293),[27391,27399),[27429,27430),[27493,27494),[27500,27501),[27561,27565),[27571,27575),[27700,27701),[28191,28194),[28232,28233),[28348,28359),[28404,28433),[28600,28601),[28991,28993),[29101,29102),[29168,29173),[29187,29196),[29220,29222),[29333,29334),[29371,29372),[29373,29374),[29375,29376),[29377,29378),[29379,29380),[29381,29382),[29383,29384),[29385,29386),[29701,29703),[29738,29740),[29849,29851),[29871,29874),[29901,29904),[30161,30180),[30200,30201),[30339,30341),[30491,30495),[30729,30733),[30791,30793),[31028,31029),[31121,31122),[31154,31155),[31170,31172),[31251,31260),[31281,31291),[31300,31301),[31370,31371),[31466,31470),[31528,31530),[31600,31601),[31838,31840),[31901,31902),[31965,32004),[32005,32018),[32019,32029),[32030,32032),[32033,32036),[32037,32059),[32064,32068),[32081,32087),[32098,32101),[32104,32105),[32107,32131),[32133,32159),[32161,32162),[32164,32168),[32181,32200),[32201,32261),[32301,32361),[32401,32461),[32501,32561),[32600,32662),[32664,32668),[32700,32762),[32766,32767)}'::int4multirange THEN RETURN 'P'; END IF;
  RETURN NULL;
END $$;
-- Whether the axes of a system stand in the other order than in the bytes. Fails for systems that aren't there.
CREATE OR REPLACE FUNCTION "mysql".geometry_swapped(srid bigint, fname text) RETURNS boolean LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE system text := "mysql".geometry_system(srid);
BEGIN
  IF srid NOT BETWEEN 0 AND 4294967295 THEN PERFORM "mysql".raise(1690, format('SRID value is out of range in ''%s''', fname)); END IF;
  IF system IS NULL THEN PERFORM "mysql".raise(3548, format('There''s no spatial reference system with SRID %s.', srid)); END IF;
  IF system = 'P' THEN RETURN false; END IF;
  IF srid <> 4326 THEN PERFORM "mysql".raise(1235, format('This version of MySQL doesn''t yet support ''SRID %s''', srid)); END IF;
  RETURN true;
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_invalid(fname text) RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS
$$ BEGIN PERFORM "mysql".raise(3037, format('Invalid GIS data provided to function %s.', fname)); END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_kind(name text) RETURNS integer LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS
$$ SELECT array_position('{POINT,LINESTRING,POLYGON,MULTIPOINT,MULTILINESTRING,MULTIPOLYGON,GEOMETRYCOLLECTION}', upper(name COLLATE "C")) $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_kind_name(kind integer) RETURNS text LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS
$$ SELECT ('{POINT,LINESTRING,POLYGON,MULTIPOINT,MULTILINESTRING,MULTIPOLYGON,GEOMCOLLECTION}'::text[])[kind] $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_header(kind integer) RETURNS bytea LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS
$$ SELECT '\x01'::bytea || "mysql".geometry_uint_bytes(kind) $$;

-- Reads the WKB of a value, which is little-endian: the coordinates of all its points, x and y in turn. fewest is how
-- many points a ring has at least; lines have two unless it's 1.
CREATE OR REPLACE FUNCTION "mysql".geometry_scan(b bytea, place integer, fewest integer, OUT next integer, OUT coordinates double precision[]) LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE size integer := octet_length(b); kind bigint; n bigint; points bigint; step record; at integer := place + 9;
BEGIN
  coordinates := '{}';
  IF size < place + 9 OR get_byte(b, place) <> 1 THEN RETURN; END IF;
  kind := "mysql".geometry_uint(b, place + 1);
  IF kind = 1 THEN n := 1; at := place + 5; ELSE n := "mysql".geometry_uint(b, place + 5); END IF;
  IF kind IN (1, 2) THEN
    IF at + 16 * n > size OR n < 1 OR kind = 2 AND n < least(fewest, 2) THEN RETURN; END IF;
    coordinates := ARRAY(SELECT "mysql".geometry_double(b, at + 8 * i::integer) FROM generate_series(0, 2 * n - 1) AS s(i));
    next := at + 16 * n;
  ELSIF kind = 3 THEN
    IF n < 1 OR at + 4 * n > size THEN RETURN; END IF;
    FOR i IN 1..n LOOP
      IF at + 4 > size THEN RETURN; END IF;
      points := "mysql".geometry_uint(b, at); at := at + 4;
      IF points < fewest OR at + 16 * points > size THEN RETURN; END IF;
      coordinates := coordinates || ARRAY(SELECT "mysql".geometry_double(b, at + 8 * j::integer) FROM generate_series(0, 2 * points - 1) AS s(j));
      at := at + 16 * points;
    END LOOP;
    next := at;
  ELSIF kind BETWEEN 4 AND 7 THEN
    IF n < 1 AND kind <> 7 OR at + 9 * n > size THEN RETURN; END IF;
    FOR i IN 1..n LOOP
      IF at + 5 > size OR kind <> 7 AND "mysql".geometry_uint(b, at + 1) <> kind - 3 THEN RETURN; END IF;
      step := "mysql".geometry_scan(b, at, fewest);
      IF step.next IS NULL THEN RETURN; END IF;
      at := step.next; coordinates := coordinates || step.coordinates::float8[];
    END LOOP;
    next := at;
  END IF;
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_finite(coordinates double precision[]) RETURNS boolean LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS
$$ SELECT NOT coordinates && '{Infinity,-Infinity,NaN}'::float8[] $$;
-- The coordinates of a value that's an argument. what: 0 for the form only, 1 for a known system too, 2 for coordinates
-- that are in its range as well, 3 for those of any system.
CREATE OR REPLACE FUNCTION "mysql".geometry_read(g bytea, fname text, what integer) RETURNS double precision[] LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE found record; srid bigint;
BEGIN
  IF octet_length(g) < 13 THEN PERFORM "mysql".geometry_invalid(fname); END IF;
  found := "mysql".geometry_scan(g, 4, CASE what WHEN 0 THEN 1 ELSE 3 END);
  IF found.next IS DISTINCT FROM octet_length(g) OR what > 0 AND NOT "mysql".geometry_finite(found.coordinates) THEN PERFORM "mysql".geometry_invalid(fname); END IF;
  srid := "mysql".geometry_uint(g, 0);
  IF what IN (1, 2) AND srid <> 0 THEN PERFORM "mysql".geometry_swapped(srid, fname); END IF;
  IF what IN (2, 3) AND srid = 4326 THEN PERFORM "mysql".geometry_in_range(found.coordinates, fname, true); END IF;
  RETURN found.coordinates;
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_in_range(coordinates double precision[], fname text, stored boolean) RETURNS void LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE x double precision; n bigint;
BEGIN
  SELECT c, o INTO x, n FROM unnest(coordinates) WITH ORDINALITY AS s(c, o) WHERE c NOT BETWEEN CASE o % 2 WHEN 1 THEN -180 ELSE -90 END AND CASE o % 2 WHEN 1 THEN 180 ELSE 90 END ORDER BY o LIMIT 1;
  IF n IS NULL THEN RETURN; END IF;
  IF n % 2 = 1 THEN
    PERFORM "mysql".raise(CASE WHEN stored THEN 3731 ELSE 3616 END, format(CASE WHEN stored THEN 'A parameter of function %2$s contains a geometry with longitude %1$s, which is out of range.' ELSE 'Longitude %s is out of range in function %s.' END
      || ' It must be within (-180.000000, 180.000000].', round(x::text::numeric, 6), fname));
  END IF;
  PERFORM "mysql".raise(CASE WHEN stored THEN 3732 ELSE 3617 END, format(CASE WHEN stored THEN 'A parameter of function %2$s contains a geometry with latitude %1$s, which is out of range.' ELSE 'Latitude %s is out of range in function %s.' END
    || ' It must be within [-90.000000, 90.000000].', round(x::text::numeric, 6), fname));
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_made(wkb bytea, srid bigint, swapped boolean, fname text) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ BEGIN
  IF swapped THEN PERFORM "mysql".geometry_in_range(("mysql".geometry_scan(wkb, 0, 1)).coordinates, fname, false); END IF;
  RETURN "mysql".geometry_uint_bytes(srid) || wkb;
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_unexpected(kind integer, wanted text, fname text, source text) RETURNS void LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ BEGIN
  IF wanted COLLATE "C" IN ('', 'GEOMETRY') OR "mysql".geometry_kind(replace(wanted, 'GEOMCOLLECTION', 'GEOMETRYCOLLECTION')) = kind OR wanted COLLATE "C" IN ('GEOMETRYCOLLECTION', 'GEOMCOLLECTION') AND kind >= 4 THEN RETURN; END IF;
  PERFORM "mysql".raise(3516, format('%s value is a geometry of unexpected type %s in %s.', source, "mysql".geometry_kind_name(kind), fname));
END $$;

-- WKT. A number of it; NULL when it's too large.
CREATE OR REPLACE FUNCTION "mysql".geometry_number(t text) RETURNS double precision LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE power numeric; n numeric; zero double precision := CASE WHEN left(t, 1) COLLATE "C" = '-' THEN '-0' ELSE '0' END;
BEGIN
  IF t COLLATE "C" !~ '[eE]' AND length(t) < 300 THEN RETURN t::float8; END IF;
  IF t COLLATE "C" !~ '^[-+]?[0.]*[1-9]' THEN RETURN zero; END IF;
  power := coalesce(substring(t COLLATE "C" from '[eE]([-+]?[0-9]+)$'), '0')::numeric;
  IF power > 5000 THEN RETURN NULL; ELSIF power < -5000 THEN RETURN zero; END IF;
  n := t::numeric;
  IF abs(n) >= 1.7976931348623159e308 THEN RETURN NULL; ELSIF abs(n) < 2.48e-324 THEN RETURN zero; END IF;
  RETURN n::float8;
END $$;
-- The points of a list without its parentheses: their number and bytes, before each of them the prefix.
CREATE OR REPLACE FUNCTION "mysql".geometry_list(t text, swapped boolean, prefix bytea, OUT n bigint, OUT bytes bytea) LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE spaced text := t;
BEGIN
  -- Numbers may touch where the second one begins with a sign or with a second point.
  IF t COLLATE "C" ~ '[0-9.][-+]|[.eE][-+0-9]*\.' THEN
    spaced := regexp_replace(regexp_replace(t COLLATE "C", '([0-9.])([-+])', '\1 \2', 'g'), '(\.[0-9]*(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)(\.[0-9])', '\1 \2', 'g');
  END IF;
  SELECT count(*), string_agg(prefix || CASE WHEN swapped THEN "mysql".geometry_double_bytes("mysql".geometry_number(m[2])) || "mysql".geometry_double_bytes("mysql".geometry_number(m[1]))
    ELSE "mysql".geometry_double_bytes("mysql".geometry_number(m[1])) || "mysql".geometry_double_bytes("mysql".geometry_number(m[2])) END, '' ORDER BY o)
  INTO n, bytes FROM (SELECT regexp_match(s COLLATE "C", '^\s*([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s+([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s*$') AS m, o FROM string_to_table(spaced, ',') WITH ORDINALITY AS s(s, o)) AS p;
  IF octet_length(bytes) IS DISTINCT FROM n * (16 + octet_length(prefix)) THEN n := NULL; END IF;
END $$;
-- What follows a kind's name; kind 0 is a ring. Here at counts from 1.
CREATE OR REPLACE FUNCTION "mysql".geometry_parse(source text, place integer, kind integer, swapped boolean, OUT next integer, OUT bytes bytea) LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE t text COLLATE "C" := source; at integer := place; list text COLLATE "C"; word text COLLATE "C"; found record; n integer := 0; child integer;
BEGIN
  at := at + length(substring(substr(t, at) from '^\s*'));
  IF substr(t, at, 1) <> '(' THEN
    list := substring(substr(t, at) from '^[A-Za-z_0-9]+');
    IF kind = 7 AND upper(list) = 'EMPTY' THEN next := at + 5; bytes := "mysql".geometry_uint_bytes(0); END IF;
    RETURN;
  END IF;
  list := substring(substr(t, at) from '^\(([^()]*)\)');
  IF kind <= 2 OR kind = 4 AND list IS NOT NULL THEN
    IF list IS NULL THEN RETURN; END IF;
    found := "mysql".geometry_list(list, swapped, CASE kind WHEN 4 THEN "mysql".geometry_header(1) ELSE '' END);
    IF found.n IS NULL OR found.n < 1 OR kind = 1 AND found.n <> 1 OR kind = 2 AND found.n < 2 OR kind = 0 AND found.n < 4 THEN RETURN; END IF;
    IF kind = 0 AND substring(found.bytes::bytea, 1, 16) <> substring(found.bytes::bytea, octet_length(found.bytes) - 15) THEN RETURN; END IF;
    bytes := CASE WHEN kind = 1 THEN found.bytes ELSE "mysql".geometry_uint_bytes(found.n) || found.bytes END;
    next := at + length(list) + 2;
    RETURN;
  END IF;
  IF kind = 7 AND list ~ '^\s*$' THEN next := at + length(list) + 2; bytes := "mysql".geometry_uint_bytes(0); RETURN; END IF;
  bytes := '';
  LOOP
    at := at + 1;
    child := CASE kind WHEN 3 THEN 0 ELSE kind - 3 END;
    IF kind = 7 THEN
      at := at + length(substring(substr(t, at) from '^\s*'));
      word := substring(substr(t, at, 40) from '^[A-Za-z_][A-Za-z_0-9]*');
      child := "mysql".geometry_kind(word);
      IF child IS NULL THEN RETURN; END IF;
      at := at + length(word);
    ELSIF kind = 4 THEN
      IF substr(t, at) !~ '^\s*\(' THEN RETURN; END IF;
    END IF;
    found := "mysql".geometry_parse(t, at, child, swapped);
    IF found.next IS NULL THEN RETURN; END IF;
    bytes := bytes || CASE WHEN child = 0 THEN '' ELSE "mysql".geometry_header(child) END || found.bytes;
    n := n + 1;
    at := found.next + length(substring(substr(t, found.next) from '^\s*'));
    IF substr(t, at, 1) = ')' THEN next := at + 1; bytes := "mysql".geometry_uint_bytes(n) || bytes; RETURN; END IF;
    IF substr(t, at, 1) <> ',' THEN RETURN; END IF;
  END LOOP;
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_from_text(wkt text, srid bigint, wanted text, fname text) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE t text COLLATE "C" := wkt; swapped boolean := "mysql".geometry_swapped(srid, fname); word text COLLATE "C"; kind integer; found record;
BEGIN
  word := substring(t from '^\s*([A-Za-z_][A-Za-z_0-9]*)');
  kind := "mysql".geometry_kind(word);
  IF kind IS NULL THEN PERFORM "mysql".geometry_invalid(fname); END IF;
  found := "mysql".geometry_parse(t, strpos(t, word) + length(word), kind, swapped);
  IF found.next IS NULL OR substr(t, found.next) !~ '^\s*$' THEN PERFORM "mysql".geometry_invalid(fname); END IF;
  PERFORM "mysql".geometry_unexpected(kind, wanted, fname, 'WKT');
  RETURN "mysql".geometry_made("mysql".geometry_header(kind) || found.bytes, srid, swapped, fname);
END $$;

-- WKB in both byte orders. Members of MULTI values must be little-endian, as in MySQL.
CREATE OR REPLACE FUNCTION "mysql".geometry_coordinate_bytes(b bytea, place integer, n bigint, big boolean, swapped boolean) RETURNS bytea LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN NOT big AND NOT swapped THEN substring(b, place + 1, (16 * n)::integer) ELSE
  (SELECT string_agg(CASE WHEN big THEN "mysql".geometry_turned(v) ELSE v END, '' ORDER BY i) FROM
    (SELECT i, substring(b, place + 1 + 8 * (CASE WHEN NOT swapped THEN i WHEN i % 2 = 0 THEN i + 1 ELSE i - 1 END)::integer, 8) AS v FROM generate_series(0, 2 * n - 1) AS s(i)) AS s) END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_turn(b bytea, place integer, wanted integer, swapped boolean, OUT next integer, OUT bytes bytea) LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE size integer := octet_length(b); big boolean; kind bigint; n bigint; points bigint; found record; at integer := place + 9; ring bytea;
BEGIN
  IF size < place + 9 OR get_byte(b, place) > 1 THEN RETURN; END IF;
  big := get_byte(b, place) = 0;
  kind := "mysql".geometry_uint(b, place + 1, big);
  IF kind NOT BETWEEN 1 AND 7 OR wanted > 0 AND (big OR kind <> wanted) THEN RETURN; END IF;
  IF kind = 1 THEN n := 1; at := place + 5; ELSE n := "mysql".geometry_uint(b, place + 5, big); END IF;
  bytes := "mysql".geometry_header(kind::integer) || CASE WHEN kind = 1 THEN '' ELSE "mysql".geometry_uint_bytes(n) END;
  IF kind IN (1, 2) THEN
    IF at + 16 * n > size OR kind = 2 AND n < 2 THEN RETURN; END IF;
    bytes := bytes || "mysql".geometry_coordinate_bytes(b, at, n, big, swapped);
    at := at + 16 * n;
  ELSIF kind = 3 THEN
    IF n < 1 OR at + 4 * n > size THEN RETURN; END IF;
    FOR i IN 1..n LOOP
      IF at + 4 > size THEN RETURN; END IF;
      points := "mysql".geometry_uint(b, at, big); at := at + 4;
      IF points < 4 OR at + 16 * points > size THEN RETURN; END IF;
      ring := "mysql".geometry_coordinate_bytes(b, at, points, big, swapped);
      IF substring(ring, 1, 16) <> substring(ring, octet_length(ring) - 15) THEN RETURN; END IF;
      bytes := bytes || "mysql".geometry_uint_bytes(points) || ring;
      at := at + 16 * points;
    END LOOP;
  ELSE
    IF n < 1 AND kind = 5 OR at + 9 * n > size THEN RETURN; END IF;
    FOR i IN 1..n LOOP
      found := "mysql".geometry_turn(b, at, CASE WHEN kind = 7 THEN 0 ELSE kind - 3 END::integer, swapped);
      IF found.next IS NULL THEN RETURN; END IF;
      at := found.next; bytes := bytes || found.bytes;
    END LOOP;
  END IF;
  next := at;
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_from_wkb(wkb bytea, srid bigint, wanted text, fname text) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE swapped boolean := "mysql".geometry_swapped(srid, fname); found record;
BEGIN
  found := "mysql".geometry_turn(wkb, 0, 0, swapped);
  IF found.next IS DISTINCT FROM octet_length(wkb) THEN PERFORM "mysql".geometry_invalid(fname); END IF;
  PERFORM "mysql".geometry_unexpected(get_byte(found.bytes, 1), wanted, fname, 'WKB');
  RETURN "mysql".geometry_made(found.bytes, srid, swapped, fname);
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_from_wkb(wkb bytea, srid bigint, fname text) RETURNS bytea LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_from_wkb(wkb, srid, '', fname) $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_wkb(g bytea) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ BEGIN
  PERFORM "mysql".geometry_read(g, 'st_aswkb', 0);
  IF "mysql".geometry_uint(g, 0) = 0 OR "mysql".geometry_system("mysql".geometry_uint(g, 0)) IS DISTINCT FROM 'G' THEN RETURN substring(g, 5); END IF;
  RETURN ("mysql".geometry_swap_bytes(substring(g, 5), 0)).bytes;
END $$;
-- The same WKB with x and y exchanged; it's known to be valid.
CREATE OR REPLACE FUNCTION "mysql".geometry_swap_bytes(b bytea, place integer, OUT next integer, OUT bytes bytea) LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE kind integer := get_byte(b, place + 1); n bigint; points bigint; at integer := place + 9; found record;
BEGIN
  bytes := substring(b, place + 1, CASE kind WHEN 1 THEN 5 ELSE 9 END);
  IF kind = 1 THEN n := 1; at := place + 5; ELSE n := "mysql".geometry_uint(b, place + 5); END IF;
  IF kind <= 2 THEN bytes := bytes || "mysql".geometry_coordinate_bytes(b, at, n, false, true); next := at + 16 * n; RETURN; END IF;
  FOR i IN 1..n LOOP
    IF kind = 3 THEN
      points := "mysql".geometry_uint(b, at);
      bytes := bytes || substring(b, at + 1, 4) || "mysql".geometry_coordinate_bytes(b, at + 4, points, false, true);
      at := at + 4 + 16 * points;
    ELSE
      found := "mysql".geometry_swap_bytes(b, at); at := found.next; bytes := bytes || found.bytes;
    END IF;
  END LOOP;
  next := at;
END $$;

-- WKT and GeoJSON of a value that's known to be valid. style is text, swapped (text with y first) or json.
CREATE OR REPLACE FUNCTION "mysql".geometry_rounded(x double precision, digits integer) RETURNS double precision LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ BEGIN
  IF abs(x) IN ('Infinity', 'NaN') THEN RETURN 0; END IF;
  IF digits > 308 OR abs(x) > 1.7976931348623157e308::float8 / ('1e' || digits)::float8 THEN RETURN x; END IF;
  RETURN round(x * ('1e' || digits)::float8) / ('1e' || digits)::float8;
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_double_text(x double precision) RETURNS text LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN x = 0 THEN x::text WHEN abs(x) >= 1e-15 AND abs(x) < 1e15 THEN trim_scale(x::text::numeric)::text
   ELSE "mysql".double_text(x) END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_points_shown(b bytea, place integer, n bigint, style text, digits integer, prefix text, suffix text) RETURNS text LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS
$$ SELECT string_agg(prefix || CASE style COLLATE "C" WHEN 'json' THEN '[' || "mysql".json_of_double("mysql".geometry_rounded(x, digits))::text || ',' || "mysql".json_of_double("mysql".geometry_rounded(y, digits))::text || ']'
    WHEN 'text' THEN "mysql".geometry_double_text(x) || ' ' || "mysql".geometry_double_text(y) ELSE "mysql".geometry_double_text(y) || ' ' || "mysql".geometry_double_text(x) END || suffix, ',' ORDER BY i)
  FROM (SELECT i, "mysql".geometry_double(b, place + 16 * i::integer) AS x, "mysql".geometry_double(b, place + 16 * i::integer + 8) AS y FROM generate_series(0, n - 1) AS s(i)) AS s $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_shown(b bytea, place integer, style text, digits integer, bbox boolean, named boolean, OUT next integer, OUT shown text) LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE json boolean := style COLLATE "C" = 'json'; kind integer := get_byte(b, place + 1); n bigint; points bigint; at integer := place + 9; found record; parts text[] := '{}'; opening text; closing text; box float8[];
BEGIN
  opening := CASE WHEN json THEN '[' ELSE '(' END; closing := CASE WHEN json THEN ']' ELSE ')' END;
  IF kind = 1 THEN n := 1; at := place + 5; ELSE n := "mysql".geometry_uint(b, place + 5); END IF;
  IF kind <= 2 THEN
    shown := "mysql".geometry_points_shown(b, at, n, style, digits, '', '');
    IF NOT json OR kind = 2 THEN shown := opening || shown || closing; END IF;
    at := at + 16 * n;
  ELSE
    FOR i IN 1..n LOOP
      IF kind = 3 THEN
        points := "mysql".geometry_uint(b, at);
        parts := parts || (opening || "mysql".geometry_points_shown(b, at + 4, points, style, digits, '', '') || closing);
        at := at + 4 + 16 * points;
      ELSE
        found := "mysql".geometry_shown(b, at, style, digits, bbox, kind = 7);
        parts := parts || found.shown::text; at := found.next;
      END IF;
    END LOOP;
    shown := opening || array_to_string(parts, ',') || closing;
  END IF;
  next := at;
  IF NOT named THEN RETURN; END IF;
  IF json THEN
    shown := format('{"type":"%s","%s":%s', ('{Point,LineString,Polygon,MultiPoint,MultiLineString,MultiPolygon,GeometryCollection}'::text[])[kind], CASE kind WHEN 7 THEN 'geometries' ELSE 'coordinates' END, shown);
    IF bbox THEN
      box := "mysql".geometry_box(("mysql".geometry_scan(b, place, 1)).coordinates);
      IF box IS NOT NULL THEN shown := shown || ',"bbox":[' || (SELECT string_agg("mysql".json_of_double("mysql".geometry_rounded(x, digits))::text, ',' ORDER BY o) FROM unnest(box) WITH ORDINALITY AS s(x, o)) || ']'; END IF;
    END IF;
    shown := shown || '}';
  ELSE
    shown := CASE kind WHEN 7 THEN 'GEOMETRYCOLLECTION' ELSE "mysql".geometry_kind_name(kind) END || CASE WHEN shown = '()' THEN ' EMPTY' ELSE shown END;
  END IF;
END $$;
-- The smallest box around points: least x and y, greatest x and y. NULL without points.
CREATE OR REPLACE FUNCTION "mysql".geometry_box(coordinates double precision[]) RETURNS double precision[] LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN cardinality(coordinates) > 0 THEN (SELECT ARRAY[min(c) FILTER (WHERE o % 2 = 1), min(c) FILTER (WHERE o % 2 = 0), max(c) FILTER (WHERE o % 2 = 1), max(c) FILTER (WHERE o % 2 = 0)] FROM unnest(coordinates) WITH ORDINALITY AS s(c, o)) END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_text(g bytea) RETURNS text LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE coordinates double precision[] := "mysql".geometry_read(g, 'st_astext', 0);
BEGIN
  IF NOT "mysql".geometry_finite(coordinates) THEN RETURN NULL; END IF;
  RETURN ("mysql".geometry_shown(g, 4, CASE WHEN "mysql".geometry_system("mysql".geometry_uint(g, 0)) = 'G' THEN 'swapped' ELSE 'text' END, 0, false, true)).shown;
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_json(g bytea, digits bigint DEFAULT 2147483647, options bigint DEFAULT 0) RETURNS jsonb LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE srid bigint; j jsonb; found record;
BEGIN
  IF digits NOT BETWEEN 0 AND 2147483647 THEN PERFORM "mysql".raise(1411, format('Incorrect max decimal digits value: ''%s'' for function st_asgeojson', digits)); END IF;
  IF options NOT BETWEEN 0 AND 7 THEN PERFORM "mysql".raise(1411, format('Incorrect options value: ''%s'' for function st_asgeojson', options)); END IF;
  PERFORM "mysql".geometry_read(g, 'st_asgeojson', 0);
  srid := "mysql".geometry_uint(g, 0);
  j := ("mysql".geometry_shown(g, 4, 'json', digits::integer, options & 1 = 1, true)).shown::jsonb;
  IF options & 6 <> 0 THEN
    j := j || jsonb_build_object('crs', jsonb_build_object('type', 'name', 'properties', jsonb_build_object('name',
      CASE WHEN options & 4 = 4 THEN 'urn:ogc:def:crs:' ELSE '' END || CASE srid WHEN 0 THEN 'MySQL' ELSE 'EPSG' END || CASE WHEN options & 4 = 4 THEN '::' ELSE ':' END || srid)));
  END IF;
  RETURN j;
END $$;
-- CAST(geometry AS JSON).
CREATE OR REPLACE FUNCTION "mysql".geometry_as_json(g bytea) RETURNS jsonb LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_json(g, 2147483647, 4) $$;

-- GeoJSON.
CREATE OR REPLACE FUNCTION "mysql".geometry_json_invalid() RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS
$$ BEGIN PERFORM "mysql".raise(3072, 'Invalid GeoJSON data provided to function st_geomfromgeojson'); END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_member(j jsonb, name text, kind text) RETURNS jsonb LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE found jsonb := (SELECT value FROM jsonb_each(j) AS e WHERE lower(e.key COLLATE "C") = name COLLATE "C" LIMIT 1);
BEGIN
  IF found IS NULL THEN PERFORM "mysql".raise(3070, format('Invalid GeoJSON data provided to function st_geomfromgeojson: Missing required member ''%s''', name)); END IF;
  IF strpos(kind, jsonb_typeof(found)) = 0 THEN PERFORM "mysql".raise(3071, format('Invalid GeoJSON data provided to function st_geomfromgeojson: Member ''%s'' must be of type ''%s''', name, split_part(kind, ' ', 1))); END IF;
  RETURN found;
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_coordinates(j jsonb, kind integer, options bigint) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE n integer; bytes bytea;
BEGIN
  IF jsonb_typeof(j) <> 'array' THEN PERFORM "mysql".geometry_json_invalid(); END IF;
  n := jsonb_array_length(j);
  IF kind = 1 THEN
    IF n < 2 THEN PERFORM "mysql".geometry_json_invalid(); END IF;
    IF n > 2 AND options = 1 THEN PERFORM "mysql".raise(3073, format('Unsupported number of coordinate dimensions in function st_geomfromgeojson: Found %s, expected 2', n)); END IF;
    IF EXISTS (SELECT FROM jsonb_array_elements(j) AS e WHERE jsonb_typeof(e) <> 'number') THEN
      PERFORM "mysql".raise(3071, 'Invalid GeoJSON data provided to function st_geomfromgeojson: Member ''array coordinate'' must be of type ''number''');
    END IF;
    RETURN "mysql".geometry_double_bytes((j ->> 0)::float8) || "mysql".geometry_double_bytes((j ->> 1)::float8);
  END IF;
  IF n < (CASE kind WHEN 0 THEN 4 WHEN 2 THEN 2 ELSE 1 END) THEN PERFORM "mysql".geometry_json_invalid(); END IF;
  bytes := (SELECT string_agg(CASE WHEN kind >= 4 THEN "mysql".geometry_header(kind - 3) ELSE '' END || "mysql".geometry_coordinates(e, CASE kind WHEN 0 THEN 1 WHEN 2 THEN 1 WHEN 3 THEN 0 ELSE kind - 3 END, options), '' ORDER BY o) FROM jsonb_array_elements(j) WITH ORDINALITY AS s(e, o));
  IF kind = 0 AND substring(bytes, 1, 16) <> substring(bytes, octet_length(bytes) - 15) THEN PERFORM "mysql".geometry_json_invalid(); END IF;
  RETURN "mysql".geometry_uint_bytes(n) || bytes;
END $$;
-- The WKB of a document; NULL for a feature without geometry.
CREATE OR REPLACE FUNCTION "mysql".geometry_of_json(j jsonb, options bigint, root boolean) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE name text COLLATE "C"; kind integer; inner_value jsonb; bytes bytea;
BEGIN
  IF jsonb_typeof(j) <> 'object' THEN PERFORM "mysql".geometry_json_invalid(); END IF;
  IF NOT root AND EXISTS (SELECT FROM jsonb_object_keys(j) AS k WHERE lower(k COLLATE "C") = 'crs' AND jsonb_typeof(j -> k) <> 'null') THEN
    PERFORM "mysql".raise(3672, 'Invalid GeoJSON data provided to function st_geomfromgeojson: Member ''crs'' must be specified in the top level object.');
  END IF;
  name := "mysql".geometry_member(j, 'type', 'string') #>> '{}';
  kind := array_position('{Point,LineString,Polygon,MultiPoint,MultiLineString,MultiPolygon,GeometryCollection,FeatureCollection,Feature}'::text[], name::text);
  IF kind IS NULL THEN PERFORM "mysql".geometry_json_invalid(); END IF;
  IF kind <= 6 THEN RETURN "mysql".geometry_header(kind) || "mysql".geometry_coordinates("mysql".geometry_member(j, 'coordinates', 'array'), kind, options); END IF;
  IF kind = 9 THEN
    inner_value := "mysql".geometry_member(j, 'geometry', 'object null');
    PERFORM "mysql".geometry_member(j, 'properties', 'object null');
    RETURN CASE WHEN jsonb_typeof(inner_value) = 'object' THEN "mysql".geometry_of_json(inner_value, options, false) END;
  END IF;
  inner_value := "mysql".geometry_member(j, CASE kind WHEN 7 THEN 'geometries' ELSE 'features' END, 'array');
  IF EXISTS (SELECT FROM jsonb_array_elements(inner_value) AS e WHERE jsonb_typeof(e) <> 'object') THEN
    PERFORM "mysql".raise(3071, 'Invalid GeoJSON data provided to function st_geomfromgeojson: Member ''geometries'' must be of type ''object array''');
  END IF;
  RETURN (SELECT "mysql".geometry_header(7) || "mysql".geometry_uint_bytes(count(w)) || coalesce(string_agg(w, '' ORDER BY o), '') FROM
    (SELECT "mysql".geometry_of_json(e, options, false) AS w, o FROM jsonb_array_elements(inner_value) WITH ORDINALITY AS s(e, o)) AS s);
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_from_json(doc text, options bigint, srid bigint, given boolean) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE j jsonb; crs jsonb; name text COLLATE "C"; number bigint := srid; wkb bytea; swapped boolean;
BEGIN
  IF srid NOT BETWEEN 0 AND 4294967295 THEN PERFORM "mysql".geometry_swapped(srid, 'st_geomfromgeojson'); END IF;
  IF options NOT BETWEEN 1 AND 4 THEN PERFORM "mysql".raise(1411, format('Incorrect option value: ''%s'' for function st_geomfromgeojson', options)); END IF;
  j := "mysql".json_document(doc, 'in argument 1 to function st_geomfromgeojson');
  IF jsonb_typeof(j) = 'null' THEN RETURN NULL; END IF;
  IF jsonb_typeof(j) <> 'object' THEN PERFORM "mysql".geometry_json_invalid(); END IF;
  IF EXISTS (SELECT FROM jsonb_object_keys(j) AS k WHERE lower(k COLLATE "C") = 'crs') THEN
    crs := "mysql".geometry_member(j, 'crs', 'object null');
    IF jsonb_typeof(crs) = 'object' AND NOT given THEN
      name := "mysql".geometry_member(crs, 'type', 'string') #>> '{}';
      crs := "mysql".geometry_member(crs, 'properties', 'object');
      IF lower(name) <> 'name' THEN PERFORM "mysql".geometry_json_invalid(); END IF;
      name := "mysql".geometry_member(crs, 'name', 'string') #>> '{}';
      IF lower(name) = 'urn:ogc:def:crs:ogc:1.3:crs84' THEN number := 4326;
      ELSIF name ~* '^(urn:ogc:def:crs:mysql::|mysql:)0$' THEN number := 0;
      ELSIF name ~* '^(urn:ogc:def:crs:epsg::|epsg:)0*[1-9][0-9]{0,9}$' THEN number := substring(name from '[0-9]+$')::bigint;
      ELSE PERFORM "mysql".geometry_json_invalid(); END IF;
    END IF;
  END IF;
  wkb := "mysql".geometry_of_json(j, options, true);
  IF wkb IS NULL THEN RETURN NULL; END IF;
  swapped := "mysql".geometry_swapped(number, 'st_geomfromgeojson');
  RETURN "mysql".geometry_made(wkb, number, swapped, 'st_geomfromgeojson');
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_from_json(doc text, options bigint, srid bigint) RETURNS bytea LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_from_json(doc, options, srid, true) $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_from_json(doc text, options bigint DEFAULT 1) RETURNS bytea LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_from_json(doc, options, 4326, false) $$;

-- A value that a column of the kind stores.
CREATE OR REPLACE FUNCTION "mysql".geometry_check(g bytea, wanted text) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE kind integer; w text COLLATE "C" := replace(upper(wanted COLLATE "C"), 'GEOMCOLLECTION', 'GEOMETRYCOLLECTION');
BEGIN
  IF octet_length(g) >= 13 AND ("mysql".geometry_scan(g, 4, 4)).next = octet_length(g) THEN
    kind := get_byte(g, 5);
    IF w IN ('', 'GEOMETRY') OR "mysql".geometry_kind(w) = kind OR w = 'GEOMETRYCOLLECTION' AND kind >= 4 THEN RETURN g; END IF;
  END IF;
  PERFORM "mysql".raise(1416, 'Cannot get geometry object from data you send to the GEOMETRY field');
  RETURN NULL;
END $$;
-- The value for a column with that SRID.
CREATE OR REPLACE FUNCTION "mysql".geometry_of_srid(g bytea, wanted bigint, name text) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ BEGIN
  IF "mysql".geometry_uint(g, 0) <> wanted THEN
    PERFORM "mysql".raise(3643, format('The SRID of the geometry does not match the SRID of the column ''%s''. The SRID of the geometry is %s, but the SRID of the column is %s. Consider changing the SRID of the geometry or the SRID property of the column.', name, "mysql".geometry_uint(g, 0), wanted));
  END IF;
  RETURN g;
END $$;

-- Values from parts. The kind that the parts have; 0 for any.
CREATE OR REPLACE FUNCTION "mysql".geometry_build(kind integer, part integer, parts bytea[], fname text) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE g bytea; bytes bytea := ''; size integer;
BEGIN
  IF array_position(parts, NULL) IS NOT NULL THEN RETURN NULL; END IF;
  FOREACH g IN ARRAY parts LOOP
    PERFORM "mysql".geometry_read(g, fname, 0);
    IF part > 0 AND get_byte(g, 5) <> part THEN PERFORM "mysql".raise(1210, format('Incorrect arguments to %s', fname)); END IF;
    size := octet_length(g);
    IF kind = 3 AND ("mysql".geometry_uint(g, 9) < 4 OR "mysql".geometry_double(g, 13) <> "mysql".geometry_double(g, size - 16) OR "mysql".geometry_double(g, 21) <> "mysql".geometry_double(g, size - 8)) THEN PERFORM "mysql".geometry_invalid(fname); END IF;
    bytes := bytes || CASE WHEN kind <= 3 THEN substring(g, 10) ELSE substring(g, 5) END;
  END LOOP;
  IF kind = 2 AND cardinality(parts) < 2 THEN PERFORM "mysql".geometry_invalid(fname); END IF;
  RETURN '\x00000000'::bytea || "mysql".geometry_header(kind) || "mysql".geometry_uint_bytes(cardinality(parts)) || bytes;
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_point(x double precision, y double precision) RETURNS bytea LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT '\x000000000101000000'::bytea || "mysql".geometry_double_bytes(x) || "mysql".geometry_double_bytes(y) $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_line(VARIADIC points bytea[]) RETURNS bytea LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_build(2, 1, points, 'linestring') $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_polygon(VARIADIC rings bytea[]) RETURNS bytea LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_build(3, 2, rings, 'polygon') $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_multipoint(VARIADIC points bytea[]) RETURNS bytea LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_build(4, 1, points, 'multipoint') $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_multiline(VARIADIC lines bytea[]) RETURNS bytea LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_build(5, 2, lines, 'multilinestring') $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_multipolygon(VARIADIC polygons bytea[]) RETURNS bytea LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_build(6, 3, polygons, 'multipolygon') $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_collection(VARIADIC parts bytea[] DEFAULT '{}') RETURNS bytea LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_build(7, 0, parts, 'geometrycollection') $$;

-- Properties.
CREATE OR REPLACE FUNCTION "mysql".geometry_axis(g bytea, axis integer, fname text) RETURNS double precision LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE coordinates double precision[] := "mysql".geometry_read(g, fname, 2);
BEGIN
  PERFORM "mysql".geometry_unexpected(get_byte(g, 5), 'POINT', fname, 'POINT');
  RETURN coordinates[CASE WHEN "mysql".geometry_uint(g, 0) = 4326 THEN 3 - axis ELSE axis END];
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_x(g bytea) RETURNS double precision LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_axis(g, 1, 'st_x') $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_y(g bytea) RETURNS double precision LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_axis(g, 2, 'st_y') $$;
-- ST_X and ST_Y with two arguments.
CREATE OR REPLACE FUNCTION "mysql".geometry_with_axis(g bytea, axis integer, v double precision, fname text) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE coordinates double precision[] := "mysql".geometry_read(g, fname, 2); swapped boolean := "mysql".geometry_uint(g, 0) = 4326;
BEGIN
  PERFORM "mysql".geometry_unexpected(get_byte(g, 5), 'POINT', fname, 'POINT');
  coordinates[CASE WHEN swapped THEN 3 - axis ELSE axis END] := v;
  RETURN "mysql".geometry_made(substring(g, 5, 5) || "mysql".geometry_double_bytes(coordinates[1]) || "mysql".geometry_double_bytes(coordinates[2]), "mysql".geometry_uint(g, 0), swapped, fname);
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_x(g bytea, v double precision) RETURNS bytea LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_with_axis(g, 1, v, 'st_x') $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_y(g bytea, v double precision) RETURNS bytea LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_with_axis(g, 2, v, 'st_y') $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_srid(g bytea) RETURNS bigint LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ BEGIN PERFORM "mysql".geometry_read(g, 'st_srid', 3); RETURN "mysql".geometry_uint(g, 0); END $$;
-- ST_SRID with two arguments.
CREATE OR REPLACE FUNCTION "mysql".geometry_srid(g bytea, srid bigint) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE coordinates double precision[] := "mysql".geometry_read(g, 'st_srid', 0);
BEGIN
  IF "mysql".geometry_swapped(srid, 'st_srid') THEN PERFORM "mysql".geometry_in_range(coordinates, 'st_srid', true); END IF;
  RETURN "mysql".geometry_uint_bytes(srid) || substring(g, 5);
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_type(g bytea) RETURNS text LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ BEGIN PERFORM "mysql".geometry_read(g, 'st_geometrytype', 1); RETURN "mysql".geometry_kind_name(get_byte(g, 5)); END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_points(g bytea) RETURNS bigint LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ BEGIN PERFORM "mysql".geometry_read(g, 'st_numpoints', 1); RETURN CASE get_byte(g, 5) WHEN 2 THEN "mysql".geometry_uint(g, 9) END; END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_point_at(g bytea, n bigint, fname text) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE count bigint;
BEGIN
  PERFORM "mysql".geometry_read(g, fname, 1);
  IF get_byte(g, 5) <> 2 THEN RETURN NULL; END IF;
  count := "mysql".geometry_uint(g, 9);
  IF fname = 'st_endpoint' COLLATE "C" THEN n := count; END IF;
  RETURN CASE WHEN n BETWEEN 1 AND count THEN substring(g, 1, 4) || "mysql".geometry_header(1) || substring(g, (n * 16 - 2)::integer, 16) END;
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_start_point(g bytea) RETURNS bytea LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_point_at(g, 1, 'st_startpoint') $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_end_point(g bytea) RETURNS bytea LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_point_at(g, 0, 'st_endpoint') $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_point_n(g bytea, n bigint) RETURNS bytea LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_point_at(g, n, 'st_pointn') $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_is_empty(g bytea) RETURNS integer LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT (cardinality("mysql".geometry_read(g, 'st_isempty', 1)) = 0)::integer $$;

-- Measures in flat systems.
CREATE OR REPLACE FUNCTION "mysql".geometry_flat(g bytea, fname text) RETURNS void LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ BEGIN
  IF "mysql".geometry_system("mysql".geometry_uint(g, 0)) = 'G' THEN PERFORM "mysql".raise(1235, format('This version of MySQL doesn''t yet support ''%s with SRID %s''', fname, "mysql".geometry_uint(g, 0))); END IF;
END $$;
-- NULL when it's too large.
CREATE OR REPLACE FUNCTION "mysql".geometry_span(x1 double precision, y1 double precision, x2 double precision, y2 double precision) RETURNS double precision LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE dx double precision; dy double precision;
BEGIN
  IF greatest(abs(x1), abs(x2), abs(y1), abs(y2)) > 8e307 THEN RETURN NULL; END IF;
  dx := abs(x2 - x1); dy := abs(y2 - y1);
  IF greatest(dx, dy) > 9e153 THEN RETURN NULL; END IF;
  RETURN sqrt(CASE WHEN dx < 1e-150 THEN 0 ELSE dx * dx END + CASE WHEN dy < 1e-150 THEN 0 ELSE dy * dy END);
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_length(g bytea) RETURNS double precision LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE kind integer; lines bigint := 1; n bigint; at integer := 4; total double precision := 0; lost double precision := 0; sum double precision; span double precision; c double precision[];
BEGIN
  PERFORM "mysql".geometry_read(g, 'st_length', 2);
  kind := get_byte(g, 5);
  IF kind NOT IN (2, 5) THEN RETURN NULL; END IF;
  PERFORM "mysql".geometry_flat(g, 'st_length');
  IF kind = 5 THEN lines := "mysql".geometry_uint(g, 9); at := 13; END IF;
  FOR i IN 1..lines LOOP
    c := ("mysql".geometry_scan(g, at, 1)).coordinates; n := cardinality(c) / 2;
    FOR j IN 1..n - 1 LOOP
      span := "mysql".geometry_span(c[2 * j - 1], c[2 * j], c[2 * j + 1], c[2 * j + 2]);
      IF span IS NULL THEN PERFORM "mysql".raise(1690, 'Length value is out of range in ''st_length'''); END IF;
      -- MySQL adds in long double.
      sum := total + span; lost := lost + CASE WHEN total >= span THEN (total - sum) + span ELSE (span - sum) + total END; total := sum;
    END LOOP;
    at := at + 9 + 16 * n;
  END LOOP;
  RETURN total + lost;
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_area(g bytea) RETURNS double precision LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE kind integer; polygons bigint := 1; rings bigint; n bigint; at integer := 4; part double precision; one double precision; total double precision := 0; c double precision[];
BEGIN
  c := "mysql".geometry_read(g, 'st_area', 2);
  kind := get_byte(g, 5);
  IF kind NOT IN (3, 6) THEN PERFORM "mysql".geometry_unexpected(kind, 'POLYGON', 'st_area', 'POLYGON/MULTIPOLYGON'); END IF;
  PERFORM "mysql".geometry_flat(g, 'st_area');
  IF EXISTS (SELECT FROM unnest(c) AS s(v) WHERE NOT abs(v) < 4e153) THEN PERFORM "mysql".raise(1690, 'Result value is out of range in ''st_area'''); END IF;
  IF kind = 6 THEN polygons := "mysql".geometry_uint(g, 9); at := 13; END IF;
  FOR p IN 1..polygons LOOP
    rings := "mysql".geometry_uint(g, at + 5); at := at + 9; one := 0;
    FOR r IN 1..rings LOOP
      n := "mysql".geometry_uint(g, at); part := 0;
      c := ARRAY(SELECT "mysql".geometry_double(g, at + 4 + 8 * j::integer) FROM generate_series(0, 2 * n - 1) AS s(j));
      FOR j IN 1..n - 1 LOOP
        part := part + "mysql".geometry_product(c[2 * j - 1] + c[2 * j + 1], c[2 * j] - c[2 * j + 2]);
      END LOOP;
      -- MySQL adds up an outer ring clockwise and the inner ones the other way round.
      IF r = 1 AND part < 0 OR r > 1 AND part > 0 THEN
        part := 0;
        FOR j IN REVERSE n - 1..1 LOOP
          part := part + "mysql".geometry_product(c[2 * j + 1] + c[2 * j - 1], c[2 * j + 2] - c[2 * j]);
        END LOOP;
      END IF;
      one := one + CASE WHEN r = 1 THEN abs(part / 2) ELSE -abs(part / 2) END;
      at := at + 4 + 16 * n;
    END LOOP;
    total := total + one;
  END LOOP;
  RETURN total;
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_product(a double precision, b double precision) RETURNS double precision LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN abs(a) < 1e-150 OR abs(b) < 1e-150 THEN 0 ELSE a * b END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_envelope(g bytea) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE box double precision[] := "mysql".geometry_box("mysql".geometry_read(g, 'st_envelope', 2)); x0 bytea; y0 bytea; x1 bytea; y1 bytea; srid bytea := substring(g, 1, 4);
BEGIN
  IF "mysql".geometry_system("mysql".geometry_uint(g, 0)) = 'G' THEN
    PERFORM "mysql".raise(3618, format('st_envelope(%s) has not been implemented for geographic spatial reference systems.', "mysql".geometry_kind_name(get_byte(g, 5))));
  END IF;
  IF box IS NULL THEN RETURN srid || '\x010700000000000000'::bytea; END IF;
  x0 := "mysql".geometry_double_bytes(box[1]); y0 := "mysql".geometry_double_bytes(box[2]); x1 := "mysql".geometry_double_bytes(box[3]); y1 := "mysql".geometry_double_bytes(box[4]);
  IF box[1] = box[3] AND box[2] = box[4] THEN RETURN srid || '\x0101000000'::bytea || x0 || y0; END IF;
  IF box[1] = box[3] OR box[2] = box[4] THEN RETURN srid || '\x010200000002000000'::bytea || x0 || y0 || x1 || y1; END IF;
  RETURN srid || '\x01030000000100000005000000'::bytea || x0 || y0 || x1 || y0 || x1 || y1 || x0 || y1 || x0 || y0;
END $$;

-- Two values.
CREATE OR REPLACE FUNCTION "mysql".geometry_same_srid(a bytea, b bytea, fname text) RETURNS void LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ BEGIN
  IF substring(a, 1, 4) <> substring(b, 1, 4) THEN
    PERFORM "mysql".raise(3033, format('Binary geometry function %s given two geometries of different srids: %s and %s, which should have been identical.', fname, "mysql".geometry_uint(a, 0), "mysql".geometry_uint(b, 0)));
  END IF;
END $$;
CREATE OR REPLACE FUNCTION "mysql".geometry_distance(a bytea, b bytea) RETURNS double precision LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE p double precision[] := "mysql".geometry_read(a, 'st_distance', 2); q double precision[] := "mysql".geometry_read(b, 'st_distance', 2); found record;
BEGIN
  PERFORM "mysql".geometry_same_srid(a, b, 'st_distance');
  IF cardinality(p) = 0 OR cardinality(q) = 0 THEN RETURN NULL; END IF;
  PERFORM "mysql".geometry_flat(a, 'st_distance');
  IF get_byte(a, 5) NOT IN (1, 4) OR get_byte(b, 5) NOT IN (1, 4) THEN PERFORM "mysql".raise(1235, 'This version of MySQL doesn''t yet support ''st_distance of other values than points'''); END IF;
  IF NOT "mysql".geometry_finite(p || q) THEN PERFORM "mysql".geometry_invalid('st_distance'); END IF;
  SELECT min(d) AS smallest, bool_or(d IS NULL) AS large INTO found FROM
    (SELECT "mysql".geometry_span(p[2 * i - 1], p[2 * i], q[2 * j - 1], q[2 * j]) AS d FROM generate_series(1, cardinality(p) / 2) AS s(i), generate_series(1, cardinality(q) / 2) AS t(j)) AS s;
  IF found.large THEN PERFORM "mysql".geometry_invalid('st_distance'); END IF;
  RETURN found.smallest;
END $$;
-- The smallest boxes of two values compared: contains (a contains b), intersects, equals. NULL for empty values.
CREATE OR REPLACE FUNCTION "mysql".geometry_boxes(a bytea, b bytea, what text, fname text) RETURNS integer LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ DECLARE p double precision[]; q double precision[];
BEGIN
  p := "mysql".geometry_box("mysql".geometry_read(a, fname, 2)); q := "mysql".geometry_box("mysql".geometry_read(b, fname, 2));
  PERFORM "mysql".geometry_same_srid(a, b, fname);
  PERFORM "mysql".geometry_flat(a, fname);
  IF what COLLATE "C" = 'equals' THEN RETURN (p IS NOT DISTINCT FROM q)::integer; END IF;
  IF p IS NULL OR q IS NULL THEN RETURN NULL; END IF;
  IF what COLLATE "C" = 'intersects' THEN RETURN (p[1] <= q[3] AND q[1] <= p[3] AND p[2] <= q[4] AND q[2] <= p[4])::integer; END IF;
  RETURN (p[1] <= q[1] AND q[3] <= p[3] AND p[2] <= q[2] AND q[4] <= p[4]
    AND (q[1] < q[3] OR p[1] = p[3] OR q[1] > p[1] AND q[1] < p[3]) AND (q[2] < q[4] OR p[2] = p[4] OR q[2] > p[2] AND q[2] < p[4]))::integer;
END $$;
CREATE OR REPLACE FUNCTION "mysql".mbr_contains(a bytea, b bytea) RETURNS integer LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_boxes(a, b, 'contains', 'mbrcontains') $$;
CREATE OR REPLACE FUNCTION "mysql".mbr_within(a bytea, b bytea) RETURNS integer LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS
$$ BEGIN PERFORM "mysql".geometry_read(a, 'mbrwithin', 2); PERFORM "mysql".geometry_read(b, 'mbrwithin', 2); PERFORM "mysql".geometry_same_srid(a, b, 'mbrwithin'); RETURN "mysql".geometry_boxes(b, a, 'contains', 'mbrwithin'); END $$;
CREATE OR REPLACE FUNCTION "mysql".mbr_intersects(a bytea, b bytea) RETURNS integer LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_boxes(a, b, 'intersects', 'mbrintersects') $$;
CREATE OR REPLACE FUNCTION "mysql".mbr_equals(a bytea, b bytea) RETURNS integer LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT "mysql".geometry_boxes(a, b, 'equals', 'mbrequals') $$;
CREATE OR REPLACE FUNCTION "mysql".mbr_disjoint(a bytea, b bytea) RETURNS integer LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT 1 - "mysql".geometry_boxes(a, b, 'intersects', 'mbrdisjoint') $$;
