"""python -m stitch_dummy all: answer every question with the names of its settings."""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import NoReturn

PORT = int(os.environ.get("STITCH_OPS_PORT", "0"))  # noqa: TID251 - it has no settings class


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write("\n".join(sorted(os.environ)).encode())  # noqa: TID251 - what it was given


def end(*_: object) -> NoReturn:
    sys.exit(0)


def main() -> None:
    if sys.argv[1:] != ["all"]:
        sys.exit("This service can only serve.")
    signal.signal(signal.SIGTERM, end)
    HTTPServer(("127.0.0.1", PORT), Ready).serve_forever()


if __name__ == "__main__":
    main()
