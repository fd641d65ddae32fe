"""`python -m stitch_gateway api`."""

from stitch_common.process import Service, main
from stitch_gateway.api import create_api
from stitch_gateway.runtime import GatewayRuntime
from stitch_gateway.settings import GatewaySettings

SERVICE = Service("gateway", GatewaySettings, GatewayRuntime.of, create_api)

if __name__ == "__main__":
    main(SERVICE)
