"""Those we are compared with, as somebody who knows them would set them up for the same work."""

import shutil
from pathlib import Path

from stitch_common.testing.tokens import AUDIENCE, ISSUER

HAPROXY = """
global
    nbthread 1
defaults
    mode http
    timeout connect 2s
    timeout client 75s
    timeout server 15s
    timeout http-request 20s
    option http-keep-alive
    http-reuse always
frontend door
    bind 127.0.0.1:{port}
    http-request set-var(txn.bearer) http_auth_bearer
    http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
    http-request set-var(txn.iss) var(txn.bearer),jwt_payload_query('$.iss')
    http-request set-var(txn.aud) var(txn.bearer),jwt_payload_query('$.aud')
    http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
    http-request set-var(txn.now) date()
    http-request deny deny_status 401 unless {{ var(txn.alg) -m str RS256 }}
    http-request deny deny_status 401 unless {{ var(txn.iss) -m str {issuer} }}
    http-request deny deny_status 401 unless {{ var(txn.aud) -m str {audience} }}
    http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}
    http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_verify(txn.alg,"{key}") 1 }}
    default_backend service
backend service
    server one 127.0.0.1:{upstream}
"""

NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-errors.log error;
worker_rlimit_nofile 20000;
events {{ worker_connections 20000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx-bodies;
    proxy_temp_path {folder}/nginx-proxied;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    keepalive_requests 100000000;
    upstream service {{
        server 127.0.0.1:{upstream};
        keepalive 256;
        keepalive_requests 100000000;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_request_buffering off;
        }}
    }}
}}
"""


def haproxy(folder: Path, *, port: int, upstream: int, key: Path) -> list[str] | None:
    """The command, or None where it is not installed; it verifies every token anew."""
    found = _find("haproxy")
    if found is None:
        return None
    names = {"issuer": ISSUER, "audience": AUDIENCE, "key": key}
    written = folder / "haproxy.cfg"
    written.write_text(HAPROXY.format(port=port, upstream=upstream, **names).lstrip())
    return [found, "-db", "-q", "-f", str(written)]


def nginx(folder: Path, *, port: int, upstream: int) -> list[str] | None:
    """The command, or None where it is not installed; it looks at no token."""
    found = _find("nginx")
    if found is None:
        return None
    written = folder / "nginx.conf"
    written.write_text(NGINX.format(folder=folder, port=port, upstream=upstream))
    return [found, "-p", str(folder), "-c", str(written)]


def _find(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
