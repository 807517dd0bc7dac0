//! Which session thread takes a client that was accepted, by whichever thread.
//!
//! The kernel would spread connections by a hash: unevenly, and a few of them over all threads. Threads that have little to
//! do sleep between any two packets, and falling asleep and being woken is half of what forwarding a statement costs. So a
//! thread gets [`FEW`] sessions before the next one gets any; from then on the thread with the fewest gets the next. A
//! session stays where it began.
//!
//! [`FEW`] is so small that those sessions can't keep a thread busy: a statement takes 20 µs of it, and at least 150 µs
//! of MySQL and the client, who wait for each other.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// So many sessions a thread gets before the next one gets any.
const FEW: usize = 8;

/// A client's connection between two threads: it belongs to no event loop.
pub(super) enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

impl Accepted {
    pub(super) fn tcp((stream, peer): (tokio::net::TcpStream, SocketAddr)) -> io::Result<Self> {
        Ok(Self::Tcp(stream.into_std()?, peer))
    }

    pub(super) fn unix(stream: tokio::net::UnixStream) -> io::Result<Self> {
        Ok(Self::Unix(stream.into_std()?))
    }
}

/// A client on its way to its thread.
pub(super) struct Comer {
    pub(super) accepted: Accepted,
    pub(super) seat: Seat,
}

/// The session threads, as those see them who accept.
pub(super) struct Threads(Vec<Thread>);

struct Thread {
    sessions: AtomicUsize,
    comers: UnboundedSender<Comer>,
}

impl Threads {
    /// So many threads, and where each gets its clients.
    pub(super) fn new(number: usize) -> (Arc<Self>, Vec<UnboundedReceiver<Comer>>) {
        let (senders, receivers): (Vec<_>, _) = (0..number).map(|_| unbounded_channel()).unzip();
        let threads = senders.into_iter().map(|comers| Thread { sessions: AtomicUsize::new(0), comers });
        (Arc::new(Self(threads.collect())), receivers)
    }

    /// A seat for a client that has come. Two that come at once may make it one more than meant.
    pub(super) fn seat(self: &Arc<Self>) -> Seat {
        let counts = self.0.iter().map(|thread| thread.sessions.load(Ordering::Relaxed));
        let number = choose(&counts.collect::<Vec<_>>());
        self.0[number].sessions.fetch_add(1, Ordering::Relaxed);
        Seat { threads: Arc::clone(self), number }
    }
}

/// The number of the thread that takes the next client, by how many each has.
fn choose(counts: &[usize]) -> usize {
    let few = counts.iter().position(|&count| count < FEW);
    let fewest = || counts.iter().enumerate().min_by_key(|(_, count)| **count).map_or(0, |(number, _)| number);
    few.unwrap_or_else(fewest)
}

/// A session's seat on a thread; given back when dropped.
pub(super) struct Seat {
    threads: Arc<Threads>,
    number: usize,
}

impl Comer {
    /// Sends it to its thread. It's given back when that is this one, or takes nobody any more.
    pub(super) fn send(self, this: usize) -> Option<Self> {
        if self.seat.number == this {
            return Some(self);
        }
        let thread = self.seat.threads.0[self.seat.number].comers.clone();
        thread.send(self).err().map(|back| back.0)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.threads.0[self.number].sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{FEW, choose};

    #[test]
    fn threads_are_filled_one_after_the_other_and_then_evenly() {
        let mut counts = [0; 3];
        for _ in 0..2 * FEW {
            counts[choose(&counts)] += 1;
        }
        assert_eq!(counts, [FEW, FEW, 0]);
        for _ in 0..FEW + 30 {
            counts[choose(&counts)] += 1;
        }
        assert_eq!(counts, [FEW + 10; 3]);
        counts[1] = FEW - 1;
        assert_eq!(choose(&counts), 1);
    }
}
