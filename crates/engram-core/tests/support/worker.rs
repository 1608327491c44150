//! Worker processes: the test binary runs itself again, with one ignored test as the whole program.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const PATH: &str = "ENGRAM_TEST_PATH";
const NUMBER: &str = "ENGRAM_TEST_NUMBER";

/// What a worker process was told; None where the test runs by itself.
pub fn orders() -> Option<(PathBuf, u64)> {
    let path = std::env::var_os(PATH)?;
    let number = std::env::var(NUMBER).ok()?.parse().ok()?;
    Some((path.into(), number))
}

/// Says one line to the parent, at once and past the capture of the test harness.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Where the parent is gone, nobody needs the line.
    let _ = out.write_all(format!("@{line}\n").as_bytes());
    let _ = out.flush();
}

/// Waits for one line of the parent; None where it hung up.
pub fn hear() -> Option<String> {
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line).unwrap_or(0);
    (read > 0).then(|| line.trim_end().to_owned())
}

/// A running worker.
pub struct Worker {
    pub child: Child,
    pub input: Option<ChildStdin>,
    pub output: Option<Lines>,
}

/// What a worker says, line by line.
pub struct Lines(BufReader<ChildStdout>);

impl Lines {
    /// The next line; None once the worker is gone.
    pub fn next(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            // A killed worker may leave half a line: what has no end was not said.
            if self.0.read_line(&mut line).unwrap_or(0) == 0 || !line.ends_with('\n') {
                return None;
            }
            // The test harness writes its own lines, and the first one without an end.
            if let Some((_, said)) = line.trim_end().split_once('@') {
                return Some(said.to_owned());
            }
        }
    }
}

impl Worker {
    /// Starts the ignored test `name` of this binary as a process of its own.
    pub fn start(name: &str, path: &Path, number: u64) -> Worker {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                name,
                "--exact",
                "--ignored",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(PATH, path)
            .env(NUMBER, number.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Worker {
            input: child.stdin.take(),
            output: child.stdout.take().map(|out| Lines(BufReader::new(out))),
            child,
        }
    }

    pub fn tell(&mut self, line: &str) {
        let _ = self.input.as_mut().map(|input| writeln!(input, "{line}"));
    }

    pub fn next(&mut self) -> Option<String> {
        self.output.as_mut().and_then(Lines::next)
    }

    /// Waits for its end, which must be a good one.
    pub fn finish(mut self) {
        drop(self.input.take());
        while self.next().is_some() {}
        assert!(self.child.wait().unwrap().success(), "a worker failed");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Only left alive by a test that fails; one that ended is not there to be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
