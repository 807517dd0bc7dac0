//! One message with open files, from process to process (`SCM_RIGHTS`).
//!
//! The kernel gives the receiver descriptors of the same open files, so a listening socket that is passed on this way
//! keeps its queue: connections that nobody has accepted yet are accepted by whichever process asks first, and none is
//! lost when the sender closes its own. (With `SO_REUSEPORT` alone each process has a queue of its own, and closing a
//! socket resets whoever waits in its queue.)

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::UnixStream;

/// So many files pass in one message at most; the kernel's limit is 253.
const MOST_FILES: usize = 200;
/// No message is larger.
const MOST_BYTES: usize = 1 << 20;

/// Sends `message` with `files`: in parts when they are many, the message with the last one.
///
/// # Errors
/// When the peer is gone.
pub async fn send(stream: &mut UnixStream, message: &[u8], files: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut rest = files;
    while rest.len() > MOST_FILES {
        let (now, later) = rest.split_at(MOST_FILES);
        send_part(stream, b"", now).await?;
        rest = later;
    }
    send_part(stream, message, rest).await
}

/// The length goes first, and the files with that.
async fn send_part(stream: &mut UnixStream, message: &[u8], files: &[BorrowedFd<'_>]) -> io::Result<()> {
    if message.len() > MOST_BYTES {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let length = u32::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?.to_le_bytes();
    let sent = stream.async_io(Interest::WRITABLE, || {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FILES))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !files.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(files)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let sent = rustix::net::sendmsg(&*stream, &[IoSlice::new(&length)], &mut ancillary, SendFlags::NOSIGNAL)?;
        Ok(sent)
    });
    let sent = sent.await?;
    stream.write_all(length.get(sent..).unwrap_or_default()).await?;
    stream.write_all(message).await
}

/// Receives what [`send`] sent.
///
/// # Errors
/// When the peer is gone, or the message isn't one.
pub async fn receive(stream: &mut UnixStream) -> io::Result<(Vec<u8>, Vec<OwnedFd>)> {
    let mut files = Vec::new();
    loop {
        let message = receive_part(stream, &mut files).await?;
        if !message.is_empty() {
            return Ok((message, files));
        }
    }
}

async fn receive_part(stream: &mut UnixStream, files: &mut Vec<OwnedFd>) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    let received = stream.async_io(Interest::READABLE, || {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FILES))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut slices = [IoSliceMut::new(&mut length)];
        let received = rustix::net::recvmsg(&*stream, &mut slices, &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(rights) = message {
                files.extend(rights);
            }
        }
        Ok(received.bytes)
    });
    let received = received.await?;
    if received == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    stream.read_exact(length.get_mut(received..).unwrap_or_default()).await?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MOST_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsFd;

    use super::*;

    #[tokio::test]
    async fn whoever_waits_in_the_queue_of_a_passed_socket_is_accepted() {
        let (mut one, mut other) = UnixStream::pair().expect("a pair");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("an address");
        let waiting = TcpStream::connect(address).expect("a connection");
        send(&mut one, b"words", &[listener.as_fd()]).await.expect("sent");
        drop((listener, one));
        let (words, mut files) = receive(&mut other).await.expect("received");
        assert_eq!(words, b"words");
        let heir = TcpListener::from(files.pop().expect("a file"));
        assert!(files.is_empty());
        assert_eq!(heir.accept().expect("accepted").1, waiting.local_addr().expect("an address"));
        assert_eq!(receive(&mut other).await.expect_err("the end").kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn many_files_pass_too() {
        let (mut one, mut other) = UnixStream::pair().expect("a pair");
        let file = tempfile::tempfile().expect("a file");
        let many = vec![file.as_fd(); 450];
        let (sent, received) = tokio::join!(send(&mut one, b"words", &many), receive(&mut other));
        sent.expect("sent");
        let (words, files) = received.expect("received");
        assert_eq!((words.as_slice(), files.len()), (&b"words"[..], 450));
    }
}
