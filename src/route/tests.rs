use std::time::Duration;

use super::*;

fn route() -> (Arc<Route>, Control) {
    Route::new(Mode::Passthrough, 1)
}

async fn pending(future: impl Future) -> bool {
    tokio::time::timeout(Duration::ZERO, future).await.is_err()
}

#[tokio::test]
async fn a_shut_gate_waits_for_open_transactions_and_stops_new_ones() {
    let (route, _control) = route();
    let mut inside = route.open_session(SessionInfo::default());
    let mut outside = route.open_session(SessionInfo::default());
    inside.enter(false).await;
    inside.leave(true);

    let mut shutting = std::pin::pin!(route.shut());
    assert!(pending(shutting.as_mut()).await, "a transaction is open");
    assert!(pending(outside.enter(false)).await, "nothing new begins");
    inside.enter(true).await;
    assert!(pending(shutting.as_mut()).await, "its COMMIT is in flight");
    inside.leave(false);
    let shut = shutting.await;
    assert!(pending(outside.enter(false)).await);
    drop(shut);
    assert_eq!(outside.enter(false).await, Admission { side: ServingSide::Source, captured: false });
}

#[tokio::test]
async fn held_commits_wait_and_reads_go_on() {
    let (route, _control) = route();
    let mut writer = route.open_session(SessionInfo::default());
    let mut reader = route.open_session(SessionInfo::default());
    writer.enter(true).await;
    let mut holding = std::pin::pin!(route.hold_commits());
    assert!(pending(holding.as_mut()).await, "a commit is in flight");
    writer.leave(false);
    let hold = holding.await;
    assert!(pending(writer.enter(true)).await, "commits are held");
    reader.enter(false).await;
    reader.leave(false);
    drop(hold);
    writer.enter(true).await;
}

#[tokio::test]
async fn a_flip_is_seen_by_sessions_that_waited() {
    let (route, control) = route();
    let mut session = route.open_session(SessionInfo::default());
    let shut = route.shut().await;
    let mut entering = std::pin::pin!(session.enter(true));
    assert!(pending(entering.as_mut()).await);
    control.set_mode(Mode::Postgres, 2);
    drop(shut);
    assert_eq!(entering.await.side, ServingSide::Target);
}

#[tokio::test]
async fn capturing_begins_at_a_boundary_of_each_session() {
    let (route, control) = route();
    let mut old = route.open_session(SessionInfo::default());
    old.enter(false).await;
    old.leave(true);
    control.start_capturing();
    let mut settled = std::pin::pin!(control.generation_settled());
    assert!(pending(settled.as_mut()).await);
    assert!(!old.enter(true).await.captured, "its transaction began before");
    old.leave(false);
    settled.await;
    assert!(old.enter(true).await.captured);
}

#[tokio::test]
async fn dropping_a_session_anywhere_lets_the_closers_go_on() {
    let (route, _control) = route();
    let mut session = route.open_session(SessionInfo::default());
    session.enter(true).await;
    let mut holding = std::pin::pin!(route.hold_commits());
    assert!(pending(holding.as_mut()).await);
    drop(session);
    drop(holding.await);
    drop(route.shut().await);
    assert_eq!(route.session_count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_commits_while_commits_are_held() {
    let (route, _control) = route();
    let commits = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let (route, commits, stop) = (Arc::clone(&route), Arc::clone(&commits), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut session = route.open_session(SessionInfo::default());
                while !stop.load(Ordering::SeqCst) {
                    session.enter(true).await;
                    commits.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    session.leave(false);
                }
            })
        })
        .collect();
    while commits.load(Ordering::SeqCst) < 2_000 {
        let hold = route.hold_commits().await;
        let before = commits.load(Ordering::SeqCst);
        tokio::task::yield_now().await;
        assert_eq!(commits.load(Ordering::SeqCst), before);
        drop(hold);
        tokio::task::yield_now().await;
    }
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.expect("writer ends");
    }
}
