//! Programs that tests start, and stop when they are done.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    thread::{self, sleep},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// A server of this machine, on a port of its own, with a folder of its own.
pub struct Server {
    child: Child,
    pub folder: TempDir,
    pub port: u16,
}

impl Server {
    /// Starts what `command` makes of a port and a folder, and waits until it takes connections.
    pub fn start(port: u16, folder: TempDir, command: &mut Command) -> Self {
        let log = fs::File::create(folder.path().join("output.log")).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut server = Self {
            child,
            folder,
            port,
        };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = server.child.try_wait().unwrap();
            assert!(
                ended.is_none() && began.elapsed() < PATIENCE,
                "{command:?} does not serve: {}",
                server.text("output.log")
            );
            sleep(Duration::from_millis(20));
        }
        server
    }

    /// A file of its folder.
    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    pub fn root(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program `name`; says so, and gives nothing, where it is not installed.
pub fn program(name: &str) -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default();
    folders.push("/usr/sbin".into());
    let own = env::var_os("STACCHIP_SERVERS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.servers"),
        PathBuf::from,
    );
    // A program of another Python that happens to be there may be another version.
    folders.insert(0, own.join("venv/bin"));
    folders.insert(0, own.join("npm/node_modules/.bin"));
    let found = folders
        .into_iter()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        missing(name);
    }
    found
}

/// Says that a test is skipped because `what` is missing; fails where none may be.
pub fn missing(what: &str) {
    assert!(
        env::var_os("STACCHIP_REQUIRE_SERVERS").is_none(),
        "no {what} here: run scripts/servers/setup.sh"
    );
    println!("SKIPPED: no {what} here: run scripts/servers/setup.sh");
}

/// A port that nobody uses, below those that the system gives to clients.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = u16::try_from(std::process::id() % 1900).unwrap() * 10;
    loop {
        let port = 12_000 + (begin + NEXT.fetch_add(1, Ordering::Relaxed)) % 19_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The address of a proxy that leads every connection to `port` of this machine.
pub fn tunnel(port: u16) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let root = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || lead(&client, port));
        }
    });
    root
}

/// Answers `CONNECT`, and passes on what comes from either side.
fn lead(mut client: &TcpStream, port: u16) -> io::Result<()> {
    let mut head = BufReader::new(client);
    let mut line = String::new();
    // The client says no more before it is answered.
    while head.read_line(&mut line)? > 2 {
        line.clear();
    }
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let mut server = TcpStream::connect(("127.0.0.1", port))?;
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        to.shutdown(Shutdown::Write)
    });
    io::copy(&mut server, &mut client)?;
    client.shutdown(Shutdown::Write)
}

/// Runs `command` to its end; what it printed.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

const PATIENCE: Duration = Duration::from_mins(1);
