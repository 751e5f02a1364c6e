"""Serve a provider over gRPC, the way Terraform starts plugins."""

from __future__ import annotations

import base64
import os
import shutil
import sys
import tempfile
import threading
import traceback
from concurrent import futures
from datetime import UTC

from .provider import ERROR
from .schema import load
from .wire import MESSAGES, RPCS, decode_message, encode_message

COOKIE = ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")


def make(name: str, version: str):
    schema, overlay = load(name, version)
    if name == "google":
        from .google import Google as cls
    else:
        from . import small

        cls = {
            "archive": small.Archive,
            "random": small.Random,
            "null": small.Null,
            "time": small.Time,
            "local": small.Local,
        }[name]
    return cls(schema, overlay)


def _handlers(provider):
    import grpc

    def unary(name, req_type, resp_type):
        method = getattr(provider, name)

        def call(request, context):
            provider.enter(context.peer())
            try:
                return method(request)
            except Exception:  # a stub's own fault: say so in Terraform's output, not in a log
                trace = traceback.format_exc()
                fields = {f for f, _ in MESSAGES[resp_type].values()}
                if "diagnostics" not in fields:
                    raise
                return {"diagnostics": [{"severity": ERROR, "summary": f"tfstub failed in {name}", "detail": trace}]}

        return grpc.unary_unary_rpc_method_handler(
            call,
            request_deserializer=lambda b: decode_message(req_type, b),
            response_serializer=lambda v: encode_message(resp_type, v),
        )

    return grpc.method_handlers_generic_handler("tfplugin5.Provider", {n: unary(n, q, r) for n, (q, r) in RPCS.items()})


def _plugin_services(stop):
    import grpc

    def shutdown(request, context):
        threading.Timer(0.01, stop).start()
        return b""

    return (
        grpc.method_handlers_generic_handler(
            "plugin.GRPCController", {"Shutdown": grpc.unary_unary_rpc_method_handler(shutdown)}
        ),
        grpc.method_handlers_generic_handler(
            "plugin.GRPCStdio", {"StreamStdio": grpc.unary_stream_rpc_method_handler(lambda request, context: iter(()))}
        ),
    )


def _server(provider, extra=()):
    import grpc

    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=16),
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    )
    server.add_generic_rpc_handlers((_handlers(provider), *extra))
    return server


def _certificate():
    """A throw-away key pair; Terraform learns the certificate from the handshake line."""
    from datetime import datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return (
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        cert.public_bytes(pem),
        cert.public_bytes(serialization.Encoding.DER),
    )


def serve(name: str, version: str) -> int:
    """Run as a plugin child of Terraform."""
    if os.environ.get(COOKIE[0]) != COOKIE[1]:
        print("This is a Terraform provider fake; Terraform starts it.  See README.md.", file=sys.stderr)
        return 1
    import grpc

    folder = tempfile.mkdtemp(prefix="tfstub-")

    def leave():
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)

    key, cert, der = _certificate()
    server = _server(make(name, version), _plugin_services(leave))
    sock = os.path.join(folder, "s")
    server.add_secure_port(f"unix:{sock}", grpc.ssl_server_credentials([(key, cert)]))
    server.start()
    os.write(1, f"1|5|unix|{sock}|grpc|{base64.b64encode(der).decode().rstrip('=')}\n".encode())

    def orphaned():  # Terraform killed outright leaves no one to call Shutdown
        parent = os.getppid()
        while os.getppid() == parent:
            threading.Event().wait(2)
        leave()

    threading.Thread(target=orphaned, daemon=True).start()
    server.wait_for_termination()
    return 0


def reattach(versions: dict[str, str]):
    """Start every provider in this process; return (servers, TF_REATTACH_PROVIDERS)."""
    servers, env = [], {}
    for name, version in versions.items():
        provider = make(name, version)
        server = _server(provider, _plugin_services(lambda: None))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        env[provider.schema.source] = {
            "Protocol": "grpc",
            "ProtocolVersion": 5,
            "Pid": os.getpid(),
            "Test": True,
            "Addr": {"Network": "tcp", "String": f"127.0.0.1:{port}"},
        }
    return servers, env
