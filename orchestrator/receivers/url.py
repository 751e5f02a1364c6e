"""Posts an event to a URL: within a time limit, without redirects, and not to addresses that nobody can mean."""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from orchestrator.errors import NotNotifiedError
from orchestrator.receivers.receiver import loopback, wrong_url

#: Seconds for the whole call. What takes longer is tried again later.
TIMEOUT = 10.0


def post(url: str, body: bytes, headers: Mapping[str, str], *, in_cloud: bool, timeout: float = TIMEOUT) -> str:
    """Post ``body``, and return how it was answered: ``answered 200``. The body of the answer is not read.

    Raises NotNotifiedError for any other answer than 2xx, and for none. Its text names the host alone.
    """
    parts = urlsplit(url)
    host = parts.hostname or "?"
    if wrong_url(url) is not None or (in_cloud and loopback(host)):
        raise NotNotifiedError(f"{host}: such an address is not called from here")
    made = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = made(host, parts.port, timeout=timeout)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    late = threading.Event()
    timer = threading.Timer(timeout, _give_up, (connection, late))
    timer.daemon = True
    timer.start()
    try:
        connection.connect()
        _check_peer(connection, host, in_cloud)
        connection.request("POST", path, body, dict(headers))
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotNotifiedError(f"{host} {_told(error, late, timeout)}") from None  # the error may quote the address
    finally:
        timer.cancel()
        connection.close()
    if 200 <= status < 300:
        return f"answered {status}"
    more = ", and redirects are not followed: give the new address" if 300 <= status < 400 else ""
    raise NotNotifiedError(f"{host} answered {status}{more}")


def _give_up(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    """End a call that takes too long, whatever it is at: a server may send a byte every few seconds."""
    late.set()
    if (sock := connection.sock) is not None:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has just ended


def _check_peer(connection: http.client.HTTPConnection, host: str, in_cloud: bool) -> None:
    """Raises NotNotifiedError if the name stands for an address of the platform, such as its metadata server's.

    The connection's own address is looked at, because a name may stand for another one the next time.
    """
    peer = ip_address(connection.sock.getpeername()[0].partition("%")[0])
    mapped = getattr(peer, "ipv4_mapped", None) or peer
    if mapped.is_link_local or mapped.is_multicast or mapped.is_unspecified or (in_cloud and mapped.is_loopback):
        raise NotNotifiedError(f"{host} is an address of the machine's own network, which is not called from here")


def _told(error: Exception, late: threading.Event, timeout: float) -> str:
    if late.is_set() or isinstance(error, TimeoutError):
        return f"did not answer within {timeout:g} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"has a certificate that is not trusted: {error.verify_message}"
    if isinstance(error, socket.gaierror):
        return "is not known: its name has no address"
    if isinstance(error, ConnectionRefusedError):
        return "refused the connection"
    if isinstance(error, http.client.RemoteDisconnected | ConnectionError):
        return "closed the connection without an answer"
    return f"did not answer properly ({type(error).__name__})"
