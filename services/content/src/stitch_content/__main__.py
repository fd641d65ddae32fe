"""`python -m stitch_content api | worker | all | migrate`."""

from stitch_common.process import Service, main
from stitch_common.runtime import StoredRuntime
from stitch_content.api import create_api
from stitch_content.settings import ContentSettings
from stitch_content.worker import create_worker

SERVICE = Service("content", ContentSettings, StoredRuntime.of, create_api, create_worker)

if __name__ == "__main__":
    main(SERVICE)
