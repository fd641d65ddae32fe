"""What every Stitch service shares: data, bus, HTTP, security and telemetry defaults."""
