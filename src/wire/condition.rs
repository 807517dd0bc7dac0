//! MySQL's conditions: warnings and notes beside a result, and the SQLSTATE that belongs to each error number.
//!
//! The numbers come from `performance_schema.events_errors_summary_global_by_error` of MySQL 9.7.4, which lists every
//! error of the server with its SQLSTATE.

/// How grave a condition is; an error ends its statement and isn't one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Note,
    Warning,
    /// What came before the error that ended the statement.
    Error,
}

impl Level {
    /// The word in SHOW WARNINGS.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "Note",
            Self::Warning => "Warning",
            Self::Error => "Error",
        }
    }
}

/// One line of SHOW WARNINGS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub level: Level,
    pub code: u16,
    pub message: String,
}

impl Condition {
    /// A warning.
    #[must_use]
    pub fn warning(code: u16, message: impl Into<String>) -> Self {
        Self { level: Level::Warning, code, message: message.into() }
    }

    /// True for what MySQL says when it reads a statement: forms that it means to drop.
    #[must_use]
    pub const fn is_of_text(&self) -> bool {
        matches!(self.code, 1287 | 1681 | 3719 | 3720 | 3778)
    }

    /// A note.
    #[must_use]
    pub fn note(code: u16, message: impl Into<String>) -> Self {
        Self { level: Level::Note, code, message: message.into() }
    }
}

/// The SQLSTATE of an error number.
#[must_use]
pub const fn sqlstate(code: u16) -> &'static str {
    match code {
        1249 | 1261 | 1262 | 1265 | 1311 | 1642 | 3519 | 3565 | 3751 => "01000",
        3713 => "01S00",
        3715 => "01S01",
        1329 | 1643 => "02000",
        1040 | 1251 => "08004",
        1042 | 1043 | 1047 | 1053 | 1080 | 1081 | 1152..=1161 | 1184 | 1189 | 1190 | 1218 | 3068 => "08S01",
        1312 | 1314 | 1335 | 1336 | 1415 | 1845 | 1846 => "0A000",
        1645 => "0K000",
        3004 => "0Z002",
        1339 => "20000",
        1222 | 1241 | 1242 => "21000",
        1058 | 1136 => "21S01",
        1406 | 3907 => "22001",
        1264 | 1416 | 1690 | 3155 | 3669 | 3706 | 3752 | 3904 => "22003",
        1138 | 1263 => "22004",
        1292 | 1367 => "22007",
        1441 => "22008",
        1365 => "22012",
        3156 | 3903 => "22018",
        3020 => "2201E",
        3037 | 3558..=3564 | 3727 => "22023",
        3140 | 3141 | 3144..=3147 | 3150 | 3151 | 3157 | 3158 | 3853 => "22032",
        3967 => "22034",
        3665 | 3966 => "22035",
        3666 => "2203F",
        3520 | 3618 | 3682 | 3704 | 3705 | 3726 | 3741..=3744 => "22S00",
        3516 | 4032 => "22S01",
        3616 | 3731 => "22S02",
        3617 | 3732 => "22S03",
        4033 => "22S04",
        4034 => "22S05",
        1022 | 1048 | 1052 | 1062 | 1169 | 1216 | 1217 | 1451 | 1452 | 1557 | 1586 | 1761 | 1762 | 1859 | 3673 => {
            "23000"
        }
        1325 | 1326 => "24000",
        1179 | 1207 => "25000",
        1568 => "25001",
        1792 => "25006",
        1045 | 1698 | 1873 => "28000",
        1303 => "2F003",
        1321 => "2F005",
        1758 => "35000",
        1046 => "3D000",
        3101 => "40000",
        1213 => "40001",
        1044
        | 1049
        | 1055..=1057
        | 1059
        | 1061
        | 1063..=1075
        | 1083
        | 1084
        | 1090
        | 1091
        | 1101..=1104
        | 1106
        | 1107
        | 1110
        | 1112
        | 1113
        | 1115
        | 1118
        | 1120
        | 1121
        | 1131..=1133
        | 1139..=1145
        | 1147..=1149
        | 1162..=1164
        | 1166
        | 1167
        | 1170..=1173
        | 1176..=1178
        | 1203
        | 1211
        | 1226
        | 1227
        | 1230..=1232
        | 1234
        | 1235
        | 1239
        | 1248
        | 1250
        | 1252
        | 1253
        | 1280
        | 1281
        | 1286
        | 1304
        | 1305
        | 1308..=1310
        | 1313
        | 1315
        | 1316
        | 1318..=1320
        | 1322..=1324
        | 1327
        | 1330..=1333
        | 1337
        | 1338
        | 1370
        | 1403
        | 1407
        | 1410
        | 1413
        | 1414
        | 1425..=1427
        | 1437
        | 1439
        | 1453
        | 1458
        | 1460
        | 1461
        | 1463
        | 1582..=1584
        | 1630
        | 1641
        | 1687
        | 1701
        | 3057
        | 3061
        | 3119
        | 3131
        | 3143
        | 3148
        | 3149
        | 3152..=3154
        | 3165
        | 3202
        | 3630
        | 3667
        | 3670
        | 3753
        | 3948
        | 3999
        | 4048
        | 4163 => "42000",
        1050 => "42S01",
        1051 | 1109 | 1146 => "42S02",
        1082 => "42S12",
        1060 => "42S21",
        1054 | 1247 => "42S22",
        3503 => "42Y07",
        1317 => "70100",
        1037 | 1038 => "HY001",
        3714 => "SR000",
        3521 | 3548 => "SR001",
        3517 | 3736..=3740 | 4105..=4107 | 4124..=4127 => "SR002",
        3518 => "SR003",
        3712 => "SR004",
        3716 => "SR005",
        3708..=3711 | 3717 | 3718 => "SR006",
        3882 | 3902 => "SU001",
        1402 => "XA100",
        1614 => "XA102",
        1613 => "XA106",
        1401 => "XAE03",
        1397 => "XAE04",
        1398 => "XAE05",
        1399 => "XAE07",
        1440 => "XAE08",
        1400 => "XAE09",
        _ => "HY000",
    }
}
