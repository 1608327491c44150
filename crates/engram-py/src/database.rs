//! An open database.

use crate::error::OrRaise;
use crate::reports;
use crate::transaction::Transaction;
use crate::view::View;
use engram_core::db::{self, DoctorOptions, OpenOptions};
use engram_core::error::Result;
use engram_core::state::State;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[pyclass(frozen, module = "engram._native")]
pub(crate) struct Database {
    core: db::Database,
}

fn view(py: Python<'_>, state: Result<Arc<State>>) -> PyResult<View> {
    Ok(View {
        state: state.or_raise(py)?,
    })
}

#[pymethods]
impl Database {
    #[staticmethod]
    #[pyo3(signature = (path, read_only, create, lock_timeout_ms, relaxed))]
    fn open(
        py: Python<'_>,
        path: Option<PathBuf>,
        read_only: bool,
        create: bool,
        lock_timeout_ms: u64,
        relaxed: bool,
    ) -> PyResult<Database> {
        let lock_timeout = Duration::from_millis(lock_timeout_ms);
        let options = OpenOptions {
            read_only,
            create,
            lock_timeout,
            relaxed,
        };
        let open = || match path {
            Some(path) => db::Database::open(&path, options),
            None => db::Database::memory(options),
        };
        Ok(Database {
            core: py.detach(open).or_raise(py)?,
        })
    }

    #[getter]
    fn path(&self) -> Option<String> {
        self.core.path().map(|p| p.to_string_lossy().into_owned())
    }
    #[getter]
    fn read_only(&self) -> bool {
        self.core.options().read_only
    }
    #[getter]
    fn closed(&self) -> bool {
        self.core.is_closed()
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.core.close()).or_raise(py)
    }

    fn view(&self, py: Python<'_>) -> PyResult<View> {
        view(py, py.detach(|| self.core.latest()))
    }
    fn view_at_snapshot(&self, py: Python<'_>, name: &str) -> PyResult<View> {
        view(py, py.detach(|| self.core.at_snapshot(name)))
    }
    fn view_at_commit(&self, py: Python<'_>, commit: u64) -> PyResult<View> {
        view(py, py.detach(|| self.core.at_commit(commit)))
    }
    fn view_at_time(&self, py: Python<'_>, time_us: i64) -> PyResult<View> {
        view(py, py.detach(|| self.core.at_time(time_us)))
    }

    fn begin(&self, py: Python<'_>) -> PyResult<Transaction> {
        Ok(Transaction::new(
            py.detach(|| self.core.begin()).or_raise(py)?,
        ))
    }

    fn create_snapshot<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyDict>> {
        let made = py.detach(|| self.core.create_snapshot(name)).or_raise(py)?;
        reports::snapshot(py, &made)
    }
    fn restore_snapshot<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyDict>> {
        let from = py
            .detach(|| self.core.restore_snapshot(name))
            .or_raise(py)?;
        reports::snapshot(py, &from)
    }
    fn delete_snapshot(&self, py: Python<'_>, name: &str) -> PyResult<bool> {
        py.detach(|| self.core.delete_snapshot(name)).or_raise(py)
    }
    fn list_snapshots<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let all = py.detach(|| self.core.list_snapshots()).or_raise(py)?;
        let out = PyList::empty(py);
        all.iter()
            .try_for_each(|s| out.append(reports::snapshot(py, s)?))?;
        Ok(out)
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = py.detach(|| self.core.stats()).or_raise(py)?;
        reports::stats(py, &stats, self.core.options().relaxed)
    }
    fn verify<'py>(&self, py: Python<'py>, deep: bool) -> PyResult<Bound<'py, PyDict>> {
        let report = py.detach(|| self.core.verify(deep)).or_raise(py)?;
        reports::verify(py, &report)
    }
    fn optimize<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let report = py.detach(|| self.core.optimize()).or_raise(py)?;
        reports::rewrite(py, &report)
    }
    fn backup<'py>(&self, py: Python<'py>, path: PathBuf) -> PyResult<Bound<'py, PyDict>> {
        let (report, commit) = py.detach(|| self.core.backup(&path)).or_raise(py)?;
        let out = PyDict::new(py);
        out.set_item("bytes", report.bytes_after)?;
        out.set_item("records", report.records)?;
        out.set_item("commit", commit)?;
        Ok(out)
    }
    fn lock_owner<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let owner = py.detach(|| self.core.lock_owner()).or_raise(py)?;
        let Some(owner) = owner else { return Ok(None) };
        let out = PyDict::new(py);
        out.set_item("pid", owner.pid)?;
        out.set_item("host", owner.host)?;
        out.set_item("since_us", owner.since_us)?;
        Ok(Some(out))
    }
}

/// Examines and repairs a file.
#[pyfunction]
#[pyo3(signature = (path, dry_run, rebuild, vacuum, lock_timeout_ms))]
pub(crate) fn doctor<'py>(
    py: Python<'py>,
    path: PathBuf,
    dry_run: bool,
    rebuild: bool,
    vacuum: bool,
    lock_timeout_ms: u64,
) -> PyResult<Bound<'py, PyDict>> {
    let lock_timeout = Duration::from_millis(lock_timeout_ms);
    let options = DoctorOptions {
        dry_run,
        rebuild,
        vacuum,
        lock_timeout,
    };
    let report = py.detach(|| db::doctor(&path, options)).or_raise(py)?;
    reports::doctor(py, &report)
}
