"""An SFTP server for tests: sftp.py FOLDER USER PASSWORD [endless] [cut].

It writes the private key that it lets in to FOLDER.key, prints its port and its host keys in the
form of known_hosts, without the host, then a line for every connection. A line of its input
breaks them all, and it ends with its input. With `endless` its listings never end; with `cut` the
first file that is read ends after 100 000 bytes.
"""

import asyncio
import os
import sys
import threading

import asyncssh

folder, user, password, *flags = sys.argv[1:]


connections = []


class Server(asyncssh.SSHServer):
    def connection_made(self, connection):
        print("connection", flush=True)
        connections.append(connection)

    def password_auth_supported(self):
        return True

    def validate_password(self, name, secret):
        return (name, secret) == (user, password)


class Files(asyncssh.SFTPServer):
    cut = None

    def __init__(self, channel):
        super().__init__(channel, chroot=folder.encode())

    async def scandir(self, path):
        while "endless" in flags:
            yield asyncssh.SFTPName(b"x" * 900, attrs=asyncssh.SFTPAttrs(size=1))
        async for entry in super().scandir(path):
            yield entry

    def open(self, *arguments):
        file = super().open(*arguments)
        if "cut" in flags and Files.cut is None:
            Files.cut = file
        return file

    def read(self, file, offset, size):
        if file is Files.cut:
            size = max(0, min(size, 100_000 - offset))
        return super().read(file, offset, size)


async def main():
    client = asyncssh.generate_private_key("ssh-ed25519")
    with open(folder + ".key", "wb") as file:
        file.write(client.export_private_key())
    with open(folder + ".pub", "wb") as file:
        file.write(client.export_public_key())
    keys = [asyncssh.generate_private_key(kind) for kind in ("ssh-ed25519", "ecdsa-sha2-nistp256")]
    server = await asyncssh.create_server(
        Server,
        "127.0.0.1",
        0,
        server_host_keys=keys,
        authorized_client_keys=folder + ".pub",
        sftp_factory=Files,
    )
    lines = [key.export_public_key().decode().split()[:2] for key in keys]
    print(server.get_port(), *(" ".join(line) for line in lines), sep=";", flush=True)
    loop = asyncio.get_running_loop()
    threading.Thread(target=listen, args=(loop,), daemon=True).start()
    await asyncio.Event().wait()


def listen(loop):
    for _ in sys.stdin:
        for connection in connections:
            loop.call_soon_threadsafe(connection.abort)
    os._exit(0)


asyncio.run(main())
