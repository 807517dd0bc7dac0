use clap::CommandFactory;

use super::*;
use crate::admin::{
    BlockerReport, CutoverReport, MirrorPhase, MirrorStatus, Side, Status, StepReport, TableState, TableStatus,
};

#[test]
fn the_command_line_is_well_formed_and_teaches() {
    Arguments::command().debug_assert();
    let help = Arguments::command().render_long_help().to_string();
    for word in ["Exit codes:", "bascule cutover --dry-run", "BASCULE_SOURCE_PASSWORD"] {
        assert!(help.contains(word), "{word} is missing in:\n{help}");
    }
}

#[test]
fn every_exit_code_has_its_case() {
    let code = |words: &[&str]| main(words.iter().map(OsString::from));
    let is = |words: &[&str], expected: u8| {
        assert_eq!(format!("{:?}", code(words)), format!("{:?}", ExitCode::from(expected)), "{words:?}");
    };
    is(&["bascule", "--version"], 0);
    is(&["bascule", "mode", "postgres"], 2);
    is(&["bascule", "status", "--socket", "/nonexistent/socket"], 4);
    is(&["bascule", "status", "--config", "/nonexistent/proxy.toml"], 5);
}

#[test]
fn the_status_is_told_whole() {
    let status = Status {
        version: "1".into(),
        mode: Mode::Mirror,
        serving: Side::Source,
        epoch: 3,
        uptime_seconds: 5,
        sessions: 2,
        active_sessions: 1,
        commands: 10,
        commands_per_second: 4.6,
        mirror: Some(MirrorStatus {
            lane: "statements".to_owned(),
            phase: MirrorPhase::Halted,
            reason: Some("the spool is full".into()),
            tables: vec![TableStatus {
                name: "shop.orders".into(),
                state: TableState::NeedsResync,
                reason: Some("RAND() in an INSERT".into()),
                rows_copied: 12,
                rows_estimated: None,
                bytes_copied: 3_145_728,
                rows_per_second: None,
                seconds_left: None,
            }],
            applied: "uuid:1-9".into(),
            transactions_applied: 9,
            lag_transactions: 2,
            lag_bytes: 2048,
            lag_seconds: 0.25,
            gaps: Some("uuid:4".into()),
            spool_bytes: 1_572_864,
            verifying: None,
            last_verified: None,
        }),
        last_cutover: Some(CutoverReport {
            blockers: vec![BlockerReport {
                subject: "session 7".into(),
                reason: "holds GET_LOCK".into(),
                hint: Some("end it".into()),
            }],
            steps: vec![StepReport { name: "shut the gate".into(), duration_ms: 1.25 }],
            ..CutoverReport::default()
        }),
        warnings: vec!["PostgreSQL doesn't answer".into()],
    };
    let text = status::text(&status);
    for word in [
        "mode        mirror (MySQL serves, epoch 3)",
        "commands    10 (5 a second)",
        "mirror      halted: the spool is full",
        "lag         2 transactions, 2.0 KiB, 0.2 s",
        "1.5 MiB",
        "writers bypass Bascule: uuid:4",
        "shop.orders",
        "RAND() in an INSERT",
        "session 7: holds GET_LOCK",
        "hint: end it",
        "1.2 ms  shut the gate",
        "! PostgreSQL doesn't answer",
    ] {
        assert!(text.contains(word), "{word} is missing in:\n{text}");
    }
}
