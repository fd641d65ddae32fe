"""`python -m stitch_notifications api | worker | all | migrate`."""

from stitch_common.process import Service, main
from stitch_common.runtime import StoredRuntime
from stitch_notifications.api import create_api
from stitch_notifications.settings import NotificationsSettings
from stitch_notifications.worker import create_worker

SERVICE = Service(
    "notifications", NotificationsSettings, StoredRuntime.of, create_api, create_worker
)

if __name__ == "__main__":
    main(SERVICE)
