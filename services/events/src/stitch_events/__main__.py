"""`python -m stitch_events api | worker | all | migrate`."""

from stitch_common.process import Service, main
from stitch_common.runtime import StoredRuntime
from stitch_events.api import create_api
from stitch_events.settings import EventsSettings
from stitch_events.worker import create_worker

SERVICE = Service("events", EventsSettings, StoredRuntime.of, create_api, create_worker)

if __name__ == "__main__":
    main(SERVICE)
