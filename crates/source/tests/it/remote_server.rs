//! Real FTP and SFTP servers, run by Python.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::json;
use terracube_source::{Provider, SecretRef};

/// A server with a folder of its own; it ends when dropped.
pub(crate) struct RemoteServer {
    child: Child,
    folder: tempfile::TempDir,
    /// The first line that it printed.
    pub(crate) greeting: String,
    lines: Arc<Mutex<Vec<String>>>,
}

impl RemoteServer {
    /// Starts `servers/{script}`, or says why not. `fill` writes what it offers.
    pub(crate) fn start(
        script: &str,
        arguments: &[&str],
        fill: impl FnOnce(&Path),
    ) -> Option<Self> {
        let is_strict = std::env::var("TERRACUBE_TEST_STRICT").is_ok();
        let skip = |why: &str| {
            assert!(!is_strict, "{why}");
            println!("skipped: {why}");
            None
        };
        let Some(python) = std::env::var_os("TERRACUBE_PYTHON") else {
            return skip("TERRACUBE_PYTHON is not set");
        };
        let needed = "import asyncssh, pyftpdlib.servers, OpenSSL, cryptography";
        let has = Command::new(&python).args(["-c", needed]).output();
        if !has.is_ok_and(|output| output.status.success()) {
            return skip("Python has no asyncssh, pyftpdlib and pyOpenSSL");
        }
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir(&root).unwrap();
        fill(&root);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/servers").join(script);
        let mut child = Command::new(python)
            .arg(script)
            .arg(&root)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = String::new();
        output.read_line(&mut greeting).unwrap();
        assert!(!greeting.is_empty(), "the server did not start");
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        Some(Self { child, folder, greeting: greeting.trim().to_owned(), lines })
    }

    /// `{scheme}://127.0.0.1:{port}`.
    pub(crate) fn url(&self, scheme: &str) -> String {
        let port = self.greeting.split(';').next().unwrap();
        format!("{scheme}://127.0.0.1:{port}")
    }

    /// A file beside the folder that is offered.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder that is offered.
    pub(crate) fn root(&self) -> PathBuf {
        self.beside("root")
    }

    /// What it printed since it started.
    pub(crate) fn printed(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Sends a line to its input.
    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// A reference to a secret that is kept beside the folder.
    pub(crate) fn secret(&self, name: &str, text: &str) -> SecretRef {
        let path = self.beside(name);
        std::fs::write(&path, text).unwrap();
        format!("file:{}", path.display()).parse().unwrap()
    }

    /// A provider with user and password.
    pub(crate) fn provider(&self, scheme: &str, user: &str, password: &str) -> Provider {
        let [user, password] = [("user", user), ("password", password)]
            .map(|(name, text)| String::from(self.secret(name, text)));
        serde_json::from_value(json!({
            "name": "archive", "hosts": [self.url(scheme)],
            "auth": { "basic": { "user": user, "password": password } }
        }))
        .unwrap()
    }
}

impl Drop for RemoteServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
