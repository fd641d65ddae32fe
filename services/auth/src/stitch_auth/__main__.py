"""`python -m stitch_auth api | worker | all | migrate | rewrap`."""

from stitch_auth.api import create_api, create_runtime
from stitch_auth.settings import AuthSettings
from stitch_auth.worker import COMMANDS, create_worker
from stitch_common.process import Service, main

SERVICE = Service("auth", AuthSettings, create_runtime, create_api, create_worker, COMMANDS)

if __name__ == "__main__":
    main(SERVICE)
