//! The header with which a load balancer says whose connection it carries: the PROXY protocol, versions 1 and 2, as HAProxy
//! specifies it. Pure: bytes in, an address out; the reader asks how many bytes it may take, so that not one that belongs to
//! MySQL's protocol is taken.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::reader::{Malformed, Reader};

/// Bytes from which the two versions and a packet of MySQL's can be told apart.
pub const SNIFF: usize = 4;
/// `PROXY UNKNOWN` with its line end.
const SHORTEST_LINE: usize = 15;
/// The longest line of version 1, with its line end.
const LONGEST_LINE: usize = 107;
/// What version 2 begins with.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// The fixed part of version 2.
const FIXED: usize = 16;
/// The longest version 2 that is read: addresses of unix sockets take 216 bytes, and additions (certificates' names) some more.
const LONGEST: usize = 4096;

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The client's own address.
    Client(SocketAddr),
    /// The balancer's own connection (a health check), or one of a kind that has no address: what the socket says counts.
    Balancer,
}

/// What to do with the bytes so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Read so many bytes more, and ask again.
    Read(usize),
    /// The header is whole.
    Done(Origin),
}

/// True when a connection that begins with `head`, [`SNIFF`] bytes, begins with a header. A packet of MySQL's never does:
/// its fourth byte, the number of the client's first packet, is 1.
#[must_use]
pub fn is_header(head: [u8; SNIFF]) -> bool {
    head == *b"PROX" || SIGNATURE.starts_with(&head)
}

/// Looks at the bytes that were read so far, [`SNIFF`] at least.
///
/// # Errors
/// [`Malformed`] for what is no header, or one that is too long.
pub fn parse(bytes: &[u8]) -> Result<Next, Malformed> {
    if bytes.first() == Some(&b'P') { line(bytes) } else { binary(bytes) }
}

/// Version 1: `PROXY TCP4 192.0.2.1 198.51.100.1 50000 3306\r\n`.
fn line(bytes: &[u8]) -> Result<Next, Malformed> {
    if !(b"PROXY ".starts_with(bytes) || bytes.starts_with(b"PROXY ")) {
        return Err(Malformed);
    }
    let Some(text) = bytes.strip_suffix(b"\r\n") else {
        let bad = bytes.contains(&b'\n') || bytes.len() >= LONGEST_LINE;
        // Beyond the shortest line the end is looked for byte by byte.
        return if bad { Err(Malformed) } else { Ok(Next::Read(SHORTEST_LINE.saturating_sub(bytes.len()).max(1))) };
    };
    let text = std::str::from_utf8(text).map_err(|_| Malformed)?;
    let mut words = text.split(' ').skip(1);
    let family = words.next().ok_or(Malformed)?;
    if family == "UNKNOWN" {
        return Ok(Next::Done(Origin::Balancer));
    }
    let mut address = || {
        let word = words.next().ok_or(Malformed)?;
        match family {
            "TCP4" => word.parse::<Ipv4Addr>().map(IpAddr::V4).map_err(|_| Malformed),
            "TCP6" => word.parse::<Ipv6Addr>().map(IpAddr::V6).map_err(|_| Malformed),
            _ => Err(Malformed),
        }
    };
    let (source, _destination) = (address()?, address()?);
    let mut port = || {
        let word = words.next().filter(|word| word.bytes().all(|byte| byte.is_ascii_digit())).ok_or(Malformed)?;
        word.parse::<u16>().map_err(|_| Malformed)
    };
    let (source_port, _destination_port) = (port()?, port()?);
    match words.next() {
        None => Ok(Next::Done(Origin::Client(SocketAddr::new(source, source_port)))),
        Some(_) => Err(Malformed),
    }
}

fn binary(bytes: &[u8]) -> Result<Next, Malformed> {
    let beginning = bytes.get(..SIGNATURE.len()).unwrap_or(bytes);
    if !SIGNATURE.starts_with(beginning) {
        return Err(Malformed);
    }
    let Some(fixed) = bytes.first_chunk::<FIXED>() else { return Ok(Next::Read(FIXED - bytes.len())) };
    let (version, command, family) = (fixed[12] >> 4, fixed[12] & 0x0f, fixed[13]);
    let whole = FIXED + usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if version != 2 || command > 1 || whole > LONGEST {
        return Err(Malformed);
    }
    if bytes.len() < whole {
        return Ok(Next::Read(whole - bytes.len()));
    }
    let mut reader = Reader::new(bytes.get(FIXED..whole).ok_or(Malformed)?);
    if command == 0 {
        return Ok(Next::Done(Origin::Balancer));
    }
    // What follows the addresses is additions, which say nothing that is needed here.
    match family {
        0x11 => {
            let source: [u8; 4] = reader.take(4)?.try_into().map_err(|_| Malformed)?;
            reader.take(4)?;
            Ok(Next::Done(Origin::Client(SocketAddr::new(Ipv4Addr::from(source).into(), port(&mut reader)?))))
        }
        0x21 => {
            let source: [u8; 16] = reader.take(16)?.try_into().map_err(|_| Malformed)?;
            reader.take(16)?;
            Ok(Next::Done(Origin::Client(SocketAddr::new(Ipv6Addr::from(source).into(), port(&mut reader)?))))
        }
        0x31 => reader.take(216).map(|_| Next::Done(Origin::Balancer)),
        0x00 => Ok(Next::Done(Origin::Balancer)),
        _ => Err(Malformed),
    }
}

/// The source's port, and the destination's is there too.
fn port(reader: &mut Reader<'_>) -> Result<u16, Malformed> {
    let source: [u8; 2] = reader.take(2)?.try_into().map_err(|_| Malformed)?;
    reader.take(2)?;
    Ok(u16::from_be_bytes(source))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads as the door does; returns how many bytes were taken, too.
    fn read(bytes: &[u8]) -> Result<(Origin, usize), Malformed> {
        let mut taken = SNIFF;
        loop {
            match parse(bytes.get(..taken).ok_or(Malformed)?)? {
                Next::Read(more) => taken += more,
                Next::Done(origin) => return Ok((origin, taken)),
            }
        }
    }

    fn binary(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).expect("short").to_be_bytes();
        [SIGNATURE, &[0x20 | command, family][..], &length, body].concat()
    }

    #[test]
    fn lines_are_read_to_their_end_and_no_further() {
        let cases = [
            (
                "PROXY TCP4 192.0.2.1 198.51.100.1 50000 3306\r\n",
                Origin::Client("192.0.2.1:50000".parse().expect("it")),
            ),
            ("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n", Origin::Client("[2001:db8::1]:1".parse().expect("it"))),
            ("PROXY UNKNOWN\r\n", Origin::Balancer),
            ("PROXY UNKNOWN anything at all\r\n", Origin::Balancer),
        ];
        for (line, origin) in cases {
            let bytes = [line.as_bytes(), b"\x20\0\0\x01rest"].concat();
            assert_eq!(read(&bytes), Ok((origin, line.len())), "{line}");
        }
    }

    #[test]
    fn lines_that_are_no_header_are_refused() {
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(100));
        let cases = [
            "PROXZ TCP4 192.0.2.1 198.51.100.1 1 2\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1 65536\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 +1 2\r\n",
            "PROXY TCP4 2001:db8::1 ::1 1 2\r\n",
            "PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n",
            "PROXY  TCP4 192.0.2.1 198.51.100.1 1 2\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n",
            "PROXY \r\n",
            &long,
        ];
        for line in cases {
            assert_eq!(read(line.as_bytes()), Err(Malformed), "{line}");
        }
    }

    #[test]
    fn version_two_is_read_with_its_additions_skipped() {
        let four = [&[192, 0, 2, 1, 198, 51, 100, 1][..], &[0xc3, 0x50, 0x0c, 0xea]].concat();
        let six = [&Ipv6Addr::LOCALHOST.octets()[..], &[0; 16], &[0, 7, 0, 8]].concat();
        let addition = [0x02, 0, 3, b'a', b'b', b'c'];
        let cases = [
            (binary(1, 0x11, &four), Origin::Client("192.0.2.1:50000".parse().expect("it"))),
            (binary(1, 0x11, &[&four[..], &addition].concat()), Origin::Client("192.0.2.1:50000".parse().expect("it"))),
            (binary(1, 0x21, &six), Origin::Client("[::1]:7".parse().expect("it"))),
            (binary(1, 0x31, &[b'/'; 216]), Origin::Balancer),
            (binary(1, 0x00, b""), Origin::Balancer),
            (binary(0, 0x11, &four), Origin::Balancer),
            (binary(0, 0x00, b""), Origin::Balancer),
        ];
        for (header, origin) in cases {
            let bytes = [&header[..], b"\x20\0\0\x01rest"].concat();
            assert_eq!(read(&bytes), Ok((origin, header.len())));
            assert!(is_header(bytes[..4].try_into().expect("four")));
        }
        assert!(!is_header([0x20, 0, 0, 1]));
        for bad in
            [binary(2, 0x11, &four), binary(1, 0x12, &four), binary(1, 0x11, &four[..11]), binary(1, 0x21, &four)]
        {
            assert_eq!(read(&bad), Err(Malformed));
        }
        assert_eq!(read(&binary(0, 0, &[0; LONGEST])), Err(Malformed));
    }

    proptest! {
        #[test]
        fn any_bytes_end_without_a_panic(beginning in 0_usize..3, bytes in prop::collection::vec(any::<u8>(), 4..300)) {
            let beginning: &[u8] = [&b""[..], b"PROXY TCP4 1", &SIGNATURE[..]][beginning];
            let _ = read(&[beginning, &bytes].concat());
        }
    }
}
