"""An FTP server for tests: ftp.py FOLDER USER PASSWORD [tls] [old] [links] [cut] [endless]
[mute].

Without a user everybody is let in. With `tls` it speaks TLS only, and writes the certificate to
trust to FOLDER.pem. With `old` it knows neither MLSD nor REST. With `links` MLSD says of links
that they are such, as ProFTPD does; with `endless` it never ends. With `cut` the first transfer
ends after 100 000 bytes. With `mute` it does not say that a transfer is complete. It prints its port, then every command, and ends with its input.
"""

import datetime
import ipaddress
import os
import sys
import threading

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.filesystems import AbstractedFS
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer

folder, user, password, *flags = sys.argv[1:]


def certificate():
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    def make(name, issuer, key, issuer_key, is_ca, names):
        now = datetime.datetime.now(datetime.timezone.utc)
        named = lambda text: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(named(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(issuer_key, hashes.SHA256())

    pem = serialization.Encoding.PEM
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = make("tests", "tests", ca_key, ca_key, True, [])
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    own = make("server", "tests", key, ca_key, False, names)
    with open(folder + ".pem", "wb") as file:
        file.write(ca.public_bytes(pem))
    secret = folder + ".key"
    with open(secret, "wb") as file:
        file.write(own.public_bytes(pem))
        form = serialization.PrivateFormat.PKCS8
        file.write(key.private_bytes(pem, form, serialization.NoEncryption()))
    return secret


base = TLS_FTPHandler if "tls" in flags else FTPHandler


class Handler(base):
    if "old" in flags:
        proto_cmds = {k: v for k, v in base.proto_cmds.items() if k not in ("MLSD", "MLST", "REST")}

    def respond(self, response, *arguments, **others):
        if not ("mute" in flags and response.startswith("226")):
            super().respond(response, *arguments, **others)

    def pre_process_command(self, line, command, argument):
        if command != "PASS":
            print(command, argument, flush=True)
        return super().pre_process_command(line, command, argument)


class Cut:
    """A file that ends early, once."""

    left = 100_000

    def __init__(self, file):
        self.file = file

    def __getattr__(self, name):
        return getattr(self.file, name)

    def read(self, size):
        piece = self.file.read(min(size, Cut.left))
        Cut.left -= len(piece)
        return piece

    def close(self):
        Cut.left = 1 << 60
        self.file.close()


class Files(AbstractedFS):
    def open(self, filename, mode):
        file = super().open(filename, mode)
        return Cut(file) if "cut" in flags else file

    def format_mlsx(self, basedir, listing, perms, facts, ignore_err=True):
        while "endless" in flags:
            yield b"type=file;size=1; " + b"x" * 4000 + b"\r\n"
        listing = list(listing)
        is_link = lambda name: "links" in flags and os.path.islink(os.path.join(basedir, name))
        for name in filter(is_link, listing):
            target = os.readlink(os.path.join(basedir, name))
            yield f"type=OS.unix=slink:{target};size=4; {name}\r\n".encode()
        rest = [name for name in listing if not is_link(name)]
        yield from super().format_mlsx(basedir, rest, perms, facts, ignore_err)


Handler.use_sendfile = False
Handler.abstracted_fs = Files
Handler.auth_failed_timeout = 0
Handler.authorizer = DummyAuthorizer()
if user:
    Handler.authorizer.add_user(user, password, folder, perm="elr")
else:
    Handler.authorizer.add_anonymous(folder)
if "tls" in flags:
    Handler.certfile = certificate()
    Handler.tls_control_required = True
    Handler.tls_data_required = True
server = FTPServer(("127.0.0.1", 0), Handler)
print(server.address[1], flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
