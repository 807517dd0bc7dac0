//! DDL while PostgreSQL serves: what is open is committed, then PostgreSQL's statements and the stored catalogue
//! change in one transaction of their own, then every session sees the new catalogue. If it fails, nothing of it has
//! happened, and what was committed stays committed, as in MySQL.

use std::sync::Arc;

use super::backend::Failure;
use super::session::Session;
use crate::sql::plan::{DdlPlan, Plan};
use crate::store::statement;
use crate::target::Request;

impl Session {
    pub(super) async fn run_ddl(&mut self, text: &str, plan: &DdlPlan) -> Result<(), Failure> {
        self.commit_open().await?;
        let serving = Arc::clone(&self.serving);
        let _alone = serving.ddl.lock().await;
        // Another session's DDL may have come first; the plan is made anew under the lock.
        let catalogue = serving.catalogue.load_full();
        let again = self.plan(text, &catalogue)?;
        let plan = match &*again {
            Plan::Ddl(again) => again,
            Plan::Query(_) | Plan::Write(_) | Plan::Session(_) => plan,
        };
        let stored: Vec<_> = plan.changes.iter().map(statement::catalogue).collect();
        let mut requests: Vec<Request<'_>> = plan.statements.iter().map(|sql| Request::new(sql.as_str())).collect();
        requests.extend(stored.iter().map(statement::StoreStatement::request));
        if !requests.is_empty() {
            let grip = self.grip();
            self.backend.alone(grip.call(None), &requests).await?;
        }
        if !plan.changes.is_empty() {
            let mut changed = (*catalogue).clone();
            for change in &plan.changes {
                changed.apply(change);
            }
            serving.catalogue.store(Arc::new(changed));
        }
        for (code, message) in &plan.notes {
            self.state.warn("Note", *code, message.clone());
        }
        self.state.row_count = 0;
        self.ok();
        Ok(())
    }
}
