"""`python -m stitch_ai api | worker | all | migrate`."""

from stitch_ai.api import create_api
from stitch_ai.settings import AISettings
from stitch_ai.worker import create_worker
from stitch_common.process import Service, main
from stitch_common.runtime import StoredRuntime

SERVICE = Service("ai", AISettings, StoredRuntime.of, create_api, create_worker)

if __name__ == "__main__":
    main(SERVICE)
