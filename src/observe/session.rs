//! Which client session a message belongs to.
//!
//! A session's whole life is one future: while it's polled, its numbers stand in a cell of the thread, and every message
//! that is written meanwhile gets them ([`numbered`]). A span of `tracing` would do the same for 90 ns at each poll, which
//! forwarding polls two or three times for a statement of 11 µs; the cell takes 4 ns.

use std::cell::Cell;
use std::fmt::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

/// A session's numbers; 0 where there's none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Numbers {
    /// Bascule's own, as `bascule sessions` lists it.
    session: u64,
    /// The connection id that the client sees.
    connection: u64,
}

thread_local! {
    static PRESENT: Cell<Numbers> = const { Cell::new(Numbers { session: 0, connection: 0 }) };
}

/// The future of a session's life.
pub struct OfSession<F> {
    numbers: Numbers,
    life: Pin<Box<F>>,
}

/// Numbers every message that is logged while `life` is polled.
pub fn of_session<F: Future>(session: u64, life: F) -> OfSession<F> {
    OfSession { numbers: Numbers { session, connection: 0 }, life: Box::pin(life) }
}

/// The connection id of the session that is polled just now has become known.
pub fn connection_known(connection: u64) {
    PRESENT.set(Numbers { connection, ..PRESENT.get() });
}

/// Puts the thread's numbers back, also after a panic.
struct Before(Numbers);

impl Drop for Before {
    fn drop(&mut self) {
        PRESENT.set(self.0);
    }
}

impl<F: Future> Future for OfSession<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        let _before = Before(PRESENT.replace(this.numbers));
        let polled = this.life.as_mut().poll(context);
        this.numbers = PRESENT.get();
        polled
    }
}

/// A format of messages that adds the session's numbers.
pub(super) struct Numbered<F> {
    format: F,
    json: bool,
}

/// Adds the session's numbers to lines of text, or to objects of JSON.
pub(super) fn numbered<F>(format: F, json: bool) -> Numbered<F> {
    Numbered { format, json }
}

impl<S, N, F> FormatEvent<S, N> for Numbered<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let numbers = PRESENT.get();
        if numbers == Numbers::default() {
            return self.format.format_event(context, out, event);
        }
        let mut line = String::new();
        self.format.format_event(context, Writer::new(&mut line), event)?;
        out.write_str(&with(numbers, &line, self.json))
    }
}

fn with(numbers: Numbers, line: &str, json: bool) -> String {
    let Numbers { session, connection } = numbers;
    let mut fields = String::new();
    let (equals, between) = if json { ("\":", ",\"") } else { ("=", " ") };
    for (name, number) in [("session", session), ("connection_id", connection)] {
        if number != 0 {
            // Writing into a string can't fail.
            let _ = write!(fields, "{between}{name}{equals}{number}");
        }
    }
    match line.strip_prefix('{').filter(|_| json) {
        Some(rest) => format!("{{{},{rest}", fields.trim_start_matches(',')),
        None => format!("{}{fields}\n", line.trim_end_matches('\n')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_objects_get_what_is_known() {
        let numbers = Numbers { session: 7, connection: 0 };
        assert_eq!(with(numbers, "INFO a b=1\n", false), "INFO a b=1 session=7\n");
        let numbers = Numbers { session: 7, connection: 9 };
        assert_eq!(with(numbers, "INFO a\n", false), "INFO a session=7 connection_id=9\n");
        assert_eq!(with(numbers, "{\"level\":1}\n", true), "{\"session\":7,\"connection_id\":9,\"level\":1}\n");
    }

    #[tokio::test]
    async fn each_session_has_its_own_numbers_at_each_poll() {
        let one = |session| {
            of_session(session, async move {
                assert_eq!(PRESENT.get(), Numbers { session, connection: 0 });
                connection_known(session + 100);
                tokio::task::yield_now().await;
                assert_eq!(PRESENT.get(), Numbers { session, connection: session + 100 });
            })
        };
        tokio::join!(one(1), one(2));
        assert_eq!(PRESENT.get(), Numbers::default());
    }
}
