//! Just enough of a client to be `root` without a password, on MySQL and on MariaDB, and run statements.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A logged-in connection.
pub(super) struct RootClient {
    stream: TcpStream,
}

impl RootClient {
    pub(super) fn connect(port: u16) -> Result<Self, String> {
        let text = |error: std::io::Error| error.to_string();
        let stream = TcpStream::connect(("127.0.0.1", port)).map_err(text)?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).map_err(text)?;
        let mut client = Self { stream };
        client.read()?;
        // PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH; 16 MB packets; utf8mb4; an empty answer means no password.
        let mut reply = 0x0008_8200_u32.to_le_bytes().to_vec();
        reply.extend(0x0100_0000_u32.to_le_bytes());
        reply.push(45);
        reply.extend([0; 23]);
        reply.extend(b"root\0\0caching_sha2_password\0");
        client.write(1, &reply)?;
        // MariaDB has another plugin for it, to which no password is an empty answer too.
        if client.read()?.first() == Some(&0xfe) {
            client.write(3, &[])?;
            client.read()?;
        }
        Ok(client)
    }

    pub(super) fn execute(&mut self, statement: &str) -> Result<(), String> {
        let mut command = vec![3];
        command.extend(statement.as_bytes());
        self.write(0, &command)?;
        self.read().map(drop)
    }

    fn write(&mut self, sequence: u8, payload: &[u8]) -> Result<(), String> {
        let length = u32::try_from(payload.len()).ok().filter(|length| *length < 0x00ff_ffff);
        let mut header = length.ok_or("the statement is too long")?.to_le_bytes();
        header[3] = sequence;
        self.stream.write_all(&[&header, payload].concat()).map_err(|error| error.to_string())
    }

    /// One packet; an ERR packet becomes its message.
    fn read(&mut self) -> Result<Vec<u8>, String> {
        let text = |error: std::io::Error| error.to_string();
        let mut header = [0; 4];
        self.stream.read_exact(&mut header).map_err(text)?;
        let length = u32::from_le_bytes([header[0], header[1], header[2], 0]);
        let mut payload = vec![0; length as usize];
        self.stream.read_exact(&mut payload).map_err(text)?;
        match payload.first() {
            Some(0xff) => Err(String::from_utf8_lossy(payload.get(3..).unwrap_or_default()).into_owned()),
            Some(_) => Ok(payload),
            None => Err("an empty packet".into()),
        }
    }
}
