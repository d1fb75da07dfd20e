//! Files over FTP (RFC 959, 3659) and, by explicit TLS (RFC 4217), FTPS.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::{Bytes, BytesMut};
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use suppaftp::list::ListParser;
use suppaftp::tokio::{AsyncRustlsConnector, AsyncRustlsFtpStream};
use suppaftp::tokio_rustls::TlsConnector;
use suppaftp::types::FileType;
use suppaftp::{FtpError, Mode};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::Listed;
use super::remote::{Done, Entry, Remote, Stat, Work};
use crate::{Error, Result};

/// Logged-in connections that are not in use, by scheme, host and port.
#[derive(Default)]
pub(crate) struct Connections {
    idle: Mutex<HashMap<(String, String, u16), Vec<AsyncRustlsFtpStream>>>,
    tls: OnceLock<Arc<ClientConfig>>,
}

/// Does `work` over an idle connection or a new one, and keeps it for the next unless it broke.
pub(crate) async fn once(remote: &Remote, work: &Work) -> Result<Done> {
    let connections = &remote.access.0.ftp;
    let mut ftp = match connections.take(remote) {
        Some(ftp) => ftp,
        None => connect(remote).await?,
    };
    let done = match work {
        Work::Stat => stat(remote, &mut ftp).await.map(Done::Stat),
        Work::Read(range) => read(remote, &mut ftp, range).await,
        Work::List => list(remote, &mut ftp).await.map(Done::Entries),
    };
    match &done {
        // Of a server that closes what is idle the others are closed as well.
        Err(Error::Transport { .. } | Error::Truncated { .. }) => connections.forget(remote),
        _ => connections.keep(remote, ftp),
    }
    done
}

/// Bytes of a file, from `REST` on.
async fn read(remote: &Remote, ftp: &mut AsyncRustlsFtpStream, range: &Range<u64>) -> Result<Done> {
    let stat = stat(remote, ftp).await?;
    let end = range.end.min(stat.size);
    let bytes = retrieve(remote, ftp, range.start..end, end == stat.size).await?;
    Ok(Done::Bytes(stat, bytes))
}

/// The entries of a folder, by `MLSD` or, where that is not known, `LIST`.
async fn list(remote: &Remote, ftp: &mut AsyncRustlsFtpStream) -> Result<Vec<Listed>> {
    let path = Some(path(remote).trim_end_matches('/')).filter(|path| !path.is_empty());
    let is_unknown = |error: &FtpError| matches!(code(error), Some(500..=504));
    let (lines, by_facts) = match ftp.mlsd(path).await {
        Ok(lines) => (lines, true),
        Err(error) if is_unknown(&error) => {
            (ftp.list(path).await.map_err(|error| failed(remote, error))?, false)
        }
        Err(error) => return Err(failed(remote, error)),
    };
    Ok(lines.iter().filter_map(|line| listed(remote, line, by_facts)).collect())
}

async fn connect(remote: &Remote) -> Result<AsyncRustlsFtpStream> {
    let addresses = remote.addresses().await?;
    let entry = remote.entry()?;
    let stream = TcpStream::connect(&addresses[..]);
    let stream = tokio::time::timeout(remote.client().connect_timeout, stream)
        .await
        .map_err(|_| remote.broken("reach", "timed out"))?
        .map_err(|cause| remote.broken("reach", cause))?;
    let is_v6 = stream.peer_addr().is_ok_and(|address| address.is_ipv6());
    let failed = |error| failed(remote, error);
    let mut ftp = AsyncRustlsFtpStream::connect_with_stream(stream).await.map_err(failed)?;
    if remote.url.scheme() == "ftps" {
        let connector = TlsConnector::from(remote.access.0.ftp.tls(remote)?);
        let connector = AsyncRustlsConnector::from(connector);
        ftp = ftp.into_secure(connector, &remote.host).await.map_err(failed)?;
    }
    // Data comes from the same host, whatever address the server names.
    ftp.set_passive_nat_workaround(true);
    ftp.set_mode(if is_v6 { Mode::ExtendedPassive } else { Mode::Passive });
    match &entry {
        Some(Entry::Password { user, password }) => {
            ftp.login(user.expose(), password.expose()).await
        }
        Some(Entry::Key { .. }) => {
            return Err(Error::NotAllowed {
                what: remote.shown(),
                reason: "FTP takes no keys; give `basic` or `netrc`".to_owned(),
            });
        }
        None => ftp.login("anonymous", "anonymous@").await,
    }
    .map_err(failed)?;
    ftp.transfer_type(FileType::Binary).await.map_err(failed)?;
    Ok(ftp)
}

/// The size and the time of a file.
async fn stat(remote: &Remote, ftp: &mut AsyncRustlsFtpStream) -> Result<Stat> {
    let path = path(remote);
    let size = ftp.size(path).await.map_err(|error| failed(remote, error))? as u64;
    let modified = match ftp.mdtm(path).await {
        Ok(time) => Some(time.to_string()),
        Err(FtpError::UnexpectedResponse(_) | FtpError::BadResponse) => None,
        Err(error) => return Err(failed(remote, error)),
    };
    Ok(Stat { size, modified })
}

async fn retrieve(
    remote: &Remote,
    ftp: &mut AsyncRustlsFtpStream,
    range: Range<u64>,
    to_the_end: bool,
) -> Result<Bytes> {
    let wanted = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
    if wanted == 0 {
        return Ok(Bytes::new());
    }
    let no_ranges = |error: FtpError| match code(&error) {
        Some(500..=504) if range.start > 0 => Error::NoRanges {
            url: remote.shown(),
            reason: "the server does not know `REST`".to_owned(),
        },
        _ => failed(remote, error),
    };
    ftp.resume_transfer(usize::try_from(range.start).unwrap_or(usize::MAX))
        .await
        .map_err(no_ranges)?;
    let mut data = ftp.retr_as_stream(path(remote)).await.map_err(no_ranges)?;
    let client = remote.client();
    let mut pace = client.pace.begin();
    let mut bytes = BytesMut::with_capacity(wanted.min(16 << 20));
    while bytes.len() < wanted {
        let mut rest = (&mut data).take((wanted - bytes.len()) as u64);
        let read = tokio::time::timeout(client.read_timeout, rest.read_buf(&mut bytes)).await;
        let read = read.map_err(|_| remote.broken("read", "timed out"))?;
        let read = read.map_err(|cause| remote.broken("read", cause))?;
        if read == 0 {
            break;
        }
        client.counters.received(&remote.url, read);
        if !pace.keeps(read as u64) {
            return Err(remote.broken("read", format!("it comes slower than {pace}")));
        }
    }
    if to_the_end {
        // The server sees an end, not an interruption.
        let _ = data.read(&mut [0; 1]).await;
    }
    match data.finish().await {
        // A server that was stopped half-way says so.
        Ok(()) | Err(FtpError::UnexpectedResponse(_)) => {}
        Err(error) => return Err(failed(remote, error)),
    }
    Ok(bytes.freeze())
}

fn listed(remote: &Remote, line: &str, by_facts: bool) -> Option<Listed> {
    let file = if by_facts {
        ListParser::parse_mlsd(line).ok()?
    } else {
        ListParser::parse_posix(line).or_else(|_| ListParser::parse_dos(line)).ok()?
    };
    let mut entry = remote.entry_below(file.name(), file.is_directory())?;
    if entry.is_folder {
        return Some(entry);
    }
    entry.size = Some(file.size() as u64).filter(|_| file.is_file());
    // `LIST` has no years, or no hours.
    entry.modified = by_facts.then(|| httpdate::fmt_http_date(file.modified()));
    Some(entry)
}

/// As servers take it: from the folder one is in after login, or from the root after `%2F`
/// (RFC 1738 section 3.2.2).
fn path(remote: &Remote) -> &str {
    remote.path.strip_prefix('/').unwrap_or(&remote.path)
}

fn code(error: &FtpError) -> Option<u32> {
    match error {
        FtpError::UnexpectedResponse(response) => Some(response.status.code()),
        _ => None,
    }
}

fn failed(remote: &Remote, error: FtpError) -> Error {
    let url = remote.shown();
    let response = match error {
        FtpError::UnexpectedResponse(response) => response,
        FtpError::SecureError(text) => {
            let transient = !text.to_lowercase().contains("certificate");
            return Error::Transport { operation: "reach", url, transient, source: text.into() };
        }
        FtpError::ConnectionError(cause) => return remote.broken("read", cause),
        other => return remote.broken("read", other.to_string()),
    };
    let text = String::from_utf8_lossy(&response.body).trim().to_owned();
    let status = u16::try_from(response.status.code()).unwrap_or(0);
    let denied =
        text.to_lowercase().contains("denied") || text.to_lowercase().contains("permitted");
    match status {
        331 | 332 | 430 | 530 | 532 => Error::Denied {
            url,
            status,
            hint: "give a provider for this host with valid credentials".to_owned(),
        },
        550 if denied => {
            Error::Denied { url, status, hint: "the account may not read it".to_owned() }
        }
        450 | 550 => Error::NotFound { what: url },
        421 | 425 | 426 | 434 | 451 | 452 => Error::Unavailable { url, status, retry_after: None },
        _ => Error::Rejected { url, status, excerpt: text.chars().take(300).collect() },
    }
}

impl Connections {
    fn take(&self, remote: &Remote) -> Option<AsyncRustlsFtpStream> {
        self.of(remote, Vec::pop)
    }

    fn keep(&self, remote: &Remote, ftp: AsyncRustlsFtpStream) {
        self.of(remote, |idle| idle.push(ftp));
    }

    fn forget(&self, remote: &Remote) {
        self.of(remote, Vec::clear);
    }

    fn of<T>(&self, remote: &Remote, look: impl FnOnce(&mut Vec<AsyncRustlsFtpStream>) -> T) -> T {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (remote.url.scheme().to_owned(), remote.host.clone(), remote.port);
        look(idle.entry(key).or_default())
    }

    fn tls(&self, remote: &Remote) -> Result<Arc<ClientConfig>> {
        if let Some(made) = self.tls.get() {
            return Ok(Arc::clone(made));
        }
        let wrong = |cause: rustls::Error| Error::Setting {
            setting: "access".to_owned(),
            reason: cause.to_string(),
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(
            remote.client().trusted.certificates()?,
            Arc::clone(&provider),
        )
        .map_err(wrong)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(wrong)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Arc::clone(self.tls.get_or_init(|| Arc::new(config))))
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}
