//! Files over SFTP (SSH), from hosts whose keys are known.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::BytesMut;
use russh::client::{self, Handle};
use russh::keys::known_hosts::known_host_keys_path;
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate, decode_secret_key};
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::client::fs::File;
use russh_sftp::client::rawsession::SftpResult;
use russh_sftp::client::{RawSftpSession, SftpSession};
use russh_sftp::protocol::{FileAttributes, StatusCode};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

use super::Listed;
use super::checksum::Checksum;
use super::list::check_count;
use super::remote::{Done, Entry, Remote, Stat, Work};
use super::sink::Sink;
use crate::{Error, Result};

/// The largest listing that is read, in bytes.
const LARGEST_LISTING: u64 = 64 << 20;
/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// One session for each host, port and provider that lets one in, shared by all who read there.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<Key, Arc<Place>>>);

type Key = (String, u16, Option<usize>);

/// The session of a host; `None` before it is made, and after it broke.
type Place = tokio::sync::Mutex<Option<Arc<Session>>>;

struct Session {
    sftp: SftpSession,
    /// A channel of its own for listings, once one is wanted.
    listings: OnceCell<RawSftpSession>,
    ssh: Handle<HostKey>,
}

/// Checks the key of a host.
#[derive(Debug)]
struct HostKey {
    host: String,
    port: u16,
    known_hosts: Vec<PathBuf>,
    shown: String,
}

/// Why something was not done: over SFTP, or on this side.
enum Broken {
    Sftp(SftpError),
    Ours(Error),
}

/// Why a connection failed.
#[derive(Debug)]
enum Failure {
    Ssh(russh::Error),
    HostKey(Error),
}

/// Does `work` over the session of the host, and forgets the session when it broke.
pub(crate) async fn once(remote: &Remote, work: &Work) -> Result<Done> {
    let place = remote.access.0.sftp.place(remote);
    let session = {
        let mut place = place.lock().await;
        match &*place {
            Some(session) if !session.ssh.is_closed() => Arc::clone(session),
            _ => {
                let made = Arc::new(remote.timed(connect(remote)).await?);
                *place = Some(Arc::clone(&made));
                made
            }
        }
    };
    let sftp = &session.sftp;
    let done = match work {
        Work::Stat => stat(remote, sftp).await.map(Done::Stat),
        Work::Read(range) => read(remote, sftp, range).await,
        Work::Save(to, checksum) => save(remote, sftp, to, checksum.as_ref()).await,
        Work::List => list(remote, &session).await.map(Done::Entries),
    };
    let error = match done {
        Ok(done) => return Ok(done),
        Err(Broken::Ours(error)) => return Err(error),
        Err(Broken::Sftp(error)) => error,
    };
    if !matches!(error, SftpError::Status(_)) {
        let mut place = place.lock().await;
        if place.as_ref().is_some_and(|one| Arc::ptr_eq(one, &session)) {
            *place = None;
        }
    }
    Err(failed(remote, error))
}

/// The size and the time of a file.
async fn stat(remote: &Remote, sftp: &SftpSession) -> Result<Stat, Broken> {
    Ok(stat_of(sftp.metadata(path(remote)).await?)?)
}

/// Bytes of a file.
async fn read(remote: &Remote, sftp: &SftpSession, range: &Range<u64>) -> Result<Done, Broken> {
    let mut file = sftp.open(path(remote)).await?;
    let stat = stat_of(file.metadata().await?)?;
    let range = range.start..range.end.min(stat.size);
    let mut sink = Sink::memory(range.end.saturating_sub(range.start));
    retrieve(remote, &mut file, &range, &mut sink).await?;
    file.close().await.map_err(SftpError::from)?;
    Ok(Done::Bytes(stat, sink.into_bytes()))
}

/// All of a file.
async fn save(
    remote: &Remote,
    sftp: &SftpSession,
    to: &Path,
    checksum: Option<&Checksum>,
) -> Result<Done, Broken> {
    let mut file = sftp.open(path(remote)).await?;
    let stat = stat_of(file.metadata().await?)?;
    let mut sink = Sink::file(to, checksum).await?;
    retrieve(remote, &mut file, &(0..stat.size), &mut sink).await?;
    file.close().await.map_err(SftpError::from)?;
    Ok(Done::Saved(stat, sink.finish().await?))
}

async fn retrieve(
    remote: &Remote,
    file: &mut File,
    range: &Range<u64>,
    sink: &mut Sink,
) -> Result<(), Broken> {
    let wanted = range.end.saturating_sub(range.start);
    let seek = file.seek(std::io::SeekFrom::Start(range.start));
    seek.await.map_err(SftpError::from)?;
    let client = remote.client();
    let mut pace = client.pace.begin();
    let mut piece = BytesMut::with_capacity(PIECE);
    while sink.len() < wanted {
        piece.clear();
        let mut rest = (&mut *file).take((wanted - sink.len()).min(PIECE as u64));
        let read = tokio::time::timeout(client.read_timeout, rest.read_buf(&mut piece)).await;
        let read = read.map_err(|_| SftpError::Timeout)?.map_err(SftpError::from)?;
        if read == 0 {
            break;
        }
        client.counters.received(&remote.url, read);
        sink.take(&piece).await?;
        if !pace.keeps(read as u64) {
            return Err(remote.broken("read", format!("it comes slower than {pace}")).into());
        }
    }
    Ok(remote.check_whole(wanted, sink.len())?)
}

/// The entries of a folder; links count as what they lead to.
async fn list(remote: &Remote, session: &Session) -> Result<Vec<Listed>, Broken> {
    let folder = path(remote);
    let mut found = Vec::new();
    for (name, mut attributes) in names(remote, session).await? {
        if attributes.is_symlink() {
            let whole = format!("{}/{name}", folder.trim_end_matches('/'));
            match session.sftp.metadata(whole).await {
                Ok(target) => attributes = target,
                Err(SftpError::Status(_)) => continue,
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(mut listed) = remote.entry_below(&name, attributes.is_dir()) {
            if !listed.is_folder {
                listed.size = attributes.size;
                listed.modified = attributes.mtime.map(|seconds| seconds.to_string());
            }
            found.push(listed);
        }
    }
    Ok(found)
}

/// What a folder has, page by page: a server need never say that it was the last.
async fn names(
    remote: &Remote,
    session: &Session,
) -> Result<Vec<(String, FileAttributes)>, Broken> {
    let raw = session.raw(remote).await?;
    let handle = raw.opendir(path(remote)).await?.handle;
    let (mut found, mut bytes) = (Vec::new(), 0);
    let read = loop {
        match raw.readdir(handle.as_str()).await {
            Ok(page) => {
                let sizes = page.files.iter().map(|one| one.filename.len() + one.longname.len());
                bytes += sizes.sum::<usize>() as u64;
                found.extend(page.files.into_iter().map(|one| (one.filename, one.attrs)));
            }
            Err(SftpError::Status(status)) if status.status_code == StatusCode::Eof => break Ok(()),
            Err(error) => break Err(error.into()),
        }
        if bytes > LARGEST_LISTING {
            let (limit, purpose) = (LARGEST_LISTING, "a listing");
            let url = remote.shown();
            break Err(Broken::Ours(Error::TooLarge { url, limit, purpose }));
        }
        if let Err(error) = check_count(&remote.shown(), found.len()) {
            break Err(error.into());
        }
    };
    let closed = raw.close(handle).await;
    read?;
    closed?;
    Ok(found)
}

fn stat_of(attributes: FileAttributes) -> SftpResult<Stat> {
    let size = attributes.size;
    let size = size.ok_or_else(|| SftpError::UnexpectedBehavior("no size".to_owned()))?;
    Ok(Stat { size, modified: attributes.mtime.map(|seconds| seconds.to_string()) })
}

/// From the root, or after `/~/` from the folder one is in after login.
fn path(remote: &Remote) -> String {
    match remote.path.strip_prefix("/~/") {
        Some("") => ".".to_owned(),
        Some(rest) => rest.to_owned(),
        None if remote.path.is_empty() => "/".to_owned(),
        None => remote.path.clone(),
    }
}

fn failed(remote: &Remote, error: SftpError) -> Error {
    let url = remote.shown();
    let SftpError::Status(status) = error else {
        return remote.broken("read", error.to_string());
    };
    match status.status_code {
        StatusCode::NoSuchFile => Error::NotFound { what: url },
        StatusCode::PermissionDenied => {
            let hint = "the account may not read it".to_owned();
            Error::Denied { url, status: 0, hint }
        }
        code => Error::Rejected {
            url,
            status: u16::try_from(code as u32).unwrap_or(0),
            excerpt: status.error_message.chars().take(300).collect(),
        },
    }
}

async fn connect(remote: &Remote) -> Result<Session> {
    let entry = remote.entry()?.ok_or_else(|| Error::Denied {
        url: remote.shown(),
        status: 0,
        hint: "SFTP wants a user: give a provider for this host with `basic`, `netrc` or `ssh_key`"
            .to_owned(),
    })?;
    let addresses = remote.addresses().await?;
    let stream = TcpStream::connect(&addresses[..]);
    let limit = remote.client().connect_timeout;
    let timed_out = |_| remote.broken("reach", "timed out");
    let stream = tokio::time::timeout(limit, stream)
        .await
        .map_err(timed_out)?
        .map_err(|cause| remote.broken("reach", cause))?;
    let host_key = HostKey {
        host: remote.host.clone(),
        port: remote.port,
        known_hosts: remote.access.0.known_hosts.clone(),
        shown: remote.shown(),
    };
    let mut config = client::Config::default();
    config.preferred.key = host_key.preferred(&config.preferred.key);
    let connected = client::connect_stream(Arc::new(config), stream, host_key);
    let connected = tokio::time::timeout(limit, connected).await.map_err(timed_out)?;
    let mut ssh = connected.map_err(|failure| failure.of(remote))?;
    let ssh_failed = |error| Failure::Ssh(error).of(remote);
    let answer = match entry {
        Entry::Password { user, password } => {
            ssh.authenticate_password(user.expose(), password.expose()).await
        }
        Entry::Key { user, key, passphrase } => {
            let passphrase = passphrase.as_ref().map(super::Secret::expose);
            // The cause may quote the key.
            let key = decode_secret_key(key.expose(), passphrase).map_err(|_| Error::Setting {
                setting: "ssh_key".to_owned(),
                reason: "it cannot be read: an Ed25519 or ECDSA key of OpenSSH is expected, with \
                         its `passphrase` if it has one"
                    .to_owned(),
            })?;
            let key = PrivateKeyWithHashAlg::new(Arc::new(key), None);
            ssh.authenticate_publickey(user.expose(), key).await
        }
    };
    if !answer.map_err(ssh_failed)?.success() {
        return Err(Error::Denied {
            url: remote.shown(),
            status: 0,
            hint: "the server takes neither this user nor this key or password".to_owned(),
        });
    }
    let channel = ssh.channel_open_session().await.map_err(ssh_failed)?;
    channel.request_subsystem(true, "sftp").await.map_err(ssh_failed)?;
    let sftp = SftpSession::new(channel.into_stream())
        .await
        .map_err(|error| remote.broken("reach", error.to_string()))?;
    Ok(Session { sftp, listings: OnceCell::new(), ssh })
}

impl Session {
    /// The channel for listings.
    async fn raw(&self, remote: &Remote) -> Result<&RawSftpSession> {
        let open = || async {
            let failed = |error| Failure::Ssh(error).of(remote);
            let channel = self.ssh.channel_open_session().await.map_err(failed)?;
            channel.request_subsystem(true, "sftp").await.map_err(failed)?;
            let raw = RawSftpSession::new(channel.into_stream());
            let begun = raw.init().await;
            begun.map_err(|error| remote.broken("reach", error.to_string()))?;
            Ok(raw)
        };
        self.listings.get_or_try_init(open).await
    }
}

impl client::Handler for HostKey {
    type Error = Failure;

    async fn check_server_key(
        &mut self,
        found: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let refuse = |reason: String| {
            Err(Failure::HostKey(Error::NotAllowed { what: self.shown.clone(), reason }))
        };
        let PublicKeyOrCertificate::PublicKey { key, .. } = found else {
            return refuse("its host shows a certificate, which is not known here".to_owned());
        };
        let fingerprint = key.fingerprint(HashAlg::Sha256);
        let mut changed = None;
        for (file, line, known) in self.known() {
            if known == *key {
                return Ok(true);
            }
            if known.algorithm() == key.algorithm() {
                changed = changed.or(Some((file, line)));
            }
        }
        match changed {
            Some((file, line)) => refuse(format!(
                "the key of its host is {fingerprint}, another than line {line} of {} has: somebody \
                 may listen in; ask who runs it before you change that line",
                file.display()
            )),
            None => {
                let files: Vec<String> =
                    self.known_hosts.iter().map(|file| file.display().to_string()).collect();
                let port = self.port;
                refuse(format!(
                    "the key of its host, {fingerprint}, is not in {}: compare it with what who \
                     runs it says, then add it by `ssh-keyscan -p {port} {}`",
                    files.join(" or "),
                    self.host
                ))
            }
        }
    }
}

impl HostKey {
    /// The keys that are known of the host, with the file and the line of each.
    fn known(&self) -> Vec<(PathBuf, usize, russh::keys::PublicKey)> {
        let mut all = Vec::new();
        for file in &self.known_hosts {
            let found = known_host_keys_path(&self.host, self.port, file).unwrap_or_default();
            let text = std::fs::read_to_string(file).unwrap_or_default();
            // Lines with a comment alone are not counted by who found them.
            let counted = (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with('#'));
            let lines: Vec<usize> = counted.map(|(number, _)| number).collect();
            let place = |line: usize| lines.get(line.wrapping_sub(1)).copied().unwrap_or(line);
            all.extend(found.into_iter().map(|(line, key)| (file.clone(), place(line), key)));
        }
        all
    }

    /// The algorithms of the keys that are known first: a host with several keys shows one of those.
    fn preferred(&self, all: &[russh::keys::Algorithm]) -> Cow<'static, [russh::keys::Algorithm]> {
        let known: Vec<_> = self.known().into_iter().map(|(_, _, key)| key.algorithm()).collect();
        let mut sorted = all.to_vec();
        sorted.sort_by_key(|algorithm| !known.contains(algorithm));
        Cow::Owned(sorted)
    }
}

impl Failure {
    fn of(self, remote: &Remote) -> Error {
        match self {
            Self::HostKey(error) => error,
            Self::Ssh(error) => remote.broken("reach", error.to_string()),
        }
    }
}

impl From<SftpError> for Broken {
    fn from(error: SftpError) -> Self {
        Self::Sftp(error)
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

impl From<russh::Error> for Failure {
    fn from(error: russh::Error) -> Self {
        Self::Ssh(error)
    }
}

impl Sessions {
    fn place(&self, remote: &Remote) -> Arc<Place> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (remote.host.clone(), remote.port, remote.provider);
        Arc::clone(all.entry(key).or_default())
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
