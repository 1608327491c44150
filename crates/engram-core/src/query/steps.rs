//! What a query did, step by step, as its report tells it.

use super::request::Report;
use crate::state::Collection;
use std::time::Instant;

/// A report in the making, and when the step under way began.
pub(super) struct Steps {
    clock: Instant,
    pub(super) report: Report,
}

impl Steps {
    pub(super) fn new(c: &Collection) -> Steps {
        Steps {
            clock: Instant::now(),
            report: Report {
                records: c.live(),
                ..Report::default()
            },
        }
    }

    /// Those of one of several queries, after what they did together.
    pub(super) fn after(together: &Steps) -> Steps {
        Steps {
            clock: Instant::now(),
            report: together.report.clone(),
        }
    }

    /// Notes that `name` has ended and left `rows`.
    pub(super) fn done(&mut self, name: &str, rows: u64) {
        let us = self.clock.elapsed().as_micros() as u64;
        self.report.steps.push((name.to_owned(), rows, us));
        self.clock = Instant::now();
    }
}
