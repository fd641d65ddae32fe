"""`python -m stitch_auth api | worker | all | migrate`."""

from stitch_auth.api import create_api
from stitch_auth.settings import AuthSettings
from stitch_auth.worker import create_worker
from stitch_common.process import Service, main
from stitch_common.runtime import StoredRuntime

SERVICE = Service("auth", AuthSettings, StoredRuntime.of, create_api, create_worker)

if __name__ == "__main__":
    main(SERVICE)
