//! The packets of the connection phase: greeting, the client's response, and the authentication exchange.
//!
//! While MySQL serves, the client's response travels as it came with only its capability flags changed; while
//! PostgreSQL serves, the greeting is made here.

use bytes::{BufMut, BytesMut};

use super::constants::{Capabilities, StatusFlags};
use super::reader::{Malformed, Reader, put_lenenc, put_lenenc_bytes};

/// First byte of an authentication packet that asks for another plugin.
pub const AUTH_SWITCH: u8 = 0xfe;
/// First byte of an authentication packet with plugin data.
pub const AUTH_MORE_DATA: u8 = 0x01;
/// First byte of an authentication packet that starts the next factor.
pub const AUTH_NEXT_FACTOR: u8 = 0x02;
/// `caching_sha2_password`: the scramble was right; OK follows.
pub const FAST_AUTH_SUCCESS: u8 = 0x03;
/// `caching_sha2_password`: the password itself is needed.
pub const FULL_AUTH_NEEDED: u8 = 0x04;
/// `caching_sha2_password`: the client asks for the public key.
pub const PUBLIC_KEY_REQUEST: u8 = 0x02;
/// `sha256_password`: the client asks for the public key.
pub const SHA256_KEY_REQUEST: u8 = 0x01;
/// The plugin that sends the password itself each time: in clear over TLS, else under the server's key.
pub const SHA256_PASSWORD: &[u8] = b"sha256_password";
/// The default plugin of MySQL 8 and later.
pub const CACHING_SHA2_PASSWORD: &[u8] = b"caching_sha2_password";

/// The server's first packet (`HandshakeV10`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    pub server_version: Vec<u8>,
    pub connection_id: u32,
    /// Twenty random bytes.
    pub scramble: Vec<u8>,
    pub capabilities: Capabilities,
    /// Low byte of the server's default collation id.
    pub collation: u8,
    pub status: StatusFlags,
    pub plugin: Vec<u8>,
}

impl Greeting {
    /// Reads the payload of a greeting.
    ///
    /// # Errors
    /// [`Malformed`] for another protocol version or a short packet.
    pub fn parse(payload: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        if reader.u8()? != 10 {
            return Err(Malformed);
        }
        let server_version = reader.nul_bytes()?.to_vec();
        let connection_id = reader.u32()?;
        let mut scramble = reader.take(8)?.to_vec();
        reader.take(1)?;
        let low = reader.u16()?;
        let collation = reader.u8()?;
        let status = StatusFlags(reader.u16()?);
        let high = reader.u16()?;
        let length = usize::from(reader.u8()?);
        reader.take(10)?;
        let second = reader.take(length.saturating_sub(8).max(13))?;
        scramble.extend_from_slice(second.strip_suffix(&[0]).unwrap_or(second));
        let plugin = reader.nul_or_rest().to_vec();
        let capabilities = Capabilities(u32::from(low) | u32::from(high) << 16);
        Ok(Self { server_version, connection_id, scramble, capabilities, collation, status, plugin })
    }

    /// The payload of this greeting.
    #[must_use]
    pub fn encode(&self) -> BytesMut {
        let capabilities = self.capabilities.0.to_le_bytes();
        let (first, second) = self.scramble.split_at(self.scramble.len().min(8));
        let mut out = BytesMut::with_capacity(96);
        out.put_u8(10);
        out.put_slice(&self.server_version);
        out.put_u8(0);
        out.put_u32_le(self.connection_id);
        out.put_slice(first);
        out.put_u8(0);
        out.put_slice(&capabilities[..2]);
        out.put_u8(self.collation);
        out.put_u16_le(self.status.0);
        out.put_slice(&capabilities[2..]);
        out.put_u8(u8::try_from(self.scramble.len() + 1).unwrap_or(u8::MAX));
        out.put_bytes(0, 10);
        out.put_slice(second);
        out.put_u8(0);
        out.put_slice(&self.plugin);
        out.put_u8(0);
        out
    }
}

/// The request for TLS: the first 32 bytes of a handshake response.
#[must_use]
pub fn ssl_request(capabilities: Capabilities, max_packet: u32, collation: u8) -> BytesMut {
    let mut out = BytesMut::with_capacity(32);
    out.put_u32_le(capabilities.0);
    out.put_u32_le(max_packet);
    out.put_u8(collation);
    out.put_bytes(0, 23);
    out
}

/// True when a client's packet is a request for TLS: the flag is set and nothing follows the fixed part.
#[must_use]
pub fn is_ssl_request(payload: &[u8]) -> bool {
    payload.len() == 32 && capabilities(payload).is_some_and(|flags| flags.contains(Capabilities::SSL))
}

/// The capability flags at the start of a handshake response or TLS request.
#[must_use]
pub fn capabilities(payload: &[u8]) -> Option<Capabilities> {
    payload.first_chunk::<4>().map(|bytes| Capabilities(u32::from_le_bytes(*bytes)))
}

/// The client's answer to the greeting (`HandshakeResponse41`).
#[derive(Clone, PartialEq, Eq)]
pub struct HandshakeResponse {
    pub capabilities: Capabilities,
    pub max_packet: u32,
    /// Collation id of the connection.
    pub collation: u8,
    pub user: Vec<u8>,
    /// The plugin's first data; depends on a secret.
    pub auth_data: Vec<u8>,
    pub database: Option<Vec<u8>>,
    pub plugin: Option<Vec<u8>>,
    /// Names and values in the client's order.
    pub attributes: Vec<(Vec<u8>, Vec<u8>)>,
    /// The level that a client asks for with zstd, in either direction.
    pub zstd_level: Option<u8>,
}

impl std::fmt::Debug for HandshakeResponse {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("HandshakeResponse")
            .field("capabilities", &self.capabilities)
            .field("collation", &self.collation)
            .field("user", &String::from_utf8_lossy(&self.user))
            .finish_non_exhaustive()
    }
}

impl HandshakeResponse {
    /// Reads the payload of a response. `offered` are the flags of the greeting: what wasn't offered doesn't count.
    ///
    /// # Errors
    /// [`Malformed`] for clients before MySQL 4.1 and for short packets.
    pub fn parse(payload: &[u8], offered: Capabilities) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        let asked = Capabilities(reader.u32()?);
        if !asked.contains(Capabilities::PROTOCOL_41) {
            return Err(Malformed);
        }
        let max_packet = reader.u32()?;
        let collation = reader.u8()?;
        reader.take(23)?;
        let user = reader.nul_bytes()?.to_vec();
        let auth_data = if asked.contains(Capabilities::PLUGIN_AUTH_LENENC_DATA) {
            reader.lenenc_bytes()?
        } else if asked.contains(Capabilities::SECURE_CONNECTION) {
            let length = usize::from(reader.u8()?);
            reader.take(length)?
        } else {
            reader.nul_bytes()?
        }
        .to_vec();
        let database = asked.contains(Capabilities::CONNECT_WITH_DB).then(|| reader.nul_or_rest().to_vec());
        let plugin = asked.contains(Capabilities::PLUGIN_AUTH).then(|| reader.nul_or_rest().to_vec());
        let attributes = if asked.contains(Capabilities::CONNECT_ATTRS) && !reader.is_empty() {
            attributes(&mut reader)?
        } else {
            Vec::new()
        };
        let capabilities = Capabilities(asked.0 & offered.0);
        let database = database.filter(|name| !name.is_empty());
        let zstd_level = asked.contains(Capabilities::ZSTD_COMPRESSION).then(|| reader.u8().ok()).flatten();
        Ok(Self { capabilities, max_packet, collation, user, auth_data, database, plugin, attributes, zstd_level })
    }

    /// The same without its proof, and for a plugin that no account has: the server then asks for what its account needs
    /// (MySQL's manual, Authentication Method Mismatch).
    #[must_use]
    pub fn unproven(&self) -> Self {
        Self { plugin: Some(b"none".to_vec()), auth_data: Vec::new(), ..self.clone() }
    }

    /// The payload of this response, with lengths in the form that the flags ask for.
    #[must_use]
    pub fn encode(&self) -> BytesMut {
        let mut out = ssl_request(self.capabilities, self.max_packet, self.collation);
        out.put_slice(&self.user);
        out.put_u8(0);
        if self.capabilities.contains(Capabilities::PLUGIN_AUTH_LENENC_DATA) {
            put_lenenc_bytes(&mut out, &self.auth_data);
        } else if self.capabilities.contains(Capabilities::SECURE_CONNECTION) {
            out.put_u8(u8::try_from(self.auth_data.len()).unwrap_or(u8::MAX));
            out.put_slice(&self.auth_data[..self.auth_data.len().min(255)]);
        } else {
            out.put_slice(&self.auth_data);
            out.put_u8(0);
        }
        if self.capabilities.contains(Capabilities::CONNECT_WITH_DB) {
            out.put_slice(self.database.as_deref().unwrap_or_default());
            out.put_u8(0);
        }
        if self.capabilities.contains(Capabilities::PLUGIN_AUTH) {
            out.put_slice(self.plugin.as_deref().unwrap_or_default());
            out.put_u8(0);
        }
        if self.capabilities.contains(Capabilities::CONNECT_ATTRS) {
            let mut pairs = BytesMut::new();
            for (name, value) in &self.attributes {
                put_lenenc_bytes(&mut pairs, name);
                put_lenenc_bytes(&mut pairs, value);
            }
            put_lenenc(&mut out, pairs.len() as u64);
            out.put_slice(&pairs);
        }
        if let Some(level) = self.zstd_level.filter(|_| self.capabilities.contains(Capabilities::ZSTD_COMPRESSION)) {
            out.put_u8(level);
        }
        out
    }
}

/// Names and values of connection attributes.
type Attributes = Vec<(Vec<u8>, Vec<u8>)>;

/// Reads connection attributes: a total length, then names and values.
fn attributes(reader: &mut Reader<'_>) -> Result<Attributes, Malformed> {
    let mut pairs = Reader::new(reader.lenenc_bytes()?);
    let mut attributes = Vec::new();
    while !pairs.is_empty() {
        attributes.push((pairs.lenenc_bytes()?.to_vec(), pairs.lenenc_bytes()?.to_vec()));
    }
    Ok(attributes)
}

/// COM_CHANGE_USER, without its command byte.
#[derive(Clone, PartialEq, Eq)]
pub struct ChangeUser {
    pub user: Vec<u8>,
    /// The plugin's first data; depends on a secret.
    pub auth_data: Vec<u8>,
    pub database: Option<Vec<u8>>,
    /// Collation id of the connection, when the client sent one.
    pub collation: Option<u16>,
    pub plugin: Option<Vec<u8>>,
}

impl std::fmt::Debug for ChangeUser {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ChangeUser").field("user", &String::from_utf8_lossy(&self.user)).finish_non_exhaustive()
    }
}

impl ChangeUser {
    /// Reads the payload after the command byte.
    ///
    /// # Errors
    /// [`Malformed`] for short packets.
    pub fn parse(payload: &[u8], capabilities: Capabilities) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        let user = reader.nul_bytes()?.to_vec();
        let auth_data = if capabilities.contains(Capabilities::SECURE_CONNECTION) {
            let length = usize::from(reader.u8()?);
            reader.take(length)?
        } else {
            reader.nul_bytes()?
        }
        .to_vec();
        let database = Some(reader.nul_or_rest().to_vec()).filter(|name| !name.is_empty());
        let collation = reader.u16().ok();
        let plugin = (capabilities.contains(Capabilities::PLUGIN_AUTH) && !reader.is_empty())
            .then(|| reader.nul_or_rest().to_vec());
        Ok(Self { user, auth_data, database, collation, plugin })
    }
}

/// A request to authenticate with another plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthSwitch {
    pub plugin: Vec<u8>,
    /// The new scramble, without its closing NUL.
    pub data: Vec<u8>,
}

impl AuthSwitch {
    /// Reads the payload of a switch request, or of a next-factor request, which has the same form.
    ///
    /// # Errors
    /// [`Malformed`] for another first byte. The request of 4.0 servers, a single byte, is malformed too.
    pub fn parse(payload: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        if !matches!(reader.u8()?, AUTH_SWITCH | AUTH_NEXT_FACTOR) {
            return Err(Malformed);
        }
        let plugin = reader.nul_bytes()?.to_vec();
        let data = reader.rest();
        Ok(Self { plugin, data: data.strip_suffix(&[0]).unwrap_or(data).to_vec() })
    }

    /// The payload of this request.
    #[must_use]
    pub fn encode(&self) -> BytesMut {
        let mut out = BytesMut::with_capacity(self.plugin.len() + self.data.len() + 3);
        out.put_u8(AUTH_SWITCH);
        out.put_slice(&self.plugin);
        out.put_u8(0);
        out.put_slice(&self.data);
        out.put_u8(0);
        out
    }
}

/// The payload of an AuthMoreData packet.
#[must_use]
pub fn auth_more_data(data: &[u8]) -> BytesMut {
    let mut out = BytesMut::with_capacity(data.len() + 1);
    out.put_u8(AUTH_MORE_DATA);
    out.put_slice(data);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting() -> Greeting {
        Greeting {
            server_version: b"9.7.4".to_vec(),
            connection_id: 77,
            scramble: (1..=20).collect(),
            capabilities: Capabilities(0xffff_ffff),
            collation: 255,
            status: StatusFlags::AUTOCOMMIT,
            plugin: CACHING_SHA2_PASSWORD.to_vec(),
        }
    }

    #[test]
    fn a_greeting_survives() {
        let payload = greeting().encode();
        assert_eq!(Greeting::parse(&payload), Ok(greeting()));
        for cut in 0..60 {
            let _ = Greeting::parse(&payload[..cut]);
        }
    }

    #[test]
    fn a_response_survives_in_each_form_and_cut_anywhere_it_never_panics() {
        let base = Capabilities::PROTOCOL_41.with(Capabilities::CONNECT_WITH_DB).with(Capabilities::PLUGIN_AUTH);
        let forms = [Capabilities(0), Capabilities::SECURE_CONNECTION, Capabilities::PLUGIN_AUTH_LENENC_DATA];
        for form in forms {
            let response = HandshakeResponse {
                capabilities: base.with(form).with(Capabilities::CONNECT_ATTRS).with(Capabilities::ZSTD_COMPRESSION),
                max_packet: 1 << 24,
                collation: 45,
                user: b"app".to_vec(),
                auth_data: vec![9; 20],
                database: Some(b"shop".to_vec()),
                plugin: Some(CACHING_SHA2_PASSWORD.to_vec()),
                attributes: vec![(b"_client".to_vec(), b"test".to_vec()), (b"pid".to_vec(), Vec::new())],
                zstd_level: Some(7),
            };
            let payload = response.encode();
            assert_eq!(HandshakeResponse::parse(&payload, Capabilities(u32::MAX)), Ok(response));
            for cut in 0..payload.len() {
                let _ = HandshakeResponse::parse(&payload[..cut], Capabilities(u32::MAX));
                let _ = ChangeUser::parse(&payload[cut..], base.with(form));
            }
        }
    }

    #[test]
    fn a_switch_survives() {
        let switch = AuthSwitch { plugin: b"mysql_native_password".to_vec(), data: (1..=20).collect() };
        assert_eq!(AuthSwitch::parse(&switch.encode()), Ok(switch));
        assert_eq!(AuthSwitch::parse(&[0xfe]), Err(Malformed));
    }
}
