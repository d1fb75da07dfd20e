//! Files over FTP (RFC 959, 3659) and, by explicit TLS (RFC 4217), FTPS.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::BytesMut;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use suppaftp::tokio::{
    AsyncRustlsConnector, AsyncRustlsFtpStream, AsyncRustlsStream, TransferStream,
};
use suppaftp::tokio_rustls::TlsConnector;
use suppaftp::types::FileType;
use suppaftp::{FtpError, Mode, Status};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use url::Url;

use super::Listed;
use super::checksum::Checksum;
use super::ftp_line::Line;
use super::list::check_count;
use super::remote::{Done, Entry, Remote, Stat, Work};
use super::sink::Sink;
use crate::{Error, Result};

/// The largest listing that is read, in bytes.
const LARGEST_LISTING: u64 = 64 << 20;
/// Bytes that are read at once.
const PIECE: usize = 64 << 10;

/// Scheme, host, port, and the provider that let one in; none did who is anonymous.
type Place = (String, String, u16, Option<usize>);

/// Logged-in connections that are not in use, by their places.
#[derive(Default)]
pub(crate) struct Connections {
    idle: Mutex<HashMap<Place, Vec<AsyncRustlsFtpStream>>>,
    tls: OnceLock<Arc<ClientConfig>>,
}

/// Does `work` over an idle connection or a new one, and keeps it for the next unless it broke.
pub(crate) async fn once(remote: &Remote, work: &Work) -> Result<Done> {
    let connections = &remote.access.0.ftp;
    let mut ftp = match connections.take(remote) {
        Some(ftp) => ftp,
        None => remote.timed(connect(remote)).await?,
    };
    let at_rest = |done| (done, true);
    let done = match work {
        Work::Stat => stat(remote, &mut ftp).await.map(Done::Stat).map(at_rest),
        Work::Read(range) => read(remote, &mut ftp, range).await,
        Work::Save(to, checksum) => save(remote, &mut ftp, to, checksum.as_ref()).await,
        Work::List => list(remote, &mut ftp).await.map(Done::Entries).map(at_rest),
    };
    match &done {
        Ok((_, false)) => {}
        // Of a server that closes what is idle the others are closed as well.
        Err(Error::Transport { .. } | Error::Truncated { .. }) => connections.forget(remote),
        // Left in the middle of a transfer.
        Err(Error::TooLarge { .. } | Error::Document { .. } | Error::File { .. }) => {}
        _ => connections.keep(remote, ftp),
    }
    done.map(|(done, _)| done)
}

/// Bytes of a file, from `REST` on; and whether the connection is at rest again.
async fn read(
    remote: &Remote,
    ftp: &mut AsyncRustlsFtpStream,
    range: &Range<u64>,
) -> Result<(Done, bool)> {
    let stat = remote.timed(stat(remote, ftp)).await?;
    let range = range.start..range.end.min(stat.size);
    let mut sink = Sink::memory(range.end.saturating_sub(range.start));
    let is_at_rest = retrieve(remote, ftp, &range, range.end == stat.size, &mut sink).await?;
    Ok((Done::Bytes(stat, sink.into_bytes()), is_at_rest))
}

/// All of a file, from its beginning: that takes no `REST`.
async fn save(
    remote: &Remote,
    ftp: &mut AsyncRustlsFtpStream,
    to: &Path,
    checksum: Option<&Checksum>,
) -> Result<(Done, bool)> {
    let stat = remote.timed(stat(remote, ftp)).await?;
    let mut sink = Sink::file(to, checksum).await?;
    let is_at_rest = retrieve(remote, ftp, &(0..stat.size), true, &mut sink).await?;
    Ok((Done::Saved(stat, sink.finish().await?), is_at_rest))
}

/// The entries of a folder, by `MLSD` or, where that is not known, `LIST`.
async fn list(remote: &Remote, ftp: &mut AsyncRustlsFtpStream) -> Result<Vec<Listed>> {
    let folder = path(remote).trim_end_matches('/');
    let of = |command: &str| format!("{command} {folder}").trim_end().to_owned();
    let is_unknown = |error: &FtpError| matches!(code(error), Some(500..=504));
    let opened = [Status::AboutToSend, Status::AlreadyOpen];
    let (data, by_facts) = match ftp.custom_data_command(of("MLSD"), &opened).await {
        Ok((_, data)) => (data, true),
        Err(error) if is_unknown(&error) => {
            let found = ftp.custom_data_command(of("LIST"), &opened).await;
            (found.map_err(|error| failed(remote, error))?.1, false)
        }
        Err(error) => return Err(failed(remote, error)),
    };
    let text = listing(remote, data).await?;
    let (mut found, mut unread) = (Vec::new(), 0_usize);
    for line in text[..].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let line = std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line));
        let line = match line {
            Ok(line) if by_facts => Line::of_facts(line),
            Ok(line) => Line::of_list(line),
            Err(_) => Line::Unread,
        };
        let listed = match line {
            Line::Nothing => continue,
            Line::Unread => None,
            Line::Folder { name } => remote.entry_below(&name, true),
            Line::File { name, size, modified } => {
                let file = remote.entry_below(&name, false);
                file.map(|file| Listed { size, modified, ..file })
            }
            Line::Link { name } => match remote.entry_below(&name, false) {
                Some(link) => match followed(remote, ftp, link).await? {
                    Some(target) => Some(target),
                    None => continue,
                },
                None => None,
            },
        };
        unread += usize::from(listed.is_none());
        found.extend(listed);
        check_count(&remote.shown(), found.len())?;
    }
    if unread > 0 {
        tracing::warn!(folder = remote.shown(), unread, "lines of a listing are not understood");
    }
    Ok(found)
}

/// What the server sends of a listing.
async fn listing(remote: &Remote, mut data: TransferStream<AsyncRustlsStream>) -> Result<BytesMut> {
    let (client, mut text) = (remote.client(), BytesMut::new());
    loop {
        let read = tokio::time::timeout(client.read_timeout, data.read_buf(&mut text)).await;
        let read = read.map_err(|_| remote.broken("list", "timed out"))?;
        let read = read.map_err(|cause| remote.broken("list", cause))?;
        if read == 0 {
            break;
        }
        client.counters.received(&remote.url, read);
        if text.len() as u64 > LARGEST_LISTING {
            let (limit, purpose) = (LARGEST_LISTING, "a listing");
            return Err(Error::TooLarge { url: remote.shown(), limit, purpose });
        }
    }
    data.finish().await.map_err(|error| failed(remote, error))?;
    Ok(text)
}

/// What a link leads to: a folder is what one can go to, a file what has a size. Broken links lead
/// to nothing.
async fn followed(
    remote: &Remote,
    ftp: &mut AsyncRustlsFtpStream,
    mut link: Listed,
) -> Result<Option<Listed>> {
    let url = Url::parse(&link.href).map_err(|cause| remote.broken("list", cause))?;
    let target = Remote::new(&remote.access, &url)?;
    let fail = |error| failed(remote, error);
    let back = ftp.pwd().await.map_err(fail)?;
    match ftp.cwd(path(&target)).await {
        Ok(()) => {
            ftp.cwd(back).await.map_err(|error| remote.broken("list", error.to_string()))?;
            link.is_folder = true;
            return Ok(Some(link));
        }
        Err(FtpError::UnexpectedResponse(_)) => {}
        Err(error) => return Err(fail(error)),
    }
    match stat(&target, ftp).await {
        Ok(found) => {
            (link.size, link.modified) = (Some(found.size), found.modified);
            Ok(Some(link))
        }
        Err(error @ Error::Transport { .. }) => Err(error),
        Err(_) => Ok(None),
    }
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
    // What a server says to that may repeat what it was sent.
    .map_err(|error| match failed(error) {
        Error::Rejected { url, status, .. } => {
            Error::Rejected { url, status, excerpt: "it lets nobody in".to_owned() }
        }
        other => other,
    })?;
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
    range: &Range<u64>,
    to_the_end: bool,
    sink: &mut Sink,
) -> Result<bool> {
    let wanted = range.end.saturating_sub(range.start);
    if wanted == 0 {
        return Ok(true);
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
    let open = async { ftp.retr_as_stream(path(remote)).await.map_err(no_ranges) };
    let mut data = remote.timed(open).await?;
    let client = remote.client();
    let mut pace = client.pace.begin();
    let mut piece = BytesMut::with_capacity(PIECE);
    while sink.len() < wanted {
        piece.clear();
        let mut rest = (&mut data).take((wanted - sink.len()).min(PIECE as u64));
        let read = tokio::time::timeout(client.read_timeout, rest.read_buf(&mut piece)).await;
        let read = read.map_err(|_| remote.broken("read", "timed out"))?;
        let read = read.map_err(|cause| remote.broken("read", cause))?;
        if read == 0 {
            break;
        }
        client.counters.received(&remote.url, read);
        sink.take(&piece).await?;
        if !pace.keeps(read as u64) {
            return Err(remote.broken("read", format!("it comes slower than {pace}")));
        }
    }
    // Whatever the server says of it then.
    remote.check_whole(wanted, sink.len())?;
    let end = async {
        if to_the_end {
            // The server sees an end, not an interruption.
            let _ = data.read(&mut [0; 1]).await;
        }
        data.finish().await
    };
    match tokio::time::timeout(client.read_timeout, end).await {
        // A server that was stopped half-way says so.
        Ok(Ok(()) | Err(FtpError::UnexpectedResponse(_))) => Ok(true),
        Ok(Err(error)) => Err(failed(remote, error)),
        // All is here. A connection that nothing went over for long is forgotten on the way.
        Err(_) => Ok(false),
    }
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
        let scheme = remote.url.scheme().to_owned();
        let key = (scheme, remote.host.clone(), remote.port, remote.provider);
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
