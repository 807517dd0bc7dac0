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

use tokio::sync::mpsc::{Receiver, Sender, channel};

/// So many sessions a thread gets before the next one gets any.
const FEW: usize = 8;
/// So many may be on their way to a thread at a time.
const ON_THE_WAY: usize = 256;

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
    comers: Sender<Comer>,
}

impl Threads {
    /// So many threads, and where each gets its clients.
    pub(super) fn new(number: usize) -> (Arc<Self>, Vec<Receiver<Comer>>) {
        let (senders, receivers): (Vec<_>, _) = (0..number).map(|_| channel(ON_THE_WAY)).unzip();
        let threads = senders.into_iter().map(|comers| Thread { sessions: AtomicUsize::new(0), comers });
        (Arc::new(Self(threads.collect())), receivers)
    }

    /// A seat for a client that has come. Two that come at once may make it one more than meant.
    pub(super) fn seat(self: &Arc<Self>) -> Seat {
        let counts = self.0.iter().map(|thread| thread.sessions.load(Ordering::Relaxed));
        self.seat_on(choose(&counts.collect::<Vec<_>>()))
    }

    fn seat_on(self: &Arc<Self>, number: usize) -> Seat {
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
    /// Sends it to its thread. It's given back, with a seat on this one, when that takes nobody now or any more, and when it
    /// is this one.
    pub(super) fn send(self, this: usize) -> Option<Self> {
        if self.seat.number == this {
            return Some(self);
        }
        let threads = Arc::clone(&self.seat.threads);
        let refused = threads.0[self.seat.number].comers.try_send(self).err()?.into_inner();
        Some(Self { seat: threads.seat_on(this), ..refused })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.threads.0[self.number].sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use super::{Accepted, Comer, FEW, ON_THE_WAY, Threads, choose};

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

    #[test]
    fn whom_a_thread_does_not_take_stays_where_it_came() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let client = TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
        let peer = client.local_addr().expect("an address");
        let accepted = || Accepted::Tcp(client.try_clone().expect("a handle"), peer);
        let (threads, mut comers) = Threads::new(2);
        let counts = || threads.0.iter().map(|thread| thread.sessions.load(Ordering::Relaxed)).collect::<Vec<_>>();
        let come = || Comer { accepted: accepted(), seat: threads.seat_on(1) };
        assert!(come().send(1).is_some(), "it's there");
        (0..ON_THE_WAY).for_each(|_| assert!(come().send(0).is_none(), "it's sent"));
        let back = come().send(0).expect("too many are on their way");
        assert_eq!((back.seat.number, counts()), (0, vec![1, ON_THE_WAY]));
        drop(back);
        comers[1].close();
        while comers[1].try_recv().is_ok() {}
        assert_eq!(come().send(0).expect("it takes nobody any more").seat.number, 0);
        assert_eq!((counts(), Arc::strong_count(&threads)), (vec![0, 0], 1));
    }
}
