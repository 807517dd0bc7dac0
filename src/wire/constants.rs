//! Numbers of the protocol under their MySQL names.

/// Capability flags of a connection (`CLIENT_*`), 32 bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct Capabilities(pub u32);

impl Capabilities {
    pub const LONG_PASSWORD: Self = Self(1);
    pub const FOUND_ROWS: Self = Self(1 << 1);
    pub const LONG_FLAG: Self = Self(1 << 2);
    pub const CONNECT_WITH_DB: Self = Self(1 << 3);
    pub const NO_SCHEMA: Self = Self(1 << 4);
    pub const COMPRESS: Self = Self(1 << 5);
    pub const ODBC: Self = Self(1 << 6);
    pub const LOCAL_FILES: Self = Self(1 << 7);
    pub const IGNORE_SPACE: Self = Self(1 << 8);
    pub const PROTOCOL_41: Self = Self(1 << 9);
    pub const INTERACTIVE: Self = Self(1 << 10);
    pub const SSL: Self = Self(1 << 11);
    pub const IGNORE_SIGPIPE: Self = Self(1 << 12);
    pub const TRANSACTIONS: Self = Self(1 << 13);
    pub const RESERVED: Self = Self(1 << 14);
    pub const SECURE_CONNECTION: Self = Self(1 << 15);
    pub const MULTI_STATEMENTS: Self = Self(1 << 16);
    pub const MULTI_RESULTS: Self = Self(1 << 17);
    pub const PS_MULTI_RESULTS: Self = Self(1 << 18);
    pub const PLUGIN_AUTH: Self = Self(1 << 19);
    pub const CONNECT_ATTRS: Self = Self(1 << 20);
    pub const PLUGIN_AUTH_LENENC_DATA: Self = Self(1 << 21);
    pub const CAN_HANDLE_EXPIRED_PASSWORDS: Self = Self(1 << 22);
    pub const SESSION_TRACK: Self = Self(1 << 23);
    pub const DEPRECATE_EOF: Self = Self(1 << 24);
    pub const OPTIONAL_RESULTSET_METADATA: Self = Self(1 << 25);
    pub const ZSTD_COMPRESSION: Self = Self(1 << 26);
    pub const QUERY_ATTRIBUTES: Self = Self(1 << 27);
    pub const MULTI_FACTOR_AUTHENTICATION: Self = Self(1 << 28);

    /// True when every flag of `other` is set here.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// This set and `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set without `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// Server status flags (`SERVER_*`) carried by OK and EOF packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StatusFlags(pub u16);

impl StatusFlags {
    pub const IN_TRANS: Self = Self(0x0001);
    pub const AUTOCOMMIT: Self = Self(0x0002);
    pub const MORE_RESULTS_EXISTS: Self = Self(0x0008);
    pub const NO_GOOD_INDEX_USED: Self = Self(0x0010);
    pub const NO_INDEX_USED: Self = Self(0x0020);
    pub const CURSOR_EXISTS: Self = Self(0x0040);
    pub const LAST_ROW_SENT: Self = Self(0x0080);
    pub const DB_DROPPED: Self = Self(0x0100);
    pub const NO_BACKSLASH_ESCAPES: Self = Self(0x0200);
    pub const METADATA_CHANGED: Self = Self(0x0400);
    pub const QUERY_WAS_SLOW: Self = Self(0x0800);
    pub const PS_OUT_PARAMS: Self = Self(0x1000);
    pub const IN_TRANS_READONLY: Self = Self(0x2000);
    pub const SESSION_STATE_CHANGED: Self = Self(0x4000);

    /// True when every flag of `other` is set here.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// This set and `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set without `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $value:expr),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, serde::Serialize, serde::Deserialize)]
        #[repr(u8)]
        pub enum $name { $($variant = $value),* }

        impl $name {
            /// The variant with this byte, or `None` for a byte the protocol doesn't define.
            #[must_use]
            pub const fn from_byte(byte: u8) -> Option<Self> {
                match byte { $($value => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    /// First byte of a client's command packet (`COM_*`).
    Command {
        Sleep = 0x00, Quit = 0x01, InitDb = 0x02, Query = 0x03, FieldList = 0x04, CreateDb = 0x05, DropDb = 0x06,
        Refresh = 0x07, Shutdown = 0x08, Statistics = 0x09, ProcessInfo = 0x0a, Connect = 0x0b, ProcessKill = 0x0c,
        Debug = 0x0d, Ping = 0x0e, Time = 0x0f, DelayedInsert = 0x10, ChangeUser = 0x11, BinlogDump = 0x12,
        TableDump = 0x13, ConnectOut = 0x14, RegisterSlave = 0x15, StmtPrepare = 0x16, StmtExecute = 0x17,
        StmtSendLongData = 0x18, StmtClose = 0x19, StmtReset = 0x1a, SetOption = 0x1b, StmtFetch = 0x1c,
        Daemon = 0x1d, BinlogDumpGtid = 0x1e, ResetConnection = 0x1f, Clone = 0x20, SubscribeGroupReplication = 0x21,
    }
}

codes! {
    /// Column type byte of result sets and binary parameters (`MYSQL_TYPE_*`).
    FieldType {
        Decimal = 0, Tiny = 1, Short = 2, Long = 3, Float = 4, Double = 5, Null = 6, Timestamp = 7, LongLong = 8,
        Int24 = 9, Date = 10, Time = 11, DateTime = 12, Year = 13, NewDate = 14, VarChar = 15, Bit = 16,
        Vector = 242, Json = 245, NewDecimal = 246, Enum = 247, Set = 248, TinyBlob = 249, MediumBlob = 250,
        LongBlob = 251, Blob = 252, VarString = 253, String = 254, Geometry = 255,
    }
}

/// Column flags of a column definition packet (`*_FLAG`).
pub mod column_flags {
    pub const NOT_NULL: u16 = 1;
    pub const PRI_KEY: u16 = 2;
    pub const UNIQUE_KEY: u16 = 4;
    pub const MULTIPLE_KEY: u16 = 8;
    pub const BLOB: u16 = 16;
    pub const UNSIGNED: u16 = 32;
    pub const ZEROFILL: u16 = 64;
    pub const BINARY: u16 = 128;
    pub const ENUM: u16 = 256;
    pub const AUTO_INCREMENT: u16 = 512;
    pub const TIMESTAMP: u16 = 1024;
    pub const SET: u16 = 2048;
    pub const NO_DEFAULT_VALUE: u16 = 4096;
    pub const ON_UPDATE_NOW: u16 = 8192;
    pub const PART_KEY: u16 = 16384;
    pub const NUM: u16 = 32768;
}
